#include "formats/reading.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/label.h"

#define NS_XSI "http://www.w3.org/2001/XMLSchema-instance"

struct reading reading_start(struct arena *a, struct diag *d, const char *file, const char *key_attr)
{
    return (struct reading){.a = a, .d = d, .file = file, .key_attr = key_attr, .first = d ? d->count : 0};
}

// Say which file the faults of this reading are in, when the list does not say it already.
static void name_file(struct reading *r)
{
    if (!r->d || !r->file || r->d->count == r->first || strcmp(r->d->file, r->file) == 0)
        return;
    if (!r->d->file[0] && r->first == 0) {
        snprintf(r->d->file, sizeof r->d->file, "%s", r->file);
        return;
    }
    for (uint32_t i = r->first; i < r->d->count; i++) {
        struct fault *f = &r->d->faults[i];
        char element[sizeof f->element];
        snprintf(element, sizeof element, "%s%s%.40s", r->file, f->element[0] ? ": " : "", f->element);
        memcpy(f->element, element, sizeof element);
    }
}

enum status reading_open(struct reading *r, struct span bytes, size_t bytes_max, const char *ns, const char *name,
                         struct xml_node **ret_root)
{
    enum status st = ST_OK;
    struct xml_node *root = NULL;
    if (bytes.len > bytes_max) {
        st = ST_LIMIT;
        diag_add(r->d, 0, 0, "too-large", NULL, "the document has %zu bytes; at most %zu are read", bytes.len,
                 bytes_max);
    } else {
        st = xml_read(bytes, XML_OPERATOR, r->a, r->d, &root);
    }
    if (st == ST_OK && !xml_is(root, ns, name)) {
        reading_fault(r, root, "wrong-document", "expected <%s xmlns=\"%s\">, got <%s xmlns=\"%s\">", name, ns,
                      root->name, root->ns);
        st = ST_INVALID;
    }
    if (st == ST_OK)
        *ret_root = root;
    else
        name_file(r);
    return st;
}

enum status reading_end(struct reading *r)
{
    enum status st = arena_status(r->a);
    if (st == ST_OK && r->bad)
        st = ST_INVALID;
    if (st == ST_LIMIT)
        diag_add(r->d, 0, 0, "too-large", NULL, "the document needs more memory than its size allows");
    name_file(r);
    return st;
}

static const char *key_of(const struct reading *r, const struct xml_node *n)
{
    return r->key_attr ? xml_attr(n, r->key_attr) : NULL;
}

// `topic in agreement GBR-FRA`: the element, and the nearest one around it that has a name.
static void element_text(const struct reading *r, const struct xml_node *n, char *out, size_t cap)
{
    if (!n->name)
        n = n->parent;
    const char *key = key_of(r, n);
    if (key) {
        snprintf(out, cap, "%.40s %s", n->name, key);
        return;
    }
    const struct xml_node *outer = n->parent;
    while (outer && !key_of(r, outer))
        outer = outer->parent;
    if (outer)
        snprintf(out, cap, "%.40s in %.24s %s", n->name, outer->name, key_of(r, outer));
    else
        snprintf(out, cap, "%s", n->name);
}

void reading_fault(struct reading *r, const struct xml_node *n, const char *rule, const char *fmt, ...)
{
    r->bad = true;
    char message[DIAG_TEXT_MAX], element[96];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    element_text(r, n, element, sizeof element);
    diag_add(r->d, n->line, n->column, rule, element, "%s", message);
}

