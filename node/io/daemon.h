// reltod's heart: gathers requests, sync work and due instants, runs them as ticks, and sends what came of them.
#ifndef RELTO_NODE_IO_DAEMON_H
#define RELTO_NODE_IO_DAEMON_H

#include <event2/event.h>

#include "node/io/node_state.h"
#include "node/io/server.h"

struct daemon;

// Work from outside the HTTPS service (the sync clients') for the next tick. The submitter owns it; `done` is
// called once, after the commit or its failure (job.st), and may submit it again.
struct daemon_job {
    struct tick_job job;
    void (*done)(struct daemon_job *j);
    struct daemon_job *next; // the daemon's
};

// Start serving the opened node. The daemon takes nothing over: node and base outlive it.
MUST_USE enum status daemon_new(struct event_base *base, struct node_state *node, struct diag *d, struct daemon **ret);
void daemon_free(struct daemon **d);
// Queue work for the next tick of the loop.
void daemon_submit(struct daemon *d, struct daemon_job *j);
// May content go to partners now? Not while the wall clock is in doubt (clock_guard.h), nor
// from a store that was brought back, before an operator has confirmed it.
bool daemon_releases(const struct daemon *d);
// SIGHUP: read configuration, certificates, revocation lists and cards anew. A broken file leaves the old state.
void daemon_reload(struct daemon *d);
// A partner's card was replaced on the disk: use it, and nothing else that changed there. What fails is told in the log; then
// the old card stays in use.
MUST_USE enum status daemon_use_card(struct daemon *d, const char *partner);
// SIGUSR1: the operator confirms that the wall clock is right after a step (clock_guard.h), or that the policy is today's after
// the store was brought back. Nothing otherwise.
void daemon_confirm(struct daemon *d);
// SIGUSR2: compact the store now (relto compact).
void daemon_compact(struct daemon *d);
// SIGTERM: answer what waits, write the stop event, end the loop.
void daemon_stop(struct daemon *d);
// What ended the loop: ST_OK after daemon_stop, ST_IO when the disk failed.
enum status daemon_result(const struct daemon *d);

#endif
