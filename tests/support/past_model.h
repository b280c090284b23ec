// A simple model of one node with two partners: what it would decide, release and log, and so what the auditor must be told
// about any past instant. Written from the specification (3.4, 3.5), sharing nothing with the program: reports have an open
// portion and a second one of a few kinds, policies one agreement for each partner.
#ifndef RELTO_TESTS_SUPPORT_PAST_MODEL_H
#define RELTO_TESTS_SUPPORT_PAST_MODEL_H

#include "formats/base/buf.h"
#include "formats/base/utctime.h"

enum { MODEL_PARTNERS = 2, MODEL_REPORTS = 4, MODEL_VERSIONS = 5, MODEL_OFFICERS = 2, MODEL_LOGGED_MAX = 64 };
extern const char *const model_partners[MODEL_PARTNERS], *const model_officers[MODEL_OFFICERS];

// What of a rendition is withheld.
enum { MODEL_OVERALL = 1, MODEL_SECOND = 2 };
// The second portion: open, secret, not for the first partner, secret until an instant, secret from an instant on.
enum model_second { SECOND_OPEN, SECOND_SECRET, SECOND_OTHERS, SECOND_DOWNGRADED, SECOND_UPGRADED, SECOND_KINDS };

struct model_terms { // of a policy, for one partner
    bool listed, secret, denied, denial_withdraws, redaction, lapse_withdraws;
    unsigned approval, embargo_hours;
    utc_ms until; // of its agreement; 0 = no end
};
struct model_policy {
    uint64_t serial;
    struct model_terms terms[MODEL_PARTNERS];
};
struct model_version {
    bool secret; // overall label
    enum model_second second;
    utc_ms instant; // of the label's succession
    utc_ms stored_at;
};

struct model_line {
    bool named;
    const char *outcome, *reason;
    char agreement[24], rule[24], until[UTC_TEXT_MAX], withheld[24];
};

enum model_state { MODEL_NONE, MODEL_RELEASED, MODEL_LAPSED, MODEL_WITHDRAWN, MODEL_RECALLED };
struct model_release {
    unsigned version; // 0 = none
    unsigned withheld;
    uint64_t serial; // of the policy; also names the agreement
};
struct model_pair {
    enum model_state state;
    struct model_release released, held;
    bool lapse_withdraws;
    utc_ms permitted_at; // when it was last found permitted
    utc_ms since;        // of the state
    bool acknowledged;   // the entry of the state (of a lapse: of the release)
};
struct model_said {
    bool said, refused;
    unsigned withheld;
};
struct model_report {
    unsigned versions;
    struct model_version version[MODEL_VERSIONS];
    bool recalled;
    struct model_said said[MODEL_VERSIONS][MODEL_PARTNERS][MODEL_OFFICERS];
    struct model_pair pair[MODEL_PARTNERS];
    // Decisions in the log. After another policy the log may tell of those partners alone whose decision changed; what
    // is told of a pair is then any of these events from the last one on that must tell of it.
    size_t logged_count;
    struct model_logged {
        utc_ms at;
        unsigned version;
        uint64_t serial;
        struct model_line line[MODEL_PARTNERS];
    } logged[MODEL_LOGGED_MAX];
    size_t told[MODEL_PARTNERS]; // the last that must tell of it
};
struct model {
    utc_ms now;
    struct model_policy policy;
    struct model_report report[MODEL_REPORTS];
};

// The documents that say the same to the program.
void model_policy_write(const struct model_policy *p, struct buf *out);
void model_report_write(const struct model_version *v, struct buf *out);

// The decision about the current version of a report, at the model's instant.
struct model_line model_decide(const struct model *m, size_t report, size_t partner);
// What happens, at the model's instant. `first`: a version was stored just now.
void model_redecide(struct model *m, size_t report, bool first);
void model_redecide_all(struct model *m); // an instant came, or another policy
void model_say(struct model *m, size_t report, size_t partner, size_t officer, const char *action);
void model_recall(struct model *m, size_t report);
// The partner fetches what it may, and acknowledges.
void model_pull(struct model *m, size_t partner);
// "A-FRA-3", the agreement that a release names.
void model_agreement(uint64_t serial, size_t partner, char out[24]);
// "label,e2", or "" for nothing.
const char *model_withheld(unsigned withheld);

#endif
