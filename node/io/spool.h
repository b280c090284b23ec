// The spool folder (spec 4.7): files that other systems drop there are published, then moved to `done/`, or to `rejected/`
// with NAME.problem.xml beside them.
//
// - Never half read: a file is left alone while somebody has it open for writing (as far as the kernel tells), until it is a
//   second old, and, when it is no whole XML document, until nobody has changed it for half a minute. Names that begin with
//   a dot or end in ".tmp" or ".part" are never read: write under such a name, then rename.
// - Never lost, never twice: a file is moved when its publication is durable and not before; after a crash between the two it
//   is read again, and the same bytes are published once. Nothing in done/ or rejected/ is ever overwritten by other bytes.
// - NAME.decisions.xml in done/ is the node's answer: report, version, decisions. When the report is recalled, the file in
//   done/ is erased; the answer stays.
// - Files are taken in order of their names. What cannot be published now (503, 507) is tried again.
#ifndef RELTO_NODE_IO_SPOOL_H
#define RELTO_NODE_IO_SPOOL_H

#include "node/io/daemon.h"

struct spool;

// Is the folder that the configuration names there, a folder, and closed to others? ST_OK when none is configured. Faults.
MUST_USE enum status spool_check(const struct config *c, struct diag *d);

// Look into the folder from now on; it follows the configuration of `node` after a reload. ST_NOMEM.
MUST_USE enum status spool_new(struct event_base *base, struct node_state *node, struct daemon *daemon, struct spool **ret);
// Begin nothing new. Accepts NULL.
void spool_stop(struct spool *s);
// The daemon runs no job of it any more. Nulls; accepts NULL.
void spool_free(struct spool **s);

#endif
