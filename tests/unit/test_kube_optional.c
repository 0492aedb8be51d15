/* Kinds of CRDs of others: not installed is an answer, and no trouble. */
#include "source/cluster.h"

#include "tests/unit/kube_fake.h"

#define TELEMETRIES    "/telemetries?"
#define LIST_OF(items) "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[" items "]}"
#define ONE                                                                              \
    "{\"metadata\":{\"namespace\":\"n\",\"name\":\"a\",\"resourceVersion\":\"3\"},"      \
    "\"spec\":{}}"
#define NO_PAGE   "404 page not found\n"
#define FORBIDDEN "{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":\"no\"}"

struct rig {
    struct fake *fake;
    struct bnc_kube *kube;
    struct bnc_source *source;
    struct bnc_str told; /* of Telemetry only */
};

static void
on_put(void *arg, struct bnc_object *object)
{
    struct rig *rig = arg;
    bnc_str_fmt(&rig->told, "+%s ", object->name);
    bnc_object_unref(object);
}

static void
on_gone(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct rig *rig = arg;
    BNC_UNUSED(kind);
    BNC_UNUSED(ns);
    bnc_str_fmt(&rig->told, "-%s ", name);
}

static void
on_synced(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct rig *rig = arg;
    BNC_UNUSED(ns);
    BNC_UNUSED(name);
    CHECK_INT(kind, BNC_KIND_TELEMETRY);
    bnc_str_puts(&rig->told, "synced ");
}

static void
on_output(void *arg, enum bnc_kind kind, const char *ns, const char *name,
          const struct bnc_pruned *metadata)
{
    struct rig *rig = arg;
    BNC_UNUSED(kind);
    BNC_UNUSED(ns);
    bnc_str_fmt(&rig->told, "output:%s:%s ", name, metadata == NULL ? "absent" : "there");
}

static void
on_trouble(void *arg, enum bnc_kind kind, const char *ns, const char *name,
           const struct bnc_error *err)
{
    struct rig *rig = arg;
    BNC_UNUSED(ns);
    BNC_UNUSED(name);
    if (kind == BNC_KIND_TELEMETRY) { /* the others are never answered */
        bnc_str_fmt(&rig->told, "%s ", bnc_code_name(err->code));
    }
}

static struct rig *
rig_new(const char *const *namespaces)
{
    static const struct bnc_source_listener listener = {on_put, on_gone, on_synced,
                                                        on_output, on_trouble};
    const struct bnc_kube_config_options config_options = {.kubeconfig = "/kc"};
    const struct bnc_source_cluster_options options = {.namespaces = namespaces};
    struct bnc_kube_config *config = NULL;
    struct bnc_error err = {0};
    struct rig *rig = bnc_alloc(sizeof(*rig));

    rig->fake = fake_new();
    rig->fake->files[0] = (struct fake_file){
        "/kc", "current-context: c\n"
               "contexts: [{name: c, context: {cluster: k}}]\n"
               "clusters: [{name: k, cluster: {server: 'https://h'}}]\n"};
    CHECK_INT(bnc_kube_config_load(&rig->fake->base, &config_options, &config, &err),
              BNC_OK);
    CHECK_INT(bnc_kube_new(&rig->fake->base, config, "1", &rig->kube, &err), BNC_OK);
    rig->told = bnc_str_new(NULL, 65536);
    bnc_str_puts(&rig->told, "");
    rig->source = bnc_source_cluster_new(rig->kube, &options);
    bnc_source_start(rig->source, &listener, rig);
    return rig;
}

static void
rig_free(struct rig *rig)
{
    bnc_source_free(rig->source);
    bnc_kube_free(rig->kube);
    bnc_world_free(&rig->fake->base);
    bnc_str_free(&rig->told);
    free(rig);
}

static struct bnc_http_call *
find_call(struct rig *rig, const char *part)
{
    for (size_t i = 0; i < rig->fake->n_calls; i++) {
        if (rig->fake->calls[i]->open && strstr(rig->fake->calls[i]->url, part) != NULL) {
            return rig->fake->calls[i];
        }
    }
    return NULL;
}

/* The request that comes between these times from now; the other kinds stay silent. */
static struct bnc_http_call *
await(struct rig *rig, const char *part, int64_t min_ms, int64_t max_ms)
{
    if (min_ms > 0) {
        fake_run(rig->fake, min_ms - 1);
        CHECK(find_call(rig, part) == NULL);
    }
    fake_run(rig->fake, max_ms - min_ms + 1);
    struct bnc_http_call *call = find_call(rig, part);
    CHECK(call != NULL);
    return call;
}

