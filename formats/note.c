#include "formats/note.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "formats/base/bug.h"
#include "formats/base/encode.h"
#include "formats/base/limits.h"
#include "formats/pem.h"

enum { TYPE_ED25519 = 0x01, TYPE_COSIGNATURE = 0x04, KEY_ID_LEN = 4, SIGNATURE_BYTES_MAX = 4096 };
enum { COSIGNATURE_LEN = 8 + ED25519_SIG_LEN };

// ---- keys

enum status note_key_load(struct span pem, struct note_key *ret)
{
    if (pem.len > NOTE_BYTES_MAX)
        return ST_LIMIT;
    BIO *bio = pem_bio(pem);
    EVP_PKEY *k = bio ? PEM_read_bio_PrivateKey(bio, NULL, pem_no_passphrase, NULL) : NULL;
    struct note_key key = {{0}, {0}};
    size_t seed_len = sizeof key.seed, pub_len = sizeof key.pub;
    bool ok = k && EVP_PKEY_get_base_id(k) == EVP_PKEY_ED25519 &&
              EVP_PKEY_get_raw_private_key(k, key.seed, &seed_len) == 1 && seed_len == ED25519_LEN &&
              EVP_PKEY_get_raw_public_key(k, key.pub, &pub_len) == 1 && pub_len == ED25519_LEN;
    EVP_PKEY_free(k);
    BIO_free(bio);
    ERR_clear_error();
    if (ok)
        *ret = key;
    OPENSSL_cleanse(&key, sizeof key);
    return ok ? ST_OK : ST_INVALID;
}

enum status note_key_from_seed(const uint8_t seed[ED25519_LEN], struct note_key *ret)
{
    TRY(ed25519_public(seed, ret->pub));
    memcpy(ret->seed, seed, ED25519_LEN);
    return ST_OK;
}

enum status note_key_pem(const struct note_key *key, struct buf *out)
{
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key->seed, ED25519_LEN);
    BIO *bio = BIO_new(BIO_s_secmem());
    bool ok = k && bio && PEM_write_bio_PKCS8PrivateKey(bio, k, NULL, NULL, 0, NULL, NULL) == 1;
    if (ok) {
        char *pem = NULL;
        long len = BIO_get_mem_data(bio, &pem);
        buf_put(out, pem, (size_t)len);
    }
    BIO_free(bio);
    EVP_PKEY_free(k);
    ERR_clear_error();
    return ok ? buf_status(out) : ST_NOMEM;
}

// ---- names, key ids, signature lines

static bool name_is_valid(const char *name)
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

static void key_id(const char *name, uint8_t type, const uint8_t pub[ED25519_LEN], uint8_t id[KEY_ID_LEN])
{
    const uint8_t middle[2] = {'\n', type};
    struct span parts[] = {span_cstr(name), span_of(middle, 2), span_of(pub, ED25519_LEN)};
    struct digest d = sha256_parts(parts, 3);
    memcpy(id, d.b, KEY_ID_LEN);
}

static void put_line(struct buf *out, const char *name, const uint8_t id[KEY_ID_LEN], const uint8_t *sig,
                     size_t len)
{
    uint8_t bytes[KEY_ID_LEN + COSIGNATURE_LEN];
    BUG_IF(len > COSIGNATURE_LEN);
    memcpy(bytes, id, KEY_ID_LEN);
    memcpy(bytes + KEY_ID_LEN, sig, len);
    buf_puts(out, NOTE_LINE_START);
    buf_puts(out, name);
    buf_putc(out, ' ');
    base64_put(out, span_of(bytes, KEY_ID_LEN + len));
    buf_putc(out, '\n');
}

struct signature_line {
    struct span name;
    uint8_t bytes[SIGNATURE_BYTES_MAX]; // key id ‖ signature
    size_t len;
};

// Read `— name base64`, without its line feed.
static enum status read_line(struct span line, struct signature_line *ret)
{
    if (!span_starts(line, NOTE_LINE_START))
        return ST_MALFORMED;
    struct span rest = span_sub(line, strlen(NOTE_LINE_START), line.len);
    const uint8_t *space = rest.len ? memchr(rest.ptr, ' ', rest.len) : NULL;
    if (!space || space == rest.ptr)
        return ST_MALFORMED;
    size_t name_len = (size_t)(space - rest.ptr);
    ret->name = span_sub(rest, 0, name_len);
    if (memchr(ret->name.ptr, '+', name_len))
        return ST_MALFORMED;
    struct span text = span_sub(rest, name_len + 1, rest.len);
    if (base64_get(text, ret->bytes, sizeof ret->bytes, &ret->len) != ST_OK || ret->len <= KEY_ID_LEN)
        return ST_MALFORMED;
    return ST_OK;
}

