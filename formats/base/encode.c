#include "formats/base/encode.h"

static const char b64[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char hexdigits[17] = "0123456789abcdef";

// The four characters for the up to three bytes of s from i on.
static void base64_quad(struct span s, size_t i, char out[4])
{
    size_t n = s.len - i;
    uint32_t v = (uint32_t)s.ptr[i] << 16;
    if (n > 1)
        v |= (uint32_t)s.ptr[i + 1] << 8;
    if (n > 2)
        v |= s.ptr[i + 2];
    out[0] = b64[v >> 18];
    out[1] = b64[v >> 12 & 63];
    out[2] = n > 1 ? b64[v >> 6 & 63] : '=';
    out[3] = n > 2 ? b64[v & 63] : '=';
}

void base64_put(struct buf *out, struct span s)
{
    size_t len = s.len / 3 * 4 + (s.len % 3 ? 4 : 0);
    if (!buf_reserve(out, len))
        return;
    char *to = (char *)out->ptr + out->len;
    for (size_t i = 0; i < s.len; i += 3, to += 4)
        base64_quad(s, i, to);
    out->len += len;
}

// The value of a digit plus one; 0 for what is none.
static const uint8_t b64_values[256] = {
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  //
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  //
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  63, 0,  0,  0,  64, // + /
    53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 0,  0,  0,  0,  0,  0,  // 0 to 9
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, // A to O
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 0,  0,  0,  0,  0,  // P to Z
    0,  27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, // a to o
    42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 0,  0,  0,  0,  0,  // p to z
};

// The bits of four digits; false when one is none.
static bool base64_bits(const uint8_t t[4], uint32_t *ret)
{
    uint32_t v = 0, none = 0;
    for (size_t j = 0; j < 4; j++) {
        uint32_t digit = b64_values[t[j]] - 1u; // of what is none, all bits
        none |= digit;
        v = v << 6 | digit;
    }
    *ret = v;
    return none < 64;
}

// The last four characters, of which two at most are padding. Returns how many bytes they stand for; 0 = refused.
static size_t base64_last(const uint8_t t[4], uint32_t *ret)
{
    size_t pad = t[3] != '=' ? 0 : t[2] != '=' ? 1 : 2;
    const uint8_t whole[4] = {t[0], t[1], pad > 1 ? 'A' : t[2], pad > 0 ? 'A' : t[3]};
    if (!base64_bits(whole, ret) || (pad == 1 && (*ret & 0xff)) || (pad == 2 && (*ret & 0xffff)))
        return 0;
    return 3 - pad;
}

enum status base64_get(struct span t, uint8_t *out, size_t cap, size_t *ret_len)
{
    if (t.len % 4 != 0)
        return ST_INVALID;
    size_t len = 0;
    for (size_t i = 0; i < t.len; i += 4) {
        uint32_t v;
        size_t n = i + 4 == t.len ? base64_last(t.ptr + i, &v) : base64_bits(t.ptr + i, &v) ? 3 : 0;
        if (n == 0)
            return ST_INVALID;
        if (n > cap - len)
            return ST_LIMIT;
        out[len++] = (uint8_t)(v >> 16);
        if (n > 1)
            out[len++] = (uint8_t)(v >> 8);
        if (n > 2)
            out[len++] = (uint8_t)v;
    }
    *ret_len = len;
    return ST_OK;
}

void hex_put(struct buf *out, struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        buf_putc(out, hexdigits[s.ptr[i] >> 4]);
        buf_putc(out, hexdigits[s.ptr[i] & 15]);
    }
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum status hex_get(struct span t, uint8_t *out, size_t len)
{
    if (t.len != 2 * len)
        return ST_INVALID;
    for (size_t i = 0; i < len; i++) {
        int hi = hex_value(t.ptr[2 * i]), lo = hex_value(t.ptr[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return ST_INVALID;
        out[i] = (uint8_t)(hi << 4 | lo);
    }
    return ST_OK;
}

const char *decimal_text(uint64_t v, char out[DECIMAL_TEXT_MAX])
{
    size_t n = 1;
    for (uint64_t rest = v; rest >= 10; rest /= 10)
        n++;
    out[n] = 0;
    for (; n > 0; v /= 10)
        out[--n] = (char)('0' + v % 10);
    return out;
}

bool decimal_parse(struct span text, uint64_t max, uint64_t *ret)
{
    uint64_t v = 0;
    if (text.len == 0 || (text.len > 1 && text.ptr[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c < '0' || c > '9' || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(c - '0'), &v))
            return false;
    }
    if (v > max)
        return false;
    *ret = v;
    return true;
}

const char *salt_text(const uint8_t salt[SALT_LEN], char out[SALT_TEXT_LEN + 1])
{
    for (size_t i = 0; i < SALT_LEN; i += 3)
        base64_quad(span_of(salt, SALT_LEN), i, out + i / 3 * 4);
    out[SALT_TEXT_LEN] = 0;
    return out;
}

bool salt_parse(struct span text, uint8_t ret_salt[SALT_LEN])
{
    uint8_t salt[SALT_LEN];
    size_t len = 0;
    if (base64_get(text, salt, SALT_LEN, &len) != ST_OK || len != SALT_LEN)
        return false;
    memcpy(ret_salt, salt, SALT_LEN);
    return true;
}

enum status uuid_parse(struct span t, struct uuid *ret)
{
    if (span_starts(t, "urn:uuid:"))
        t = span_sub(t, 9, t.len);
    if (t.len != UUID_TEXT_LEN)
        return ST_INVALID;
    struct uuid id;
    size_t p = 0;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            if (t.ptr[p++] != '-')
                return ST_INVALID;
        int hi = hex_value(t.ptr[p++]), lo = hex_value(t.ptr[p++]);
        if (hi < 0 || lo < 0)
            return ST_INVALID;
        id.b[i] = (uint8_t)(hi << 4 | lo);
    }
    *ret = id;
    return ST_OK;
}

const char *uuid_urn(struct uuid id, char out[UUID_URN_LEN + 1])
{
    memcpy(out, "urn:uuid:", 9);
    size_t p = 9;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[p++] = '-';
        out[p++] = hexdigits[id.b[i] >> 4];
        out[p++] = hexdigits[id.b[i] & 15];
    }
    out[p] = 0;
    return out;
}

struct uuid uuid_from_random(const uint8_t random[16])
{
    struct uuid id;
    memcpy(id.b, random, 16);
    id.b[6] = (uint8_t)((id.b[6] & 0x0f) | 0x40);
    id.b[8] = (uint8_t)((id.b[8] & 0x3f) | 0x80);
    return id;
}
