#include "formats/text_rules.h"

#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "formats/base/utf8.h"

// Below this every assigned character is its own NFC and combines with nothing before it.
enum { FIRST_COMBINING = 0x300 };

// The character at s[*i] of well-formed UTF-8; moves *i behind it.
static uint32_t next_char(struct span s, size_t *i)
{
    uint8_t c = s.ptr[(*i)++];
    if (c < 0x80)
        return c;
    size_t more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    uint32_t v = c & (0x3fu >> more);
    for (; more > 0 && *i < s.len; more--)
        v = v << 6 | (s.ptr[(*i)++] & 0x3fu);
    return v;
}

static enum text_verdict judge(uint32_t c, bool lines)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        return lines && (c == '\n' || c == '\t') ? TEXT_OK : TEXT_CONTROL;
    if (c < FIRST_COMBINING)
        return TEXT_OK;
    if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
        return TEXT_BIDI;
    return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cn | UC_CATEGORY_MASK_Cs) ? TEXT_UNASSIGNED
                                                                                          : TEXT_OK;
}

static enum status check_nfc(struct span text, enum text_verdict *ret)
{
    size_t len;
    uint8_t *normal = u8_normalize(UNINORM_NFC, text.ptr, text.len, NULL, &len);
    if (!normal)
        return ST_NOMEM;
    *ret = span_eq(text, span_of(normal, len)) ? TEXT_OK : TEXT_NOT_NFC;
    free(normal);
    return ST_OK;
}

enum status text_rules_check(struct span text, bool lines, enum text_verdict *ret, uint32_t *ret_char)
{
    bool combining = false;
    *ret = TEXT_OK;
    *ret_char = 0;
    for (size_t i = utf8_skip_plain(text, 0); i < text.len; i = utf8_skip_plain(text, i)) {
        uint32_t c = next_char(text, &i);
        *ret = judge(c, lines);
        if (*ret != TEXT_OK) {
            *ret_char = c;
            return ST_OK;
        }
        combining = combining || c >= FIRST_COMBINING;
    }
    return combining ? check_nfc(text, ret) : ST_OK;
}

void text_rules_plain(char *text)
{
    size_t len = strlen(text), to = 0;
    for (size_t i = 0; i < len;) {
        ucs4_t c;
        int n = u8_mbtoucr(&c, (const uint8_t *)text + i, len - i);
        if (n > 0 && judge(c, false) == TEXT_OK) {
            memmove(text + to, text + i, (size_t)n);
            to += (size_t)n;
        } else {
            text[to++] = '?';
        }
        i += n > 0 ? (size_t)n : 1;
    }
    text[to] = 0;
}
