// For tests of the flows: requests of cells and officers to a simulated node, and looks at what they left behind.
#ifndef RELTO_TESTS_FLOW_SUPPORT_H
#define RELTO_TESTS_FLOW_SUPPORT_H

#include "tests/support/two_nodes.h"

// Send one request as this principal in a tick of its own; the job must not fail. `rp` is to be freed by reply_fini.
void flow_ask(struct sim *s, size_t node, enum role role, const char *who, const char *method, const char *target,
              const char *headers, struct span body, struct reply *rp);
// The same; returns what became of the job instead of asserting that it did not fail.
enum status flow_ask_failing(struct sim *s, size_t node, enum role role, const char *who, const char *method,
                             const char *target, const char *headers, struct span body, struct reply *rp);
// The value of a reply's header, or "".
const char *flow_header(const struct reply *rp, const char *name);
// A digest over every key and value of the node's store.
struct digest flow_store(struct sim *s, size_t node);
// Another policy with `pad` as [release] setting; nothing is re-decided by itself.
void flow_policy(struct sim *s, size_t node, const char *policy, uint32_t pad);
// Kinds and versions of a ledger's entries: "R1 R2 W2 X2" (release, withdraw, recall). Static, until the next call.
const char *flow_ledger(struct sim *s, size_t node, const char *partner);
// Expect a ledger that flow_ledger says like this.
void flow_expect(struct sim *s, size_t node, const char *partner, const char *ledger);
// Entry n of a ledger; it must be there.
struct ledger_entry flow_entry(struct sim *s, size_t node, const char *partner, uint64_t n);
// Run what is due at the simulator's instant; returns the next instant.
utc_ms flow_due(struct sim *s, size_t node);
// The rendition that this partner is served of a report by GET /v1/reports/{id}, or NULL. Static.
const char *flow_served(struct sim *s, size_t node, size_t partner, uint8_t id);

#endif