// Was this line made by the key with this name, type and public part?
static bool line_is_by(const struct signature_line *l, const char *name, uint8_t type,
                       const uint8_t pub[ED25519_LEN])
{
    uint8_t id[KEY_ID_LEN];
    key_id(name, type, pub, id);
    return span_eq_cstr(l->name, name) && memcmp(l->bytes, id, KEY_ID_LEN) == 0;
}

// ---- notes

// Split a note into its text (with the final line feed) and its signature lines.
static enum status split_note(struct span note, struct span *ret_text, struct span *ret_lines)
{
    if (note.len < 4 || note.len > NOTE_BYTES_MAX || note.ptr[note.len - 1] != '\n')
        return ST_MALFORMED;
    for (size_t i = note.len - 2; i > 0; i--)
        if (note.ptr[i] == '\n' && note.ptr[i - 1] == '\n') {
            *ret_text = span_sub(note, 0, i);
            *ret_lines = span_sub(note, i + 1, note.len);
            return ST_OK;
        }
    return ST_MALFORMED;
}

// Cut the next line, without its line feed, off *s. False when there is none.
static bool next_line(struct span *s, struct span *ret)
{
    const uint8_t *end = s->len ? memchr(s->ptr, '\n', s->len) : NULL;
    if (!end)
        return false;
    size_t len = (size_t)(end - s->ptr);
    *ret = span_sub(*s, 0, len);
    *s = span_sub(*s, len + 1, s->len);
    return true;
}

// The log's own signature over the text must be there and good; unknown keys are ignored.
static enum status check_lines(struct span text, struct span lines, const char *name,
                               const uint8_t pub[ED25519_LEN])
{
    struct span line;
    struct signature_line l;
    size_t count = 0;
    bool signed_by_log = false;
    while (next_line(&lines, &line)) {
        if (++count > NOTE_SIGNATURES_MAX)
            return ST_LIMIT;
        TRY(read_line(line, &l));
        if (!line_is_by(&l, name, TYPE_ED25519, pub))
            continue;
        if (l.len != KEY_ID_LEN + ED25519_SIG_LEN || !ed25519_verify(pub, text, l.bytes + KEY_ID_LEN))
            return ST_BAD_SIGNATURE;
        signed_by_log = true;
    }
    return signed_by_log ? ST_OK : ST_BAD_SIGNATURE;
}

static enum status read_text(struct span text, const char *origin, struct checkpoint *ret)
{
    struct span first, size, root;
    struct checkpoint c = {.size = 0};
    size_t len = 0;
    if (!next_line(&text, &first) || !next_line(&text, &size) || !next_line(&text, &root) || text.len)
        return ST_MALFORMED;
    if (!span_eq_cstr(first, origin))
        return ST_MALFORMED;
    if (!decimal_parse(size, UINT64_MAX, &c.size) || base64_get(root, c.root.b, SHA256_LEN, &len) != ST_OK || len != SHA256_LEN)
        return ST_MALFORMED;
    memcpy(c.origin, first.ptr, first.len);
    *ret = c;
    return ST_OK;
}

enum status checkpoint_sign(const struct checkpoint *c, const struct note_key *key, struct buf *out)
{
    if (!name_is_valid(c->origin))
        return ST_INVALID;
    struct buf text;
    buf_init(&text, NOTE_BYTES_MAX);
    buf_printf(&text, "%s\n%llu\n", c->origin, (unsigned long long)c->size);
    base64_put(&text, span_of(c->root.b, SHA256_LEN));
    buf_putc(&text, '\n');
    uint8_t sig[ED25519_SIG_LEN], id[KEY_ID_LEN];
    enum status st = buf_status(&text);
    if (st == ST_OK)
        st = ed25519_sign(key->seed, buf_bytes(&text), sig);
    if (st == ST_OK) {
        key_id(c->origin, TYPE_ED25519, key->pub, id);
        buf_span(out, buf_bytes(&text));
        buf_putc(out, '\n');
        put_line(out, c->origin, id, sig, sizeof sig);
        st = buf_status(out);
    }
    buf_fini(&text);
    return st;
}

enum status checkpoint_open(struct span note, const char *origin, const uint8_t pub[ED25519_LEN],
                            struct checkpoint *ret)
{
    struct span text, lines;
    struct checkpoint c;
    if (!name_is_valid(origin))
        return ST_MALFORMED;
    TRY(split_note(note, &text, &lines));
    TRY(read_text(text, origin, &c));
    TRY(check_lines(text, lines, origin, pub));
    *ret = c;
    return ST_OK;
}

