#include "source/cluster.h"

#include "tests/unit/kube_fake.h"

#define EMPTY_LIST "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[]}"
#define SECRET(version)                                                                  \
    "{\"metadata\":{\"namespace\":\"n\",\"name\":\"s\",\"resourceVersion\":\"" version   \
    "\"},\"data\":{\"k\":\"dg==\"}}"
#define FORBIDDEN "{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":\"no\"}"

struct rig {
    struct fake *fake;
    struct bnc_kube *kube;
    struct bnc_source *source;
    struct bnc_str told;
    bool leader;
};

static void
on_put(void *arg, struct bnc_object *object)
{
    struct rig *rig = arg;
    bnc_str_fmt(&rig->told, "+%s:%s ", object->name, object->resource_version);
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
    bnc_str_fmt(&rig->told, "synced:%s ",
                name == NULL ? bnc_kind_info(kind)->name : name);
}

static void
on_output(void *arg, enum bnc_kind kind, const char *ns, const char *name,
          const struct bnc_pruned *metadata)
{
    struct rig *rig = arg;
    BNC_UNUSED(kind);
    BNC_UNUSED(ns);
    bnc_str_fmt(&rig->told, "output:%s:%s ", name,
                metadata == NULL ? "absent" : metadata->resource_version);
}

static void
on_trouble(void *arg, enum bnc_kind kind, const char *ns, const char *name,
           const struct bnc_error *err)
{
    struct rig *rig = arg;
    BNC_UNUSED(ns);
    bnc_str_fmt(&rig->told, "%s:%s ", bnc_code_name(err->code),
                name == NULL ? bnc_kind_info(kind)->name : name);
}

static bool
may_write(void *arg)
{
    const struct rig *rig = arg;
    return rig->leader;
}

static void
on_written(void *arg, const struct bnc_write_result *result)
{
    struct rig *rig = arg;
    bnc_str_fmt(&rig->told, "written:%s ", bnc_code_name(result->code));
}

