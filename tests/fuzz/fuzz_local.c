/*
 * Any bytes as a root document: what comes whole and what comes in pieces is the same;
 * with nothing to do each byte passes; the marker adds and takes nothing else.
 */
#include <stdlib.h>
#include <string.h>

#include "sync/local.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
require(bool cond)
{
    if (!cond) {
        abort();
    }
}

static void
on_out(void *arg, const char *bytes, size_t n)
{
    require(n > 0);
    bnc_str_add(arg, bytes, n);
}

static const char *
lookup(void *arg, const char *name)
{
    BNC_UNUSED(arg);
    return strlen(name) % 2 == 0 ? "va\"l\n$\xc3\xa9" : NULL;
}

static void
on_file(void *arg, const char *name)
{
    BNC_UNUSED(arg);
    require(strncmp(name, "files/", 6) == 0);
}

static enum bnc_code
filter(const struct bnc_local_options *options, struct bnc_bytes in, size_t piece,
       struct bnc_str *out)
{
    static const struct bnc_local_ops ops = {on_out, lookup, NULL, on_file};
    BNC_AUTO(bnc_local) local = bnc_local_new(options, &ops, out);
    struct bnc_error err = {0};

    *out = bnc_str_new(NULL, 32 << 20);
    for (size_t i = 0; i < in.len; i += piece) {
        bnc_local_feed(local, in.ptr + i, in.len - i < piece ? in.len - i : piece);
    }
    return bnc_local_finish(local, &err);
}

static bool
same(const struct bnc_str *a, const char *b, size_t n)
{
    return a->len == n && (n == 0 || memcmp(a->ptr, b, n) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct bnc_local_options none = {0};
    static const struct bnc_local_options all = {"scrape_config_files", "g.yml", true};
    const struct bnc_bytes in = {(const char *)data, n};
    struct bnc_str whole;
    struct bnc_str pieces;

    require(filter(&none, in, n + 1, &whole) == BNC_OK);
    require(same(&whole, in.ptr, n));
    bnc_str_free(&whole);

    enum bnc_code code = filter(&all, in, n + 1, &whole);
    require(filter(&all, in, 1 + n % 7, &pieces) == code);
    if (code == BNC_OK) {
        require(same(&whole, pieces.ptr, pieces.len));
        require(strstr(whole.ptr, "g.yml") != NULL || memchr(whole.ptr, 0, whole.len));
    }
    bnc_str_free(&whole);
    bnc_str_free(&pieces);
    return 0;
}
