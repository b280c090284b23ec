// Nodes in one process that exchange pages as bytes: real cores, real stores in temporary folders, keys made in
// the test, a clock that the test moves. No sockets.
#ifndef RELTO_TESTS_TWO_NODES_H
#define RELTO_TESTS_TWO_NODES_H

#include "formats/audit_event.h"
#include "node/core/core.h"
#include "node/core/sync.h"
#include "tests/support/policy_world.h"
#include "tests/support/store_dir.h"
#include "tests/support/test_keys.h"

enum { SIM_NODES_MAX = 5 };

// A policy of `nation` under which `partners` (elements) get all INTREPs under `terms`.
#define SIM_POLICY(nation, partners, parties, terms)                                                         \
    "<policy xmlns='urn:relto:policy:1' nation='" nation "' serial='1'>" W_SECURITY "<partners>" partners       \
    "</partners><agreements>" W_AGREEMENT("A", parties, terms) "</agreements></policy>"
#define SIM_PARTNER(id) "<partner id='" id "' name='" id "' kind='nation'><clearance policy='ALFA' max='S'/></partner>"
#define SIM_TERMS(onward, lapse)                                                                             \
    "<terms redaction='permitted' approval='0' embargo='PT0S' onward='" onward "' lapse='" lapse "'/>"
// A report with two portions: one under the overall label (for everybody), one for `to` alone.
#define SIM_FOR_ALL W_ALFA("R", W_REL(W_V("FRA") W_V("DEU")))
#define SIM_REPORT(first, second_label, second)                                                              \
    W_REPORT(SIM_FOR_ALL, W_HEADER_OF("separable='true'", "", "GBR", ""),                                      \
             "<portion><text>" first "</text></portion><portion>" second_label "<text>" second "</text></portion>")
#define SIM_ONLY(to) W_ALFA("R", W_REL(W_V(to)))
#define SIM_PLAIN SIM_REPORT("all", SIM_FOR_ALL, "all too")

struct sim_node {
    char nation[8];
    struct store_dir dir;
    struct world policy;      // owns core.rules
    struct core core;
    struct test_keys keys;
    struct test_pair consent;
    struct peer peers[SIM_NODES_MAX];
    struct random_seeded seed;
};

struct sim {
    struct sim_node nodes[SIM_NODES_MAX]; // GBR, FRA, DEU, SWE, USA
    size_t count;
    utc_ms now;
};

// Set up `count` nodes that all know each other, with these policies.
void sim_init(struct sim *s, size_t count, const char *const *policies);
void sim_fini(struct sim *s);
// The same on the heap; sim_free leaves NULL.
struct sim *sim_new(size_t count, const char *const *policies);
void sim_free(struct sim **s);
// Another policy from now on (nothing is re-decided by itself).
void sim_policy(struct sim *s, size_t node, const char *policy);
// All decisions count as made under the policy in force, now.
void sim_seen(struct sim *s, size_t node);

// Run one job in a tick of its own that must succeed.
void sim_job(struct sim *s, size_t node, enum status (*run)(struct tick *t, struct tick_job *job), void *ctx);
// Run a flow on a node's store in a tick that is rolled back by no one; for reads. Commit ends it.
struct tick *sim_tick(struct sim *s, size_t node);
void sim_commit(struct tick *t);

// Publish version `version` of report `id` on a node; returns its canonical bytes' digest.
struct digest sim_publish(struct sim *s, size_t node, uint8_t id, uint32_t version, const char *draft);
struct uuid sim_id(uint8_t id);
void sim_recall(struct sim *s, size_t node, uint8_t id);
void sim_redecide(struct sim *s, size_t node, uint8_t id);

// A request of partner `from` at node `to`: method, target and header lines ("Prefer: wait=5\r\n" or "").
// `rp` is to be freed by reply_fini. The body must outlive the call.
void sim_request(struct sim *s, size_t from, size_t to, const char *method, const char *target, const char *headers,
                 struct span body, struct reply *rp);
// The wire form of the reply; fails the test when a permit does not cover what it stands for.
void sim_wire(struct sim *s, size_t from, size_t to, const struct reply *rp, struct buf *out);

// Apply a page that `node` got from `from`; the faults' first message goes to sim_why().
enum status sim_apply(struct sim *s, size_t node, size_t from, struct span page, struct sync_result *ret);
const char *sim_why(void);
// One whole pass: pages until there are no more, receipts and their confirmation. The first refusal, or ST_OK.
enum status sim_pull(struct sim *s, size_t node, size_t from);

// Events of this kind in a node's log.
size_t sim_events(struct sim *s, size_t node, enum audit_kind kind);
// Does the store hold this report (from any source)? Its text, or NULL; valid until the next call.
const char *sim_text(struct sim *s, size_t node, uint8_t id);
// Is this byte string anywhere in the store file of the node? (Deleted bytes count.)
bool sim_store_holds(struct sim *s, size_t node, const char *text);

#endif
