// The publishing side of `relto import`: drafts go to the node as their cell, what is held already is passed over, and what the
// records call over is recalled or not published at all.
#ifndef RELTO_TOOLS_RELTO_IMPORT_PUBLISH_H
#define RELTO_TOOLS_RELTO_IMPORT_PUBLISH_H

#include "formats/import.h"
#include "tools/relto/cli.h"

struct import_tally {
    size_t published; // new reports and versions
    size_t here;      // held already, or recalled before
    size_t over;      // never published: over or cancelled before that
    size_t recalled;  // held and over now
    size_t refused;   // by the node, each with its message
};

struct import_publish;

// `at` is the instant at which records are over or not. ST_OK, or what client_open returns. Free with import_publish_free
// (nulls, accepts NULL).
MUST_USE enum status import_publish_new(const struct cli *cli, const char *cell, utc_ms at, struct import_publish **ret);
void import_publish_free(struct import_publish **p);

// For each input twice through the importer: first note what it holds (an import_each; ctx is the struct import_publish);
enum status import_publish_note(void *ctx, const struct import_draft *draft);
// then see in the node's own store what of that is there (returns -1 to go on, else the exit code, reported);
int import_publish_look(struct import_publish *p);
// then send each draft; `what` names it in messages. ST_UNREACHABLE (reported) when the node is not there: going on is of no use.
MUST_USE enum status import_publish_send(struct import_publish *p, const struct import_draft *draft, const char *what);
// At last recall what the input cancels without holding it. Then the next input can follow.
MUST_USE enum status import_publish_cancel(struct import_publish *p);

const struct import_tally *import_publish_tally(const struct import_publish *p);

#endif
