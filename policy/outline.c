#include "policy/outline.h"

#include <string.h>

// Layout 1. Numbers of 32 bits (64 for instants), most significant byte first; texts with their length, NULL as TEXT_NULL.
enum { LAYOUT = 1 };

#define TEXT_NULL UINT32_MAX

// ---- writing

static void put_u32(struct buf *out, size_t v)
{
    const uint8_t b[] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    buf_put(out, b, sizeof b);
}

static void put_i64(struct buf *out, int64_t v)
{
    put_u32(out, (size_t)((uint64_t)v >> 32));
    put_u32(out, (size_t)((uint64_t)v & UINT32_MAX));
}

static void put_flag(struct buf *out, bool v)
{
    buf_putc(out, v ? 1 : 0);
}

static void put_text(struct buf *out, const char *text)
{
    put_u32(out, text ? strlen(text) : TEXT_NULL);
    if (text)
        buf_puts(out, text);
}

static void put_list(struct buf *out, const char *const *list, size_t count)
{
    put_u32(out, count);
    for (size_t i = 0; i < count; i++)
        put_text(out, list[i]);
}

static void put_doc(struct buf *out, const struct label_doc *doc)
{
    for (; doc; doc = doc->successor) {
        put_text(out, doc->policy);
        put_text(out, doc->policy_uri);
        put_text(out, doc->classification);
        put_u32(out, doc->category_count);
        for (size_t i = 0; i < doc->category_count; i++) {
            const struct label_category *c = &doc->categories[i];
            buf_putc(out, (char)c->type);
            put_text(out, c->tag_set);
            put_list(out, c->values, c->value_count);
        }
        put_flag(out, doc->succession_broken);
        put_i64(out, doc->succeeded_at);
        put_flag(out, doc->successor != NULL);
    }
}

// A label without an originator's document is as good as none.
static void put_label(struct buf *out, const struct label *label)
{
    bool there = label && label->originator;
    put_flag(out, there);
    if (!there)
        return;
    put_doc(out, label->originator);
    put_u32(out, label->alternative_count);
    for (size_t i = 0; i < label->alternative_count; i++)
        put_doc(out, label->alternatives[i]);
}

// Is there a label element at all? One that is there and empty governs, and fails.
static void put_own_label(struct buf *out, const struct label *label)
{
    put_flag(out, label != NULL);
    if (label)
        put_label(out, label);
}

void outline_write(const struct report *r, bool received, enum onward onward, struct buf *out)
{
    buf_putc(out, LAYOUT);
    put_flag(out, received);
    buf_putc(out, (char)(received ? onward : ONWARD_FORBIDDEN));
    put_flag(out, r->separable);
    put_flag(out, r->overall_withheld);
    put_text(out, r->type);
    put_text(out, r->nation);
    put_text(out, r->cell);
    buf_putc(out, r->reliability);
    buf_putc(out, r->credibility);
    put_list(out, r->topics, r->topic_count);
    put_list(out, r->areas, r->area_count);
    put_list(out, r->exercises, r->exercise_count);
    put_own_label(out, r->overall_withheld ? NULL : r->label);
    put_own_label(out, r->header_label);
    put_u32(out, r->child_count);
    for (size_t i = 0; i < r->child_count; i++) {
        buf_putc(out, (char)r->children[i].kind);
        put_own_label(out, r->children[i].label);
    }
}

// ---- reading

struct reading {
    struct span rest;
    struct arena *a;
    bool bad; // sticky
};

static const uint8_t *take(struct reading *r, size_t n)
{
    if (r->bad || r->rest.len < n) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *at = r->rest.ptr;
    r->rest = span_sub(r->rest, n, r->rest.len);
    return at;
}

static uint32_t get_u32(struct reading *r)
{
    const uint8_t *b = take(r, 4);
    return b ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3] : 0;
}

static int64_t get_i64(struct reading *r)
{
    uint64_t high = get_u32(r);
    return (int64_t)(high << 32 | get_u32(r));
}

// A byte of at most `max`.
static unsigned get_byte(struct reading *r, unsigned max)
{
    const uint8_t *b = take(r, 1);
    if (!b || *b > max) {
        r->bad = true;
        return 0;
    }
    return *b;
}

static const char *get_text(struct reading *r)
{
    uint32_t len = get_u32(r);
    if (len == TEXT_NULL || r->bad)
        return NULL;
    const uint8_t *b = take(r, len);
    return b ? arena_str(r->a, span_of(b, len)) : NULL;
}

