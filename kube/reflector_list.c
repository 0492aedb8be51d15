/* Lists: pages, resourceVersions, and what is gone afterwards. */
#include <stdlib.h>
#include <string.h>

#include "kube/reflector_priv.h"

#define PAGE           "500"
#define LIST_MS        300000 /* the whole answer */
#define LIST_SILENT_MS 30000  /* without a byte */
#define KEY_MAX        ((size_t)2048)

static void ask_page(struct bnc_reflector *r);

/* ---- marks --------------------------------------------------------------------- */

static char *
new_mark(struct bnc_reflector *r)
{
    return &r->marks[1 - r->good];
}

/* A list that came to nothing leaves no marks. */
static void
unmark(struct bnc_reflector *r)
{
    size_t at = 0;
    const char *key = NULL;
    void *mark = NULL;

    while (r->list.puts > 0 && bnc_map_next(r->known, &at, &key, &mark)) {
        if (mark == new_mark(r)) {
            (void)bnc_map_put(r->known, key, &r->marks[r->good]);
        }
    }
    r->list.puts = 0;
}

/* After a whole list: what it has not met is gone. */
static void
sweep(struct bnc_reflector *r)
{
    struct bnc_str gone = bnc_str_new(NULL, KEY_MAX);
    size_t at = 0;
    const char *key = NULL;
    void *mark = NULL;

    r->good = 1 - r->good;
    r->list.puts = 0;
    while (!r->dead && bnc_map_next(r->known, &at, &key, &mark)) {
        if (mark == &r->marks[r->good]) {
            continue;
        }
        bnc_str_clear(&gone);
        bnc_str_puts(&gone, key);
        (void)bnc_map_take(r->known, key);
        char *slash = strchr(gone.ptr, '/');
        *slash = '\0';
        r->ops->gone(r->arg, gone.ptr, slash + 1);
    }
    bnc_str_free(&gone);
    bnc_map_fit(r->known);
}

/* ---- what arrives -------------------------------------------------------------- */

void
bnc_reflector_list_put(struct bnc_reflector *r, const struct bnc_pruned *object)
{
    if (r->dead || !bnc_reflector_mark(r, object, new_mark(r), NULL)) {
        return;
    }
    r->list.puts++;
    r->ops->put(r->arg, object);
}

void
bnc_reflector_expect(struct bnc_reflector *r, const char *ns, const char *name)
{
    const struct bnc_pruned object = {.ns = ns, .name = name};
    if (!r->dead && bnc_reflector_mark(r, &object, new_mark(r), NULL)) {
        r->list.puts++; /* the next list takes the mark away again */
    }
}

static void
on_object(void *arg, const char *type, const struct bnc_pruned *object)
{
    BNC_UNUSED(type);
    bnc_reflector_list_put(arg, object);
}

static void
on_data(void *arg, const char *bytes, size_t n)
{
    struct bnc_reflector *r = arg;
    struct bnc_kube_result failed = {.http_status = 200};

    bnc_reflector_enter(r);
    r->last_contact_ms = bnc_world_mono_ms(r->world);
    bnc_timer_set(r->timer, LIST_SILENT_MS);
    enum bnc_code code = bnc_stream_feed(r->stream, bytes, n, &failed.err);
    if (code != BNC_OK && !r->dead) {
        (void)bnc_wrap(&failed.err, "list of %s", r->info->plural);
        r->counters->list_failures++;
        r->reason = BNC_RELIST_RETRY;
        bnc_reflector_fail(r, BNC_NEXT_LIST, &failed);
    }
    bnc_reflector_leave(r);
}

/* ---- the end of a page --------------------------------------------------------- */

static void
tell_listed(struct bnc_reflector *r)
{
    r->listed = true;
    r->ops->listed(r->arg);
}

void
bnc_reflector_list_end(struct bnc_reflector *r, const char *version)
{
    r->was_absent = false;
    r->streams_lost = 0;
    bnc_reflector_set_version(r, version);
    bnc_timer_stop(r->timer);
    if (r->gone_in_row == 0) {
        bnc_backoff_reset(&r->backoff);
    }
    sweep(r);
    if (!r->dead) {
        bnc_reflector_works(r);
    }
    if (!r->dead) {
        tell_listed(r);
    }
}

/*
 * An optional kind is not installed.  That says that it has no objects, but one such
 * answer takes nothing away, neither what was listed nor what we are told to have
 * written: a server that is starting may not know the kind yet.
 */
static void
absent(struct bnc_reflector *r)
{
    bool sure = r->was_absent || (!r->listed && r->name[0] == '\0');
    bool news = sure && (!r->listed || bnc_map_count(r->known) > 0);

    r->was_absent = true;
    bnc_backoff_reset(&r->backoff);
    bnc_reflector_look_later(r);
    if (sure) {
        unmark(r);
        bnc_reflector_set_version(r, "");
        sweep(r);
    }
    if (!r->dead) {
        bnc_reflector_works(r);
    }
    if (!r->dead && news) {
        tell_listed(r);
    }
}

/* The whole of an optional kind is forbidden at first: nothing waits for it. */
static bool
is_withheld(const struct bnc_reflector *r, const struct bnc_kube_result *result)
{
    return r->info->optional && result->http_status == 403 && !r->listed &&
           r->name[0] == '\0';
}

static void
set_text(char **slot, const char *text)
{
    free(*slot);
    *slot = bnc_strdup(text);
}

