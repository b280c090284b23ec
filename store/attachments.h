// Attachments: bytes by their digest, kept once however many reports name them; who names them, who brought them,
// and which are still to be fetched. A report may be here before its attachments are.
//
// Knowing a digest is not having the file: reports of a cell or nation get only bytes that this cell, or a source of
// that nation's reports, has itself brought ("given"). Otherwise whoever learnt a digest could have us pass the file on
// under a label of his choice.
#ifndef RELTO_STORE_ATTACHMENTS_H
#define RELTO_STORE_ATTACHMENTS_H

#include "formats/report.h"
#include "store/reports.h"

// Bytes come and go in chunks, each a value of its own: with its key's share of the page, whole pages of the database,
// and whole blocks of the hash. A piece is what one transaction takes in of one upload or download.
enum {
    ATTACHMENT_CHUNK = 65472,
    ATTACHMENT_PIECE = 16 * ATTACHMENT_CHUNK,
    ATTACHMENT_WHO_MAX = 96,     // "cell:J2-NORTH", "nation:GBR", "partner:FRA"
    ATTACHMENT_WHY_MAX = 160,
    ATTACHMENT_IDLE_H = 24,      // an upload, whole or not, that no report names by then is erased
};

// ---- bytes (attachments.c)

// Every whole attachment, in order of digest.
MUST_USE enum status attachment_each(struct db_txn *t, enum status (*each)(void *ctx, const struct digest *d, uint64_t size),
                                     void *ctx);
// A whole attachment's size. ST_NOT_FOUND.
MUST_USE enum status attachment_size(struct db_txn *t, const struct digest *d, uint64_t *ret);
// How much of it `who` has brought so far, of `size` bytes; 0 when nothing, or another size was said.
MUST_USE enum status attachment_have(struct db_txn *t, const struct digest *d, const char *who, uint64_t size,
                                     uint64_t *ret);
// Take in bytes from `at` on of an attachment of `size` bytes, brought by `who`: whole chunks, unless they reach its
// end. *ret_whole: that was the last, and the digest is right; it is kept, and `who` is noted as a giver.
// ST_CONFLICT when `at` is not what attachment_have says; ST_INVALID for a length that is no multiple of a chunk, or
// beyond `size`; ST_BAD_PROOF when all is there and has another digest: what `who` brought is then erased, so commit.
MUST_USE enum status attachment_append(struct db_txn *t, const struct digest *d, const char *who, uint64_t size,
                                       uint64_t at, struct span bytes, utc_ms now, bool *ret_whole);
// Forget what `who` brought of one that is not whole.
MUST_USE enum status attachment_drop_part(struct db_txn *t, const struct digest *d, const char *who);
// Copy bytes of a whole one from `from` on to out[ATTACHMENT_CHUNK], at most to the end of a chunk. ST_NOT_FOUND also
// at its end; ST_CORRUPT when they are not what was stored.
MUST_USE enum status attachment_read(struct db_txn *t, const struct digest *d, uint64_t from, uint8_t *out,
                                     size_t *ret_len);
// Did `who` bring these bytes, all of them?
MUST_USE enum status attachment_given(struct db_txn *t, const struct digest *d, const char *who, bool *ret);
// Note that `who` did.
MUST_USE enum status attachment_give(struct db_txn *t, const struct digest *d, const char *who, utc_ms now);
// Erase it, whole or in parts, and who brought it. The chunks go bit by bit with attachment_tidy; nothing reads them
// before that.
MUST_USE enum status attachment_erase(struct db_txn *t, const struct digest *d);
// Delete some chunks of what was erased, and uploads that nothing named in time. *ret_next: when to call again (`now`:
// there is more; UTC_MAX: never).
MUST_USE enum status attachment_tidy(struct db_txn *t, utc_ms now, utc_ms *ret_next);

// ---- who names them (attachment_uses.c)

struct attachment_name {
    struct digest digest;
    uint64_t size;
};
// What this copy of a report, which is stored already, names, all of it; what it named before and does not now loses this use, and an attachment
// without any is erased. None = the copy is gone. What the latest version from a partner (`source`) names and is not here
// becomes wanted of it.
MUST_USE enum status attachment_set_names(struct db_txn *t, struct uuid id, uint32_t version, const char *source,
                                          const char *nation, const struct attachment_name *names, size_t count);

// A stored copy of a report that names an attachment.
struct attachment_use {
    struct uuid id;
    uint32_t version;
    char source[PARTNER_ID_MAX + 1]; // "" = own
    char nation[65];                 // the report's originating one
    uint64_t size;                   // as the report says
};
MUST_USE enum status attachment_each_use(struct db_txn *t, const struct digest *d,
                                         enum status (*each)(void *ctx, const struct attachment_use *u), void *ctx);
// Is it here for this report: whole, of the size that it says, and given for the nation? Own reports were published
// with their bytes.
MUST_USE enum status attachment_here(struct db_txn *t, const struct digest *d, const struct attachment_use *u, bool *ret);

// ---- what is wanted (attachment_wants.c)

// One to be fetched from a partner.
struct attachment_want {
    struct digest digest;
    uint64_t size;
    uint32_t failures; // in a row
    utc_ms again_at;   // not before
    char why[ATTACHMENT_WHY_MAX]; // of the last failure; "" = none
};
// Those of a partner, in order of digest. The callback may write.
MUST_USE enum status attachment_each_want(struct db_txn *t, const char *partner,
                                          enum status (*each)(void *ctx, const struct attachment_want *w), void *ctx);
// ST_NOT_FOUND when it is not wanted (any more).
MUST_USE enum status attachment_want_get(struct db_txn *t, const char *partner, const struct digest *d,
                                         struct attachment_want *ret);
MUST_USE enum status attachment_want_put(struct db_txn *t, const char *partner, const struct attachment_want *w);
// Wanted no more; nothing when it was not.
MUST_USE enum status attachment_want_del(struct db_txn *t, const char *partner, const struct digest *d);
// The one with the earliest `again_at`. ST_NOT_FOUND when nothing is wanted of the partner.
MUST_USE enum status attachment_want_first(struct db_txn *t, const char *partner, struct attachment_want *ret);
// How many are wanted of it.
MUST_USE enum status attachment_want_count(struct db_txn *t, const char *partner, uint64_t *ret);
// `partner` brought all of it: it is given for the nations of the reports for which it was wanted, and wanted no more
// for them, of whomever.
MUST_USE enum status attachment_arrived(struct db_txn *t, const char *partner, const struct digest *d, utc_ms now);

// "cell:J2-NORTH" and the like, into out; returns out.
const char *attachment_who(const char *kind, const char *name, char out[ATTACHMENT_WHO_MAX]);

#endif
