/*
 * binnacle dashboards: the boards of our own making, for import by hand.
 */
#include <stdio.h>

#include "cmd/commands.h"
#include "lib/json.h"
#include "render/boards.h"

#define BOARD_MAX ((size_t)1024 * 1024)

const struct bnc_flag bnc_flags_dashboards[] = {BNC_FLAG_HELP};
const size_t bnc_n_flags_dashboards = BNC_LEN(bnc_flags_dashboards);

static int
list(void)
{
    for (size_t i = 0; i < bnc_n_boards; i++) {
        const struct bnc_board *board = &bnc_boards[i];
        (void)printf("%-20s %-20s %s\n", board->name, board->title, board->doc);
    }
    return 0;
}

static int
unknown(const char *name)
{
    (void)fprintf(stderr, "binnacle dashboards: there is no \"%.60s\"; there are", name);
    for (size_t i = 0; i < bnc_n_boards; i++) {
        (void)fprintf(stderr, "%s %s", i == 0 ? "" : ",", bnc_boards[i].name);
    }
    (void)fprintf(stderr, "\n");
    return 2;
}

int
bnc_cmd_dashboards(const struct bnc_options *options)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_board_ask ask = {0};
    struct bnc_str text = bnc_str_new(arena, BOARD_MAX);

    if (options->subject == NULL) {
        return list();
    }
    const struct bnc_board *board = bnc_board_find(options->subject);
    if (board == NULL) {
        return unknown(options->subject);
    }
    bnc_json_print(bnc_board_tree(board, &ask, arena), &text);
    (void)puts(text.ptr);
    return 0;
}
