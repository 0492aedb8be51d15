#include "reconcilers/annotations_reading.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clip.h"
#include "lib/regex.h"
#include "lib/units.h"
#include "render/prom_prune.h"

#define PARAM_PREFIX "param_"
#define SHOWN_MAX    64 /* bytes of a value in a message */
/* Of one workload, so that none fills the document: */
#define REGEXES_MAX 4096 /* bytes of the regular expressions of one annotation */
#define PARAMS_MAX  32
#define PARAM_MAX   1024 /* bytes of one parameter's value */

/* ---- the words ----------------------------------------------------------------- */

/* Read in this order; `ours`: with binnacle.dev/ only. */
struct word {
    const char *name;
    bool ours;
    void (*read)(struct bnc_reading *r, const struct bnc_note *note);
};

void
bnc_reading_complain(struct bnc_reading *r, const struct bnc_note *note,
                     const char *remedy, const char *message)
{
    bnc_diag_warn(r->diags, BNC_REASON_INVALID_ANNOTATION,
                  bnc_arena_fmt(r->arena, "%s[\"%s\"]", note->field, note->key), remedy,
                  "\"%.*s\" on %s %s", bnc_clip(note->value, SHOWN_MAX), note->value,
                  note->owner, message);
}

static bool
read_bool(struct bnc_reading *r, const struct bnc_note *note, bool *out)
{
    if (strcmp(note->value, "true") == 0 || strcmp(note->value, "false") == 0) {
        *out = note->value[0] == 't';
        return true;
    }
    bnc_reading_complain(r, note, "write \"true\" or \"false\"",
                         "is neither true nor false");
    return false;
}

static void
read_scrape(struct bnc_reading *r, const struct bnc_note *note)
{
    (void)read_bool(r, note, &r->out->scrape);
}

/* A "false" of scrape that is as near to the pod says no to this as well. */
static void
read_scrape_slow(struct bnc_reading *r, const struct bnc_note *note)
{
    const struct bnc_note *scrape = bnc_reading_find(r, "scrape", NULL);
    bool refused = scrape != NULL && strcmp(scrape->value, "false") == 0 &&
                   scrape->layer <= note->layer;
    bool slow = false;

    if (read_bool(r, note, &slow) && slow && !refused) {
        r->out->scrape = true;
        r->out->interval = "5m";
    }
}

static void
read_scheme(struct bnc_reading *r, const struct bnc_note *note)
{
    if (strcmp(note->value, "http") != 0 && strcmp(note->value, "https") != 0) {
        bnc_reading_complain(r, note, "write http or https", "is no scheme");
        r->broken = true;
        return;
    }
    r->out->scheme = note->value[4] == 's' ? "https" : NULL;
}

static bool
duration_ok(struct bnc_reading *r, const struct bnc_note *note)
{
    struct bnc_error err = {0};
    int64_t ms = 0;
    if (bnc_duration_parse(note->value, &ms, &err) || ms < 1000) {
        bnc_reading_complain(r, note,
                             "write a duration of at least 1s, such as 30s or 1m",
                             "is no usable duration");
        return false;
    }
    return true;
}

static void
read_interval(struct bnc_reading *r, const struct bnc_note *note)
{
    if (duration_ok(r, note)) {
        r->out->interval = note->value;
    }
}

static void
read_timeout(struct bnc_reading *r, const struct bnc_note *note)
{
    /* over the interval that holds, Prometheus would refuse the whole document */
    const char *holds = r->out->interval != NULL ? r->out->interval : r->interval;
    struct bnc_error err = {0};
    int64_t timeout = 0;
    int64_t interval = 0;

    if (!duration_ok(r, note) || bnc_duration_parse(note->value, &timeout, &err)) {
        return;
    }
    if (holds != NULL && !bnc_duration_parse(holds, &interval, &err) &&
        timeout > interval) {
        bnc_reading_complain(
            r, note, "make it at most the interval, or set interval as well",
            bnc_arena_fmt(r->arena, "is longer than the interval %.32s", holds));
        return;
    }
    r->out->timeout = note->value;
}

static void
read_job(struct bnc_reading *r, const struct bnc_note *note)
{
    if (note->value[0] == '\0' || strlen(note->value) > 256) {
        bnc_reading_complain(r, note, "write 1 to 256 characters",
                             "is no usable job label");
        return;
    }
    r->out->job = note->value;
}

static void
read_sample_limit(struct bnc_reading *r, const struct bnc_note *note)
{
    char *end = NULL;
    long long value = strtoll(note->value, &end, 10);
    if (end == note->value || *end != '\0' || value < 1 || value > INT32_MAX) {
        bnc_reading_complain(r, note, "write a whole number above 0", "is no limit");
        return;
    }
    r->out->sample_limit = (struct bnc_opt_int){.set = true, .value = value};
}

