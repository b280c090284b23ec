// Calls of officers, in the simulator of two_nodes.h.
#ifndef RELTO_TESTS_OFFICER_H
#define RELTO_TESTS_OFFICER_H

#include "tests/support/two_nodes.h"

// A request of officer `name` at a node; `headers` are whole lines or "". rp is to be freed by reply_fini.
void officer_request(struct sim *s, size_t node, const char *name, const char *method, const char *target,
                     const char *headers, struct span body, struct reply *rp);
// Call, expect this status and, when `words` is not NULL, that the body holds them. Returns the body (static).
const char *officer_call(struct sim *s, size_t node, const char *name, const char *method, const char *target,
                         const char *headers, int status, const char *words);

#endif
