#include "formats/audit_event.h"

#include "formats/base/bug.h"
#include "formats/base/utf8.h"
#include "formats/canonical.h"


static const char *const kind_texts[AUDIT_KIND_COUNT] = {
#define X(name, text) [AUDIT_##name] = text,
    AUDIT_KINDS(X)
#undef X
};

const char *audit_kind_text(enum audit_kind k)
{
    BUG_IF((unsigned)k >= AUDIT_KIND_COUNT);
    return kind_texts[k];
}

bool audit_kind_parse(const char *text, enum audit_kind *ret)
{
    for (size_t k = 0; k < AUDIT_KIND_COUNT; k++)
        if (*text == *kind_texts[k] && strcmp(text, kind_texts[k]) == 0) {
            *ret = (enum audit_kind)k;
            return true;
        }
    return false;
}

// ---- names of further facts

// In order.
enum fixed_name {
    FIXED_ACTOR,
    FIXED_AT,
    FIXED_KIND,
    FIXED_N,
    FIXED_PARTNER,
    FIXED_REPORT,
    FIXED_SALT,
    FIXED_VERSION,
    FIXED_NAMES
};
static const char *const fixed_names[FIXED_NAMES] = {"actor",   "at",     "kind", "n",
                                                     "partner", "report", "salt", "version"};

static bool is_fixed_name(const char *name)
{
    for (size_t i = 0; i < FIXED_NAMES; i++)
        if (strcmp(fixed_names[i], name) == 0)
            return true;
    return false;
}

static bool is_word(const char *name)
{
    if (*name < 'a' || *name > 'z' || strncmp(name, "xml", 3) == 0)
        return false;
    for (const char *p = name; *p; p++)
        if (!(*p >= 'a' && *p <= 'z') && !(*p >= '0' && *p <= '9') && *p != '-')
            return false;
    return strlen(name) <= 64;
}

const char *audit_event_get(const struct audit_event *e, const char *name)
{
    for (size_t i = 0; i < e->attr_count; i++)
        if (strcmp(e->attrs[i].name, name) == 0)
            return e->attrs[i].value;
    return NULL;
}

void audit_event_attr(struct audit_event *e, const char *name, const char *value)
{
    BUG_IF(e->attr_count >= AUDIT_ATTRS_MAX || !is_word(name) || is_fixed_name(name) || !value || audit_event_get(e, name));
    e->attrs[e->attr_count++] = (struct audit_attr){name, value};
}

// ---- writing

// As buf_xml_value; what is no character of XML becomes U+FFFD: names and reasons come from elsewhere.
static void put_value(struct buf *out, const char *value)
{
    struct span s = span_cstr(value);
    size_t done = 0;
    if (canonical_plain(s)) {
        buf_span(out, s);
        return;
    }
    for (size_t i = 0, n; i < s.len; i += n ? n : 1) {
        n = utf8_xml_char(s, i);
        if (n > 0)
            continue;
        buf_xml_value(out, span_sub(s, done, i));
        buf_puts(out, "\xef\xbf\xbd");
        done = i + 1;
    }
    buf_xml_value(out, span_sub(s, done, s.len));
}

enum { ATTRS_TOTAL = FIXED_NAMES + AUDIT_ATTRS_MAX + 1 };

// Insert keeping the order of names: canonical XML wants attributes sorted.
static void insert(struct audit_attr *list, size_t *count, const char *name, const char *value)
{
    size_t i = *count;
    BUG_IF(i >= ATTRS_TOTAL);
    for (; i > 0 && strcmp(list[i - 1].name, name) > 0; i--)
        list[i] = list[i - 1];
    list[i] = (struct audit_attr){name, value};
    (*count)++;
}

static const char leaf_head[] = "<event xmlns=\"" NS_AUDIT "\"";
static const char leaf_tail[] = "</event>";

void audit_event_write(const struct audit_event *e, struct buf *out)
{
    struct audit_attr list[ATTRS_TOTAL];
    size_t count = 0;
    char at[UTC_TEXT_MAX], n[DECIMAL_TEXT_MAX], version[DECIMAL_TEXT_MAX], salt[SALT_TEXT_LEN + 1], urn[UUID_URN_LEN + 1];
    BUG_IF(e->attr_count > AUDIT_ATTRS_MAX + 1);
    insert(list, &count, "actor", e->actor ? e->actor : "");
    insert(list, &count, "at", utc_format_ms(e->at, at));
    insert(list, &count, "kind", audit_kind_text(e->kind));
    insert(list, &count, "n", decimal_text(e->n, n));
    insert(list, &count, "salt", salt_text(e->salt, salt));
    if (e->partner)
        insert(list, &count, "partner", e->partner);
    if (e->has_report)
        insert(list, &count, "report", uuid_urn(e->report, urn));
    if (e->version)
        insert(list, &count, "version", decimal_text(e->version, version));
    for (size_t i = 0; i < e->attr_count; i++)
        insert(list, &count, e->attrs[i].name, e->attrs[i].value);
    buf_puts(out, leaf_head);
    for (size_t i = 0; i < count; i++) {
        buf_putc(out, ' ');
        buf_puts(out, list[i].name);
        buf_puts(out, "=\"");
        put_value(out, list[i].value);
        buf_putc(out, '"');
    }
    buf_putc(out, '>');
    buf_span(out, e->detail);
    buf_puts(out, leaf_tail);
}

