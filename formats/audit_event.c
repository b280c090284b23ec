#include "formats/audit_event.h"

#include "formats/base/bug.h"
#include "formats/base/utf8.h"

enum { FIXED_ATTRS = 8, ATTRS_TOTAL = FIXED_ATTRS + AUDIT_ATTRS_MAX + 1 };

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
        if (strcmp(text, kind_texts[k]) == 0) {
            *ret = (enum audit_kind)k;
            return true;
        }
    return false;
}

// ---- names of further facts

static bool is_fixed_name(const char *name)
{
    static const char *const fixed[FIXED_ATTRS] = {"actor",   "at",     "kind", "n",
                                                   "partner", "report", "salt", "version"};
    for (size_t i = 0; i < FIXED_ATTRS; i++)
        if (strcmp(fixed[i], name) == 0)
            return true;
    return false;
}

static bool name_is_valid(const char *name)
{
    if (*name < 'a' || *name > 'z' || strncmp(name, "xml", 3) == 0 || is_fixed_name(name))
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
    BUG_IF(e->attr_count >= AUDIT_ATTRS_MAX || !name_is_valid(name) || !value || audit_event_get(e, name));
    e->attrs[e->attr_count++] = (struct audit_attr){name, value};
}

// ---- writing

// As buf_xml_value; what is no character of XML becomes U+FFFD: names and reasons come from elsewhere.
static void put_value(struct buf *out, const char *value)
{
    struct span s = span_cstr(value);
    size_t done = 0;
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

// ---- reading: our own fixed layout, compared with its own writing at the end

// Undo the escapes of put_value in place. False for any other `&`.
static bool unescape(char *s)
{
    static const struct {
        const char *text;
        char c;
    } table[] = {{"&amp;", '&'},  {"&lt;", '<'},   {"&quot;", '"'},
                 {"&#x9;", '\t'}, {"&#xA;", '\n'}, {"&#xD;", '\r'}};
    char *to = s;
    while (*s) {
        if (*s != '&') {
            *to++ = *s++;
            continue;
        }
        size_t i = 0;
        while (i < sizeof table / sizeof *table && strncmp(s, table[i].text, strlen(table[i].text)) != 0)
            i++;
        if (i == sizeof table / sizeof *table)
            return false;
        *to++ = table[i].c;
        s += strlen(table[i].text);
    }
    *to = 0;
    return true;
}

static bool set_fixed(struct audit_event *e, const char *name, const char *value)
{
    uint64_t v = 0;
    if (strcmp(name, "actor") == 0)
        return (e->actor = value) != NULL;
    if (strcmp(name, "at") == 0)
        return utc_parse(span_cstr(value), UTC_ZONE_Z, &e->at) == ST_OK;
    if (strcmp(name, "kind") == 0)
        return audit_kind_parse(value, &e->kind);
    if (strcmp(name, "n") == 0)
        return decimal_parse(span_cstr(value), UINT64_MAX, &e->n);
    if (strcmp(name, "partner") == 0)
        return (e->partner = value) != NULL;
    if (strcmp(name, "report") == 0)
        return (e->has_report = uuid_parse(span_cstr(value), &e->report) == ST_OK);
    if (strcmp(name, "salt") == 0)
        return salt_parse(span_cstr(value), e->salt);
    bool ok = decimal_parse(span_cstr(value), UINT32_MAX, &v) && v > 0;
    e->version = (uint32_t)v;
    return ok;
}

static bool set_attr(struct audit_event *e, const char *name, char *value)
{
    if (!unescape(value))
        return false;
    if (is_fixed_name(name))
        return set_fixed(e, name, value);
    if (!name_is_valid(name) || e->attr_count == AUDIT_ATTRS_MAX + 1 || audit_event_get(e, name))
        return false;
    e->attrs[e->attr_count++] = (struct audit_attr){name, value};
    return true;
}

// Cut ` name="value"` pairs apart in place; NULL, or what stands behind the `>` that ends the start tag.
// Misplaced attributes need no check of their own: the comparison with our writing finds them.
static char *cut_attrs(char *s, struct audit_event *e)
{
    while (*s == ' ') {
        char *name = s + 1, *eq = strchr(name, '=');
        if (!eq || eq[1] != '"')
            return NULL;
        char *end = strchr(eq + 2, '"');
        if (!end)
            return NULL;
        *eq = *end = 0;
        if (!set_attr(e, name, eq + 2))
            return NULL;
        s = end + 1;
    }
    return *s == '>' ? s + 1 : NULL;
}

static bool all_in_namespace(const struct xml_node *n)
{
    for (const struct xml_node *c = xml_first(n); c; c = xml_next(c)) {
        if (strcmp(c->ns, NS_AUDIT) != 0 || *c->prefix || !all_in_namespace(c))
            return false;
        for (const struct xml_attr *at = c->attrs; at; at = at->next)
            if (*at->ns)
                return false;
    }
    return true;
}

// Is `bytes` = head, detail, tail the canonical form of what it says, with nothing foreign in it?
static enum status check_canonical(struct span bytes, struct arena *a)
{
    struct xml_node *root;
    enum status st = xml_read(bytes, XML_UNTRUSTED, a, NULL, &root);
    if (st != ST_OK)
        return st == ST_NOMEM || st == ST_LIMIT ? st : ST_INVALID;
    if (xml_no_text(root, NULL) != ST_OK || !all_in_namespace(root))
        return ST_INVALID;
    return xml_check_canonical(root, bytes);
}

// The detail must be well-formed, canonical, of elements in our namespace only. The attributes of the event
// itself are known to be right by then.
static enum status check_detail(struct span detail, struct arena *a)
{
    struct buf alone;
    buf_init(&alone, AUDIT_EVENT_BYTES_MAX);
    buf_puts(&alone, leaf_head);
    buf_putc(&alone, '>');
    buf_span(&alone, detail);
    buf_puts(&alone, leaf_tail);
    enum status st = buf_status(&alone);
    if (st == ST_OK)
        st = check_canonical(buf_bytes(&alone), a);
    buf_fini(&alone);
    return st;
}

static enum status check_same(const struct audit_event *e, struct span leaf)
{
    struct buf again;
    buf_init(&again, leaf.len);
    audit_event_write(e, &again);
    enum status st = buf_status(&again);
    if (st == ST_LIMIT || (st == ST_OK && !span_eq(buf_bytes(&again), leaf)))
        st = ST_INVALID;
    buf_fini(&again);
    return st;
}

enum status audit_event_parse(struct span leaf, struct arena *a, struct audit_event *ret)
{
    if (leaf.len > AUDIT_EVENT_BYTES_MAX || !span_starts(leaf, leaf_head) || memchr(leaf.ptr, 0, leaf.len))
        return ST_INVALID;
    char *text = arena_alloc(a, leaf.len + 1);
    if (!text)
        return arena_status(a);
    memcpy(text, leaf.ptr, leaf.len);
    struct audit_event e = {.n = 0};
    char *detail = cut_attrs(text + sizeof leaf_head - 1, &e);
    if (!detail || !e.actor)
        return ST_INVALID;
    size_t left = leaf.len - (size_t)(detail - text), tail = sizeof leaf_tail - 1;
    if (left < tail || memcmp(detail + left - tail, leaf_tail, tail) != 0)
        return ST_INVALID;
    e.detail = left == tail ? span_of(NULL, 0) : span_of(detail, left - tail);
    TRY(check_same(&e, leaf));
    if (e.detail.len)
        TRY(check_detail(e.detail, a));
    *ret = e;
    return ST_OK;
}
