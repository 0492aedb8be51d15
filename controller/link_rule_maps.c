/* Rule groups where prometheus-operator's pods read them: ConfigMaps beside the Secret.
 */
#include <string.h>

#include "controller/link_objects.h"
#include "lib/hash.h"

#define MAP_MAX      ((size_t)512 * 1024) /* prometheus-operator's MaxConfigMapDataSize */
#define MAPS_MOUNTED 3 /* its pods have the first three whether they exist or not */
#define FOLDER       "/etc/prometheus/rules"

/* A ConfigMap in the making. */
struct filling {
    struct bnc_link *link;
    struct bnc_link_object object;
    struct bnc_sha256 *sha; /* of its files' names and texts */
    size_t n;               /* ConfigMaps, with this one */
};

static const char *
name_at(const struct bnc_link *link, size_t i)
{
    return bnc_arena_fmt(link->arena, "%s-rulefiles-%zu", link->output->name, i);
}

static void
begin_map(struct filling *f)
{
    f->object = (struct bnc_link_object){.desired = {.role = BNC_ROLE_BESIDE,
                                                     .kind = BNC_KIND_CONFIG_MAP,
                                                     .ns = f->link->output->ns,
                                                     .name = name_at(f->link, f->n++)},
                                         .data_name = "data",
                                         .data = bnc_json_object(f->link->arena)};
    bnc_sha256_free(f->sha);
    f->sha = bnc_sha256_new();
}

static void
end_map(struct filling *f)
{
    char hex[BNC_SHA256_HEX];
    if (f->n > 0) {
        bnc_sha256_final(f->sha, hex);
        bnc_link_hash(&f->object.desired, hex);
        bnc_link_object(f->link, &f->object);
    }
}

static void
add_file(struct filling *f, const char *file, struct bnc_bytes groups)
{
    const struct bnc_text head = bnc_link_head(BNC_SECTION_RULES);
    size_t size = head.bytes.len + groups.len;
    struct bnc_str text = bnc_str_new(f->link->scratch, size);

    if (f->n == 0 || f->object.desired.size + size > MAP_MAX) {
        end_map(f);
        begin_map(f);
    }
    bnc_str_add(&text, head.bytes.ptr, head.bytes.len);
    bnc_str_add(&text, groups.ptr, groups.len);
    bnc_sha256_add(f->sha, file, strlen(file) + 1);
    bnc_sha256_add(f->sha, text.ptr, text.len + 1);
    bnc_json_append(f->link->arena, f->object.data, file,
                    bnc_json_str(f->link->arena, text.ptr));
    f->object.desired.size += size;
}

void
bnc_link_rule_maps(struct bnc_link *link)
{
    const struct bnc_plan *plan = &link->hub->plan;
    struct filling f = {.link = link};

    for (size_t i = link->n_jobs; i < plan->n_units; i++) {
        const struct bnc_fragment *fragment = bnc_link_fragment(link, i);
        if (fragment != NULL) {
            add_file(&f, plan->units[i].job_name, fragment->bytes);
        }
    }
    end_map(&f);
    bnc_sha256_free(f.sha);
    size_t n = f.n == 0 ? 0 : f.n < MAPS_MOUNTED ? MAPS_MOUNTED : f.n;
    const char **files = bnc_arena_array(link->arena, n + 1, sizeof(*files));
    for (size_t i = 0; i < n; i++) {
        files[i] = bnc_arena_fmt(link->arena, FOLDER "/%s/*.yaml", name_at(link, i));
    }
    link->rule_files = files;
    link->n_rule_files = n;
}
