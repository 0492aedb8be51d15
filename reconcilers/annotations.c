#include "reconcilers/annotations.h"

#include <stdlib.h>
#include <string.h>

#include "lib/regex.h"
#include "lib/units.h"
#include "render/prom_prune.h"

#define OUR_PREFIX   "binnacle.dev"
#define CLAIMS_MAX   64
#define PARAM_PREFIX "param_"

struct reading {
    const struct bnc_ir_workload *workload;
    const struct bnc_texts *prefixes;
    struct bnc_arena *arena;
    struct bnc_diags *diags;
    struct bnc_request *out;
    bool broken; /* something without which scraping would be wrong */
};

/* ---- the words ----------------------------------------------------------------- */

/* Read in this order; `ours`: with binnacle.dev/ only. */
struct word {
    const char *name;
    bool ours;
    void (*read)(struct reading *r, const struct bnc_note *note);
};

static void
complain(struct reading *r, const struct bnc_note *note, const char *remedy,
         const char *message)
{
    bnc_diag_warn(r->diags, BNC_REASON_INVALID_ANNOTATION,
                  bnc_arena_fmt(r->arena, "metadata.annotations[\"%s\"]", note->key),
                  remedy, "\"%.64s\" on %s %s", note->value, note->owner, message);
}

static bool
read_bool(struct reading *r, const struct bnc_note *note, bool *out)
{
    if (strcmp(note->value, "true") == 0 || strcmp(note->value, "false") == 0) {
        *out = note->value[0] == 't';
        return true;
    }
    complain(r, note, "write \"true\" or \"false\"", "is neither true nor false");
    return false;
}

static void
read_scrape(struct reading *r, const struct bnc_note *note)
{
    (void)read_bool(r, note, &r->out->scrape);
}

static void
read_scrape_slow(struct reading *r, const struct bnc_note *note)
{
    bool slow = false;
    if (read_bool(r, note, &slow) && slow) {
        r->out->scrape = true;
        r->out->interval = "5m";
    }
}

static void
read_scheme(struct reading *r, const struct bnc_note *note)
{
    if (strcmp(note->value, "http") != 0 && strcmp(note->value, "https") != 0) {
        complain(r, note, "write http or https", "is no scheme");
        r->broken = true;
        return;
    }
    r->out->scheme = note->value[4] == 's' ? "https" : NULL;
}

static bool
duration_ok(struct reading *r, const struct bnc_note *note)
{
    struct bnc_error err = {0};
    int64_t ms = 0;
    if (bnc_duration_parse(note->value, &ms, &err) || ms < 1000) {
        complain(r, note, "write a duration of at least 1s, such as 30s or 1m",
                 "is no usable duration");
        return false;
    }
    return true;
}

static void
read_interval(struct reading *r, const struct bnc_note *note)
{
    if (duration_ok(r, note)) {
        r->out->interval = note->value;
    }
}

static void
read_timeout(struct reading *r, const struct bnc_note *note)
{
    struct bnc_error err = {0};
    int64_t timeout = 0;
    int64_t interval = 0;

    if (!duration_ok(r, note) || bnc_duration_parse(note->value, &timeout, &err)) {
        return;
    }
    if (r->out->interval != NULL &&
        !bnc_duration_parse(r->out->interval, &interval, &err) && timeout > interval) {
        complain(r, note, "make it at most the interval", "is longer than the interval");
        return;
    }
    r->out->timeout = note->value;
}

static void
read_job(struct reading *r, const struct bnc_note *note)
{
    if (note->value[0] == '\0' || strlen(note->value) > 256) {
        complain(r, note, "write 1 to 256 characters", "is no usable job label");
        return;
    }
    r->out->job = note->value;
}

static void
read_sample_limit(struct reading *r, const struct bnc_note *note)
{
    char *end = NULL;
    long long value = strtoll(note->value, &end, 10);
    if (end == note->value || *end != '\0' || value < 1 || value > INT32_MAX) {
        complain(r, note, "write a whole number above 0", "is no limit");
        return;
    }
    r->out->sample_limit = (struct bnc_opt_int){.set = true, .value = value};
}

