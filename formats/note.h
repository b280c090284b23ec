// C2SP signed notes, checkpoints and cosignatures (spec 9): text formats of the transparency logs. Ed25519.
#ifndef RELTO_FORMATS_NOTE_H
#define RELTO_FORMATS_NOTE_H

#include "formats/base/buf.h"
#include "formats/base/sha256.h"
#include "formats/base/utctime.h"
#include "formats/ed25519.h"

// A note has room for 16 signatures of any kind in use: the largest, of post-quantum keys, take some 6,600 characters.
enum { NOTE_NAME_MAX = 128, NOTE_BYTES_MAX = 128 * 1024, NOTE_KEY_ID_LEN = 4, NOTE_VKEY_MAX = 256 };

// Kinds of keys and signatures: of a log over a note, of a witness (or partner) over a checkpoint.
enum { NOTE_ED25519 = 0x01, NOTE_COSIGNATURE = 0x04 };

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

// ---- notes

struct note_vkey { // public: what a verifier is configured with
    char name[NOTE_NAME_MAX];
    uint8_t type; // NOTE_ED25519 or NOTE_COSIGNATURE
    uint8_t id[NOTE_KEY_ID_LEN];
    uint8_t pub[ED25519_LEN];
};

// The verifier key of a name and a public key. ST_INVALID for a name that no key may have.
MUST_USE enum status note_vkey_make(const char *name, uint8_t type, const uint8_t pub[ED25519_LEN], struct note_vkey *ret);
// Append the text of a verifier key: `name+hex8+base64(type ‖ key)`.
void note_vkey(const char *name, uint8_t type, const uint8_t pub[ED25519_LEN], struct buf *out);
// Read that text. ST_MALFORMED (also when the id is not that of the key), ST_UNSUPPORTED for another type of key.
MUST_USE enum status note_vkey_parse(struct span text, struct note_vkey *ret);

// Append a note: the text, which ends in a line feed, a blank line and the line of one signature. ST_INVALID for a bad
// name or text.
MUST_USE enum status note_sign(struct span text, const char *name, const struct note_key *key, struct buf *out);
// Verify a note against the keys that are known. Signatures of other keys are ignored, also when they share a name or an
// id with a known one; a bad one of a known key refuses the note, and so does a note without any good one:
// ST_BAD_SIGNATURE. *ret_text (borrowed) is the text with its last line feed. ret_good (may be NULL) has key_count places:
// did this key sign? ret_at (may be NULL): when, of cosignatures. ST_MALFORMED; ST_LIMIT beyond NOTE_SIGNATURES_MAX lines.
// No limit to the text.
MUST_USE enum status note_open(struct span note, const struct note_vkey *keys, size_t key_count, struct span *ret_text,
                               bool *ret_good, utc_ms *ret_at);

// ---- checkpoints

// A checkpoint: origin, tree size, root.
struct checkpoint {
    char origin[NOTE_NAME_MAX];
    uint64_t size;
    struct digest root;
};

// Append the signed note of a checkpoint; the key's name is the origin.
MUST_USE enum status checkpoint_sign(const struct checkpoint *c, const struct note_key *key, struct buf *out);
// Read a signed checkpoint of exactly this origin and check the log's own signature, as note_open does. A checkpoint
// beyond NOTE_BYTES_MAX or with extension lines is ST_MALFORMED.
MUST_USE enum status checkpoint_open(struct span note, const char *origin, const uint8_t pub[ED25519_LEN],
                                     struct checkpoint *ret);
// Read the text of a checkpoint, whoever signed it. Other people's logs may have extension lines. ST_MALFORMED.
MUST_USE enum status checkpoint_read(struct span text, bool extensions, struct checkpoint *ret);
// The origin that an unverified checkpoint names, to find the keys to verify it with; borrowed. False when there is none.
bool checkpoint_origin(struct span note, struct span *ret);

// Append one cosignature/v1 line `— name base64` over the text part of `note`, made at time t (seconds count).
MUST_USE enum status cosignature_make(struct span note, const char *name, const struct note_key *key, utc_ms t,
                                      struct buf *out);
// Check a cosignature line over the text part of `note`. ST_MALFORMED, ST_BAD_SIGNATURE.
MUST_USE enum status cosignature_check(struct span note, struct span line, const char *name,
                                       const uint8_t pub[ED25519_LEN], utc_ms *ret_time);

// Find the cosignature line of this key (name and id) among the signature lines of `note`, and check it. Every line of
// that key must be good: one that is not refuses the note. Lines of other keys are ignored, also of the same name.
// Gives the first (without line feed, borrowed) and its time. ST_NOT_FOUND, or what cosignature_check returns.
MUST_USE enum status cosignature_find(struct span note, const char *name, const uint8_t pub[ED25519_LEN],
                                      struct span *ret_line, utc_ms *ret_time);

#endif