static struct rig *
rig_new(const char *const *namespaces)
{
    static const struct bnc_source_listener listener = {on_put, on_gone, on_synced,
                                                        on_output, on_trouble};
    const struct bnc_kube_config_options config_options = {.kubeconfig = "/kc"};
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
    const struct bnc_source_cluster_options options = {
        .namespaces = namespaces, .may_write = may_write, .may_write_arg = rig};
    rig->leader = true;
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

/* With '$' at its end, `part` is the end of the URL. */
static bool
has_part(const struct bnc_http_call *call, const char *part)
{
    size_t n = strlen(part);
    if (n == 0 || part[n - 1] != '$') {
        return strstr(call->url, part) != NULL;
    }
    size_t m = strlen(call->url);
    return m >= n && strncmp(call->url + m - (n - 1), part, n - 1) == 0;
}

/* The open request whose URL has this part; NULL: none. */
static struct bnc_http_call *
find_call(struct rig *rig, const char *part)
{
    fake_run(rig->fake, 0);
    for (size_t i = 0; i < rig->fake->n_calls; i++) {
        if (rig->fake->calls[i]->open && has_part(rig->fake->calls[i], part)) {
            return rig->fake->calls[i];
        }
    }
    return NULL;
}

static size_t
count_calls(struct rig *rig, const char *part)
{
    size_t n = 0;
    fake_run(rig->fake, 0);
    for (size_t i = 0; i < rig->fake->n_calls; i++) {
        n += rig->fake->calls[i]->open && has_part(rig->fake->calls[i], part);
    }
    return n;
}

static void
answer(struct rig *rig, const char *part, int status, const char *body)
{
    struct bnc_http_call *call = find_call(rig, part);
    if (call == NULL) {
        print_error("no open request for %s\n", part);
        fail();
        return;
    }
    fake_answer(call, status, body);
}

/* Lists of whole kinds are answered, their watches stay open. */
static void
settle(struct rig *rig)
{
    fake_run(rig->fake, 0);
    for (size_t i = 0; i < rig->fake->n_calls; i++) {
        struct bnc_http_call *call = rig->fake->calls[i];
        if (call->open && strstr(call->url, "watch=1") != NULL) {
            fake_head(call, 200);
        } else if (call->open && strstr(call->url, "s?limit=500") != NULL) {
            fake_answer(call, 200, EMPTY_LIST);
        }
    }
    bnc_str_clear(&rig->told);
}

/* Everything told since the last time is this. */
static void
told(struct rig *rig, const char *want)
{
    CHECK_STR(rig->told.ptr, want);
    bnc_str_clear(&rig->told);
}

TEST(whole_kinds)
{
    struct rig *rig = rig_new(NULL);

    CHECK_INT(rig->fake->n_calls, 0);
    CHECK_INT(count_calls(rig, "https://h/"), 20); /* no pods, none that go by name */
    answer(rig, "/apis/apps/v1/deployments?", 200, EMPTY_LIST);
    answer(rig, "/scrapepolicies?", 404, "");
    told(rig, "synced:Deployment not_found:ScrapePolicy ");
    rig_free(rig);
}

TEST(some_namespaces)
{
    static const char *const namespaces[] = {"a", "b", NULL};
    struct rig *rig = rig_new(namespaces);

    answer(rig, "/namespaces/a/deployments?", 200, EMPTY_LIST);
    told(rig, "");
    answer(rig, "/namespaces/b/deployments?", 200, EMPTY_LIST);
    told(rig, "synced:Deployment ");
    answer(rig, "/namespaces?fieldSelector=metadata.name%3Da&", 200, EMPTY_LIST);
    told(rig, "");
    answer(rig, "/namespaces?fieldSelector=metadata.name%3Db&", 403, FORBIDDEN);
    told(rig, "");
    answer(rig, "/api/v1/namespaces/b$", 403, FORBIDDEN);
    told(rig, "denied:b synced:Namespace ");
    rig_free(rig);
}

TEST(wanted_and_outputs)
{
    struct rig *rig = rig_new(NULL);

    bnc_source_want(rig->source, BNC_KIND_SECRET, "n", "s");
    bnc_source_want(rig->source, BNC_KIND_SECRET, "n", "s");
    bnc_source_watch_output(rig->source, BNC_KIND_SECRET, "n", "o");
    answer(rig, "name%3Ds&", 200,
           "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[" SECRET("3") "]}");
    told(rig, "+s:3 synced:s ");
    answer(rig, "name%3Do&", 200, EMPTY_LIST);
    told(rig, "output:o:absent ");
    bnc_source_unwant(rig->source, BNC_KIND_SECRET, "n", "s");
    CHECK(find_call(rig, "watch=1&fieldSelector=metadata.name%3Ds&") != NULL);
    bnc_source_unwant(rig->source, BNC_KIND_SECRET, "n", "s");
    CHECK(find_call(rig, "watch=1&fieldSelector=metadata.name%3Ds&") == NULL);

    struct bnc_http_call *watch = find_call(rig, "watch=1&fieldSelector");
    fake_head(watch, 200);
    fake_data(watch, "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"namespace\":\"n\","
                     "\"name\":\"o\",\"resourceVersion\":\"9\"}}}\n");
    told(rig, "output:o:9 ");
    rig_free(rig);
}

/* `get` is allowed, `list` and `watch` are not. */
TEST(denied_watch)
{
    struct rig *rig = rig_new(NULL);

    bnc_source_want(rig->source, BNC_KIND_SECRET, "n", "s");
    answer(rig, "name%3Ds&", 403, FORBIDDEN);
    told(rig, "");
    settle(rig);
    answer(rig, "/secrets/s", 200, SECRET("3"));
    told(rig, "+s:3 synced:s ");
    fake_run(rig->fake, 70000);
    answer(rig, "/secrets/s", 200, SECRET("3"));
    told(rig, ""); /* as before */
    fake_run(rig->fake, 70000);
    answer(rig, "/secrets/s", 403, FORBIDDEN);
    told(rig, "denied:s "); /* what is known stays */
    fake_run(rig->fake, 2000);
    answer(rig, "/secrets/s", 404, "");
    told(rig, "ok:s -s ");
    bnc_source_unwant(rig->source, BNC_KIND_SECRET, "n", "s");
    fake_run(rig->fake, 700000);
    CHECK(find_call(rig, "/secrets") == NULL);
    rig_free(rig);
}

TEST(many_wanted)
{
    struct rig *rig = rig_new(NULL);
    struct bnc_source_cluster_load load = {0};
    char name[20];

    for (int i = 0; i < 80; i++) {
        (void)snprintf(name, sizeof(name), "s%d.", i);
        bnc_source_want(rig->source, BNC_KIND_SECRET, "n", name);
    }
    bnc_source_cluster_load_get(rig->source, &load);
    CHECK_INT(load.watched, 64);
    CHECK_INT(load.polled, 16);
    CHECK_INT(count_calls(rig, "/secrets?fieldSelector"), 64);
    CHECK_INT(count_calls(rig, "/secrets/s"), 8); /* a few at a time */
    for (int i = 64; i < 72; i++) {               /* dropped while they are read */
        (void)snprintf(name, sizeof(name), "s%d.", i);
        bnc_source_unwant(rig->source, BNC_KIND_SECRET, "n", name);
    }
    CHECK_INT(count_calls(rig, "/secrets/s"), 8); /* the others go on */
    for (int i = 0; i < 8; i++) {
        answer(rig, "/secrets/s", 404, "");
    }
    told(rig, "synced:s72. synced:s73. synced:s74. synced:s75. synced:s76. synced:s77. "
              "synced:s78. synced:s79. ");
    bnc_source_unwant(rig->source, BNC_KIND_SECRET, "n", "s3."); /* a place is free */
    fake_run(rig->fake, 100); /* more than the burst of requests was sent */
    CHECK(find_call(rig, "metadata.name%3Ds72.&") != NULL);
    bnc_source_cluster_load_get(rig->source, &load);
    CHECK_INT(load.watched, 64);
    CHECK_INT(load.polled, 7);
    bnc_source_stop(rig->source);
    CHECK(find_call(rig, "") == NULL);
    rig_free(rig);
}

static void
write_to(struct rig *rig, const char *name)
{
    const struct bnc_write write = {.verb = BNC_VERB_APPLY,
                                    .kind = BNC_KIND_CONFIG_MAP,
                                    .ns = "n",
                                    .name = name,
                                    .body = {"{}", 2}};
    bnc_source_write(rig->source, &write, on_written, rig);
}

TEST(writes)
{
    struct rig *rig = rig_new(NULL);
    char name[20];

    for (int i = 10; i < 50; i++) {
        (void)snprintf(name, sizeof(name), "c%d", i);
        write_to(rig, name);
    }
    CHECK_INT(count_calls(rig, "/configmaps/c"), 32);
    CHECK(find_call(rig, "/configmaps/c42?") == NULL);
    answer(rig, "/configmaps/c20?", 200, "{}");
    told(rig, "written:ok ");
    CHECK(find_call(rig, "/configmaps/c42?") != NULL); /* the first that waited */
    answer(rig, "/configmaps/c10?", 409, "");
    told(rig, "written:conflict ");
    fake_run(rig->fake, 0);

    rig->leader = false; /* what has not been sent yet never is */
    for (int i = 0; i < 32; i++) {
        answer(rig, "/configmaps/c", 200, "{}");
    }
    fake_run(rig->fake, 0);
    CHECK_INT(count_calls(rig, "/configmaps/c"), 0);
    size_t denied = 0;
    for (const char *p = rig->told.ptr; (p = strstr(p, "denied")) != NULL; p++) {
        denied++;
    }
    CHECK_INT(denied, 6);
    bnc_str_clear(&rig->told);

    rig->leader = true;
    write_to(rig, "");
    told(rig, ""); /* never inside the call */
    fake_run(rig->fake, 0);
    told(rig, "written:invalid ");

    write_to(rig, "c1");
    bnc_source_stop(rig->source);
    write_to(rig, "c2");
    fake_run(rig->fake, 0);
    told(rig, "written:unavailable ");
    answer(rig, "/configmaps/c1?", 200, "{}"); /* under way: still answered */
    told(rig, "written:ok ");
    rig_free(rig);
}

RUN_TESTS(whole_kinds, some_namespaces, wanted_and_outputs, denied_watch, many_wanted,
          writes)
