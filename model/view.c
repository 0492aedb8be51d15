#include "model/view.h"

enum bnc_found
bnc_view_exists(struct bnc_view *view, enum bnc_kind kind, const char *ns,
                const char *name)
{
    return view->ops->exists(view, kind, ns, name);
}

enum bnc_found
bnc_view_get(struct bnc_view *view, enum bnc_kind kind, const char *ns, const char *name,
             const struct bnc_object **out)
{
    return view->ops->get(view, kind, ns, name, out);
}

enum bnc_found
bnc_view_key(struct bnc_view *view, enum bnc_kind kind, const char *ns, const char *name,
             const char *key)
{
    return view->ops->key(view, kind, ns, name, key);
}

enum bnc_found
bnc_view_value(struct bnc_view *view, enum bnc_kind kind, const char *ns,
               const char *name, const char *key, struct bnc_arena *arena,
               struct bnc_bytes *out)
{
    return view->ops->value(view, kind, ns, name, key, arena, out);
}

enum bnc_found
bnc_view_list(struct bnc_view *view, enum bnc_kind kind, const char *ns, bnc_view_fn fn,
              void *arg)
{
    return view->ops->list(view, kind, ns, fn, arg);
}
