/*
 * Memory for OpenSSL.  Its functions often fail without saying that memory was what they
 * lacked: a certificate that "does not belong to its key" would take a good job out of
 * what is published.
 */
#ifndef BNC_LIB_OPENSSL_MEMORY_H
#define BNC_LIB_OPENSSL_MEMORY_H

/* From now on OpenSSL never gets NULL: the process ends.  First of all in main(). */
void bnc_openssl_memory(void);

#endif
