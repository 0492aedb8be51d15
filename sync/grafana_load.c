/*
 * From a provisioning file that was fetched to datasources that Grafana has, or back to
 * the last good one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "sync/grafana_priv.h"

static void on_answer(void *arg, const struct bnc_gsync_answer *answer);

/* Ask, or come back when it is time to. */
static void
ask(struct bnc_gsync *s, enum bnc_gsync_call call, int64_t org)
{
    int64_t left = s->load_due_ms - bnc_world_mono_ms(s->options.world);
    if (left > 0) {
        bnc_timer_set(s->load, left);
        return;
    }
    s->asking = true;
    bnc_gsync_server_ask(s->server, call, org, on_answer, s);
}

static void
try_later(struct bnc_gsync *s, int64_t at_least_ms)
{
    int64_t wait = (int64_t)BNC_GSYNC_RETRY_MS
                   << (s->load_failures < 5 ? s->load_failures : 5);
    s->load_failures++;
    s->healthy = false;
    wait = wait > BNC_GSYNC_RETRY_MAX ? BNC_GSYNC_RETRY_MAX : wait;
    wait = wait > at_least_ms ? wait : at_least_ms;
    s->load_due_ms = bnc_world_mono_ms(s->options.world) + wait;
    bnc_timer_set(s->load, wait);
}

static void
write_failed(struct bnc_gsync *s, const struct bnc_error *err)
{
    bnc_gsync_trouble_set(&s->load_trouble, BNC_INSTANCE_WRITE_FAILED, "%s",
                          err->message);
    bnc_gsync_tell(s);
    try_later(s, 0);
}

/* ---- files --------------------------------------------------------------------- */

/* The next file takes the place of the one on disk; others of ours go. */
static bool
place(struct bnc_gsync *s, struct bnc_bytes text, bool secret)
{
    struct bnc_error err = {0};
    enum bnc_code code =
        text.len == 0
            ? bnc_gsync_files_drop_sources(s->files, NULL, NULL, &err)
            : bnc_gsync_files_put_sources(s->files, s->target.key, text, secret, &err);
    if (code == BNC_OK && text.len > 0) {
        code = bnc_gsync_files_drop_sources(s->files, s->target.key, NULL, &err);
    }
    bnc_gsync_read_disk(s);
    s->need_reload = true;
    if (code != BNC_OK) {
        write_failed(s, &err);
    } else if (s->load_trouble.reason == BNC_INSTANCE_WRITE_FAILED) {
        s->load_trouble.reason = BNC_INSTANCE_LOADED;
    }
    return code == BNC_OK;
}

/* What Grafana has taken last is on disk again, or no file of ours when that is not
 * known: a Grafana that starts would end at one that it refuses. */
static bool
put_back(struct bnc_gsync *s)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_bytes proved = {0};
    bnc_gsync_files_proved(s->files, arena, &proved);
    return place(s, proved, strstr(proved.ptr, "secureJsonData") != NULL);
}

/* ---- loaded -------------------------------------------------------------------- */

static void
proved(struct bnc_gsync *s)
{
    const struct bnc_bytes text = {s->disk.text.ptr, s->disk.text.len};
    const char *wanted = bnc_gsync_wanted(s);
    struct bnc_error err = {0};
    bool news = s->reloaded;
    s->need_proof = s->reloaded = false;
    s->load_failures = 0;
    if (s->back) {
        s->back = false; /* the refusal is what is told */
        return;
    }
    bool newer = wanted == NULL || (wanted[0] != '\0' && !bnc_gsync_on_disk(s, wanted));
    if (!newer || s->load_trouble.reason != BNC_INSTANCE_REFUSED) {
        s->load_trouble.reason = BNC_INSTANCE_LOADED;
    }
    if (newer) {
        return; /* it is on its way, or was refused */
    }
    if (strcmp(s->loaded_hash, wanted) != 0 || news || s->loaded_ms == 0) {
        s->loads += news;
        s->loaded_ms = bnc_world_wall_ms(s->options.world);
        BNC_LOG(BNC_LEVEL_INFO, "datasources are there",
                BNC_KV("datasources", bnc_log_num((int64_t)s->n_sources)),
                BNC_KV("hash", wanted), BNC_KV("reloaded", news ? "yes" : "no"));
    }
    (void)snprintf(s->loaded_hash, sizeof(s->loaded_hash), "%s", wanted);
    s->refused[0] = '\0';
    if (news && bnc_gsync_files_put_proved(
                    s->files, text.len == 0 ? (struct bnc_bytes){"", 0} : text, &err)) {
        BNC_LOG(BNC_LEVEL_WARN, "the last good file cannot be kept",
                BNC_KV("error", err.message));
    }
    bnc_timer_set(s->prove, BNC_GSYNC_PROVE_MS);
}

/* ---- refused ------------------------------------------------------------------- */