struct bnc_texts
bnc_reading_split(struct bnc_arena *arena, const char *text, const char *separators)
{
    struct bnc_texts out = {.set = true};
    out.items = bnc_arena_array(arena, strlen(text) / 2 + 1, sizeof(*out.items));
    for (const char *p = text + strspn(text, separators); *p != '\0';) {
        size_t n = strcspn(p, separators);
        out.items[out.n++] = bnc_arena_strndup(arena, p, n);
        p += n;
        p += strspn(p, separators);
    }
    return out;
}

static struct bnc_texts
read_regexes(struct bnc_reading *r, const struct bnc_note *note)
{
    struct bnc_error err = {0};

    if (strlen(note->value) > REGEXES_MAX) {
        bnc_reading_complain(
            r, note, "use a ScrapePolicy for so many",
            bnc_arena_fmt(r->arena, "has more than %d bytes", REGEXES_MAX));
        return (struct bnc_texts){0};
    }
    struct bnc_texts all = bnc_reading_split(r->arena, note->value, " \t\r\n");
    struct bnc_texts good = {.items = all.items, .set = true};

    for (size_t i = 0; i < all.n; i++) {
        if (bnc_regex_check_within(all.items[i], strlen(all.items[i]), &r->diags->effort,
                                   &err)) {
            if (err.message[0] != '\0') {
                bnc_reading_complain(
                    r, note, "write RE2 expressions separated by spaces",
                    bnc_arena_fmt(r->arena, "has a wrong expression: %s", err.message));
            }
        } else {
            good.items[good.n++] = all.items[i];
        }
    }
    good.set = good.n > 0;
    return good;
}

static void
read_drop_metrics(struct bnc_reading *r, const struct bnc_note *note)
{
    r->out->prune.drop_metrics = read_regexes(r, note);
}

static void
read_keep_metrics(struct bnc_reading *r, const struct bnc_note *note)
{
    r->out->prune.keep_metrics = read_regexes(r, note);
}

static void
read_drop_labels(struct bnc_reading *r, const struct bnc_note *note)
{
    r->out->prune.drop_labels = read_regexes(r, note);
}

static void
read_prune(struct bnc_reading *r, const struct bnc_note *note)
{
    if (bnc_prom_prune_preset(note->value).n == 0) {
        bnc_reading_complain(r, note, "use the preset envoy", "is no prune preset");
        return;
    }
    r->out->prune.preset = note->value;
}

static void
nothing(struct bnc_reading *r, const struct bnc_note *note)
{
    BNC_UNUSED(r);
    BNC_UNUSED(note);
}

static const struct word words[] = {
    {"scrape", false, read_scrape},
    {"scrape_slow", false, read_scrape_slow},
    {"scheme", false, read_scheme},
    {"interval", true, read_interval},
    {"timeout", true, read_timeout},
    {"job", true, read_job},
    {"sample-limit", true, read_sample_limit},
    {"drop-metrics", true, read_drop_metrics},
    {"keep-metrics", true, read_keep_metrics},
    {"drop-labels", true, read_drop_labels},
    {"prune", true, read_prune},
    /* read together, below */
    {"port", false, nothing},
    {"path", false, nothing},
    {"endpoints", true, nothing},
    {"ignore", true, nothing},
    {"sampling-percent", true, nothing}, /* mesh_judge.c */
    {"merge-metrics", false, nothing},   /* prometheus.istio.io/ */
};

bool
bnc_annotation_known(const char *key)
{
    const char *slash = strrchr(key, '/');
    if (slash == NULL) {
        return false;
    }
    for (size_t i = 0; i < BNC_LEN(words); i++) {
        if (strcmp(slash + 1, words[i].name) == 0) {
            return true;
        }
    }
    return bnc_str_starts(slash + 1, PARAM_PREFIX);
}

/* ---- layers and prefixes ------------------------------------------------------- */

static bool
has_prefix(const char *key, const char *prefix, const char *name)
{
    size_t n = strlen(prefix);
    return strncmp(key, prefix, n) == 0 && key[n] == '/' &&
           strcmp(key + n + 1, name) == 0;
}

static const struct bnc_note *
find_in_layer(const struct bnc_ir_workload *w, enum bnc_layer layer, const char *prefix,
              const char *name)
{
    for (size_t i = 0; i < w->n_notes; i++) {
        if (w->notes[i].layer == layer && has_prefix(w->notes[i].key, prefix, name)) {
            return &w->notes[i];
        }
    }
    return NULL;
}

