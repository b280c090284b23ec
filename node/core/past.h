// What was: decisions and holdings of a past instant, as the log, the ledgers and the stored policies tell (spec 5). Reading
// only, in any transaction. An instant takes in everything that was logged up to and with its millisecond.
#ifndef RELTO_NODE_CORE_PAST_H
#define RELTO_NODE_CORE_PAST_H

#include "node/core/core.h"
#include "store/reports.h"

// ---- a decision, then

// A decision about one partner as an event of the log has it; "" where a fact is not stated.
struct past_line {
    bool named; // false: the policy did not name the partner
    const char *outcome, *reason, *agreement, *rule, *until, *withheld;
};

enum past_verdict { PAST_NOT_REMADE = 0, PAST_DIFFERS, PAST_EQUAL };

struct past_decision {
    // the last decision that was logged by then, and the same one made again with what was true at its event
    uint64_t event;
    utc_ms event_at;
    const char *cause;
    uint32_t version;
    const char *source; // "" = own report
    struct digest policy;
    uint64_t serial; // of that policy; 0 = not known
    struct past_line logged, remade;
    bool by_digest;       // the event gives the decisions by digest alone; then `logged` is as `remade`, if equal
    enum past_verdict verdict;
    const char *obstacle; // why it could not be made again, static; NULL when it was
    // the decision at the very instant, under the policy in force then; it may have changed without an event when no
    // ledger changed with it (an embargo ended, and the report now awaits an officer)
    bool has_then;
    struct past_line then;
    struct digest policy_then;
    uint64_t serial_then;
    const char *tests; // each test made, a line each
    utc_ms recalled_at; // the report was recalled by then; 0 = it was not
};

// What was decided about a report and a partner at an instant. Strings live in `a`. ST_NOT_FOUND when nothing was logged
// by then; ST_CORRUPT for a log or store that contradicts itself.
MUST_USE enum status past_decide(struct tick *t, struct uuid id, const char *partner, utc_ms at, struct arena *a,
                                 struct past_decision *ret);

// ---- what partners held, then

enum past_state { PAST_RELEASED, PAST_LAPSED, PAST_WITHDRAWN, PAST_RECALLED };
// "released" and so on; static.
const char *past_state_text(enum past_state s);

// One release to a partner.
struct past_release {
    uint32_t version; // 0 = there is none
    uint64_t event, position;
    utc_ms at;
    const char *agreement, *withheld; // "" = none; withheld ids, or "sha256:…" of a long list of them
    struct digest policy;
    uint64_t serial; // 0 = not known
};

struct past_holding {
    const char *partner;
    struct uuid report;
    enum past_state state;         // what became of the latest release by then
    utc_ms since;
    struct past_release released;  // the latest
    struct past_release held;      // the latest whose content had left: what the partner had in hands
    utc_ms held_since;
    utc_ms acknowledged_at;        // when a receipt came that covers the entry of `state` (of a lapse: of the release); 0 = not by then
};

// All that a partner was ever given by then, in order of report; strings until the callback returns.
MUST_USE enum status past_of_partner(struct tick *t, const char *partner, utc_ms at,
                                     enum status (*each)(void *ctx, const struct past_holding *h), void *ctx);
// All partners that were given a report by then, in order of name.
MUST_USE enum status past_of_report(struct tick *t, struct uuid id, utc_ms at,
                                    enum status (*each)(void *ctx, const struct past_holding *h), void *ctx);

#endif