/* The texts between any of `separators`, empty ones left out. */
static struct bnc_texts
split(struct bnc_arena *arena, const char *text, const char *separators)
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
read_regexes(struct reading *r, const struct bnc_note *note)
{
    struct bnc_texts all = split(r->arena, note->value, " \t\r\n");
    struct bnc_texts good = {.items = all.items, .set = true};
    struct bnc_error err = {0};

    for (size_t i = 0; i < all.n; i++) {
        if (bnc_regex_check(all.items[i], strlen(all.items[i]), &err)) {
            complain(r, note, "write RE2 expressions separated by spaces",
                     bnc_arena_fmt(r->arena, "has a wrong expression: %s", err.message));
        } else {
            good.items[good.n++] = all.items[i];
        }
    }
    good.set = good.n > 0;
    return good;
}

static void
read_drop_metrics(struct reading *r, const struct bnc_note *note)
{
    r->out->prune.drop_metrics = read_regexes(r, note);
}

static void
read_keep_metrics(struct reading *r, const struct bnc_note *note)
{
    r->out->prune.keep_metrics = read_regexes(r, note);
}

static void
read_drop_labels(struct reading *r, const struct bnc_note *note)
{
    r->out->prune.drop_labels = read_regexes(r, note);
}

static void
read_prune(struct reading *r, const struct bnc_note *note)
{
    if (bnc_prom_prune_preset(note->value).n == 0) {
        complain(r, note, "use the preset envoy", "is no prune preset");
        return;
    }
    r->out->prune.preset = note->value;
}

static void
nothing(struct reading *r, const struct bnc_note *note)
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
    {"merge-metrics", false, nothing}, /* prometheus.istio.io/ */
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

static const struct bnc_note *
find_with(const struct reading *r, const char *name, const char *only_prefix)
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

/* ---- ports and paths -----------------------------------------------------------------
 */

static const char *
clean_path(struct reading *r, const struct bnc_note *note, const char *path)
{
    if (path[0] != '/' || strpbrk(path, "?#\n\r") != NULL || strlen(path) > 1024) {
        complain(r, note, "begin with '/'; parameters go into param_NAME", "is no path");
        r->broken = true;
        return NULL;
    }
    return path;
}

static void
add_claim(struct reading *r, const struct bnc_port *port, int64_t number,
          const char *path)
{
    struct bnc_request *out = r->out;
    for (size_t i = 0; i < out->n_claims; i++) {
        if (out->claims[i].port == number && strcmp(out->claims[i].path, path) == 0) {
            return;
        }
    }
    if (out->n_claims < CLAIMS_MAX) {
        out->claims[out->n_claims++] =
            (struct bnc_claim){.port = number,
                               .port_name = port == NULL ? "" : port->name,
                               .declared = port != NULL,
                               .path = path};
    }
}

static const struct bnc_port *
port_by_number(const struct bnc_ir_workload *w, int64_t number)
{
    for (size_t i = 0; i < w->n_ports; i++) {
        if (w->ports[i].number == number && strcmp(w->ports[i].protocol, "TCP") == 0) {
            return &w->ports[i];
        }
    }
    return NULL;
}

static void
claim_port(struct reading *r, const struct bnc_note *note, const char *text,
           const char *path)
{
    char *end = NULL;
    long long number = strtoll(text, &end, 10);

    if (text[0] >= '0' && text[0] <= '9' && *end == '\0') {
        if (number < 1 || number > 65535) {
            complain(r, note, "use 1 to 65535", "is no port number");
            return;
        }
        add_claim(r, port_by_number(r->workload, number), number, path);
        return;
    }
    bool found = false;
    for (size_t i = 0; i < r->workload->n_ports; i++) {
        const struct bnc_port *port = &r->workload->ports[i];
        if (strcmp(port->name, text) == 0) {
            add_claim(r, port, port->number, path);
            found = true;
        }
    }
    if (!found) {
        complain(
            r, note, "use a number, or a name that a container port has",
            bnc_arena_fmt(r->arena, "names no port of its containers (\"%.63s\")", text));
    }
}

