// One simulated life of three to five nodes in one process: real cores and stores, one clock that the test moves, a
// network that delays, cuts, repeats and loses, people who publish, correct, recall, approve and activate, and crashes
// that lose whatever was not committed. Everything follows from the seed (report signatures apart, whose bytes differ
// and whose lengths do not).
//
// Beside the nodes stands a model: what each partner may have of each report by the policies, as decide() says on the
// reports as they were published (or, of a received report, on the copy that the node holds). Nothing of the model is
// read from ledgers, holdings or feeds; what the nodes send and hold is compared with it.
//
// Readings: an element is recognised by its canary, a word that stands nowhere else. The policy's consequences may be
// worked off in slices while the network goes on; nobody acts at that node until they are.
#ifndef RELTO_TESTS_SIMULATION_RUN_H
#define RELTO_TESTS_SIMULATION_RUN_H

#include "store/reports.h"
#include "tests/support/two_nodes.h"

enum {
    RUN_REPORTS_MAX = 48,
    RUN_VERSIONS_MAX = 4,
    RUN_PORTIONS_MAX = 4,
    RUN_CANARIES_MAX = RUN_REPORTS_MAX * RUN_VERSIONS_MAX * (RUN_PORTIONS_MAX + 1),
    RUN_OFFICERS = 3,
    RUN_WHY_MAX = 1000,
};

// Deliberate faults of the simulation itself. Each must be found: a simulation that finds nothing proves nothing.
// X(name, what goes wrong)
#define RUN_PLANTS(X)                                                                                                 \
    X(NONE, "nothing")                                                                                                \
    X(DROPPED_LEAF, "the network takes a ledger entry out of a page")                                                 \
    X(HIDDEN_RECALL, "a recall or withdrawal arrives as its leaf hash alone")                                         \
    X(FLIPPED_BYTE, "the network changes a byte of each page with reports")                                           \
    X(WHOLE_REPORT, "a page arrives with the whole report in place of a redacted one")                                \
    X(WRONG_PARTNER, "now and then a page goes to another partner")                                                   \
    X(STALE_RULES, "a node goes on deciding by the policy before an activation")                                      \
    X(WORK_FORGOTTEN, "what follows from an activation is never worked off")                                          \
    X(INSTANT_MISSED, "what falls due is never worked off")                                                           \
    X(PAGE_TWICE, "the effects of a page on the received ledger happen twice")                                        \
    X(LOST_COMMIT, "a store forgets its last commit, which was acknowledged")                                         \
    X(RECEIPT_LOST, "receipts never arrive")                                                                          \
    X(COPY_ERASED, "a received report vanishes from a store")                                                         \
    X(RECALL_UNDONE, "a recalled report is stored again")                                                             \
    X(WRITTEN_HISTORY, "an audit event is changed in the store")                                                      \
    X(APPROVED_UNASKED, "an approval that no officer gave is in the store")

enum run_plant {
#define X(name, text) PLANT_##name,
    RUN_PLANTS(X)
#undef X
        PLANT_COUNT
};
const char *run_plant_text(enum run_plant p);

// One version of a report as it was published.
struct run_version {
    char *draft;        // as it was submitted
    struct buf bytes;   // as its node made it
    struct arena *arena;
    const struct report *report; // of `bytes`
    utc_ms stored_at;
};

struct run_report {
    struct uuid id;
    size_t owner; // the node that published it
    uint32_t version; // the latest; versions[v - 1]
    bool recalled;
    struct run_version versions[RUN_VERSIONS_MAX];
    char cell[8];
};

// A word that stands in one part of one version.
struct run_canary {
    size_t report;
    uint32_t version;
    int child; // index into the report's children; -1 = the header
};

// What a node holds as current of a report.
struct run_copy {
    bool present;
    uint32_t version;
    char source[PARTNER_ID_MAX + 1];
    enum onward onward;
    utc_ms stored_at;
    struct digest digest;
    struct arena *arena;
    const struct report *report; // children without byte ranges where withheld
};

enum run_state { PAIR_NONE = 0, PAIR_LIVE, PAIR_LAPSED };

// What a partner should have of a report from a node.
struct run_pair {
    enum run_state state;
    bool ever; // it was PAIR_LIVE at some time
    uint32_t version;
    char source[PARTNER_ID_MAX + 1]; // which copy it was made of
    struct withheld_set withheld;
    enum lapse lapse;
    utc_ms decided_at;
};

struct run_approval {
    bool given, refused;
    struct withheld_set withheld;
};

enum run_phase { LINK_IDLE = 0, LINK_ASKED, LINK_ANSWERED, LINK_RECEIPT, LINK_PUSHED, LINK_ACCEPTED };

// The connection of a client to a server, with the one message that is on its way.
struct run_link {
    enum run_phase phase;
    bool push;          // the server pushes
    struct buf message; // path, page or receipt
    uint64_t size;      // of the receipt; of a push: where the page begins, and then where the partner stands
    bool done;          // nothing more was there at the last look
};

