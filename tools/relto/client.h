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
    const char *who;         // "cell-J2-NORTH": stem of certificate and key under DIR/certs; NULL = the node's own
    const char *partner;     // call this partner's node instead of our own; NULL = our own
};

struct client_answer {
    long status;
    struct span body;        // in cli->arena
};

// Call the node. ST_UNREACHABLE when nothing listens or the TLS handshake fails, ST_NOT_FOUND when there is no such
// certificate; each with faults.
MUST_USE enum status client_call(const struct cli *cli, const struct client_call *call, struct client_answer *ret);
// Report an answer that is not 2xx: the problem document in people's words. Returns the exit code.
int client_fail(const struct cli *cli, const char *what, const struct client_answer *a);

#endif
