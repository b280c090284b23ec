// One event of the audit log (spec 5): canonical bytes <-> structure. Namespace urn:relto:audit:1.
//
// Further facts by kind: publish: digest (of the report), submitted (of the bytes that were sent). release, recall
// (with partner), withdraw: position (in that partner's ledger), and for release digest, agreement, and withheld (ids;
// beyond 32 KiB withheld-digest). deliver: first, last (ledger positions), bytes, certificate, policy; of an attachment
// also attachment (its digest). decide: cause, policy, and one <decision> child per partner; of a received copy also
// source, copy (its digest), stored (when) and onward. receive: first, last, reports; or attachment, bytes. lapse: outcome, reason.
// denied: count of refused connections since the last such event, reason of the last one. export of a page of events:
// events (how many), first, last (positions), query, certificate.
#ifndef RELTO_FORMATS_AUDIT_EVENT_H
#define RELTO_FORMATS_AUDIT_EVENT_H

#include "formats/base/encode.h"
#include "formats/base/utctime.h"
#include "formats/xml.h"

#define NS_AUDIT "urn:relto:audit:1"

// X(name, text)
#define AUDIT_KINDS(X)                                                                                       \
    X(START, "start")                                                                                        \
    X(STOP, "stop")                                                                                          \
    X(PUBLISH, "publish")                                                                                    \
    X(DECIDE, "decide")                                                                                      \
    X(APPROVE, "approve")                                                                                    \
    X(REFUSE, "refuse")                                                                                      \
    X(CONSENT_REQUEST, "consent-request")                                                                    \
    X(CONSENT, "consent")                                                                                    \
    X(RELEASE, "release")                                                                                    \
    X(DELIVER, "deliver")                                                                                    \
    X(RECEIPT, "receipt")                                                                                    \
    X(RECALL, "recall")                                                                                      \
    X(WITHDRAW, "withdraw")                                                                                  \
    X(LAPSE, "lapse")                                                                                        \
    X(RECEIVE, "receive")                                                                                    \
    X(QUARANTINE, "quarantine")                                                                              \
    X(POLICY, "policy")                                                                                      \
    X(CONFIG, "config")                                                                                      \
    X(PARTNER, "partner")                                                                                    \
    X(DENIED, "denied")                                                                                      \
    X(READ, "read")                                                                                          \
    X(EXPORT, "export")                                                                                      \
    X(BACKUP, "backup")                                                                                      \
    X(RESTORE, "restore")                                                                                    \
    X(LOG_FORK, "log-fork")

enum audit_kind {
#define X(name, text) AUDIT_##name,
    AUDIT_KINDS(X)
#undef X
        AUDIT_KIND_COUNT
};

enum { AUDIT_ATTRS_MAX = 12 };

struct audit_attr {
    const char *name, *value; // name: a lower-case word with dashes, not one of those below
};

struct audit_event {
    uint64_t n;
    uint8_t salt[SALT_LEN];
    utc_ms at;
    enum audit_kind kind;
    const char *actor;   // who: "cell:J2-NORTH", "partner:FRA", "node", "operator"
    bool has_report;
    struct uuid report;
    uint32_t version;    // 0 = does not apply
    const char *partner; // NULL = does not apply
    struct audit_attr attrs[AUDIT_ATTRS_MAX + 1]; // further facts, e.g. first, last, bytes, digest, reason
    size_t attr_count;   // at most AUDIT_ATTRS_MAX; the log itself may add one more (detail-digest)
    struct span detail;  // canonical child elements in NS_AUDIT without prefix; empty = none
};

// The kind's name in the log, e.g. "consent-request"; static. Read one: false for a name that is none.
const char *audit_kind_text(enum audit_kind k);
bool audit_kind_parse(const char *text, enum audit_kind *ret);
// Add a further fact. The strings are borrowed. A bad or repeated name, or one fact too many, is a bug.
void audit_event_attr(struct audit_event *e, const char *name, const char *value);
// Append the canonical bytes (the leaf). Values may come from outside: bytes that are no UTF-8 character allowed
// in XML are written as U+FFFD, so that every event that is written can be read.
void audit_event_write(const struct audit_event *e, struct buf *out);
// Read leaf bytes; strings live in `a`. ST_INVALID unless the bytes are exactly what audit_event_write makes;
// ST_LIMIT, ST_NOMEM of the arena. Linear time; the XML reader is used for the detail only.
MUST_USE enum status audit_event_parse(struct span leaf, struct arena *a, struct audit_event *ret);
// Value of a further fact, or NULL.
const char *audit_event_get(const struct audit_event *e, const char *name);

#endif
