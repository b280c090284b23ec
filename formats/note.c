#include "formats/note.h"

#include "formats/base/bug.h"
#include "formats/base/encode.h"
#include "formats/base/limits.h"
#include "formats/base/utf8.h"
#include "formats/note_parts.h"

// ---- names and keys

bool note_name_is_valid(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len >= NOTE_NAME_MAX)
        return false;
    // C2SP forbids Unicode spaces too; ours are plain visible ASCII.
    for (const char *p = name; *p; p++)
        if (*p <= ' ' || *p > '~' || *p == '+')
            return false;
    return true;
}

enum status note_vkey_make(const char *name, uint8_t type, const uint8_t pub[ED25519_LEN], struct note_vkey *ret)
{
    if (!note_name_is_valid(name))
        return ST_INVALID;
    const uint8_t middle[2] = {'\n', type};
    struct span parts[] = {span_cstr(name), span_of(middle, 2), span_of(pub, ED25519_LEN)};
    struct digest d = sha256_parts(parts, 3);
    *ret = (struct note_vkey){.type = type};
    memcpy(ret->name, name, strlen(name) + 1);
    memcpy(ret->id, d.b, NOTE_KEY_ID_LEN);
    memcpy(ret->pub, pub, ED25519_LEN);
    return ST_OK;
}

void note_vkey(const char *name, uint8_t type, const uint8_t pub[ED25519_LEN], struct buf *out)
{
    struct note_vkey k;
    uint8_t bytes[1 + ED25519_LEN] = {type};
    BUG_IF(note_vkey_make(name, type, pub, &k) != ST_OK);
    memcpy(bytes + 1, pub, ED25519_LEN);
    buf_puts(out, name);
    buf_putc(out, '+');
    hex_put(out, span_of(k.id, NOTE_KEY_ID_LEN));
    buf_putc(out, '+');
    base64_put(out, span_of(bytes, sizeof bytes));
}

enum status note_vkey_parse(struct span text, struct note_vkey *ret)
{
    char name[NOTE_NAME_MAX];
    uint8_t id[NOTE_KEY_ID_LEN], bytes[1 + ED25519_LEN];
    size_t len;
    const uint8_t *plus = text.len ? memchr(text.ptr, '+', text.len) : NULL;
    size_t name_len = plus ? (size_t)(plus - text.ptr) : 0, id_end = name_len + 1 + 2 * NOTE_KEY_ID_LEN;
    if (name_len == 0 || name_len >= sizeof name || text.len <= id_end || text.ptr[id_end] != '+' ||
        memchr(text.ptr, 0, name_len))
        return ST_MALFORMED;
    memcpy(name, text.ptr, name_len);
    name[name_len] = 0;
    if (hex_get(span_sub(text, name_len + 1, id_end), id, sizeof id) != ST_OK)
        return ST_MALFORMED;
    enum status st = base64_get(span_sub(text, id_end + 1, text.len), bytes, sizeof bytes, &len);
    if (st == ST_LIMIT || (st == ST_OK && len > 0 && bytes[0] != NOTE_ED25519 && bytes[0] != NOTE_COSIGNATURE))
        return ST_UNSUPPORTED;
    if (st != ST_OK || len != sizeof bytes || note_vkey_make(name, bytes[0], bytes + 1, ret) != ST_OK)
        return ST_MALFORMED;
    return memcmp(ret->id, id, sizeof id) == 0 ? ST_OK : ST_MALFORMED;
}

// ---- signature lines

void note_put_line(struct buf *out, const struct note_vkey *key, const uint8_t *sig, size_t len)
{
    uint8_t bytes[NOTE_KEY_ID_LEN + COSIGNATURE_LEN];
    BUG_IF(len > COSIGNATURE_LEN);
    memcpy(bytes, key->id, NOTE_KEY_ID_LEN);
    memcpy(bytes + NOTE_KEY_ID_LEN, sig, len);
    buf_puts(out, NOTE_LINE_START);
    buf_puts(out, key->name);
    buf_putc(out, ' ');
    base64_put(out, span_of(bytes, NOTE_KEY_ID_LEN + len));
    buf_putc(out, '\n');
}

// Decode a signature of any length; its beginning is kept. Strict: one text for each value.
static bool decode(struct span text, struct note_line *ret)
{
    enum { CHUNK = 1024, CHUNK_BYTES = CHUNK / 4 * 3, KEEP = NOTE_KEY_ID_LEN + COSIGNATURE_LEN };
    uint8_t bytes[CHUNK_BYTES], keep[KEEP];
    size_t total = 0;
    for (size_t at = 0; at < text.len; at += CHUNK) {
        struct span chunk = span_sub(text, at, at + CHUNK < text.len ? at + CHUNK : text.len);
        size_t len;
        bool last = at + chunk.len == text.len;
        if (base64_get(chunk, bytes, sizeof bytes, &len) != ST_OK || (!last && len != sizeof bytes))
            return false;
        if (at == 0)
            memcpy(keep, bytes, len < KEEP ? len : KEEP);
        total += len;
    }
    if (total <= NOTE_KEY_ID_LEN)
        return false;
    ret->sig_len = total - NOTE_KEY_ID_LEN;
    memcpy(ret->id, keep, NOTE_KEY_ID_LEN);
    memcpy(ret->sig, keep + NOTE_KEY_ID_LEN, ret->sig_len < COSIGNATURE_LEN ? ret->sig_len : COSIGNATURE_LEN);
    return true;
}

