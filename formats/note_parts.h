// What note.c and checkpoint.c share. Nobody else includes this.
#ifndef RELTO_FORMATS_NOTE_PARTS_H
#define RELTO_FORMATS_NOTE_PARTS_H

#include "formats/note.h"

enum { COSIGNATURE_LEN = 8 + ED25519_SIG_LEN };

// May a key, and so one of our logs, have this name?
bool note_name_is_valid(const char *name);
// UTF-8 without control characters save line feeds: may a note hold these bytes?
bool note_text_is_allowed(struct span s);
// Split a note into its text (with the last line feed) and its signature lines. ST_MALFORMED, also for bytes that no
// note may hold.
MUST_USE enum status note_split(struct span note, struct span *ret_text, struct span *ret_lines);
// Cut the next line, without its line feed, off *s. False when there is none.
bool note_next_line(struct span *s, struct span *ret);

struct note_line {
    struct span name;
    uint8_t id[NOTE_KEY_ID_LEN];
    uint8_t sig[COSIGNATURE_LEN]; // the beginning of the signature
    size_t sig_len;               // of the whole signature
};
// Read `— name base64`, without its line feed. ST_MALFORMED.
MUST_USE enum status note_read_line(struct span line, struct note_line *ret);
// Was this line made by this key, as far as its name and id say?
bool note_line_is_by(const struct note_line *l, const struct note_vkey *key);
// Check the line of a known key over a text. *ret_at: of a cosignature. ST_BAD_SIGNATURE.
MUST_USE enum status note_check_line(const struct note_line *l, const struct note_vkey *key, struct span text, utc_ms *ret_at);
// Append a line.
void note_put_line(struct buf *out, const struct note_vkey *key, const uint8_t *sig, size_t len);
// Append what a cosignature signs: `cosignature/v1`, `time <seconds>`, the text of the note.
void note_cosigned_message(struct buf *out, uint64_t seconds, struct span text);

#endif
