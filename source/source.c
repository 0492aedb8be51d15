#include "source/source.h"

void
bnc_source_free(struct bnc_source *source)
{
    if (source != NULL) {
        source->ops->free(source);
    }
}

void
bnc_source_start(struct bnc_source *source, const struct bnc_source_listener *listener,
                 void *arg)
{
    source->ops->start(source, listener, arg);
}

bool
bnc_source_refresh(struct bnc_source *source, enum bnc_kind kind)
{
    return source->ops->refresh != NULL && source->ops->refresh(source, kind);
}

void
bnc_source_want(struct bnc_source *source, enum bnc_kind kind, const char *ns,
                const char *name)
{
    source->ops->want(source, kind, ns, name);
}

void
bnc_source_unwant(struct bnc_source *source, enum bnc_kind kind, const char *ns,
                  const char *name)
{
    source->ops->unwant(source, kind, ns, name);
}

void
bnc_source_watch_output(struct bnc_source *source, enum bnc_kind kind, const char *ns,
                        const char *name)
{
    source->ops->watch_output(source, kind, ns, name);
}

void
bnc_source_unwatch_output(struct bnc_source *source, enum bnc_kind kind, const char *ns,
                          const char *name)
{
    source->ops->unwatch_output(source, kind, ns, name);
}

void
bnc_source_write(struct bnc_source *source, const struct bnc_write *write,
                 bnc_write_fn fn, void *arg)
{
    source->ops->write(source, write, fn, arg);
}

void
bnc_source_stop(struct bnc_source *source)
{
    source->ops->stop(source);
}
