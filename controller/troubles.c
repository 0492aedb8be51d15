#include "controller/troubles.h"

#include <stdio.h>
#include <stdlib.h>

#include "controller/edges.h"
#include "lib/arena.h"
#include "lib/log.h"
#include "lib/map.h"

struct trouble {
    char what[400];
    struct bnc_error err;
};

struct bnc_troubles {
    struct bnc_map *items; /* by fact key */
};

struct bnc_troubles *
bnc_troubles_new(void)
{
    struct bnc_troubles *troubles = bnc_alloc(sizeof(*troubles));
    troubles->items = bnc_map_new();
    return troubles;
}

void
bnc_troubles_free(struct bnc_troubles *troubles)
{
    if (troubles == NULL) {
        return;
    }
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(troubles->items, &at, NULL, &value)) {
        free(value);
    }
    bnc_map_free(troubles->items);
    free(troubles);
}

static struct trouble *
begin(struct bnc_troubles *troubles, const char *key, enum bnc_kind kind, const char *ns,
      const char *name)
{
    struct trouble *trouble = bnc_alloc(sizeof(*trouble));
    bool in = ns != NULL && ns[0] != '\0';
    bool one = name != NULL && name[0] != '\0';
    (void)snprintf(trouble->what, sizeof(trouble->what), "%s%s%s%s%s",
                   bnc_kind_info(kind)->plural, in ? " in " : "", in ? ns : "",
                   one ? "/" : "", one ? name : "");
    (void)bnc_map_put(troubles->items, key, trouble);
    return trouble;
}

void
bnc_troubles_tell(struct bnc_troubles *troubles, enum bnc_kind kind, const char *ns,
                  const char *name, const struct bnc_error *err)
{
    char key[BNC_FACT_KEY_MAX];
    bnc_fact_key(key, kind, ns, name);
    struct trouble *trouble = bnc_map_get(troubles->items, key);

    if (err->code == BNC_OK) {
        if (trouble != NULL) {
            BNC_LOG(BNC_LEVEL_INFO, "watch works again", BNC_KV("what", trouble->what));
            free(bnc_map_take(troubles->items, key));
        }
        return;
    }
    if (trouble == NULL) {
        trouble = begin(troubles, key, kind, ns, name);
        /* once, not at each retry */
        BNC_LOG(BNC_LEVEL_WARN, "cannot read; what is known stays",
                BNC_KV("what", trouble->what), BNC_KV("error", err->message));
    }
    trouble->err = *err;
}

void
bnc_troubles_forget(struct bnc_troubles *troubles, enum bnc_kind kind, const char *ns,
                    const char *name)
{
    char key[BNC_FACT_KEY_MAX];
    bnc_fact_key(key, kind, ns, name);
    free(bnc_map_take(troubles->items, key));
}

void
bnc_troubles_each(const struct bnc_troubles *troubles, bnc_trouble_fn fn, void *arg)
{
    const char **keys = bnc_map_sorted_keys(troubles->items);
    for (size_t i = 0; i < bnc_map_count(troubles->items); i++) {
        const struct trouble *trouble = bnc_map_get(troubles->items, keys[i]);
        fn(arg, trouble->what, trouble->err.message);
    }
    free(keys);
}
