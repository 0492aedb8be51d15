/*
 * How a text stands in YAML: plain where every reader takes it for that text.
 */
#ifndef BNC_RENDER_YAML_QUOTE_H
#define BNC_RENDER_YAML_QUOTE_H

#include "lib/base.h"

enum bnc_yaml_quote {
    BNC_YAML_QUOTE_PLAIN,
    BNC_YAML_QUOTE_SINGLE,
    BNC_YAML_QUOTE_DOUBLE,
    BNC_YAML_QUOTE_LITERAL /* several lines, kept byte by byte */
};

/* `text` is UTF-8. */
enum bnc_yaml_quote bnc_yaml_quote(const char *text);

#endif
