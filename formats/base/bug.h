// Assertions that stay in every build: for our own mistakes, never for input.
#ifndef RELTO_FORMATS_BASE_BUG_H
#define RELTO_FORMATS_BASE_BUG_H

#include <stdio.h>
#include <stdlib.h>

// Stop the process when a condition shows that this program is wrong.
#define BUG_IF(cond)                                                                                         \
    do {                                                                                                     \
        if (__builtin_expect(!!(cond), 0)) {                                                                 \
            fprintf(stderr, "relto: bug: %s:%d: %s\n", __FILE__, __LINE__, #cond);                           \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

#endif
