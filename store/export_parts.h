// What export.c, export_manifest.c and export_check*.c share. Nobody else includes this.
#ifndef RELTO_STORE_EXPORT_PARTS_H
#define RELTO_STORE_EXPORT_PARTS_H

#include "formats/tlog.h"
#include "store/export.h"
#include "store/ledger.h"

#define EXPORT_MANIFEST "export"
#define EXPORT_FORMAT "relto-export@v1"
#define EXPORT_AUDIT "audit"
#define EXPORT_RELEASE "release/" // and the partner

enum { EXPORT_NAME_MAX = PARTNER_ID_MAX + 16 };

// One log: its leaves [first, end) are in the export.
struct export_log {
    char name[EXPORT_NAME_MAX];
    uint64_t first, end;
};
struct export_party { // of whose signatures we hold some
    char partner[PARTNER_ID_MAX + 1];
    struct note_vkey key;
};
struct export_file {
    char path[EXPORT_PATH_MAX];
    struct digest digest;
    uint64_t len;
};

// The file `export`: what the export is of, the public keys that it is to be checked with, and all other files.
struct export_manifest {
    char node[NOTE_NAME_MAX], nation[PARTNER_ID_MAX + 1];
    bool has_from, has_until;
    utc_ms from, until;
    uint64_t size; // of the audit log when the export was made
    uint8_t ledger_key[ED25519_LEN];
    struct export_party *parties;
    struct export_log *logs; // the first one is the audit log
    struct export_file *files;
    size_t party_count, log_count, file_count, cap[3];
};

MUST_USE enum status export_add_party(struct export_manifest *m, const struct export_party *p); // ST_NOMEM, ST_LIMIT
MUST_USE enum status export_add_log(struct export_manifest *m, const struct export_log *l);
MUST_USE enum status export_add_file(struct export_manifest *m, const struct export_file *f);
void export_manifest_fini(struct export_manifest *m);
// Append the text, to be signed as a note with the name `<node>/audit`.
void export_manifest_write(const struct export_manifest *m, struct buf *out);
// Read the text. ST_MALFORMED, ST_LIMIT, ST_NOMEM; what was read before is freed by export_manifest_fini.
MUST_USE enum status export_manifest_read(struct span text, struct export_manifest *ret);
// The log of this name, or NULL.
const struct export_log *export_log_of(const struct export_manifest *m, const char *name);

// The complete subtrees of a tree of `size` leaves, as merkle_frontier has them.
MUST_USE enum status export_frontier(const struct merkle_nodes *nodes, uint64_t size, struct merkle_frontier *ret);

#endif