// ---- reading: our own fixed layout

// Undo the escapes of put_value in place; nothing else begins with `&` here.
static void unescape(char *s)
{
    static const struct {
        const char *text;
        char c;
    } table[] = {{"&amp;", '&'},  {"&lt;", '<'},   {"&quot;", '"'},
                 {"&#x9;", '\t'}, {"&#xA;", '\n'}, {"&#xD;", '\r'}};
    char *to = s;
    while (*s) {
        size_t i = 0;
        while (*s == '&' && i < sizeof table / sizeof *table && strncmp(s, table[i].text, strlen(table[i].text)) != 0)
            i++;
        BUG_IF(i == sizeof table / sizeof *table);
        bool escaped = *s == '&';
        *to++ = escaped ? table[i].c : *s;
        s += escaped ? strlen(table[i].text) : 1;
    }
    *to = 0;
}

// Take a fact of fixed name in; its text must be the one that audit_event_write gives it.
static bool set_fixed(struct audit_event *e, enum fixed_name name, char *value)
{
    struct span text = span_cstr(value);
    uint64_t v = 0;
    switch (name) {
    case FIXED_ACTOR:
        e->actor = value;
        return true;
    case FIXED_AT: // with three digits of the second's fraction, as the length tells
        return text.len == UTC_MS_TEXT_LEN && utc_parse(text, UTC_ZONE_Z, &e->at) == ST_OK;
    case FIXED_KIND:
        return audit_kind_parse(value, &e->kind);
    case FIXED_N:
        return decimal_parse(text, UINT64_MAX, &e->n);
    case FIXED_PARTNER:
        e->partner = value;
        return true;
    case FIXED_REPORT:
        e->has_report = true;
        return text.len == UUID_URN_LEN && uuid_parse(text, &e->report) == ST_OK;
    case FIXED_SALT:
        return salt_parse(text, e->salt);
    case FIXED_VERSION:
        if (!decimal_parse(text, UINT32_MAX, &v) || v == 0)
            return false;
        e->version = (uint32_t)v;
        return true;
    case FIXED_NAMES:
        break;
    }
    return false;
}

// Where in the start tag the reading is: names ascend, so one place in the list of fixed names is enough.
struct cut {
    struct audit_event *e;
    const char *last;     // name
    unsigned fixed, seen; // the first fixed name not before `last`; a bit for each that was met
};

static bool set_attr(struct cut *c, const char *name, char *value, bool plain)
{
    if (c->last && strcmp(c->last, name) >= 0)
        return false;
    c->last = name;
    while (c->fixed < FIXED_NAMES && strcmp(fixed_names[c->fixed], name) < 0)
        c->fixed++;
    if (!plain)
        unescape(value);
    if (c->fixed < FIXED_NAMES && strcmp(fixed_names[c->fixed], name) == 0) {
        c->seen |= 1u << c->fixed;
        return set_fixed(c->e, (enum fixed_name)c->fixed, value);
    }
    if (!is_word(name) || c->e->attr_count == AUDIT_ATTRS_MAX + 1)
        return false;
    c->e->attrs[c->e->attr_count++] = (struct audit_attr){name, value};
    return true;
}

// Cut ` name="value"` pairs apart in place, from text[at] on; 0, or the place behind the `>` that ends the start tag.
// text[len] is NUL and there is no other.
static size_t cut_attrs(char *text, size_t len, size_t at, struct audit_event *e)
{
    static const unsigned always =
        1u << FIXED_ACTOR | 1u << FIXED_AT | 1u << FIXED_KIND | 1u << FIXED_N | 1u << FIXED_SALT;
    struct cut c = {.e = e};
    while (text[at] == ' ') {
        bool plain;
        char *name = text + at + 1, *eq = strchr(name, '=');
        if (!eq || eq[1] != '"' || !canonical_value(span_of(text, len), (size_t)(eq + 2 - text), &at, &plain))
            return 0;
        *eq = text[at++] = 0;
        if (!set_attr(&c, name, eq + 2, plain))
            return 0;
    }
    return text[at] == '>' && (c.seen & always) == always ? at + 1 : 0;
}

enum status audit_event_parse(struct span leaf, struct arena *a, struct audit_event *ret)
{
    const size_t head = sizeof leaf_head - 1, tail = sizeof leaf_tail - 1;
    if (leaf.len > AUDIT_EVENT_BYTES_MAX || !span_starts(leaf, leaf_head) || memchr(leaf.ptr, 0, leaf.len))
        return ST_INVALID;
    char *text = arena_alloc(a, leaf.len + 1);
    if (!text)
        return arena_status(a);
    memcpy(text, leaf.ptr, leaf.len);
    text[leaf.len] = 0;
    struct audit_event e = {.n = 0};
    size_t detail = cut_attrs(text, leaf.len, head, &e);
    if (detail == 0 || leaf.len - detail < tail || memcmp(text + leaf.len - tail, leaf_tail, tail) != 0)
        return ST_INVALID;
    if (leaf.len - detail > tail)
        e.detail = span_of(text + detail, leaf.len - detail - tail);
    if (!canonical_elements(e.detail))
        return ST_INVALID;
    *ret = e;
    return ST_OK;
}
