/*
 * Addresses of the Kubernetes API: paths and queries, percent-encoded.
 */
#ifndef BNC_KUBE_URL_H
#define BNC_KUBE_URL_H

#include "lib/str.h"
#include "model/kind.h"

#define BNC_URL_MAX ((size_t)8 * 1024) /* bytes of path and query together */

/* Part of a query; a list of them ends with name NULL, value NULL is left out. */
struct bnc_url_pair {
    const char *name;
    const char *value;
};

/* True for what may stand between two slashes: not "", ".", "..", no '/' or '%'. */
bool bnc_url_segment_ok(const char *text);

/* All but unreserved characters (RFC 3986) as %XX. */
void bnc_url_encode(struct bnc_str *out, const char *text);

/*
 * "/apis/apps/v1/namespaces/NS/deployments/NAME/SUB".  `ns`, `name` and `sub` may be
 * NULL or ""; a kind without namespaces ignores `ns`.
 * Errors: INVALID when a part could lead to another object than the one named.
 */
enum bnc_code
bnc_url_path(struct bnc_str *out, const struct bnc_kind_info *info, const char *ns,
             const char *name, const char *sub, struct bnc_error *err) BNC_MUST_CHECK;

/* "?a=b&c=d", or nothing; `pairs` may be NULL. */
void bnc_url_query(struct bnc_str *out, const struct bnc_url_pair *pairs);

#endif