// ---- cosignatures

// What a cosignature signs: `cosignature/v1`, `time <seconds>`, the text of the note.
static void cosigned_message(struct buf *out, uint64_t seconds, struct span text)
{
    buf_printf(out, "cosignature/v1\ntime %llu\n", (unsigned long long)seconds);
    buf_span(out, text);
}

enum status cosignature_make(struct span note, const char *name, const struct note_key *key, utc_ms t,
                             struct buf *out)
{
    struct span text, lines;
    if (!name_is_valid(name) || t < 0)
        return ST_INVALID;
    TRY(split_note(note, &text, &lines));
    uint64_t seconds = (uint64_t)t / 1000;
    uint8_t sig[COSIGNATURE_LEN], id[KEY_ID_LEN];
    for (size_t i = 0; i < 8; i++)
        sig[i] = (uint8_t)(seconds >> (56 - 8 * i));
    struct buf message;
    buf_init(&message, 2 * NOTE_BYTES_MAX);
    cosigned_message(&message, seconds, text);
    enum status st = buf_status(&message);
    if (st == ST_OK)
        st = ed25519_sign(key->seed, buf_bytes(&message), sig + 8);
    buf_fini(&message);
    if (st != ST_OK)
        return st;
    key_id(name, TYPE_COSIGNATURE, key->pub, id);
    put_line(out, name, id, sig, sizeof sig);
    return buf_status(out);
}

enum status cosignature_check(struct span note, struct span line, const char *name,
                              const uint8_t pub[ED25519_LEN], utc_ms *ret_time)
{
    struct span text, lines;
    struct signature_line l;
    TRY(split_note(note, &text, &lines));
    if (line.len && line.ptr[line.len - 1] == '\n')
        line = span_sub(line, 0, line.len - 1);
    if (line.len > NOTE_BYTES_MAX)
        return ST_MALFORMED;
    TRY(read_line(line, &l));
    if (!line_is_by(&l, name, TYPE_COSIGNATURE, pub))
        return ST_BAD_SIGNATURE;
    if (l.len != KEY_ID_LEN + COSIGNATURE_LEN)
        return ST_MALFORMED;
    uint64_t seconds = 0;
    for (size_t i = 0; i < 8; i++)
        seconds = seconds << 8 | l.bytes[KEY_ID_LEN + i];
    if (seconds > (uint64_t)UTC_MAX / 1000)
        return ST_MALFORMED;
    struct buf message;
    buf_init(&message, 2 * NOTE_BYTES_MAX);
    cosigned_message(&message, seconds, text);
    enum status st = buf_status(&message);
    if (st == ST_OK && !ed25519_verify(pub, buf_bytes(&message), l.bytes + KEY_ID_LEN + 8))
        st = ST_BAD_SIGNATURE;
    buf_fini(&message);
    if (st == ST_OK)
        *ret_time = (utc_ms)seconds * 1000;
    return st;
}

static bool line_is_named(struct span line, const char *name)
{
    size_t start = strlen(NOTE_LINE_START), n = strlen(name);
    if (!span_starts(line, NOTE_LINE_START))
        return false;
    struct span rest = span_sub(line, start, line.len);
    return span_starts(rest, name) && rest.len > n && rest.ptr[n] == ' ';
}

enum status cosignature_find(struct span note, const char *name, const uint8_t pub[ED25519_LEN], struct span *ret_line,
                             utc_ms *ret_time)
{
    struct span text, rest, found = {0};
    utc_ms at, found_at = 0;
    TRY(split_note(note, &text, &rest));
    while (rest.len) {
        const uint8_t *lf = memchr(rest.ptr, '\n', rest.len);
        size_t len = lf ? (size_t)(lf - rest.ptr) : rest.len;
        struct span line = span_sub(rest, 0, len);
        rest = span_sub(rest, lf ? len + 1 : len, rest.len);
        if (!line_is_named(line, name))
            continue;
        TRY(cosignature_check(note, line, name, pub, &at));
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

void note_vkey(const char *name, uint8_t type, const uint8_t pub[ED25519_LEN], struct buf *out)
{
    uint8_t id[KEY_ID_LEN], bytes[1 + ED25519_LEN];
    key_id(name, type, pub, id);
    bytes[0] = type;
    memcpy(bytes + 1, pub, ED25519_LEN);
    buf_puts(out, name);
    buf_putc(out, '+');
    hex_put(out, span_of(id, KEY_ID_LEN));
    buf_putc(out, '+');
    base64_put(out, span_of(bytes, sizeof bytes));
}
