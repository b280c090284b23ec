// Commands that read this node's own store, whether reltod runs or not.
#ifndef RELTO_TOOLS_RELTO_LOCAL_H
#define RELTO_TOOLS_RELTO_LOCAL_H

#include "node/core/record.h"
#include "node/io/node_state.h"
#include "tools/relto/cli.h"

struct local {
    struct node_state *node;
    struct tick tick; // a transaction at the instant now; never runs a flow that sends
};

// Open the node of cli->dir and begin a transaction. Returns -1 to go on, else the exit code (reported).
int local_open(const struct cli *cli, enum node_use use, struct local *ret);
// Commit (NODE_WRITER) or end the transaction, and close. Returns ST_OK or why the commit failed.
enum status local_close(struct local *l, bool commit);
// Who runs the command, for audit events: "operator:<user>" into out[80].
void local_actor(char out[80]);
// The process of the node's running daemon; 0 = none runs.
long local_daemon(const struct config *c, struct arena *a);
// Read a report id from the command line: `urn:uuid:…`, the bare UUID, or a unique beginning of at least
// 6 characters of the UUID of a report held or recalled. False (reported) otherwise.
bool local_report_id(const struct cli *cli, struct local *l, const char *text, struct uuid *ret);
// Tell why the report that the command line calls `text` cannot be read, by what reports_current and the like
// answered: recalled, purged or not here. Returns the exit code.
int local_report_fail(const struct cli *cli, struct local *l, struct uuid id, const char *text, enum status st);

#endif