struct run_node {
    struct ruleset *rules;     // of the policy that its officer activated last, compiled by the simulation
    uint32_t serial;
    bool busy;                 // the consequences of an activation are being worked off in slices
    struct run_copy copies[RUN_REPORTS_MAX];
    struct run_pair pairs[SIM_NODES_MAX][RUN_REPORTS_MAX];
    struct run_approval approvals[SIM_NODES_MAX][RUN_REPORTS_MAX][RUN_VERSIONS_MAX][RUN_OFFICERS];
    bool sent[SIM_NODES_MAX][RUN_REPORTS_MAX]; // content of the report left for the partner
    bool may_hold[RUN_CANARIES_MAX];           // own, or rightly received from someone
    uint64_t audit_size;                       // at the last look
    struct digest audit_root;
};

struct run {
    struct sim sim;
    uint64_t seed, state;
    enum run_plant plant;
    bool planted; // the fault has happened
    bool calm;    // the network loses nothing any more
    size_t step;
    struct run_node nodes[SIM_NODES_MAX];
    struct run_link links[SIM_NODES_MAX][SIM_NODES_MAX]; // [client][server]
    struct run_report reports[RUN_REPORTS_MAX];
    size_t report_count;
    struct run_canary canaries[RUN_CANARIES_MAX];
    size_t canary_count;
    bool failed;
    char why[RUN_WHY_MAX];
    // what happened, so that a run which does nothing shows
    size_t moved, pages, cuts, crashes, released, redacted, activations;
};

// Live through `steps` steps of this seed, come to rest, and compare everything. *r is the caller's, zeroed; afterwards
// r->failed tells whether something was not as it must be, and r->why what. Free with run_fini.
void run_live(struct run *r, uint64_t seed, size_t nodes, size_t steps, enum run_plant plant);
void run_fini(struct run *r);

// Something is not as it must be; the first one is kept.
void run_broken(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// Random numbers of the run: below n; true in `percent` of the cases.
size_t run_below(struct run *r, size_t n);
bool run_chance(struct run *r, unsigned percent);

// The first policy of a node: nobody gets anything, until the officers activate one.
#define RUN_NOBODY(nation)                                                                                                \
    "<policy xmlns='urn:relto:policy:1' nation='" nation "' serial='1'>" W_SECURITY "<partners></partners><agreements>" \
    "</agreements></policy>"

// ---- world.c: random policies and reports
void world_policy_write(struct run *r, size_t node, struct buf *out);
struct policy_bundle world_bundle(struct span policy, uint32_t pad);
// A draft of report `index` in this version, with a canary in its title and each portion.
char *world_draft(struct run *r, size_t index, uint32_t version);
// Note which child of the published bytes carries which canary. The report's version is in place.
void world_note_canaries(struct run *r, size_t index, uint32_t version);

// ---- acts.c: what people and the clock do
void acts_activate(struct run *r, size_t node);
void acts_step(struct run *r, size_t node);
void acts_time(struct run *r);
// Work off what is due at a node, all of it.
void acts_settle(struct run *r, size_t node);
// The process dies and starts again: nothing is left but the store.
void acts_crash(struct run *r, size_t node);

// ---- net.c: pulling and pushing over a bad network
// Does the server push to this client, or the client pull?
void net_choose(struct run *r, size_t client, size_t server);
void net_step(struct run *r, size_t client, size_t server);
// A partner asks for one report, which may be there for it or not, or forgets its place in the feed.
void net_ask_report(struct run *r, size_t client, size_t server);
void net_forget(struct run *r, size_t client, size_t server);
// Pull until nothing moves any more, without faults.
void net_rest(struct run *r);
void net_fini(struct run *r);

// ---- model.c
// Decide again what everybody should have from this node.
void model_settle(struct run *r, size_t node);
// What policy says now of one copy at a node for a partner.
void model_decide(struct run *r, size_t node, size_t partner, size_t report, const struct run_copy *c, struct decision *ret);
bool model_permits(const struct decision *d);
// Set *ret to the copy of a version that a node holds from its source: own ones as they were published. False when it
// holds none. `arena` NULL when nothing is to be freed.
bool model_copy(struct run *r, size_t node, size_t report, uint32_t version, const char *source, struct run_copy *ret);
// May this part go from the node to the partner now?
bool model_allows(struct run *r, size_t node, size_t partner, const struct run_canary *c);
size_t model_find(const struct run *r, struct uuid id); // index, SIZE_MAX = none

// ---- check.c
// A page leaves a node for a partner: is it what the partner may have, and nothing else? What it holds rightly is noted.
void check_page(struct run *r, size_t node, size_t partner, struct span bytes);
// The same for a single report, or a refusal.
void check_sent(struct run *r, size_t node, size_t partner, struct span bytes);
// What must be so after each step; and when all has come to rest.
void check_step(struct run *r);
void check_rest(struct run *r);

#endif