const struct bnc_note *
bnc_reading_find(const struct bnc_reading *r, const char *name, const char *only_prefix)
{
    for (enum bnc_layer layer = 0; layer < BNC_LAYER_COUNT; layer++) {
        size_t n = only_prefix != NULL ? 1 : r->prefixes->n;
        for (size_t i = 0; i < n; i++) {
            const char *prefix =
                only_prefix != NULL ? only_prefix : r->prefixes->items[i];
            const struct bnc_note *note = find_in_layer(r->workload, layer, prefix, name);
            if (note != NULL) {
                return note;
            }
        }
    }
    return NULL;
}

/* ---- the whole ----------------------------------------------------------------- */

static int
compare_params(const void *a, const void *b)
{
    const struct bnc_multipair *x = a;
    const struct bnc_multipair *y = b;
    return strcmp(x->key, y->key);
}

static void
read_params(struct bnc_reading *r)
{
    const struct bnc_ir_workload *w = r->workload;
    struct bnc_multipairs *params = &r->out->params;

    params->items = bnc_arena_array(r->arena, w->n_notes, sizeof(*params->items));
    for (size_t i = 0; i < w->n_notes; i++) {
        const char *name = strrchr(w->notes[i].key, '/') + 1;
        if (!bnc_str_starts(name, PARAM_PREFIX) ||
            bnc_reading_find(r, name, NULL) != &w->notes[i]) {
            continue;
        }
        if (params->n == PARAMS_MAX || strlen(w->notes[i].value) > PARAM_MAX) {
            bnc_reading_complain(r, &w->notes[i], "use a ScrapePolicy for so much",
                                 bnc_arena_fmt(r->arena,
                                               "is over %d parameters of %d bytes",
                                               PARAMS_MAX, PARAM_MAX));
            continue;
        }
        const char **value = bnc_arena_alloc(r->arena, sizeof(*value));
        *value = w->notes[i].value;
        params->items[params->n++] =
            (struct bnc_multipair){.key = name + strlen(PARAM_PREFIX),
                                   .values = {.items = value, .n = 1, .set = true}};
    }
    qsort(params->items, params->n, sizeof(*params->items), compare_params);
    params->set = params->n > 0;
}

void
bnc_annotations_read(const struct bnc_ir_workload *workload,
                     const struct bnc_texts *prefixes, const char *interval,
                     struct bnc_arena *arena, struct bnc_request *out,
                     struct bnc_diags *diags)
{
    struct bnc_reading r = {.workload = workload,
                            .prefixes = prefixes,
                            .interval = interval,
                            .arena = arena,
                            .diags = diags,
                            .out = out};
    *out = (struct bnc_request){0};

    const struct bnc_note *ignore = bnc_reading_find(&r, "ignore", BNC_OUR_PREFIX);
    if (ignore != NULL && strcmp(ignore->value, "true") == 0) {
        return;
    }
    for (size_t i = 0; i < BNC_LEN(words); i++) {
        const struct bnc_note *note =
            bnc_reading_find(&r, words[i].name, words[i].ours ? BNC_OUR_PREFIX : NULL);
        if (note != NULL) {
            words[i].read(&r, note);
        }
        if (i == 1 && !out->scrape) {
            return; /* nothing is asked for: the other words are not looked at */
        }
    }
    read_params(&r);
    bnc_reading_claims(&r);
    out->scrape = !r.broken && out->n_claims > 0;
}

const char *
bnc_request_key(const struct bnc_request *request, struct bnc_arena *arena)
{
    struct bnc_str key = bnc_str_new(arena, (size_t)64 * 1024);
    const char *const texts[] = {request->scheme, request->interval, request->timeout,
                                 request->job, request->prune.preset};
    const struct bnc_texts *const lists[] = {&request->prune.drop_metrics,
                                             &request->prune.keep_metrics,
                                             &request->prune.drop_labels};

    for (size_t i = 0; i < BNC_LEN(texts); i++) {
        bnc_str_json(&key, texts[i] == NULL ? "" : texts[i]);
    }
    for (size_t i = 0; i < BNC_LEN(lists); i++) {
        bnc_str_putc(&key, '[');
        for (size_t k = 0; k < lists[i]->n; k++) {
            bnc_str_json(&key, lists[i]->items[k]);
        }
        bnc_str_putc(&key, ']');
    }
    for (size_t i = 0; i < request->params.n; i++) {
        bnc_str_json(&key, request->params.items[i].key);
        bnc_str_json(&key, request->params.items[i].values.items[0]);
    }
    bnc_str_fmt(&key, "%lld",
                request->sample_limit.set ? (long long)request->sample_limit.value
                                          : -1LL);
    return key.ptr;
}
