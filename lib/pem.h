/*
 * Whether certificates and keys are what they should be: before a configuration that
 * names them is published, which Prometheus would refuse as a whole, and before they
 * replace those that we talk to the API server with.
 */
#ifndef BNC_LIB_PEM_H
#define BNC_LIB_PEM_H

#include "lib/error.h"
#include "lib/str.h"

/* INVALID unless `pem` begins with certificates that parse.  No content in messages. */
enum bnc_code
bnc_pem_check_ca(struct bnc_bytes pem, struct bnc_error *err) BNC_MUST_CHECK;

/* INVALID unless both parse and the key belongs to the first certificate. */
enum bnc_code bnc_pem_check_pair(struct bnc_bytes cert, struct bnc_bytes key,
                                 struct bnc_error *err) BNC_MUST_CHECK;

#endif
