/*
 * Every combination of who says what, against the one line that the measurements came
 * down to: Telemetry of the workload, the namespace, the root, annotation,
 * environment, 1.
 */
#include "tests/unit/istio_world.h"

/* 0: not there; 1: there, but silent; then percentages. */
static const char *const says[] = {NULL, "", "0", "0.01", "5", "100"};
#define SAYS BNC_LEN(says)

enum place { MESH, OWN_NS, WORKLOAD, FOREIGN_OLD, FOREIGN_NEW, PLACES };

static const struct {
    const char *ns;
    const char *name;
    const char *created;
    const char *selector;
} places[PLACES] = {
    {ROOT, "mesh", "2026-11-22T10:00:05Z", ""},
    {"shop", "ns", "2026-11-22T10:00:05Z", ""},
    {"shop", "workload", "2026-11-22T10:00:01Z", "selector: {matchLabels: {app: web}}"},
    {"shop", "foreign", "2026-11-22T10:00:04Z", ""},
    {"shop", "foreign", "2026-11-22T10:00:06Z", ""},
};

struct fixture {
    struct bnc_arena *arena;
    struct bnc_mesh_config mesh;
    struct bnc_telemetry telemetries[PLACES][SAYS];
    struct bnc_proxy_config annotations[SAYS];
    const cJSON *labels;
};

/* Who says what, as indexes of says[]. */
struct combination {
    size_t mesh, ns, workload, annotation, foreign;
    bool foreign_is_older;
    const char *env;
};

static void
make(struct fixture *f)
{
    f->arena = bnc_arena_new();
    bnc_mesh_config_merge(NULL, world_config(f->arena, ZIP), f->arena, &f->mesh);
    f->labels = world_yaml(f->arena, "{app: web}", 0);
    for (size_t p = 0; p < PLACES; p++) {
        for (size_t s = 1; s < SAYS; s++) {
            const char *yaml = bnc_arena_fmt(
                f->arena,
                "metadata: {namespace: %s, name: %s, creationTimestamp: '%s'}\n"
                "spec:\n  tracing: [{%s%s}]\n  %s\n",
                places[p].ns, places[p].name, places[p].created,
                says[s][0] == '\0' ? "" : "randomSamplingPercentage: ", says[s],
                places[p].selector);
            bnc_telemetry_decode(world_yaml(f->arena, yaml, 0), f->arena,
                                 &f->telemetries[p][s]);
        }
    }
    for (size_t s = 1; s < SAYS; s++) {
        struct bnc_error err = {0};
        const char *yaml = bnc_arena_fmt(f->arena, "tracing: {%s%s}",
                                         says[s][0] == '\0' ? "" : "sampling: ", says[s]);
        CHECK_INT(bnc_proxy_config_parse(yaml, strlen(yaml), f->arena, &f->annotations[s],
                                         &err),
                  BNC_OK);
    }
}

/* ---- the reference: one name and its text after the other ---------------------------
 */

static void
say(char *text, const char *who, const char *what)
{
    if (what != NULL && what[0] != '\0') {
        (void)sprintf(text + strlen(text), "%s=%s ", who, what);
    }
}

static void
reference(const struct combination *c, char *text)
{
    bool foreign_wins = c->foreign != 0 && (c->ns == 0 || c->foreign_is_older);

    text[0] = '\0';
    say(text, "workload", says[c->workload]);
    if (foreign_wins) {
        say(text, "foreign", says[c->foreign]);
    } else {
        say(text, "ns", says[c->ns]);
    }
    say(text, "mesh", says[c->mesh]);
    if (says[c->annotation] != NULL && strcmp(says[c->annotation], "0") != 0) {
        say(text, "annotation", says[c->annotation]);
    }
    say(text, "environment", c->env);
    say(text, "default", "1");
}

/* ---- what the code says --------------------------------------------------------------
 */

static void
tell(struct bnc_arena *arena, char *text, enum bnc_rate_source source,
     const struct bnc_telemetry *telemetry, bnc_rate rate)
{
    static const char *const names[] = {[BNC_RATE_FROM_PROVIDER] = "provider",
                                        [BNC_RATE_FROM_TELEMETRY] = "telemetry",
                                        [BNC_RATE_FROM_PROXY_CONFIG] = "annotation",
                                        [BNC_RATE_FROM_ENVIRONMENT] = "environment",
                                        [BNC_RATE_FROM_DEFAULT] = "default"};
    CHECK_INT(telemetry != NULL, source == BNC_RATE_FROM_TELEMETRY);
    say(text, telemetry == NULL ? names[source] : telemetry->name,
        bnc_rate_text(rate, arena));
}

static void
told(struct bnc_arena *arena, const struct bnc_rate_answer *answer, char *text)
{
    text[0] = '\0';
    CHECK_INT(answer->off, BNC_RATE_ON);
    tell(arena, text, answer->source, answer->telemetry, answer->rate);
    for (size_t i = 0; i < answer->n_overrides; i++) {
        tell(arena, text, answer->overrides[i].source, answer->overrides[i].telemetry,
             answer->overrides[i].rate);
    }
}