static void
claim_declared(struct reading *r, const struct bnc_note *scrape, const char *path)
{
    for (size_t i = 0; i < r->workload->n_ports; i++) {
        const struct bnc_port *port = &r->workload->ports[i];
        if (strcmp(port->protocol, "TCP") == 0) {
            add_claim(r, port, port->number, path);
        }
    }
    if (r->out->n_claims == 0 && scrape != NULL) {
        complain(r, scrape, "add the annotation port, or declare the container's ports",
                 "asks for scraping, but no TCP port is declared");
    }
}

static void
claim_endpoints(struct reading *r, const struct bnc_note *note)
{
    struct bnc_texts items = split(r->arena, note->value, ", \t\n");
    for (size_t i = 0; i < items.n; i++) {
        const char *slash = strchr(items.items[i], '/');
        const char *path = slash == NULL ? "/metrics" : slash;
        const char *port = slash == NULL
                               ? items.items[i]
                               : bnc_arena_strndup(r->arena, items.items[i],
                                                   (size_t)(slash - items.items[i]));
        if (clean_path(r, note, path) != NULL) {
            claim_port(r, note, port, path);
        }
    }
}

static void
read_claims(struct reading *r)
{
    const struct bnc_note *merge = find_with(r, "merge-metrics", "prometheus.istio.io");
    const struct bnc_note *endpoints = find_with(r, "endpoints", OUR_PREFIX);
    const struct bnc_note *port = find_with(r, "port", NULL);
    const struct bnc_note *path_note = find_with(r, "path", NULL);
    const char *path = "/metrics";

    r->out->claims = bnc_arena_array(r->arena, CLAIMS_MAX, sizeof(*r->out->claims));
    if (merge != NULL && strcmp(merge->value, "true") == 0) {
        /* Istio's agent serves application, Envoy and itself together there */
        add_claim(r, port_by_number(r->workload, 15020), 15020, "/stats/prometheus");
        return;
    }
    if (endpoints != NULL) {
        claim_endpoints(r, endpoints);
        return;
    }
    if (path_note != NULL) {
        path = clean_path(r, path_note, path_note->value);
        if (path == NULL) {
            return;
        }
    }
    if (port == NULL) {
        claim_declared(r, find_with(r, "scrape", NULL), path);
        return;
    }
    struct bnc_texts ports = split(r->arena, port->value, ", \t\n");
    for (size_t i = 0; i < ports.n; i++) {
        claim_port(r, port, ports.items[i], path);
    }
    if (ports.n == 0) {
        complain(r, port, "write a port number or name", "names no port");
    }
}

static int
compare_params(const void *a, const void *b)
{
    const struct bnc_multipair *x = a;
    const struct bnc_multipair *y = b;
    return strcmp(x->key, y->key);
}

static void
read_params(struct reading *r)
{
    const struct bnc_ir_workload *w = r->workload;
    struct bnc_multipairs *params = &r->out->params;

    params->items = bnc_arena_array(r->arena, w->n_notes, sizeof(*params->items));
    for (size_t i = 0; i < w->n_notes; i++) {
        const char *name = strrchr(w->notes[i].key, '/') + 1;
        if (!bnc_str_starts(name, PARAM_PREFIX) ||
            find_with(r, name, NULL) != &w->notes[i]) {
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
                     const struct bnc_texts *prefixes, struct bnc_arena *arena,
                     struct bnc_request *out, struct bnc_diags *diags)
{
    struct reading r = {.workload = workload,
                        .prefixes = prefixes,
                        .arena = arena,
                        .diags = diags,
                        .out = out};
    *out = (struct bnc_request){0};

    const struct bnc_note *ignore = find_with(&r, "ignore", OUR_PREFIX);
    if (ignore != NULL && strcmp(ignore->value, "true") == 0) {
        return;
    }
    for (size_t i = 0; i < BNC_LEN(words); i++) {
        const struct bnc_note *note =
            find_with(&r, words[i].name, words[i].ours ? OUR_PREFIX : NULL);
        if (note != NULL) {
            words[i].read(&r, note);
        }
        if (i == 1 && !out->scrape) {
            return; /* nothing is asked for: the other words are not looked at */
        }
    }
    read_params(&r);
    read_claims(&r);
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