enum status note_read_line(struct span line, struct note_line *ret)
{
    if (!span_starts(line, NOTE_LINE_START))
        return ST_MALFORMED;
    struct span rest = span_sub(line, strlen(NOTE_LINE_START), line.len);
    const uint8_t *space = rest.len ? memchr(rest.ptr, ' ', rest.len) : NULL;
    if (!space || space == rest.ptr)
        return ST_MALFORMED;
    size_t name_len = (size_t)(space - rest.ptr);
    *ret = (struct note_line){.name = span_sub(rest, 0, name_len)};
    if (memchr(ret->name.ptr, '+', name_len) || !decode(span_sub(rest, name_len + 1, rest.len), ret))
        return ST_MALFORMED;
    return ST_OK;
}

bool note_line_is_by(const struct note_line *l, const struct note_vkey *key)
{
    return span_eq_cstr(l->name, key->name) && memcmp(l->id, key->id, NOTE_KEY_ID_LEN) == 0;
}

void note_cosigned_message(struct buf *out, uint64_t seconds, struct span text)
{
    buf_printf(out, "cosignature/v1\ntime %llu\n", (unsigned long long)seconds);
    buf_span(out, text);
}

static enum status check_cosignature(const struct note_line *l, const struct note_vkey *key, struct span text, utc_ms *ret_at)
{
    uint64_t seconds = 0;
    struct buf message;
    if (l->sig_len != COSIGNATURE_LEN)
        return ST_BAD_SIGNATURE;
    for (size_t i = 0; i < 8; i++)
        seconds = seconds << 8 | l->sig[i];
    if (seconds > (uint64_t)UTC_MAX / 1000)
        return ST_BAD_SIGNATURE;
    buf_init(&message, text.len + 64);
    note_cosigned_message(&message, seconds, text);
    enum status st = buf_status(&message);
    if (st == ST_OK && !ed25519_verify(key->pub, buf_bytes(&message), l->sig + 8))
        st = ST_BAD_SIGNATURE;
    buf_fini(&message);
    if (st == ST_OK)
        *ret_at = (utc_ms)seconds * 1000;
    return st;
}

enum status note_check_line(const struct note_line *l, const struct note_vkey *key, struct span text, utc_ms *ret_at)
{
    if (key->type == NOTE_COSIGNATURE)
        return check_cosignature(l, key, text, ret_at);
    *ret_at = 0;
    return l->sig_len == ED25519_SIG_LEN && ed25519_verify(key->pub, text, l->sig) ? ST_OK : ST_BAD_SIGNATURE;
}

// ---- notes

bool note_text_is_allowed(struct span s)
{
    uint32_t v;
    for (size_t at = 0, n; at < s.len; at += n) {
        n = s.ptr[at] < 0x80 ? 1 : utf8_get(s, at, &v);
        if (n == 0 || (s.ptr[at] < ' ' && s.ptr[at] != '\n'))
            return false;
    }
    return true;
}

enum status note_split(struct span note, struct span *ret_text, struct span *ret_lines)
{
    if (note.len < 4 || note.ptr[note.len - 1] != '\n' || !note_text_is_allowed(note))
        return ST_MALFORMED;
    for (size_t i = note.len - 2; i > 0; i--)
        if (note.ptr[i] == '\n' && note.ptr[i - 1] == '\n') {
            *ret_text = span_sub(note, 0, i);
            *ret_lines = span_sub(note, i + 1, note.len);
            return ST_OK;
        }
    return ST_MALFORMED;
}

bool note_next_line(struct span *s, struct span *ret)
{
    const uint8_t *end = s->len ? memchr(s->ptr, '\n', s->len) : NULL;
    if (!end)
        return false;
    size_t len = (size_t)(end - s->ptr);
    *ret = span_sub(*s, 0, len);
    *s = span_sub(*s, len + 1, s->len);
    return true;
}

enum status note_sign(struct span text, const char *name, const struct note_key *key, struct buf *out)
{
    struct note_vkey vkey;
    uint8_t sig[ED25519_SIG_LEN];
    TRY(note_vkey_make(name, NOTE_ED25519, key->pub, &vkey));
    if (text.len == 0 || text.ptr[text.len - 1] != '\n' || !note_text_is_allowed(text))
        return ST_INVALID;
    TRY(ed25519_sign(key->seed, text, sig));
    buf_span(out, text);
    buf_putc(out, '\n');
    note_put_line(out, &vkey, sig, sizeof sig);
    return buf_status(out);
}

// One line against all known keys.
static enum status check_known(const struct note_line *l, const struct note_vkey *keys, size_t count, struct span text,
                               bool *ret_good, utc_ms *ret_at, bool *any)
{
    for (size_t i = 0; i < count; i++) {
        utc_ms at;
        if (!note_line_is_by(l, &keys[i]))
            continue;
        TRY(note_check_line(l, &keys[i], text, &at));
        *any = true;
        if (ret_good)
            ret_good[i] = true;
        if (ret_at)
            ret_at[i] = at;
    }
    return ST_OK;
}

enum status note_open(struct span note, const struct note_vkey *keys, size_t key_count, struct span *ret_text, bool *ret_good,
                      utc_ms *ret_at)
{
    struct span text, lines, line;
    struct note_line l;
    size_t count = 0;
    bool any = false;
    for (size_t i = 0; ret_good && i < key_count; i++)
        ret_good[i] = false;
    TRY(note_split(note, &text, &lines));
    while (note_next_line(&lines, &line)) {
        if (++count > NOTE_SIGNATURES_MAX)
            return ST_LIMIT;
        TRY(note_read_line(line, &l));
        TRY(check_known(&l, keys, key_count, text, ret_good, ret_at, &any));
    }
    if (!any)
        return ST_BAD_SIGNATURE;
    *ret_text = text;
    return ST_OK;
}
