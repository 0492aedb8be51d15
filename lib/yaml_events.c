#include "lib/yaml_events.h"

#include "lib/arena.h"

void
bnc_yaml_events_open(yaml_parser_t *parser, const char *text, size_t n)
{
    if (yaml_parser_initialize(parser) == 0) {
        bnc_give_up("out of memory");
    }
    yaml_parser_set_input_string(parser, (const unsigned char *)text, n);
}

bool
bnc_yaml_events_next(yaml_parser_t *parser, yaml_event_t *event)
{
    if (yaml_parser_parse(parser, event) != 0) {
        return true;
    }
    if (parser->error == YAML_MEMORY_ERROR) {
        bnc_give_up("out of memory");
    }
    return false;
}
