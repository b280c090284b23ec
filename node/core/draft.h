// A draft on its way into the store: read, judged, given its final form, stored, answered for (spec 2.1, 4.5). The flows
// that publish (publish.c) and correct (new_version.c) say what it is to become and which ids are taken.
#ifndef RELTO_NODE_CORE_DRAFT_H
#define RELTO_NODE_CORE_DRAFT_H

#include "node/core/core.h"
#include "node/core/release.h"

struct draft {
    struct tick *t;
    const struct request *rq;
    struct reply *rp;
    struct arena *arena;          // of what was submitted
    struct arena *final_arena;    // of what is stored
    struct diag *diag;
    bool faulty, too_large;       // what the faults in `diag` come to
    bool is_preview;              // the bytes of its attachments may come later
    const struct report *report;  // the draft; from draft_load_final on the final report, with byte ranges
    struct uuid id;               // under which it is published
    uint32_t version;             // as which
    struct buf bytes;             // final canonical bytes
    struct digest body_digest;    // of what was submitted
    struct decision *decisions;   // one for each partner
};

// ST_OK or ST_NOMEM; *ret may be set in either case, draft_free takes it (and NULL).
MUST_USE enum status draft_new(struct tick *t, const struct request *rq, struct reply *rp, struct draft **ret);
void draft_free(struct draft **d);

// Read what was submitted; the originator must be us, and its cell the caller when that is a cell. `report` stays NULL when it
// cannot be read. It is to become version 1 of the id that it states, or of a new one, unless the flow says otherwise.
// Faults are noted; a status is a failure of ours.
MUST_USE enum status draft_read(struct draft *d);
// Note a fault of the header.
void draft_header_fault(struct draft *d, const char *rule, const char *element, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
// Everything else that is to be said against a draft that could be read, at once; and its final signed bytes when there is
// nothing. *ret_done when it was refused, and answered.
MUST_USE enum status draft_judge(struct draft *d, bool *ret_done);
// True when faults were noted; then it has answered with all of them (422, or 413 beyond a limit).
bool draft_refuse_faults(struct draft *d);

// Store the judged draft with its log event, decide, release, and answer with `status`.
MUST_USE enum status draft_publish(struct draft *d, enum release_cause cause, int status);
// Answer with what is stored, as the first time, with the decisions of now. ST_NOT_FOUND when it is not there (any more).
MUST_USE enum status draft_answer_stored(struct draft *d, uint32_t version, int status);
// Answer with the decisions alone, as of a preview.
MUST_USE enum status draft_answer_preview(struct draft *d);

// Was this version of d->id published by these very submitted bytes?
MUST_USE enum status draft_was_published_as(struct draft *d, uint32_t version, bool *ret);

#endif
