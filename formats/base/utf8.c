#include "formats/base/utf8.h"

// Bytes of a sequence that begins with c; 0 for a byte that begins none.
static size_t length_by_first(uint8_t c)
{
    if (c < 0x80)
        return 1;
    return c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
}

size_t utf8_get(struct span s, size_t at, uint32_t *ret)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t c = s.ptr[at];
    size_t n = length_by_first(c);
    if (n == 0 || n > s.len - at)
        return 0;
    uint32_t v = n == 1 ? c : c & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((s.ptr[at + i] & 0xc0) != 0x80)
            return 0;
        v = v << 6 | (s.ptr[at + i] & 0x3fu);
    }
    if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
        return 0;
    *ret = v;
    return n;
}

// Which byte in memory is the first that is not zero (v has one).
static size_t first_byte(uint64_t v)
{
    return (size_t)(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_ctzll(v) : __builtin_clzll(v)) / 8;
}

// Sixteen bytes at a time (a vector, to gcc and clang): every byte of every document goes through here, most of it twice.
typedef uint8_t block __attribute__((vector_size(16)));
typedef int8_t verdicts __attribute__((vector_size(16)));

// Bytes before the first with a verdict; sizeof(block) when none has one.
static size_t clean_length(verdicts special)
{
    uint64_t part[2];
    memcpy(part, &special, sizeof part);
    if (part[0])
        return first_byte(part[0]);
    return part[1] ? sizeof *part + first_byte(part[1]) : sizeof part;
}

size_t utf8_skip_printable(struct span s, size_t i)
{
    block b;
    for (; s.len - i >= sizeof b; i += sizeof b) {
        memcpy(&b, s.ptr + i, sizeof b);
        size_t n = clean_length((b < ' ') | (b > '~'));
        if (n < sizeof b)
            return i + n;
    }
    while (i < s.len && s.ptr[i] >= ' ' && s.ptr[i] <= '~')
        i++;
    return i;
}

size_t utf8_skip_plain(struct span s, size_t i)
{
    block b;
    for (; s.len - i >= sizeof b; i += sizeof b) {
        memcpy(&b, s.ptr + i, sizeof b);
        size_t n = clean_length((b < ' ') | (b > '~') | (b == '<') | (b == '>') | (b == '&') | (b == '"') | (b == '\''));
        if (n < sizeof b)
            return i + n;
    }
    static const bool special[256] = {['<'] = true, ['>'] = true, ['&'] = true, ['"'] = true, ['\''] = true};
    while (i < s.len && s.ptr[i] >= ' ' && s.ptr[i] <= '~' && !special[s.ptr[i]])
        i++;
    return i;
}

size_t utf8_cut(struct span s, size_t max)
{
    size_t n = s.len < max ? s.len : max, first = n;
    while (first > 0 && n - first < 4 && (s.ptr[first - 1] & 0xc0) == 0x80)
        first--;
    if (first == 0)
        return n;
    size_t whole = length_by_first(s.ptr[first - 1]);
    return n - first + 1 < whole ? first - 1 : n;
}
