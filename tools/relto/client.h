// HTTPS calls of the command line: a person's to their own node, with the certificate that `relto cert issue`
// made, or the node's to a partner (spec 6.2).
#ifndef RELTO_TOOLS_RELTO_CLIENT_H
#define RELTO_TOOLS_RELTO_CLIENT_H

#include "tools/relto/cli.h"

struct client_call {
    const char *method;      // "POST" …
    const char *path;        // "/v1/reports"
    const char *header;      // one more header line, or NULL
    struct span body;
    const char *file;        // in place of `body`: this file, streamed, …
    uint64_t file_from;      // … from here on
    const char *who;         // as of client_open; client_send does not look at these two
    const char *partner;
};

struct client_answer {
    long status;
    struct span body;        // in the arena of the call
    uint64_t upload_offset;  // with 409: where an upload goes on; UINT64_MAX = not said
};

// Calls of one identity to one node, over one connection while it holds. `who` is the stem of certificate and key under
// DIR/certs, as in cell-J2-NORTH, NULL the node itself; `partner` the node that is called, NULL our own. ST_NOT_FOUND when there is
// no such certificate; with faults in cli->diag. Free with client_close (nulls, accepts NULL).
struct client;
MUST_USE enum status client_open(const struct cli *cli, const char *who, const char *partner, struct client **ret);
void client_close(struct client **c);
// Call; what the answer holds is in `a`. ST_UNREACHABLE when nothing listens or the TLS handshake fails, with faults.
MUST_USE enum status client_send(struct client *c, const struct client_call *call, struct arena *a, struct client_answer *ret);

// A single call: open, send, close. The answer is in cli->arena.
MUST_USE enum status client_call(const struct cli *cli, const struct client_call *call, struct client_answer *ret);
// Append a text as the value of a query, percent-encoded.
void client_put_escaped(struct buf *b, const char *text);
// Report an answer that is not 2xx: the problem document in people's words. Returns the exit code.
int client_fail(const struct cli *cli, const char *what, const struct client_answer *a);

#endif
