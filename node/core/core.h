// The state that the flows work on, and the tick: take in input -> one write transaction (data, ledger and
// audit together) -> commit -> only then effects (spec 5; style, "The tick").
#ifndef RELTO_NODE_CORE_CORE_H
#define RELTO_NODE_CORE_CORE_H

#include "formats/anchors.h"
#include "formats/audit_event.h"
#include "formats/base/random.h"
#include "formats/note.h"
#include "formats/partner_card.h"
#include "node/core/request.h"
#include "policy/ruleset.h"
#include "store/db.h"

// A partner node that we know by its card.
struct peer {
    char id[65];                  // partner id in the policy
    struct arena *arena;          // owns the card
    struct partner_card card;
    struct verifying_key *report_keys[CARD_CERTS_MAX]; // parallel to card.report_certs
    struct verifying_key *consent_key; // of the card's consent certificate
    bool pull;                    // we pull its feed
    bool inbox;                   // it pushes its feed to us
    bool push;                    // we push ours to it
    bool witness;                 // we ask it to cosign our audit log: it learns the log's size
    bool card_wanted;             // a report of its nation names a key that the card does not list
    bool card_refused;            // it shows a card that this one does not vouch for
};

enum { PEERS_MAX = 256 };

// A key of another's log that we cosign when asked (C2SP tlog-witness). Several keys of one log have an entry each.
struct witness_log {
    char origin[NOTE_NAME_MAX];
    struct note_vkey key;
};

// A nation that is no partner, but whose reports partners may pass on to us.
struct nation_anchors {
    char nation[65];
    struct anchors *anchors;
};

// The report that a job of the node's own failed at last: kept in the core across the undoing of that tick.
struct report_failure {
    struct uuid report;
    utc_ms at;      // when; 0 = none failed
    enum status st; // how
};
// Note it, unless nothing failed, or the surroundings did (memory, disk) and no report.
void report_failure_note(struct report_failure *f, struct uuid report, utc_ms now, enum status st);

struct core {
    struct db *db;
    struct ruleset *rules;   // the active policy; swapped only by the commit of a tick
    uint64_t attachment_bytes_max; // larger attachments are neither taken nor fetched
    uint32_t keep_days;      // content of reports is purged when it was stored longer ago; 0 = never
    uint32_t policy_approval; // officers that an activation takes: 1 (also 0) or 2
    struct ruleset *rules_before; // the one in force before, while its end is worked off; NULL = not known, or done
    struct policy_worker *worker; // node/core/policy_work.h; what is known while a change of policy is worked off
    uint32_t work_us;         // how much of that work to do in a tick, in estimated microseconds; 0 = the default
    uint32_t work_list;       // how many reports to list for it at once; 0 = the default
    bool (*asked)(void *ctx); // does somebody wait, for whom that work should stop early? NULL = nobody ever
    void *asked_ctx;
    bool work_may_go;         // may what was done of it in a tick be given up for who asks, to be done again?
    bool work_failed;         // after an activation: the report whose new decision failed last
    struct uuid work_failed_report;
    char nation[65];         // our own id
    char node_name[NOTE_NAME_MAX];
    struct note_key ledger_key, audit_key, cosign_key;
    struct signing_key *report_key;
    struct signing_key *consent_key; // signs our consents; NULL where only reading is done
    struct verifying_key *own_report_cert;
    struct random_source random;
    struct span card; // our own card, served to partners; empty = none made yet
    struct peer *peers[PEERS_MAX];
    size_t peer_count;
    const struct witness_log *witness_logs;
    size_t witness_log_count;
    const struct nation_anchors *nation_anchors;
    size_t nation_anchor_count;
    uint32_t head_hour; // of the day, UTC: when partners' ledgers get their daily heads
    struct report_failure due_failure;   // a due decision: put off, so that it does not keep others from their instants
    struct report_failure purge_failure; // a purge by rule
    uint64_t endings; // grows whenever something that was released ends or is superseded (also in ticks that are undone):
                      // what is being sent is then looked at again
    uint64_t published, recalled, requests, commits; // since start, for metrics; counted when committed
    uint64_t commit_ns;                              // time spent in commits
    uint64_t decisions[OUTCOME_RELEASE + 1];         // by outcome, since start
};

// The known peer with this id, or NULL.
struct peer *core_peer(struct core *c, const char *id);

// What a tick did, for metrics: added to the core's numbers by the commit, so that what was undone does not count.
struct tick_counts {
    uint64_t published, recalled, requests;
    uint64_t decisions[OUTCOME_RELEASE + 1];
};

// One tick's context: what every flow gets.
struct tick {
    struct core *core;
    struct db_txn *txn;
    utc_ms now;
    bool undo;                  // a flow asks that what it wrote be undone; its answer is kept
    struct ruleset *next_rules; // in force when this tick is committed; NULL = no change
    struct tick_counts counts;
    bool tries_rules;           // the core's rules are not in force, but tried as if they were from this instant on (policy_diff.h)
    bool lists_later;           // events that may wait are left out of the log's indexes, and whoever set this says so
    uint64_t left_from;         // then: the first one that was left, or UINT64_MAX (audit_index.h)
    bool grown[PARTNERS_MAX]; // partners (by ruleset index) whose ledger grew: wake their held polls
};

// One piece of input and where its answer goes.
struct tick_job {
    const struct request *request; // NULL for the timer and for the sync client's jobs
    struct reply *reply;           // filled before the commit, sent after it
    enum status (*run)(struct tick *t, struct tick_job *job); // used when request is NULL
    void *ctx;                     // for `run`
    enum status st;                // what became of it: ST_OK only after a durable commit
    bool undone;                   // it ran, asked to be undone, and its answer stands, or it is to run again in another tick
};

// Append an event to the audit log, at the tick's instant.
MUST_USE enum status tick_log(struct tick *t, const struct audit_event *e);

// Note that this partner's ledger grew in this tick. Partners that the policy no longer names are ignored.
void tick_mark_grown(struct tick *t, const char *partner);

// Run all jobs in one transaction and commit it. A job that fails (not: is refused, that is a reply) is taken
// out with its writes and answered 500, 503 or 507, the others are run again. grown[] of *t tells who to wake (everyone after
// an activation: indices are those of the rules in force when it returns).
// ST_OK, or the commit's failure: then no job took effect, and after ST_IO the process must stop.
MUST_USE enum status tick_run(struct core *c, utc_ms now, struct tick_job *jobs, size_t count,
                             struct tick *t);

// Jobs that may become more while they run: when all have run, `more` is called, prepares further ones behind them in the
// same array and gives the new count, and these run in the same transaction.
struct tick_batch {
    struct tick_job *jobs;
    size_t count;
    size_t (*more)(void *ctx); // NULL = there are never any
    void *ctx;
};
// The same as tick_run for such a batch; `count` is that of all that ran.
MUST_USE enum status tick_run_batch(struct core *c, utc_ms now, struct tick_batch *b, struct tick *t);

// The flow for a request (by method, path and role), run inside a tick: route.c.
MUST_USE enum status route_request(struct tick *t, const struct request *rq, struct reply *rp);
// May it put another policy in force? What others in its tick were given was decided by the policy before, and would be refused
// at the door: it goes with no other request.
bool route_activates(const struct request *rq);
// Does the body of such a request come in pieces (request.h)?
bool route_streams(const struct principal *who, const struct http_head *head);

#endif