/* What may be to blame: datasources that the last good file has not, or not alike. */
static const char *
suspects(const struct bnc_gsync *s, struct bnc_arena *arena)
{
    struct bnc_bytes before = {0};
    struct bnc_gsync_list old = {0};
    struct bnc_gsync_list now = {0};
    struct bnc_error ignored = {0};
    bnc_gsync_files_proved(s->files, arena, &before);
    if (before.len == 0 || bnc_gsync_list_read(before, arena, &old, &ignored) ||
        bnc_gsync_list_read((struct bnc_bytes){s->disk.text.ptr, s->disk.text.len}, arena,
                            &now, &ignored)) {
        return NULL;
    }
    return bnc_gsync_list_changed(&old, &now, arena);
}

static void
refused(struct bnc_gsync *s, const char *words)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *wanted = bnc_gsync_wanted(s);
    const char *changed = suspects(s, arena);
    s->refusals++;
    (void)snprintf(s->refused, sizeof(s->refused), "%s",
                   wanted != NULL && bnc_gsync_on_disk(s, wanted) ? wanted : "");
    s->refused_ms = bnc_world_mono_ms(s->options.world);
    bool kept = put_back(s) && s->disk.text.len > 0;
    bnc_gsync_trouble_set(
        &s->load_trouble, BNC_INSTANCE_REFUSED,
        "Grafana refuses the datasources: %.600s%s%.400s; its log says "
        "why; %s",
        words, changed == NULL ? "" : "; changed: ", changed == NULL ? "" : changed,
        kept ? "the last good file is back" : "there is no earlier file to go back to");
    s->back = true;
    s->need_proof = false;
    bnc_gsync_tell(s);
    bnc_gsync_settle(s);
    bnc_timer_set(s->load, 0);
}

/* Without it Grafana refuses as well: it was not to blame, and is soon tried again. */
static void
refused_back(struct bnc_gsync *s, const char *words)
{
    s->back = false;
    s->need_reload = false;
    s->refused_ms =
        bnc_world_mono_ms(s->options.world) - BNC_GSYNC_REFUSED_MS + BNC_GSYNC_RETRY_MAX;
    bnc_gsync_trouble_set(&s->load_trouble, BNC_INSTANCE_REFUSED,
                          "Grafana refuses the datasources, also those that it took "
                          "before: %.600s; another file of its folder is to blame, its "
                          "log says which",
                          words);
    bnc_gsync_tell(s);
    bnc_gsync_settle(s);
    bnc_timer_set(s->load, 0);
}

/* ---- answers ------------------------------------------------------------------- */

static void
unreachable(struct bnc_gsync *s, const struct bnc_gsync_answer *answer)
{
    if (!s->back) { /* a refusal says more */
        bnc_gsync_trouble_set(&s->load_trouble, BNC_INSTANCE_UNREACHABLE, "%s",
                              answer->message);
        bnc_gsync_tell(s);
    }
    try_later(s, answer->retry_after_ms);
}

static void
on_reload(struct bnc_gsync *s, const struct bnc_gsync_answer *answer)
{
    if (answer->verdict == BNC_GSYNC_REFUSED) {
        if (s->back) {
            refused_back(s, answer->message);
        } else {
            refused(s, answer->message);
        }
        return;
    }
    if (answer->verdict != BNC_GSYNC_DONE) {
        unreachable(s, answer);
        return;
    }
    s->need_reload = false;
    s->need_proof = s->reloaded = true;
    s->next_org = 0;
    bnc_timer_set(s->load, 0);
}

/* Grafana says that it has loaded, and has not all of it: it reads something else. */
static void
missing(struct bnc_gsync *s, const char *names)
{
    s->need_reload = true;
    s->next_org = 0;
    if (!s->reloaded) { /* it may have lost them: told when a reload does not help */
        bnc_timer_set(s->load, 0);
        return;
    }
    bnc_gsync_trouble_set(&s->load_trouble, BNC_INSTANCE_UNREACHABLE,
                          "Grafana at %s has loaded its datasources, and these are not "
                          "among them: %s; it has to read %s (paths.provisioning)",
                          bnc_gsync_server_url(s->server), names, s->options.out);
    bnc_gsync_tell(s);
    try_later(s, 0);
}

static void
on_sources(struct bnc_gsync *s, const struct bnc_gsync_answer *answer)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_gsync_list list = {0};
    struct bnc_error ignored = {0};
    const struct bnc_bytes text = {s->disk.text.ptr, s->disk.text.len};
    const char *names = NULL;

    if (answer->verdict == BNC_GSYNC_AWAY) {
        unreachable(s, answer);
        return;
    }
    if (bnc_gsync_list_read(text, arena, &list, &ignored) == BNC_OK &&
        s->next_org < list.n_orgs) {
        int64_t org = list.orgs[s->next_org];
        if (answer->verdict == BNC_GSYNC_DONE) {
            names = bnc_gsync_list_missing(&list, org, answer->sources, arena);
        } else if (s->reloaded) { /* the reload is all that there is to go by */
            (void)snprintf(s->note, sizeof(s->note),
                           "organization %lld may not be looked at", (long long)org);
        } else {
            names = "?"; /* nobody knows: have it reload */
        }
    }
    if (names != NULL) {
        missing(s, names);
        return;
    }
    s->next_org++;
    bnc_timer_set(s->load, 0);
}

