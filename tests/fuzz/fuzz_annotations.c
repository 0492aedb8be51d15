/*
 * Any lines as annotations of a workload, "word value" each, spread over the layers: what
 * is understood can be scraped, what is not is said of the right key.
 */
#include "reconcilers/annotations.h"
#include "tests/fuzz/fuzz.h"

#define NOTES_MAX 64

static int
compare(const void *a, const void *b)
{
    const struct bnc_note *x = a;
    const struct bnc_note *y = b;
    return x->layer != y->layer ? (int)x->layer - (int)y->layer : strcmp(x->key, y->key);
}

/* Keys are there once in each layer. */
static void
add_note(struct bnc_ir_workload *workload, const struct bnc_note *note)
{
    for (size_t i = 0; i < workload->n_notes; i++) {
        const struct bnc_note *other = &workload->notes[i];
        if (other->layer == note->layer && strcmp(other->key, note->key) == 0) {
            return;
        }
    }
    workload->notes[workload->n_notes++] = *note;
}

static void
read_notes(struct bnc_ir_workload *workload, char *lines, struct bnc_arena *arena)
{
    char *rest = NULL;
    for (char *line = strtok_r(lines, "\n", &rest);
         line != NULL && workload->n_notes < NOTES_MAX;
         line = strtok_r(NULL, "\n", &rest)) {
        char *value = strchr(line, ' ');
        if (value == NULL || !bnc_utf8_valid(line, strlen(line))) {
            continue;
        }
        *value++ = '\0';
        const bool layered = line[0] >= '0' && line[0] < '0' + BNC_LAYER_COUNT;
        const struct bnc_note note = {
            .key = bnc_arena_fmt(arena, "prometheus.io/%s", line + (layered ? 1 : 0)),
            .value = value,
            .layer = layered ? (enum bnc_layer)(line[0] - '0') : BNC_LAYER_WORKLOAD,
            .owner = "Deployment shop/web",
            .field = "metadata.annotations"};
        add_note(workload, &note);
    }
    qsort(workload->notes, workload->n_notes, sizeof(*workload->notes), compare);
}

static void
check(const struct bnc_request *request, struct bnc_arena *arena)
{
    for (size_t i = 0; request->scrape && i < request->n_claims; i++) {
        const struct bnc_claim *claim = &request->claims[i];
        require(claim->port >= 1 && claim->port <= 65535);
        require(claim->port_name != NULL && claim->path[0] == '/');
    }
    require(!request->sample_limit.set || request->sample_limit.value >= 0);
    require(bnc_request_key(request, arena) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_note notes[NOTES_MAX];
    struct bnc_port ports[] = {{"http", 8080, "TCP", "app"},
                               {"", 9090, "TCP", "app"},
                               {"dns", 53, "UDP", "app"}};
    struct bnc_ir_workload workload = {
        .identity = {"shop", "ReplicaSet", "web", BNC_IDENTITY_HASH},
        .workload = "web",
        .ports = ports,
        .n_ports = BNC_LEN(ports),
        .notes = notes};
    const char *prefixes[] = {"prometheus.io", "binnacle.dev"};
    const struct bnc_texts texts = {.items = prefixes, .n = 2, .set = true};
    struct bnc_diags diags = bnc_diags_new(arena);
    struct bnc_request request = {0};

    read_notes(&workload, bnc_arena_strndup(arena, (const char *)data, n), arena);
    bnc_annotations_read(&workload, &texts, n % 2 == 0 ? "30s" : NULL, arena, &request,
                         &diags);
    require_diags(&diags, arena);
    for (size_t i = 0; i < diags.n; i++) {
        require(strstr(diags.items[i].field, "prometheus.io/") != NULL);
    }
    check(&request, arena);
    return 0;
}
