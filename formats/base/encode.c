#include "formats/base/encode.h"

static const char b64[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char hexdigits[17] = "0123456789abcdef";

void base64_put(struct buf *out, struct span s)
{
    for (size_t i = 0; i < s.len; i += 3) {
        size_t n = s.len - i < 3 ? s.len - i : 3;
        uint32_t v = (uint32_t)s.ptr[i] << 16;
        if (n > 1)
            v |= (uint32_t)s.ptr[i + 1] << 8;
        if (n > 2)
            v |= s.ptr[i + 2];
        char q[4] = {b64[v >> 18], b64[v >> 12 & 63], n > 1 ? b64[v >> 6 & 63] : '=', n > 2 ? b64[v & 63] : '='};
        buf_put(out, q, 4);
    }
}

static int b64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

enum status base64_get(struct span t, uint8_t *out, size_t cap, size_t *ret_len)
{
    if (t.len % 4 != 0)
        return ST_INVALID;
    size_t len = 0;
    for (size_t i = 0; i < t.len; i += 4) {
        size_t pad = i + 4 < t.len ? 0 : (t.ptr[i + 3] == '=') + (size_t)(t.ptr[i + 3] == '=' && t.ptr[i + 2] == '=');
        uint32_t v = 0;
        for (size_t j = 0; j < 4; j++) {
            int x = j >= 4 - pad ? 0 : b64_value(t.ptr[i + j]);
            if (x < 0)
                return ST_INVALID;
            v = v << 6 | (uint32_t)x;
        }
        if ((pad == 1 && (v & 0xff)) || (pad == 2 && (v & 0xffff)))
            return ST_INVALID;
        for (size_t j = 0; j < 3 - pad; j++) {
            if (len == cap)
                return ST_LIMIT;
            out[len++] = (uint8_t)(v >> (16 - 8 * j));
        }
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
        TRY(hex_get(span_sub(t, p, p + 2), &id.b[i], 1));
        p += 2;
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
