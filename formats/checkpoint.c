// Checkpoints of logs and cosignatures over them (C2SP tlog-checkpoint, tlog-cosignature), as notes.
#include "formats/base/encode.h"
#include "formats/note_parts.h"

enum status checkpoint_read(struct span text, bool extensions, struct checkpoint *ret)
{
    struct span first, size, root, line;
    struct checkpoint c = {.size = 0};
    size_t len = 0;
    if (!note_next_line(&text, &first) || !note_next_line(&text, &size) || !note_next_line(&text, &root))
        return ST_MALFORMED;
    if (!note_text_is_allowed(first)) // the text need not come from a note that was opened
        return ST_MALFORMED;
    if (first.len == 0 || first.len >= sizeof c.origin || (text.len && !extensions))
        return ST_MALFORMED;
    while (note_next_line(&text, &line))
        if (line.len == 0)
            return ST_MALFORMED;
    if (text.len || !decimal_parse(size, UINT64_MAX, &c.size) || base64_get(root, c.root.b, SHA256_LEN, &len) != ST_OK ||
        len != SHA256_LEN)
        return ST_MALFORMED;
    memcpy(c.origin, first.ptr, first.len);
    *ret = c;
    return ST_OK;
}

bool checkpoint_origin(struct span note, struct span *ret)
{
    return note_next_line(&note, ret) && ret->len > 0;
}

enum status checkpoint_sign(const struct checkpoint *c, const struct note_key *key, struct buf *out)
{
    struct buf text;
    buf_init(&text, NOTE_BYTES_MAX);
    buf_printf(&text, "%s\n%llu\n", c->origin, (unsigned long long)c->size);
    base64_put(&text, span_of(c->root.b, SHA256_LEN));
    buf_putc(&text, '\n');
    enum status st = buf_status(&text);
    if (st == ST_OK)
        st = note_sign(buf_bytes(&text), c->origin, key, out);
    buf_fini(&text);
    return st;
}

enum status checkpoint_open(struct span note, const char *origin, const uint8_t pub[ED25519_LEN],
                            struct checkpoint *ret)
{
    struct note_vkey key;
    struct span text, lines;
    struct checkpoint c;
    if (note.len > NOTE_BYTES_MAX || note_vkey_make(origin, NOTE_ED25519, pub, &key) != ST_OK)
        return ST_MALFORMED;
    TRY(note_split(note, &text, &lines));
    TRY(checkpoint_read(text, false, &c));
    if (strcmp(c.origin, origin) != 0)
        return ST_MALFORMED;
    TRY(note_open(note, &key, 1, &text, NULL, NULL));
    *ret = c;
    return ST_OK;
}

// ---- cosignatures

enum status cosignature_make(struct span note, const char *name, const struct note_key *key, utc_ms t,
                             struct buf *out)
{
    struct span text, lines;
    struct note_vkey vkey;
    if (t < 0)
        return ST_INVALID;
    TRY(note_vkey_make(name, NOTE_COSIGNATURE, key->pub, &vkey));
    TRY(note_split(note, &text, &lines));
    uint64_t seconds = (uint64_t)t / 1000;
    uint8_t sig[COSIGNATURE_LEN];
    for (size_t i = 0; i < 8; i++)
        sig[i] = (uint8_t)(seconds >> (56 - 8 * i));
    struct buf message;
    buf_init(&message, text.len + 64);
    note_cosigned_message(&message, seconds, text);
    enum status st = buf_status(&message);
    if (st == ST_OK)
        st = ed25519_sign(key->seed, buf_bytes(&message), sig + 8);
    buf_fini(&message);
    if (st != ST_OK)
        return st;
    note_put_line(out, &vkey, sig, sizeof sig);
    return buf_status(out);
}

enum status cosignature_check(struct span note, struct span line, const char *name,
                              const uint8_t pub[ED25519_LEN], utc_ms *ret_time)
{
    struct span text, lines;
    struct note_line l;
    struct note_vkey key;
    TRY(note_split(note, &text, &lines));
    if (line.len && line.ptr[line.len - 1] == '\n')
        line = span_sub(line, 0, line.len - 1);
    TRY(note_read_line(line, &l));
    if (note_vkey_make(name, NOTE_COSIGNATURE, pub, &key) != ST_OK || !note_line_is_by(&l, &key))
        return ST_BAD_SIGNATURE;
    return note_check_line(&l, &key, text, ret_time);
}

enum status cosignature_find(struct span note, const char *name, const uint8_t pub[ED25519_LEN], struct span *ret_line,
                             utc_ms *ret_time)
{
    struct span text, lines, line, found = {0};
    struct note_line l;
    struct note_vkey key;
    utc_ms at, found_at = 0;
    if (note_vkey_make(name, NOTE_COSIGNATURE, pub, &key) != ST_OK)
        return ST_NOT_FOUND;
    TRY(note_split(note, &text, &lines));
    while (note_next_line(&lines, &line)) {
        TRY(note_read_line(line, &l));
        if (!note_line_is_by(&l, &key))
            continue;
        TRY(note_check_line(&l, &key, text, &at));
        if (!found.len) {
            found = line;
            found_at = at;
        }
    }
    if (!found.len)
        return ST_NOT_FOUND;
    *ret_line = found;
    *ret_time = found_at;
    return ST_OK;
}
