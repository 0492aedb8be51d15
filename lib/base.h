/*
 * Macros that every file may use: attributes, array length, declaration of
 * variables that free themselves.
 */
#ifndef BNC_LIB_BASE_H
#define BNC_LIB_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BNC_MUST_CHECK         __attribute__((warn_unused_result))
#define BNC_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define BNC_LEN(array)         (sizeof(array) / sizeof((array)[0]))

/* Silences -Wunused-parameter where a callback's signature is given. */
#define BNC_UNUSED(x) ((void)(x))

/*
 * BNC_DEFINE_AUTO(bnc_x) after the declaration of bnc_x_free() allows
 * `BNC_AUTO(bnc_x) x = bnc_x_new();`: a pointer freed when its scope ends.
 */
#define BNC_DEFINE_AUTO(type)                                                            \
    static inline void type##_auto(struct type **p)                                      \
    {                                                                                    \
        type##_free(*p);                                                                 \
    }                                                                                    \
    struct type /* so that the macro wants a semicolon */
#define BNC_AUTO(type) __attribute__((cleanup(type##_auto))) struct type *

#endif