static void
page_done(struct bnc_reflector *r, struct bnc_kube_result *failed)
{
    const char *version = bnc_stream_resource_version(r->stream);
    const char *token = bnc_stream_continue(r->stream);

    if (!bnc_stream_complete(r->stream)) {
        (void)bnc_fail(&failed->err, BNC_UNAVAILABLE, "the list of %s ended early",
                       r->info->plural);
    } else if (token[0] != '\0') {
        r->paged = true;
        set_text(&r->list.token, token);
        bnc_reflector_close(r);
        ask_page(r);
        return;
    } else if (version[0] == '\0') {
        (void)bnc_fail(&failed->err, BNC_INVALID, "the list of %s has no resourceVersion",
                       r->info->plural);
    } else {
        char *copy = bnc_strdup(version);
        bnc_reflector_close(r);
        bnc_reflector_list_end(r, copy);
        free(copy);
        if (!r->dead) {
            bnc_reflector_watch_start(r, false);
        }
        return;
    }
    r->counters->list_failures++;
    r->reason = BNC_RELIST_RETRY;
    bnc_reflector_fail(r, BNC_NEXT_LIST, failed);
}

/* True when asking in another way, at once, may help. */
static bool
ask_otherwise(struct bnc_reflector *r, const struct bnc_kube_result *result)
{
    bool gone = result->err.code == BNC_GONE;

    if (gone && r->list.token != NULL && !r->list.unpaged) {
        r->list.unpaged = true; /* the token expired: all in one */
    } else if ((gone || result->status.too_large) && !r->list.latest) {
        r->list.latest = true;
    } else {
        return false;
    }
    bnc_reflector_list_pages(r);
    return true;
}

static void
list_failed(struct bnc_reflector *r, const struct bnc_kube_result *result)
{
    r->counters->list_failures++;
    r->reason = BNC_RELIST_RETRY;
    if (is_withheld(r, result)) {
        tell_listed(r);
    }
    if (!r->dead) {
        bnc_reflector_fail(r, BNC_NEXT_LIST, result);
    }
}

void
bnc_reflector_list_refused(struct bnc_reflector *r, const struct bnc_kube_result *result)
{
    if (bnc_reflector_is_absent(r, result)) {
        absent(r);
    } else if (!ask_otherwise(r, result)) {
        list_failed(r, result);
    }
}

static void
on_done(void *arg, const struct bnc_kube_result *result)
{
    struct bnc_reflector *r = arg;
    struct bnc_kube_result copy = *result;

    bnc_reflector_enter(r);
    r->call = NULL;
    if (result->err.code == BNC_OK) {
        page_done(r, &copy);
    } else {
        bnc_reflector_list_refused(r, result);
    }
    bnc_reflector_leave(r);
}

/* ---- the question -------------------------------------------------------------- */

static const char *
version_asked(const struct bnc_reflector *r)
{
    if (r->list.token != NULL || r->list.latest) {
        return NULL; /* a page goes on with its own version */
    }
    return r->list.asked;
}

/*
 * The watch cache answers "0" and what we have seen; a limit would send the
 * question past it to etcd, so there is one only where pages are had anyway.
 */
static const char *
limit_asked(const struct bnc_reflector *r)
{
    bool first = strcmp(r->list.asked, "0") == 0 || r->list.latest;
    return !r->list.unpaged && (first || r->paged) ? PAGE : NULL;
}

static void
ask_page(struct bnc_reflector *r)
{
    static const struct bnc_stream_ops stream_ops = {.on_object = on_object};
    static const struct bnc_kube_stream_ops ops = {.on_data = on_data,
                                                   .on_done = on_done};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_kube_result failed = {.http_status = 400};

    const char *path = bnc_reflector_path(r, arena, &failed.err);
    if (path == NULL) {
        bnc_reflector_fail(r, BNC_NEXT_LIST, &failed);
        return;
    }
    const struct bnc_url_pair query[] = {
        {"fieldSelector", bnc_reflector_field_selector(r, arena)},
        {"limit", limit_asked(r)},
        {"continue", r->list.token},
        {"resourceVersion", version_asked(r)},
        {NULL, NULL},
    };
    struct bnc_kube_request request = {
        .group = BNC_HTTP_UNARY,
        .method = "GET",
        .path = path,
        .query = query,
        .accept = bnc_reflector_accept(r, true),
        .timeout_ms = LIST_MS,
        .gzip = r->name[0] == '\0',
    };
    r->state = BNC_REFLECTOR_LISTING;
    r->watch = (struct bnc_reflector_watch){0};
    r->stream = bnc_stream_new(BNC_STREAM_LIST, r->keep, &stream_ops, r);
    bnc_timer_set(r->timer, LIST_SILENT_MS);
    r->call = bnc_kube_stream(r->kube, &request, &ops, r);
}

void
bnc_reflector_list_pages(struct bnc_reflector *r)
{
    free(r->list.token);
    r->list.token = NULL;
    bnc_reflector_close(r);
    unmark(r);
    ask_page(r);
}

void
bnc_reflector_list_start(struct bnc_reflector *r, enum bnc_relist reason)
{
    unmark(r);
    r->counters->lists[reason]++;
    r->counters->kind_lists[r->kind][reason]++;
    set_text(&r->list.asked, r->version[0] == '\0' ? "0" : r->version);
    free(r->list.token);
    r->list.token = NULL;
    r->list.unpaged = false;
    /* what we wrote is forgotten once it is gone, and known from an Observatory's status:
       an old answer must not say so */
    bool ours = (r->metadata_only && r->name[0] != '\0') ||
                r->info == bnc_kind_info(BNC_KIND_OBSERVATORY);
    r->list.latest = ours || reason == BNC_RELIST_TOO_NEW || r->gone_in_row > 1;
    if (bnc_reflector_may_stream(r)) {
        r->counters->streamed_lists++;
        bnc_reflector_watch_start(r, true);
    } else {
        ask_page(r);
    }
}
