/*
 * Our keys in a mesh text that others edit as well: ours go, theirs stay.
 */
#include "tests/unit/mesh_edit.h"

static const char *
replaced(struct bnc_arena *arena, const char *text, const char *old, const char *new)
{
    const char *at = strstr(text, old);

    CHECK(at != NULL);
    return bnc_arena_fmt(arena, "%.*s%s%s", (int)(at - text), text, new,
                         at + strlen(old));
}

static const struct {
    const char *name;
    const char *old, *new; /* what somebody does to the edited text */
    const char *back;      /* what is left then without us */
    const char *kept;
} meanwhile[] = {
    {"a key of theirs", "x: 1\n", "x: 2\ny: 3\n", "x: 2\ny: 3\n", ""},
    {"before ours", "extensionProviders:\n", "# note\nextensionProviders:\n",
     "# note\nx: 1\n", ""},
    {"a provider below ours", "x: 1\n", "- name: own\nx: 1\n",
     "extensionProviders:\n- name: own\nx: 1\n",
     "extensionProviders=[" JAEGER ",{\"name\":\"own\"}]"},
    {"a provider of ours is changed", "4317", "14317",
     "extensionProviders:\n- {\"name\":\"jaeger\",\"opentelemetry\":{\"service\":"
     "\"jaeger.obs.svc.cluster.local\",\"port\":14317}}\nx: 1\n",
     "extensionProviders=[{\"name\":\"jaeger\",\"opentelemetry\":{\"service\":"
     "\"jaeger.obs.svc.cluster.local\",\"port\":14317}}] "
     "extensionProviders[jaeger]={\"name\":\"jaeger\",\"opentelemetry\":{\"service\":"
     "\"jaeger.obs.svc.cluster.local\",\"port\":14317}}"},
    {"a provider of ours is gone", "- " JAEGER "\n", "", "x: 1\n",
     "extensionProviders[jaeger]=-"},
    {"there twice", "x: 1\n", "x: 1\n# - " JAEGER "\n",
     "extensionProviders:\n- " JAEGER "\nx: 1\n# - " JAEGER "\n",
     "extensionProviders=[" JAEGER "] extensionProviders[jaeger]=" JAEGER},
    {"with an anchor", "x: 1\n", "x: &a 1\ny: *a\n", "x: &a 1\ny: *a\n", ""},
};

TEST(others_edit_as_well)
{
    for (size_t i = 0; i < BNC_LEN(meanwhile); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct run r = {.arena = arena};
        bnc_test_row(meanwhile[i].name);
        edit_well(&r, "x: 1\n", NULL, WISH_PROVIDER, false);
        const char *edits = r.out.edits;
        const char *now =
            replaced(arena, r.out.text.ptr, meanwhile[i].old, meanwhile[i].new);
        edit_well(&r, now, edits, NULL, false);
        CHECK_STR(r.out.text.ptr, meanwhile[i].back);
        CHECK_STR(notes(&r.out.kept, arena), meanwhile[i].kept);
    }
}

TEST(old_value_comes_back_beside_changes)
{
    static const char live[] = "defaultProviders:\n  tracing: [otel] # theirs\n";
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct run r = {.arena = arena};

    edit_well(&r, live, NULL, WISH_DEFAULT, true);
    CHECK_STR(r.out.text.ptr, "defaultProviders:\n  metrics: [\"prometheus\"]\n"
                              "  tracing: [\"jaeger\"] # theirs\n");
    const char *now =
        bnc_arena_fmt(arena, "%s  accessLogging: [envoy]\n", r.out.text.ptr);
    edit_well(&r, now, r.out.edits, NULL, false);
    CHECK_STR(r.out.text.ptr, "defaultProviders:\n  tracing: [otel] # theirs\n"
                              "  accessLogging: [envoy]\n");
    CHECK_INT(r.out.kept.n, 0);
}

/* Their tracing below our header would be left without a map. */
TEST(header_stays_for_others)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct run r = {.arena = arena};

    edit_well(&r, "enableTracing: true\n", NULL, WISH_DEFAULT, false);
    const char *now = replaced(arena, r.out.text.ptr, "enableTracing",
                               "  accessLogging: [envoy]\nenableTracing");
    edit_well(&r, now, r.out.edits, NULL, false);
    CHECK_STR(r.out.text.ptr, "defaultProviders:\n  accessLogging: [envoy]\n"
                              "enableTracing: true\n");
    CHECK_INT(r.out.kept.n, 1);
    CHECK_STR(r.out.kept.items[0].path, "defaultProviders");
}

TEST(wish_changes)
{
    static const char live[] = "x: 1\nextensionProviders:\n- name: zipkin # theirs\n";
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct run r = {.arena = arena};

    edit_well(&r, live, NULL, WISH_ALL, true);
    CHECK(r.out.changed);
    edit_well(&r, r.out.text.ptr, r.out.edits, WISH_PROVIDER, true);
    CHECK(r.out.changed);
    CHECK_STR(r.out.text.ptr,
              "x: 1\nextensionProviders:\n- " JAEGER "\n- name: zipkin # theirs\n");
    CHECK_INT(r.out.conflicts.n, 0);
    edit_well(&r, r.out.text.ptr, r.out.edits, "{}", true);
    CHECK_STR(r.out.text.ptr, live);
    CHECK_STR(r.out.edits, NULL);
}

/* Somebody changed what we wrote: it is theirs now, until it is taken over. */
TEST(changed_ones_are_conflicts)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct run r = {.arena = arena};

    edit_well(&r, "x: 1\n", NULL, WISH_PROVIDER, false);
    const char *edits = r.out.edits;
    const char *now = replaced(arena, r.out.text.ptr, "4317", "1");
    edit_well(&r, now, edits, WISH_PROVIDER, false);
    CHECK_STR(r.out.text.ptr, now);
    CHECK(r.out.changed && r.out.edits == NULL); /* nothing is ours any more */
    CHECK_INT(r.out.conflicts.n, 1);
    CHECK_INT(r.out.kept.n, 2);
    edit_well(&r, now, edits, WISH_PROVIDER, true);
    CHECK_STR(r.out.text.ptr, "extensionProviders:\n- " JAEGER "\nx: 1\n");
    edit_well(&r, r.out.text.ptr, r.out.edits, NULL, true);
    CHECK_STR(r.out.text.ptr, now);
}

RUN_TESTS(others_edit_as_well, old_value_comes_back_beside_changes,
          header_stays_for_others, wish_changes, changed_ones_are_conflicts)
