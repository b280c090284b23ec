#include "formats/words.h"

#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "formats/base/utf8.h"

static bool is_ascii(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] >= 0x80)
            return false;
    return true;
}

// A folded copy, to be freed; NULL when memory is out.
static uint8_t *fold(struct span text, size_t *ret_len)
{
    if (!is_ascii(text))
        return u8_casefold(text.ptr, text.len, NULL, UNINORM_NFC, NULL, ret_len);
    uint8_t *copy = malloc(text.len + 1);
    for (size_t i = 0; copy && i < text.len; i++)
        copy[i] = text.ptr[i] >= 'A' && text.ptr[i] <= 'Z' ? (uint8_t)(text.ptr[i] + ('a' - 'A')) : text.ptr[i];
    *ret_len = text.len;
    return copy;
}

static bool is_of_word(ucs4_t c)
{
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M | UC_CATEGORY_MASK_N);
}

static enum status call(struct span word, enum status (*each)(void *ctx, struct span word), void *ctx)
{
    if (word.len == 0)
        return ST_OK;
    word.len = utf8_cut(word, WORD_BYTES_MAX);
    return each(ctx, word);
}

enum status words_each(struct span text, enum status (*each)(void *ctx, struct span word), void *ctx)
{
    size_t len = 0, from = 0;
    enum status st = ST_OK;
    if (text.len == 0)
        return ST_OK;
    uint8_t *folded = fold(text, &len);
    if (!folded)
        return ST_NOMEM;
    for (size_t i = 0; st == ST_OK && i < len;) {
        ucs4_t c;
        int n = u8_mbtouc(&c, folded + i, len - i);
        if (!is_of_word(c)) {
            st = call(span_of(folded + from, i - from), each, ctx);
            from = i + (size_t)n;
        }
        i += (size_t)n;
    }
    if (st == ST_OK)
        st = call(span_of(folded + from, len - from), each, ctx);
    free(folded);
    return st;
}