void reading_fault_at(struct reading *r, uint32_t line, const char *element, const char *rule, const char *fmt, ...)
{
    r->bad = true;
    char message[DIAG_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    diag_add(r->d, line, 0, rule, element, "%s", message);
}

static bool listed(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

// "a, b or c", or "nothing".
static const char *list_text(const char *const *names, char *out, size_t cap)
{
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; names[i] && at < cap; i++) {
        const char *joint = i == 0 ? "" : names[i + 1] ? ", " : " or ";
        int n = snprintf(out + at, cap - at, "%s%s", joint, names[i]);
        at += n > 0 ? (size_t)n : 0;
    }
    return out[0] ? out : "nothing";
}

void reading_attrs(struct reading *r, const struct xml_node *n, const char *const *attrs)
{
    char expected[160];
    for (const struct xml_attr *at = n->attrs; at; at = at->next) {
        if (strcmp(at->ns, NS_XSI) == 0 &&
            (strcmp(at->name, "schemaLocation") == 0 || strcmp(at->name, "noNamespaceSchemaLocation") == 0))
            continue;
        if (!xml_attr_listed(at, attrs))
            reading_fault(r, n, "unknown-attribute", "unknown attribute \"%.60s\"; expected %s", at->name,
                          list_text(attrs, expected, sizeof expected));
    }
}

void reading_shape(struct reading *r, const struct xml_node *n, const char *ns, const char *const *children,
                   const char *const *attrs)
{
    char expected[160];
    reading_attrs(r, n, attrs);
    if (xml_no_text(n, r->d) != ST_OK)
        r->bad = true;
    for (const struct xml_node *c = xml_first(n); c; c = xml_next(c)) {
        bool foreign = strcmp(c->ns, ns) != 0;
        if (foreign || !listed(children, c->name))
            reading_fault(r, c, "unknown-element", "unknown element <%.40s>%s in <%.40s>; expected %s", c->name,
                          foreign ? " of another namespace" : "", n->name,
                          list_text(children, expected, sizeof expected));
    }
}

size_t reading_count(const struct xml_node *n, const char *ns, const char *name)
{
    size_t count = 0;
    READING_EACH(c, n, ns, name)
        count++;
    return count;
}

struct xml_node *reading_from(struct xml_node *n, const char *ns, const char *name)
{
    while (n && !xml_is(n, ns, name))
        n = xml_next(n);
    return n;
}

struct xml_node *reading_only(struct reading *r, const struct xml_node *n, const char *ns, const char *name,
                              bool required)
{
    struct xml_node *only = xml_child(n, ns, name);
    if (!only && required)
        reading_fault(r, n, "missing-element", "<%s> needs a <%s>", n->name, name);
    struct xml_node *second = only ? reading_from(xml_next(only), ns, name) : NULL;
    if (second)
        reading_fault(r, second, "repeated-element", "a second <%s> in <%s>; only one is allowed", name, n->name);
    return only;
}

const char *reading_fold(struct reading *r, const char *s)
{
    const char *folded = name_fold(r->a, s);
    return folded ? folded : "";
}

const char *reading_required(struct reading *r, const struct xml_node *n, const char *attr)
{
    const char *value = xml_attr(n, attr);
    const char *folded = value ? reading_fold(r, value) : "";
    if (!*folded)
        reading_fault(r, n, "missing-attribute", "<%s> needs the attribute %s=\"…\"%s", n->name, attr,
                      value ? ", not empty" : "");
    return folded;
}

const char *reading_text(struct reading *r, const struct xml_node *n)
{
    const char *text = "";
    if (xml_text(n, r->d, &text) != ST_OK)
        r->bad = true;
    return reading_fold(r, text);
}

const char *reading_required_text(struct reading *r, const struct xml_node *n)
{
    bool was_bad = r->bad;
    r->bad = false;
    const char *text = reading_text(r, n);
    if (!*text && !r->bad)
        reading_fault(r, n, "empty-element", "<%s> must not be empty", n->name);
    r->bad |= was_bad;
    return text;
}

bool reading_bool(struct reading *r, const struct xml_node *n, const char *attr, bool absent)
{
    const char *value = xml_attr(n, attr);
    if (!value)
        return absent;
    if (strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
        return true;
    if (strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
        reading_fault(r, n, "bad-value", "%s=\"%.60s\": expected true or false", attr, value);
    return false;
}

uint64_t reading_number(struct reading *r, const struct xml_node *n, const char *attr, uint64_t absent, uint64_t max)
{
    const char *value = xml_attr(n, attr);
    if (!value)
        return absent;
    uint64_t v = 0;
    bool good = *value != 0;
    for (const char *p = value; *p && good; p++)
        good = *p >= '0' && *p <= '9' && !__builtin_mul_overflow(v, 10, &v) &&
               !__builtin_add_overflow(v, (uint64_t)(*p - '0'), &v) && v <= max;
    if (!good) {
        reading_fault(r, n, "bad-value", "%s=\"%.60s\": expected a number from 0 to %llu", attr, value,
                      (unsigned long long)max);
        return absent;
    }
    return v;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

const char **reading_words(struct reading *r, const char *text, size_t *ret_count)
{
    size_t count = 0;
    for (const char *p = text; *p; p++)
        count += !is_space(*p) && (p == text || is_space(p[-1]));
    const char **words = reading_array(r, &count, sizeof *words);
    *ret_count = count;
    const char *p = text;
    for (size_t i = 0; i < count; i++) {
        while (is_space(*p))
            p++;
        const char *start = p;
        while (*p && !is_space(*p))
            p++;
        words[i] = arena_str(r->a, span_of(start, (size_t)(p - start)));
        if (!words[i])
            words[i] = "";
    }
    return words;
}

void *reading_array(struct reading *r, size_t *count, size_t size)
{
    void *array = arena_array(r->a, *count, size);
    if (!array)
        *count = 0;
    return array;
}

static int ascii_lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static int folded_order(const char *a, const char *b)
{
    while (*a && ascii_lower((unsigned char)*a) == ascii_lower((unsigned char)*b))
        a++, b++;
    return ascii_lower((unsigned char)*a) - ascii_lower((unsigned char)*b);
}

static int line_order(const struct reading_id *x, const struct reading_id *y)
{
    return x->line < y->line ? -1 : x->line > y->line;
}

static int exact_ids(const void *a, const void *b)
{
    const struct reading_id *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order ? order : line_order(x, y);
}

static int folded_ids(const void *a, const void *b)
{
    const struct reading_id *x = a, *y = b;
    int order = folded_order(x->id, y->id);
    return order ? order : exact_ids(a, b);
}

void reading_unique(struct reading *r, struct reading_id *ids, size_t count, bool fold)
{
    if (count)
        qsort(ids, count, sizeof *ids, fold ? folded_ids : exact_ids);
    for (size_t i = 1; i < count; i++) {
        const struct reading_id *x = &ids[i - 1], *y = &ids[i];
        bool same = strcmp(x->id, y->id) == 0;
        if (!*y->id || (!same && (!fold || folded_order(x->id, y->id) != 0)))
            continue;
        if (line_order(x, y) > 0)
            x = y, y = &ids[i - 1];
        reading_fault_at(r, y->line, y->id, same ? "duplicate-id" : "similar-id",
                         same ? "the id \"%.60s\" is already that of the %s in line %u; ids are unique in the document"
                              : "the id differs from \"%.60s\" of the %s in line %u only in case; choose another",
                         x->id, x->what, x->line);
    }
}

const struct reading_id *reading_find(const struct reading_id *ids, size_t count, bool fold, const char *id)
{
    size_t from = 0, to = count;
    while (from < to) { // the first entry not below id
        size_t mid = from + (to - from) / 2;
        int order = fold ? folded_order(ids[mid].id, id) : strcmp(ids[mid].id, id);
        if (order < 0)
            from = mid + 1;
        else
            to = mid;
    }
    for (; from < count && (fold ? folded_order(ids[from].id, id) : strcmp(ids[from].id, id)) == 0; from++)
        if (strcmp(ids[from].id, id) == 0)
            return &ids[from];
    return NULL;
}

const char *reading_word(struct reading *r, const struct xml_node *n, const char *attr)
{
    const char *word = reading_required(r, n, attr);
    if (strchr(word, ' ') || strcmp(word, "*") == 0) {
        reading_fault(r, n, "bad-value", "%s=\"%.60s\": expected one word", attr, word);
        return "";
    }
    return word;
}
