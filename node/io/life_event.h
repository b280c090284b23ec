// Events of the audit log that tell of the node's own life: start, stop, another configuration, refusals summed up.
#ifndef RELTO_NODE_IO_LIFE_EVENT_H
#define RELTO_NODE_IO_LIFE_EVENT_H

#include "node/io/daemon.h"
#include "store/audit_log.h"

#define LIFE_RELOAD_REFUSED "reload-refused" // nothing changed: by it `relto reload` hears what became of its request
enum { LIFE_WHY_MAX = DIAG_PLACE_MAX + DIAG_TEXT_MAX + 2 }; // "where: what"

struct life_event {
    enum audit_kind kind;
    const char *change;  // AUDIT_CONFIG, AUDIT_RESTORE: what changed, static; NULL = all of it was read anew; LIFE_RELOAD_REFUSED
    const char *partner; // whom it is about, or NULL; copied
    uint64_t denied;     // AUDIT_DENIED: refusals summed up
    const char *why;     // AUDIT_DENIED: of the last one; LIFE_RELOAD_REFUSED: where and what; copied; NULL = not told
};

// Write it in the next tick. AUDIT_RESTORE confirms in the same transaction that releases go on (store/restoring.h). What
// fails is told in the log.
void life_event_submit(struct daemon *d, const struct life_event *e);

#endif
