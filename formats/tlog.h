// Texts about Merkle trees that travel with a checkpoint (spec 9): proofs (C2SP tlog-proof), requests to witnesses (C2SP
// tlog-witness) and plain lists of hashes. What the hashes mean is store/merkle.h's.
#ifndef RELTO_FORMATS_TLOG_H
#define RELTO_FORMATS_TLOG_H

#include "formats/note.h"

// RFC 6962 proofs in trees of up to 2^63 leaves have at most 63 hashes; so says tlog-witness too.
enum { TLOG_HASHES_MAX = 63, TLOG_BYTES_MAX = NOTE_BYTES_MAX + 8 * 1024 };

struct tlog_text {
    uint64_t n; // of a proof: the index of the entry; of an update: the size of the old tree
    struct digest hashes[TLOG_HASHES_MAX];
    size_t hash_count;
    struct span checkpoint; // signed note; read: borrowed, not looked at
};

// Append hashes in base64, a line each; read such lines, ret has room for cap. ST_MALFORMED, ST_LIMIT.
void tlog_hashes_write(const struct digest *hashes, size_t count, struct buf *out);
MUST_USE enum status tlog_hashes_read(struct span lines, struct digest *ret, size_t cap, size_t *ret_count);

// `c2sp.org/tlog-proof@v1`, `index N`, hashes, a blank line, the checkpoint. Read: an `extra` line is passed over.
void tlog_proof_write(const struct tlog_text *x, struct buf *out);
MUST_USE enum status tlog_proof_read(struct span bytes, struct tlog_text *ret); // ST_MALFORMED, ST_LIMIT
// `old N`, hashes (a consistency proof), a blank line, the checkpoint.
void tlog_update_write(const struct tlog_text *x, struct buf *out);
MUST_USE enum status tlog_update_read(struct span bytes, struct tlog_text *ret); // ST_MALFORMED, ST_LIMIT

#endif