static void
answer(struct rig *rig, int64_t min_ms, int64_t max_ms, int status, const char *body)
{
    struct bnc_http_call *call = await(rig, TELEMETRIES, min_ms, max_ms);
    CHECK(strstr(call->url, "watch=1") == NULL);
    fake_answer(call, status, body);
}

static void
told(struct rig *rig, const char *want)
{
    CHECK_STR(rig->told.ptr, want);
    bnc_str_clear(&rig->told);
}

static void
check_telemetry(void *arg, const struct bnc_source_watch *watch)
{
    if (watch->kind == BNC_KIND_TELEMETRY) {
        CHECK_STR(watch->state, arg);
        CHECK(watch->synced);
        CHECK_STR(watch->error, "");
    }
}

static void
check_health(struct rig *rig, const char *state)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%s", state);
    bnc_source_cluster_health(rig->source, check_telemetry, text);
}

/* Opens the watch that comes next. */
static struct bnc_http_call *
open_watch(struct rig *rig)
{
    struct bnc_http_call *watch = await(rig, TELEMETRIES "watch=1", 0, 0);
    fake_head(watch, 200);
    check_health(rig, "watching");
    return watch;
}

#define LATER 10000, 12000

TEST(installed_later)
{
    struct rig *rig = rig_new(NULL);

    answer(rig, 0, 0, 404, NO_PAGE);
    told(rig, "synced ");
    check_health(rig, "not installed");
    answer(rig, LATER, 404, NO_PAGE);
    answer(rig, LATER, 404, NO_PAGE);
    told(rig, ""); /* again and again, without a word */
    answer(rig, LATER, 200, LIST_OF(ONE));
    told(rig, "+a "); /* synced is told once */
    (void)open_watch(rig);
    rig_free(rig);
}

TEST(taken_away)
{
    struct rig *rig = rig_new(NULL);

    answer(rig, 0, 0, 200, LIST_OF(ONE));
    told(rig, "+a synced ");
    struct bnc_http_call *watch = open_watch(rig);
    fake_run(rig->fake, 5000);
    fake_end(watch, BNC_OK);
    fake_answer(await(rig, TELEMETRIES "watch=1", 0, 0), 404, NO_PAGE);
    answer(rig, LATER, 404, NO_PAGE);
    told(rig, ""); /* one list takes nothing away */
    answer(rig, LATER, 404, NO_PAGE);
    told(rig, "-a ");
    check_health(rig, "not installed");

    /* another resource of that name: nothing of the old one is asked for */
    struct bnc_http_call *list = await(rig, TELEMETRIES, LATER);
    CHECK(strstr(list->url, "resourceVersion=0") != NULL);
    fake_answer(list, 200, LIST_OF(ONE));
    told(rig, "+a ");
    (void)open_watch(rig);
    rig_free(rig);
}

TEST(one_404_is_none)
{
    struct rig *rig = rig_new(NULL);

    answer(rig, 0, 0, 200, LIST_OF(ONE));
    fake_answer(await(rig, TELEMETRIES "watch=1", 0, 0), 404, NO_PAGE);
    told(rig, "+a synced ");
    answer(rig, LATER, 404, NO_PAGE);
    answer(rig, LATER, 503, "");
    told(rig, "unavailable ");
    answer(rig, 800, 1600, 404, NO_PAGE); /* the first in a row */
    told(rig, "ok ");
    answer(rig, LATER, 200, LIST_OF(ONE));
    told(rig, "+a ");
    fake_answer(await(rig, TELEMETRIES "watch=1", 0, 0), 404, NO_PAGE);
    answer(rig, LATER, 404, NO_PAGE); /* the first again */
    told(rig, "");
    rig_free(rig);
}

TEST(forbidden_at_first)
{
    struct rig *rig = rig_new(NULL);

    answer(rig, 0, 0, 403, FORBIDDEN);
    told(rig, "synced denied ");
    answer(rig, 800, 1600, 403, FORBIDDEN);
    told(rig, "");
    answer(rig, 1600, 3200, 200, LIST_OF(ONE));
    told(rig, "+a ok ");
    struct bnc_http_call *watch = open_watch(rig);
    fake_run(rig->fake, 5000);
    fake_end(watch, BNC_OK);
    fake_answer(await(rig, TELEMETRIES "watch=1", 0, 0), 403, FORBIDDEN);
    told(rig, "denied "); /* later it takes nothing away */
    rig_free(rig);
}

