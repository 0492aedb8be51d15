/*
 * libyaml's events of a text.  Without memory the process ends: a text that is read in
 * part, or "is no YAML", would be taken for what its author wrote.
 */
#ifndef BNC_LIB_YAML_EVENTS_H
#define BNC_LIB_YAML_EVENTS_H

#include <yaml.h>

#include "lib/base.h"

/* Owns: `text` is borrowed; release with yaml_parser_delete(). */
void bnc_yaml_events_open(yaml_parser_t *parser, const char *text, size_t n);

/*
 * The next event, which the caller deletes; false: the text is no YAML, `parser` says
 * why.
 */
bool bnc_yaml_events_next(yaml_parser_t *parser, yaml_event_t *event) BNC_MUST_CHECK;

#endif
