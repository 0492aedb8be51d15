/*
 * A reflector against a server whose answers are written down: for the tests of lists,
 * watches and streamed lists.
 */
#ifndef BNC_TESTS_UNIT_REFLECTOR_RIG_H
#define BNC_TESTS_UNIT_REFLECTOR_RIG_H

#include "kube/reflector.h"

#include "tests/unit/kube_fake.h"

/* What the server does, one request after the other. */
enum how {
    ANSWER, /* a whole answer */
    OPEN,   /* the head of a watch and some events; it stays open for `after_ms` */
    CUT,    /* the same, but the connection breaks at the end */
    REFUSE  /* nobody listens */
};

struct step {
    const char *asked[3]; /* parts of the URL; one that begins with '!' must be absent */
    int64_t min_ms;       /* since the step before */
    int64_t max_ms;
    enum how how;
    int status;
    const char *text;
    int64_t after_ms;
    const char *retry_after;
};

#define LIST_OF(version, items)                                                          \
    "{\"metadata\":{\"resourceVersion\":\"" version "\"},\"items\":[" items "]}"
#define PAGE_OF(version, token, items)                                                   \
    "{\"metadata\":{\"resourceVersion\":\"" version "\",\"continue\":\"" token           \
    "\"},\"items\":[" items "]}"
#define OBJECT(name, version)                                                            \
    "{\"metadata\":{\"namespace\":\"n\",\"name\":\"" name                                \
    "\",\"resourceVersion\":\"" version "\"}}"
#define EVENT(type, name, version)                                                       \
    "{\"type\":\"" type "\",\"object\":" OBJECT(name, version) "}\n"
#define BOOKMARK(version)                                                                \
    "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"" version    \
    "\"}}}\n"
#define STATUS(code, reason)                                                             \
    "{\"kind\":\"Status\",\"code\":" code ",\"reason\":\"" reason "\",\"message\":"      \
    "\"m\"}"
#define ERROR_EVENT(code, reason)                                                        \
    "{\"type\":\"ERROR\",\"object\":" STATUS(code, reason) "}\n"
#define TOO_LARGE                                                                        \
    "{\"kind\":\"Status\",\"code\":504,\"reason\":\"Timeout\",\"details\":{\"causes\":[" \
    "{\"reason\":\"ResourceVersionTooLarge\"}]}}"

struct row {
    const char *name;
    struct step steps[10];
    const char *told;
};

struct seen {
    struct bnc_str told;
    struct bnc_reflector *reflector;
    bool free_on_put;
};

static inline void
seen_put(void *arg, const struct bnc_pruned *object)
{
    struct seen *seen = arg;
    bnc_str_fmt(&seen->told, "+%s/%s ", object->ns, object->name);
    if (seen->free_on_put) {
        bnc_reflector_free(seen->reflector);
        seen->reflector = NULL;
    }
}

static inline void
seen_gone(void *arg, const char *ns, const char *name)
{
    struct seen *seen = arg;
    bnc_str_fmt(&seen->told, "-%s/%s ", ns, name);
}

static inline void
seen_listed(void *arg)
{
    struct seen *seen = arg;
    bnc_str_puts(&seen->told, "listed ");
}

static inline void
seen_trouble(void *arg, const struct bnc_error *err)
{
    struct seen *seen = arg;
    bnc_str_fmt(&seen->told, "%s ", bnc_code_name(err->code));
}

static const struct bnc_reflector_ops seen_ops = {seen_put, seen_gone, seen_listed,
                                                  seen_trouble};

static inline struct bnc_kube *
kube_new(struct fake *fake)
{
    static const struct fake_file file = {
        "/kc", "current-context: c\n"
               "contexts: [{name: c, context: {cluster: k}}]\n"
               "clusters: [{name: k, cluster: {server: 'https://127.0.0.1:1/'}}]\n"};
    const struct bnc_kube_config_options options = {.kubeconfig = "/kc"};
    struct bnc_kube_config *config = NULL;
    struct bnc_kube *kube = NULL;
    struct bnc_error err = {0};

    fake->files[0] = file;
    CHECK_INT(bnc_kube_config_load(&fake->base, &options, &config, &err), BNC_OK);
    CHECK_INT(bnc_kube_new(&fake->base, config, "1", &kube, &err), BNC_OK);
    return kube;
}

static inline void
check_url(const struct bnc_http_call *call, const struct step *step)
{
    for (size_t i = 0; i < BNC_LEN(step->asked) && step->asked[i] != NULL; i++) {
        const char *part = step->asked[i];
        bool absent = part[0] == '!';
        if ((strstr(call->url, part + (absent ? 1 : 0)) == NULL) != absent) {
            print_error("row \"%s\": asked %s, want %s\n", bnc_row, call->url, part);
            fail();
        }
    }
}

static inline void
play(struct fake *fake, const struct step *step)
{
    int64_t before = fake->now_ms;
    struct bnc_http_call *call = fake_next(fake, step->max_ms);

    CHECK(call != NULL);
    CHECK(fake->now_ms - before >= step->min_ms);
    check_url(call, step);
    call->retry_after = step->retry_after;
    switch (step->how) {
    case ANSWER:
        fake_answer(call, step->status, step->text);
        break;
    case OPEN:
    case CUT:
        fake_head(call, step->status);
        for (const char *p = step->text; *p != '\0'; p++) {
            const char one[2] = {*p, '\0'}; /* cut anywhere */
            fake_data(call, one);
        }
        if (step->after_ms > 0) {
            fake_run(fake, step->after_ms);
            fake_end(call, step->how == CUT ? BNC_UNAVAILABLE : BNC_OK);
        }
        break;
    case REFUSE:
        fake_end(call, BNC_UNAVAILABLE);
        break;
    default:
        break;
    }
}

static inline void
play_rows(const struct row *rows, size_t n, bool streams)
{
    for (size_t i = 0; i < n; i++) {
        const struct bnc_reflector_options options = {.kind = BNC_KIND_DEPLOYMENT};
        struct fake *fake = fake_new();
        struct bnc_kube *kube = kube_new(fake);
        struct seen seen = {.told = bnc_str_new(NULL, 65536)};

        bnc_test_row(rows[i].name);
        fake->seed = i;
        fake->streams = streams;
        seen.reflector = bnc_reflector_new(kube, &options, &seen_ops, &seen);
        CHECK_INT(fake->n_calls, 0); /* nothing inside the caller's call */
        for (size_t k = 0; rows[i].steps[k].asked[0] != NULL; k++) {
            play(fake, &rows[i].steps[k]);
        }
        CHECK_STR(seen.told.ptr, rows[i].told);
        bnc_reflector_free(seen.reflector);
        bnc_str_free(&seen.told);
        bnc_kube_free(kube);
        bnc_world_free(&fake->base);
    }
}

#endif
