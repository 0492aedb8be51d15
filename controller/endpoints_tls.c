#include "controller/endpoints_tls.h"

#include <string.h>

#include "lib/hash.h"
#include "lib/log.h"

#define PEM_MAX ((size_t)256 * 1024)

static const char *const files[] = {"tls.crt", "tls.key"};

/* What both files are now, through links: another one after a swap. */
static uint64_t
stamp_of(const struct bnc_cert *cert)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    uint64_t stamp = 1;
    for (size_t i = 0; i < BNC_LEN(files); i++) {
        struct bnc_file_info info = {0};
        struct bnc_error err = {0};
        const char *path = bnc_arena_fmt(arena, "%s/%s", cert->folder, files[i]);
        if (bnc_file_stat(cert->world, path, true, &info, &err) == BNC_OK) {
            const uint64_t parts[] = {info.inode, info.size, (uint64_t)info.mtime_ns};
            stamp = bnc_hash64(parts, sizeof(parts), stamp);
        }
    }
    return stamp;
}

static enum bnc_code
load(struct bnc_cert *cert, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_bytes pem[BNC_LEN(files)] = {{NULL, 0}};

    for (size_t i = 0; cert->folder != NULL && i < BNC_LEN(files); i++) {
        const char *path = bnc_arena_fmt(arena, "%s/%s", cert->folder, files[i]);
        if (bnc_file_read(cert->world, path, PEM_MAX, arena, &pem[i], err)) {
            return bnc_wrap(err, "--metrics-cert-dir");
        }
    }
    if (bnc_listener_tls(cert->listener, pem[0].ptr, pem[1].ptr, err)) {
        return bnc_wrap(err,
                        cert->folder == NULL ? "--metrics-secure" : "--metrics-cert-dir");
    }
    cert->reads++;
    return BNC_OK;
}

enum bnc_code
bnc_cert_start(struct bnc_cert *cert, struct bnc_error *err)
{
    if (cert->folder != NULL) {
        cert->stamp = stamp_of(cert);
    }
    return load(cert, err);
}

/* Before the read: a change meanwhile is seen the next time. */
void
bnc_cert_look(struct bnc_cert *cert)
{
    struct bnc_error err = {0};
    uint64_t stamp = cert->folder == NULL ? 0 : stamp_of(cert);

    if (stamp == cert->stamp) {
        return;
    }
    cert->stamp = stamp;
    if (load(cert, &err)) {
        cert->failures++;
        BNC_LOG(BNC_LEVEL_WARN, "certificate not read", BNC_KV("error", err.message),
                BNC_KV("remedy", "the one from before is served until the files change"));
    } else {
        BNC_LOG(BNC_LEVEL_INFO, "certificate read", BNC_KV("folder", cert->folder));
    }
}