// A text that must be there: the same, and NULL is bad.
static const char *need_text(struct reading *r)
{
    const char *text = get_text(r);
    r->bad |= !text;
    return text;
}

// How many follow, of at least `bytes` each: no more than the rest can hold.
static size_t get_count(struct reading *r, size_t bytes)
{
    size_t n = get_u32(r);
    if (n > r->rest.len / bytes)
        r->bad = true;
    return r->bad ? 0 : n;
}

static const char **get_list(struct reading *r, size_t *ret_count)
{
    *ret_count = get_count(r, 4);
    const char **list = arena_array(r->a, *ret_count, sizeof *list);
    for (size_t i = 0; list && i < *ret_count; i++)
        list[i] = need_text(r);
    if (!list)
        *ret_count = 0;
    return list;
}

static void get_categories(struct reading *r, struct label_doc *doc)
{
    size_t count = get_count(r, 9);
    doc->categories = arena_array(r->a, count, sizeof *doc->categories);
    doc->category_count = doc->categories ? count : 0;
    for (size_t i = 0; i < doc->category_count; i++) {
        struct label_category *c = &doc->categories[i];
        c->type = (enum category_type)get_byte(r, CATEGORY_INFORMATIVE);
        c->tag_set = need_text(r);
        c->values = get_list(r, &c->value_count);
    }
}

// A document and the chain of its successors. A failed arena ends the chain.
static struct label_doc *get_doc(struct reading *r)
{
    struct label_doc *first = NULL, **at = &first;
    bool more = true;
    while (more && !r->bad) {
        struct label_doc *doc = *at = arena_alloc(r->a, sizeof *doc);
        if (!doc)
            return first;
        doc->policy = need_text(r);
        doc->policy_uri = get_text(r);
        doc->classification = need_text(r);
        get_categories(r, doc);
        doc->succession_broken = get_byte(r, 1);
        doc->succeeded_at = get_i64(r);
        more = get_byte(r, 1);
        at = &doc->successor;
    }
    return first;
}

static const struct label *get_own_label(struct reading *r)
{
    if (!get_byte(r, 1))
        return NULL;
    struct label *label = arena_alloc(r->a, sizeof *label);
    if (!label || !get_byte(r, 1))
        return label;
    label->originator = get_doc(r);
    size_t count = get_count(r, 16);
    label->alternatives = arena_array(r->a, count, sizeof *label->alternatives);
    label->alternative_count = label->alternatives ? count : 0;
    for (size_t i = 0; i < label->alternative_count; i++)
        label->alternatives[i] = get_doc(r);
    return label;
}

static void get_header(struct reading *r, struct report *to)
{
    to->separable = get_byte(r, 1);
    to->overall_withheld = get_byte(r, 1);
    to->type = need_text(r);
    to->nation = need_text(r);
    to->cell = need_text(r);
    to->reliability = (char)get_byte(r, 127);
    to->credibility = (char)get_byte(r, 127);
    to->topics = get_list(r, &to->topic_count);
    to->areas = get_list(r, &to->area_count);
    to->exercises = get_list(r, &to->exercise_count);
    to->label = get_own_label(r);
    to->header_label = get_own_label(r);
}

static void get_children(struct reading *r, struct report *to, bool *ret_references)
{
    size_t count = get_count(r, 2);
    if (count > REPORT_CHILDREN_MAX)
        r->bad = true;
    to->children = r->bad ? NULL : arena_array(r->a, count, sizeof *to->children);
    to->child_count = to->children ? count : 0;
    for (size_t i = 0; i < to->child_count; i++) {
        to->children[i].kind = (enum report_child_kind)get_byte(r, REPORT_WITHHELD);
        to->children[i].label = get_own_label(r);
        *ret_references |= to->children[i].kind == REPORT_REFERENCE;
    }
}

enum status outline_read(struct span bytes, struct arena *a, struct outline *ret)
{
    struct reading r = {.rest = bytes, .a = a};
    struct outline o = {.received = false};
    struct report *to = arena_alloc(a, sizeof *to);
    if (!to)
        return arena_status(a);
    to->has_issued = true;
    to->issued = UTC_MIN;
    if (get_byte(&r, LAYOUT) != LAYOUT)
        r.bad = true;
    o.received = get_byte(&r, 1);
    o.onward = (enum onward)get_byte(&r, ONWARD_PERMITTED);
    get_header(&r, to);
    get_children(&r, to, &o.has_references);
    o.report = to;
    TRY(arena_status(a));
    if (r.bad || r.rest.len)
        return ST_CORRUPT;
    *ret = o;
    return ST_OK;
}
