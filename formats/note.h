// C2SP signed notes, checkpoints and cosignatures (spec 9): text formats of the transparency logs. Ed25519.
#ifndef RELTO_FORMATS_NOTE_H
#define RELTO_FORMATS_NOTE_H

#include "formats/base/buf.h"
#include "formats/base/sha256.h"
#include "formats/base/utctime.h"
#include "formats/ed25519.h"

enum { NOTE_NAME_MAX = 128, NOTE_BYTES_MAX = 16384 };

// U+2014 and a space: how each signature line of a note begins.
#define NOTE_LINE_START "\xe2\x80\x94 "

struct note_key { // private
    uint8_t seed[ED25519_LEN];
    uint8_t pub[ED25519_LEN];
};

// Load a PEM Ed25519 private key; write one (PKCS#8) made from a seed.
MUST_USE enum status note_key_load(struct span pem, struct note_key *ret);
MUST_USE enum status note_key_from_seed(const uint8_t seed[ED25519_LEN], struct note_key *ret);
MUST_USE enum status note_key_pem(const struct note_key *k, struct buf *out);

// A checkpoint: origin, tree size, root.
struct checkpoint {
    char origin[NOTE_NAME_MAX];
    uint64_t size;
    struct digest root;
};

// Append the signed note of a checkpoint; the key's name is the origin.
MUST_USE enum status checkpoint_sign(const struct checkpoint *c, const struct note_key *key, struct buf *out);
// Read a signed checkpoint of exactly this origin and check the log's own signature. Signatures of unknown
// keys are ignored; a bad one of the known key refuses the note. ST_MALFORMED, ST_BAD_SIGNATURE.
MUST_USE enum status checkpoint_open(struct span note, const char *origin, const uint8_t pub[ED25519_LEN],
                                     struct checkpoint *ret);

// Append one cosignature/v1 line `— name base64` over the text part of `note`, made at time t (seconds count).
MUST_USE enum status cosignature_make(struct span note, const char *name, const struct note_key *key, utc_ms t,
                                      struct buf *out);
// Check a cosignature line over the text part of `note`. ST_MALFORMED, ST_BAD_SIGNATURE.
MUST_USE enum status cosignature_check(struct span note, struct span line, const char *name,
                                       const uint8_t pub[ED25519_LEN], utc_ms *ret_time);

// Find the cosignature line of this name among the signature lines of `note`, and check it. Every line of that name must
// be good: one that is not refuses the note. Gives the first (without line feed, borrowed) and its time.
// ST_NOT_FOUND, or what cosignature_check returns.
MUST_USE enum status cosignature_find(struct span note, const char *name, const uint8_t pub[ED25519_LEN],
                                      struct span *ret_line, utc_ms *ret_time);

// Append the verifier key `name+hex8+base64(type ‖ key)`, type 0x01 (signature) or 0x04 (cosignature).
void note_vkey(const char *name, uint8_t type, const uint8_t pub[ED25519_LEN], struct buf *out);

#endif
