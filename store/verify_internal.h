// The parts of verify.c. Nobody else includes this.
#ifndef RELTO_STORE_VERIFY_INTERNAL_H
#define RELTO_STORE_VERIFY_INTERNAL_H

#include "store/audit_index.h"
#include "store/audit_log.h"
#include "store/ledger.h"
#include "store/value.h"
#include "store/verify.h"

// What is known of the ledger to one partner while the audit log is read.
struct verify_book {
    char partner[PARTNER_ID_MAX + 1];
    uint64_t size;
    uint8_t *logged;    // one bit per entry: its event was met
    uint8_t *delivered; // one bit per entry: a delivery covers it
    uint64_t receipt_size; // largest that an event told of
    unsigned restarts;     // that events told of so far: until the last, they speak of ledgers of before
};

// Decided report versions, by open addressing. version 0 = free place.
struct verify_decided {
    struct decided_key {
        struct uuid id;
        uint32_t version;
    } * slots;
    size_t cap, count;
};

// An index of the audit log (events by report, by partner): both sides are summed up in any order, and looked at one by
// one only when the sums differ. The secret is drawn for this run, so that nobody can make the sums agree.
struct verify_index {
    enum db_table table;
    uint64_t secret, count, sum;
};
void verify_index_init(struct verify_index *x, enum db_table table);
void verify_index_note(struct verify_index *x, const struct key *k);

struct verify {
    struct db_txn *t;
    const struct verify_options *o;
    void (*finding)(void *ctx, const struct verify_finding *f);
    void *ctx;
    struct verify_summary *sum;
    struct verify_book *books;
    size_t book_count, book_cap;
    struct verify_decided decided;
    struct verify_index by_report, by_partner;
    struct audit_behind behind; // events that need not be listed
    struct arena *arena; // of the event at hand: verify_arena
    char policy[DIGEST_TEXT_LEN + 1]; // the last one that was found to be kept
    utc_ms last_at, before_at; // of the log at hand: the last event, and the one before it
    uint8_t last_salt[SALT_LEN];
};

void verify_say(struct verify *v, const char *rule, const char *where, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
// `log n` into out; returns out.
enum { VERIFY_WHERE_MAX = LOG_NAME_MAX + 24 };
const char *verify_where(const char *log, uint64_t n, char out[VERIFY_WHERE_MAX]);

// Let v->arena hold one more event, whose strings live until the next call.
MUST_USE enum status verify_arena(struct verify *v);

// The ledger to a partner that events at this place of the log speak of; NULL when there is none. verify_book_next: from here on
// they speak of the next one.
struct verify_book *verify_book_of(struct verify *v, const char *partner);
void verify_book_next(struct verify *v, const char *partner);
MUST_USE enum status verify_book_add(struct verify *v, const char *partner, uint64_t size,
                                     struct verify_book **ret);
MUST_USE enum status verify_decided_add(struct verify_decided *d, struct uuid id, uint32_t version);
bool verify_decided_has(const struct verify_decided *d, struct uuid id, uint32_t version);

static inline bool verify_bit(const uint8_t *bits, uint64_t n)
{
    return bits[n / 8] >> (n % 8) & 1;
}
static inline void verify_set_bit(uint8_t *bits, uint64_t n)
{
    bits[n / 8] = (uint8_t)(bits[n / 8] | 1u << (n % 8));
}

// A log's leaves in order, with its tree. `leaf` looks at the bytes of one and gives its hash.
struct verify_log {
    struct verify *v;
    const char *name;    // for tree.h
    enum db_table table; // prefix ‖ n -> bytes
    struct key prefix;
    enum status (*leaf)(struct verify_log *l, uint64_t n, struct span value, struct digest *ret);
    void *ctx;
    // filled while it runs
    struct merkle_frontier tree;
    uint64_t size; // as stored
    uint64_t end;  // behind the last place whose bytes are there
    struct span rest;    // the stored hashes of the leaves behind the last complete block
    struct span block;   // the stored hashes of the block at hand; empty = missing or damaged
    struct db_walk rows; // of the stored blocks: stands on the first that was not asked for; no cursor = there is none left
    uint64_t strangers;  // rows that are none of the tree
    bool told;     // a wrong hash was told
    bool broken;   // leaves are missing altogether: there is no tree to compare any more
};
MUST_USE enum status verify_log(struct verify_log *l);

// Was the event left for later, so that it may be in no index?
bool verify_may_wait(const struct verify *v, const struct audit_event *e);
// What it may hold: noted when it does.
MUST_USE enum status verify_index_note_found(struct verify *v, struct verify_index *x, const struct key *k);
// verify_index.c, verify_audit.c, verify_ledger.c, verify_holdings.c
MUST_USE enum status verify_index(struct verify *v, const struct verify_index *x);
MUST_USE enum status verify_audit(struct verify *v);
MUST_USE enum status verify_ledger(struct verify *v, const char *partner);
MUST_USE enum status verify_received(struct verify *v, const char *partner);
MUST_USE enum status verify_after_audit(struct verify *v, const struct verify_book *b);
MUST_USE enum status verify_receipts(struct verify *v, const struct verify_book *b);
MUST_USE enum status verify_held(struct verify *v, const struct verify_held *h); // verify_held.c
MUST_USE enum status verify_holdings(struct verify *v);
// verify_heads.c: one head entry of our ledger; then what is left over, and the cosignatures on the audit log.
MUST_USE enum status verify_head(struct verify *v, const char *partner, const char *where, const struct ledger_entry *e);
MUST_USE enum status verify_heads(struct verify *v);
// verify_copies.c: what a publication, or a recall by its own right, says is so; then all copies, and what is recorded of them.
MUST_USE enum status verify_publication(struct verify *v, const char *where, const struct audit_event *e);
MUST_USE enum status verify_recall(struct verify *v, const char *where, const struct audit_event *e);
MUST_USE enum status verify_copies(struct verify *v);
MUST_USE enum status verify_attachments(struct verify *v); // verify_attachments.c

#endif