static void
compare(const struct fixture *f, const struct combination *c, struct bnc_arena *scratch)
{
    const size_t what[PLACES] = {[MESH] = c->mesh,
                                 [OWN_NS] = c->ns,
                                 [WORKLOAD] = c->workload,
                                 [FOREIGN_OLD] = c->foreign_is_older ? c->foreign : 0,
                                 [FOREIGN_NEW] = c->foreign_is_older ? 0 : c->foreign};
    const struct bnc_telemetry *list[PLACES];
    struct bnc_rate_facts facts = {.mesh = &f->mesh,
                                   .root_namespace = ROOT,
                                   .pilot_trace_sampling = c->env,
                                   .telemetries = list,
                                   .ns = "shop",
                                   .labels = f->labels,
                                   .proxy = &f->annotations[c->annotation]};
    struct bnc_rate_answers answers;
    char want[300];
    char got[300];
    for (size_t p = 0; p < PLACES; p++) {
        if (what[p] != 0) {
            list[facts.n_telemetries++] = &f->telemetries[p][what[p]];
        }
    }
    reference(c, want);
    bnc_rate_effective(&facts, scratch, &answers);
    told(scratch, &answers.outbound, got);
    CHECK_STR(got, want);
    told(scratch, &answers.inbound, got);
    CHECK_STR(got, want);
    bnc_arena_reset(scratch);
}

/* Every combination of five who say one of six things, a foreign object of two ages. */
TEST(truth_table)
{
    static const char *const envs[] = {NULL, "42", "0"};
    struct bnc_arena *scratch = bnc_arena_new();
    struct fixture f = {0};
    size_t n = 0;
    make(&f);
    for (size_t i = 0; i < SAYS * SAYS * SAYS * SAYS * SAYS * 2 * BNC_LEN(envs); i++) {
        size_t rest = i;
        struct combination c = {0};
        size_t *const digits[] = {&c.mesh, &c.ns, &c.workload, &c.annotation, &c.foreign};
        for (size_t d = 0; d < BNC_LEN(digits); d++) {
            *digits[d] = rest % SAYS;
            rest /= SAYS;
        }
        c.foreign_is_older = rest % 2 == 1;
        c.env = envs[rest / 2];
        compare(&f, &c, scratch);
        n++;
    }
    CHECK_INT(n, 46656);
    bnc_arena_free(scratch);
    bnc_arena_free(f.arena);
}

/* ---- the list of what is hidden
 * --------------------------------------------------------- */

TEST(many_layers)
{
    struct bnc_arena *arena = bnc_arena_new();
    struct fixture f = {0};
    struct bnc_telemetry all[12];
    const struct bnc_telemetry *list[BNC_LEN(all)];
    make(&f);
    for (size_t i = 0; i < BNC_LEN(all); i++) {
        all[i] = f.telemetries[WORKLOAD][4];
        all[i].name = bnc_arena_fmt(arena, "t%02zu", (i * 5) % BNC_LEN(all));
        list[i] = &all[i];
    }
    struct bnc_rate_facts facts = {.mesh = &f.mesh,
                                   .root_namespace = ROOT,
                                   .telemetries = list,
                                   .n_telemetries = BNC_LEN(list),
                                   .ns = "shop",
                                   .labels = f.labels};
    struct bnc_rate_answers answers;
    bnc_rate_effective(&facts, arena, &answers);
    CHECK_STR(answers.outbound.telemetry->name, "t11");
    CHECK_INT(answers.outbound.n_overrides, BNC_RATE_OVERRIDES_MAX);
    CHECK_STR(answers.outbound.overrides[0].telemetry->name, "t10");
    CHECK_STR(answers.outbound.overrides[7].telemetry->name, "t03");
    bnc_arena_free(arena);
    bnc_arena_free(f.arena);
}

TEST(own_sampler_hides_all)
{
    struct made_world w;
    world_make(&w, &(struct world){.main = PLAIN,
                                   .telemetries = ROOT_T(
                                       "tracing: [{providers: [{name: own}], "
                                       "randomSamplingPercentage: 5}, {match: {mode: "
                                       "SERVER}, randomSamplingPercentage: 6}]"),
                                   .env = "42",
                                   .annotation = "tracing: {sampling: 150}"});
    struct bnc_rate_answers answers = world_ask(&w, "web");
    char got[300] = "";
    told(w.arena, &answers.outbound, got);
    CHECK_STR(got, "provider=100 root=5 annotation=1 environment=42 default=1 ");
    told(w.arena, &answers.inbound, got);
    CHECK_STR(got, "provider=100 root=6 annotation=1 environment=42 default=1 ");
    world_free(&w);
}

/* A mesh without a root namespace, and one whose root is where the workload is. */
TEST(root_namespace)
{
    struct made_world w;
    world_make(
        &w, &(struct world){.main = ZIP,
                            .telemetries = ROOT_T(PERCENT("5")) SHOP_T(PERCENT("20"))});
    w.facts.root_namespace = "shop";
    struct bnc_rate_answers answers = world_ask(&w, "web");
    CHECK_STR(world_rate(&w, &answers.outbound), "20");
    CHECK_INT(answers.outbound.n_overrides, 1);
    answers = world_ask(&w, "ledger");
    CHECK_STR(world_rate(&w, &answers.outbound), "20");
    w.facts.root_namespace = NULL;
    answers = world_ask(&w, "ledger");
    CHECK_STR(world_rate(&w, &answers.outbound), "1");
    w.facts.root_namespace = "";
    answers = world_ask(&w, "gw");
    CHECK_STR(world_rate(&w, &answers.outbound), "5");
    CHECK_INT(answers.inbound.off, BNC_RATE_OFF_NOT_APPLICABLE);
    world_free(&w);
}

RUN_TESTS(truth_table, many_layers, own_sampler_hides_all, root_namespace)
