// Exports of the audit log (spec 5): a folder that proves what happened in a period to anyone who has the node's audit
// key, without the node. store/README.md, "Exports", describes the files; tools/examples/verify_export.py reads them.
#ifndef RELTO_STORE_EXPORT_H
#define RELTO_STORE_EXPORT_H

#include "formats/base/utctime.h"
#include "store/verify.h"

enum {
    EXPORT_PATH_MAX = 128,            // characters of a path inside an export
    EXPORT_FILES_MAX = 4096,          // files: 256 ledgers of three to five, and the openings of heads
    EXPORT_MANIFEST_MAX = 1024 * 1024 // bytes of the file `export`
};

struct export_options {
    const char *nation, *node_name;
    const struct note_key *audit_key, *ledger_key; // sign the checkpoints and the list of files
    bool has_from, has_until;
    utc_ms from, until; // from <= at < until
    const struct verify_peer *peers;
    size_t peer_count;
};

// Where the files go: begin, any number of puts, end; one file after the other. `end` gives the SHA-256 and the length of
// the file as it was stored.
struct export_sink {
    enum status (*begin)(void *ctx, const char *path); // "release/FRA/entries": a folder for each log
    enum status (*put)(void *ctx, struct span bytes);
    enum status (*end)(void *ctx, struct digest *ret_digest, uint64_t *ret_len);
    void *ctx;
};

struct export_summary {
    uint64_t events, ledgers, entries, receipts, receipts_without_key, heads, cosignatures;
    utc_ms from, until; // of a check: what the export says that it covers; UTC_MIN, UTC_MAX = no bound
    char node[NOTE_NAME_MAX];
    uint64_t findings;
};

// Write the export of one snapshot. ST_INVALID when from >= until; ST_LIMIT for too many files; ST_NOT_FOUND when there
// is no event at all; the sink's statuses; ST_CORRUPT.
MUST_USE enum status export_write(struct db_txn *t, const struct export_options *o, const struct export_sink *sink,
                                  struct export_summary *ret);

// The files of an export. Bytes stay valid until the check ends.
struct export_source {
    enum status (*get)(void *ctx, const char *path, struct span *ret); // ST_NOT_FOUND
    enum status (*each)(void *ctx, enum status (*on_file)(void *of, const char *path), void *of);
    void *ctx;
};

// Check an export with the audit key of the node that made it, trusting nobody: the list of files and its signature, each
// file's digest; each log's tree, recomputed from its leaves, against checkpoints, receipts and cosignatures; each event
// and entry in its place; that none of the period is missing; that events, entries, deliveries and receipts agree.
// Findings as verify_store. ST_OK when all was looked at; ST_IO, ST_NOMEM.
MUST_USE enum status export_check(const struct export_source *source, const struct note_vkey *key,
                                  void (*finding)(void *ctx, const struct verify_finding *f), void *ctx,
                                  struct export_summary *ret);

#endif