static void
on_answer(void *arg, const struct bnc_gsync_answer *answer)
{
    struct bnc_gsync *s = arg;
    s->asking = false;
    switch (answer->call) {
    case BNC_GSYNC_HEALTH:
        s->healthy = answer->verdict == BNC_GSYNC_DONE;
        if (s->healthy) {
            bnc_timer_set(s->load, 0);
        } else {
            unreachable(s, answer);
        }
        return;
    case BNC_GSYNC_RELOAD:
        on_reload(s, answer);
        return;
    case BNC_GSYNC_SOURCES:
        on_sources(s, answer);
        return;
    case BNC_GSYNC_CALL_COUNT:
        return;
    }
}

/* ---- the loop ------------------------------------------------------------------ */

/*
 * A Grafana that is starting would end at a file that it refuses, so with a good one on
 * disk it gets another one only while it runs.
 */
static bool
may_place(struct bnc_gsync *s)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_bytes good = {0};
    if (s->healthy) {
        return true;
    }
    bnc_gsync_files_proved(s->files, arena, &good);
    return good.len == 0 || s->disk.text.len == 0;
}

/* True when a file was written, or what keeps it from that is being looked at. */
static bool
place_next(struct bnc_gsync *s)
{
    const char *wanted = bnc_gsync_wanted(s);
    bool none = wanted != NULL && wanted[0] == '\0' && s->disk.text.len > 0;
    if (!none && s->next.text.len == 0) {
        return false;
    }
    if (!may_place(s)) {
        ask(s, BNC_GSYNC_HEALTH, 0);
        return true;
    }
    s->healthy = false;
    s->back = false;
    s->note[0] = '\0';
    const struct bnc_bytes text = {none ? "" : s->next.text.ptr,
                                   none ? 0 : s->next.text.len};
    if (!place(s, text, s->next_secret)) {
        return true;
    }
    bnc_gsync_text_wipe(&s->next);
    return false;
}

/* The first look at what a run before has left. */
static void
look_first(struct bnc_gsync *s)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_bytes good = {0};
    const struct bnc_str *text = &s->disk.text;
    s->looked = true;
    bnc_gsync_files_proved(s->files, arena, &good);
    if (text->len > 0 &&
        (good.len != text->len || memcmp(good.ptr, text->ptr, text->len) != 0)) {
        s->need_reload = good.len == 0 || put_back(s); /* it may be refused */
    }
    s->need_proof = s->disk.text.len > 0;
}

static void
next_look(struct bnc_gsync *s)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_gsync_list list = {0};
    struct bnc_error err = {0};
    if (bnc_gsync_list_read((struct bnc_bytes){s->disk.text.ptr, s->disk.text.len}, arena,
                            &list, &err)) {
        BNC_LOG(BNC_LEVEL_WARN, "datasources cannot be looked for",
                BNC_KV("error", err.message));
    }
    if (s->next_org < list.n_orgs) {
        ask(s, BNC_GSYNC_SOURCES, list.orgs[s->next_org]);
        return;
    }
    s->n_sources = list.n;
    proved(s);
    bnc_gsync_work(s);
}

void
bnc_gsync_load(void *arg)
{
    struct bnc_gsync *s = arg;
    const char *wanted = bnc_gsync_wanted(s);
    if (s->asking || !s->known || !s->disk_read) {
        return;
    }
    if (!s->looked) {
        look_first(s);
    }
    if (place_next(s)) {
        return;
    }
    if (s->need_reload) {
        ask(s, BNC_GSYNC_RELOAD, 0);
    } else if (s->need_proof) {
        next_look(s);
    } else if (wanted != NULL && bnc_gsync_on_disk(s, wanted) &&
               (strcmp(s->loaded_hash, wanted) != 0 ||
                s->load_trouble.reason == BNC_INSTANCE_REFUSED)) {
        s->need_proof = true; /* it was changed back to what is there */
        s->next_org = 0;
        next_look(s);
    } else if (wanted != NULL && wanted[0] == '\0' && s->loaded_ms == 0) {
        proved(s); /* there is nothing to load */
        bnc_gsync_tell(s);
    }
}

void
bnc_gsync_prove(void *arg)
{
    struct bnc_gsync *s = arg;
    bnc_timer_set(s->prove, BNC_GSYNC_PROVE_MS);
    if (!s->asking && s->disk.text.len > 0 && !s->need_reload && !s->need_proof) {
        s->need_proof = true;
        s->next_org = 0;
        bnc_gsync_load(s);
    }
}
