/*
 * The certificate of a listener: from a folder (tls.crt, tls.key), looked at now and
 * then, so that a new one needs no restart; or one made here.
 */
#ifndef BNC_CONTROLLER_ENDPOINTS_TLS_H
#define BNC_CONTROLLER_ENDPOINTS_TLS_H

#include "net/world.h"

struct bnc_cert {
    struct bnc_world *world;
    struct bnc_listener *listener;
    const char *folder; /* NULL: a certificate of our own.  Borrowed */
    uint64_t reads;     /* that gave one */
    uint64_t failures;
    uint64_t stamp; /* of both files as they were read last */
};

/* Errors: INVALID, NOT_FOUND, naming the file; the listener is as before. */
enum bnc_code bnc_cert_start(struct bnc_cert *cert, struct bnc_error *err) BNC_MUST_CHECK;
/* Read again if the files have changed; what is wrong with them is logged once. */
void bnc_cert_look(struct bnc_cert *cert);

#endif