TEST(bad_credentials_are_no_answer)
{
    struct rig *rig = rig_new(NULL);

    answer(rig, 0, 0, 401, "");
    if (find_call(rig, TELEMETRIES) != NULL) {
        answer(rig, 0, 0, 401, ""); /* once more, with what is read anew */
    }
    told(rig, "denied ");
    rig_free(rig);
}

TEST(in_some_namespaces)
{
    static const char *const namespaces[] = {"a", "b", NULL};
    struct rig *rig = rig_new(namespaces);

    fake_answer(await(rig, "/namespaces/a/telemetries?", 0, 0), 404, NO_PAGE);
    told(rig, "");
    fake_answer(await(rig, "/namespaces/b/telemetries?", 0, 0), 404, NO_PAGE);
    told(rig, "synced ");
    rig_free(rig);
}

/* What we write of such a kind: one object, whose list may be forbidden where `get` is
 * not. */
TEST(outputs)
{
    struct rig *rig = rig_new(NULL);

    bnc_source_watch_output(rig->source, BNC_KIND_TELEMETRY, "n", "o");
    bnc_source_watch_output(rig->source, BNC_KIND_TELEMETRY, "n", "p");
    fake_answer(await(rig, "name%3Do&", 0, 0), 404, NO_PAGE);
    fake_answer(await(rig, "name%3Dp&", 0, 0), 403, FORBIDDEN);
    told(rig, ""); /* of what may be ours one such answer is not taken for an end */
    fake_answer(await(rig, "/telemetries/p", 0, 0), 200, ONE);
    told(rig, "output:p:there ");
    fake_answer(await(rig, "name%3Do&", LATER), 404, NO_PAGE);
    told(rig, "output:o:absent ");
    rig_free(rig);
}

static void
on_written(void *arg, const struct bnc_write_result *result)
{
    BNC_UNUSED(arg);
    CHECK_INT(result->code, BNC_OK);
}

static void
apply(struct rig *rig, const char *name)
{
    const struct bnc_write write = {.verb = BNC_VERB_APPLY,
                                    .kind = BNC_KIND_TELEMETRY,
                                    .ns = "n",
                                    .name = name,
                                    .body = {"{}", 2}};
    char part[64];
    (void)snprintf(part, sizeof(part), "/telemetries/%s?", name);
    bnc_source_write(rig->source, &write, on_written, NULL);
    fake_answer(await(rig, part, 0, 0), 201, ONE);
}

/* What went between two looks is missed though neither of them had it. */
TEST(written_and_never_seen)
{
    struct rig *rig = rig_new(NULL);

    bnc_source_watch_output(rig->source, BNC_KIND_TELEMETRY, "n", "o");
    fake_answer(await(rig, "name%3Do&", 0, 0), 200, LIST_OF(""));
    told(rig, "output:o:absent ");
    apply(rig, "o");
    fake_answer(await(rig, "name%3Do&", 0, 0), 404, NO_PAGE); /* the watch */
    fake_answer(await(rig, "name%3Do&", LATER), 200, LIST_OF(""));
    told(rig, "output:o:absent ");
    rig_free(rig);
}

TEST(written_and_never_read)
{
    struct rig *rig = rig_new(NULL);

    answer(rig, 0, 0, 200, LIST_OF(""));
    told(rig, "synced ");
    (void)open_watch(rig);
    bnc_source_watch_output(rig->source, BNC_KIND_TELEMETRY, "n", "p");
    fake_answer(await(rig, "name%3Dp&", 0, 0), 403, FORBIDDEN);
    fake_answer(await(rig, "/telemetries/p", 0, 0), 404, NO_PAGE);
    told(rig, "output:p:absent ");
    apply(rig, "p");
    fake_answer(await(rig, "/telemetries/p", 0, 66000), 404, NO_PAGE);
    told(rig, "output:p:absent ");
    rig_free(rig);
}

RUN_TESTS(installed_later, taken_away, one_404_is_none, forbidden_at_first,
          bad_credentials_are_no_answer, in_some_namespaces, outputs,
          written_and_never_seen, written_and_never_read)
