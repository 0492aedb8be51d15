/* The provisioning file as a text in memory, and the hashes that it may have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/grafana_priv.h"

void
bnc_gsync_hash(struct bnc_bytes text, const char *salt, char out[BNC_HASH_TEXT_MAX])
{
    BNC_AUTO(bnc_sha256) sha = bnc_sha256_new();
    char hex[BNC_SHA256_HEX];
    bnc_sha256_add(sha, text.ptr, text.len);
    bnc_sha256_add(sha, salt, strlen(salt));
    bnc_sha256_final(sha, hex);
    (void)snprintf(out, BNC_HASH_TEXT_MAX, "sha256:%s", hex);
}

void
bnc_gsync_text_wipe(struct bnc_gsync_text *text)
{
    if (text->text.ptr != NULL) {
        explicit_bzero(text->text.ptr, text->text.room);
    }
    bnc_str_free(&text->text);
    *text = (struct bnc_gsync_text){0};
}

void
bnc_gsync_text_set(struct bnc_gsync *s, struct bnc_gsync_text *out, struct bnc_bytes text)
{
    struct bnc_gsync_text copy = {.text = bnc_str_new(NULL, BNC_GSYNC_FILE_MAX)};
    if (text.len > 0) {
        bnc_str_reserve(&copy.text, text.len + 1);
        bnc_str_add(&copy.text, text.ptr, text.len);
        bnc_gsync_hash(text, "", copy.plain);
        bnc_gsync_hash(text, s->target.uid, copy.salted);
    }
    bnc_gsync_text_wipe(out);
    *out = copy;
}

bool
bnc_gsync_text_is(const struct bnc_gsync_text *text, const char *hash)
{
    return hash[0] != '\0' &&
           (strcmp(text->plain, hash) == 0 || strcmp(text->salted, hash) == 0);
}

void
bnc_gsync_read_disk(struct bnc_gsync *s)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_bytes text = {0};
    const char *name = bnc_arena_fmt(arena, "datasources/%s", s->target.key);
    bnc_gsync_files_stamp(s->files, name, &s->stamp);
    bnc_gsync_files_sources(s->files, s->target.key, arena, &text);
    bnc_gsync_text_set(s, &s->disk, text);
    s->disk_read = true;
}
