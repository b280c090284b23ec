#include "formats/ledger_entry.h"

#include "formats/base/bug.h"

enum { LEAF_BYTES_MAX = 1024 };

const char *entry_kind_text(enum entry_kind k)
{
    switch (k) {
    case ENTRY_RELEASE:
        return "release";
    case ENTRY_RECALL:
        return "recall";
    case ENTRY_WITHDRAW:
        return "withdraw";
    case ENTRY_HEAD:
        return "head";
    }
    return "head";
}

static bool kind_parse(const char *text, enum entry_kind *ret)
{
    for (enum entry_kind k = ENTRY_RELEASE; k <= ENTRY_HEAD; k++)
        if (strcmp(text, entry_kind_text(k)) == 0) {
            *ret = k;
            return true;
        }
    return false;
}

// Which attributes an entry of this kind has, besides at, kind, n and salt.
static bool has_digest(enum entry_kind k)
{
    return k == ENTRY_RELEASE || k == ENTRY_HEAD;
}
static bool has_onward(enum entry_kind k)
{
    return k == ENTRY_RELEASE;
}
static bool has_report(enum entry_kind k)
{
    return k != ENTRY_HEAD;
}

// ---- writing

void ledger_entry_write_attrs(const struct ledger_entry *e, struct buf *out)
{
    char text[DIGEST_TEXT_LEN + 1];
    buf_xml_attr(out, "at", utc_format_ms(e->at, text));
    if (has_digest(e->kind))
        buf_xml_attr(out, "digest", digest_text(&e->digest, text));
    buf_xml_attr(out, "kind", entry_kind_text(e->kind));
    buf_xml_attr(out, "n", decimal_text(e->n, text));
    if (has_onward(e->kind))
        buf_xml_attr(out, "onward", onward_text(e->onward));
    if (has_report(e->kind))
        buf_xml_attr(out, "report", uuid_urn(e->report, text));
    buf_xml_attr(out, "salt", salt_text(e->salt, text));
    if (has_report(e->kind))
        buf_xml_attr(out, "version", decimal_text(e->version, text));
}

static const char leaf_head[] = "<entry xmlns=\"" NS_LEDGER "\"";
static const char leaf_tail[] = "></entry>";

void ledger_entry_write(const struct ledger_entry *e, struct buf *out)
{
    buf_puts(out, leaf_head);
    ledger_entry_write_attrs(e, out);
    buf_puts(out, leaf_tail);
}

// ---- reading: the attribute values, from wherever they came; NULL = absent

struct values {
    const char *at, *digest, *kind, *n, *onward, *report, *salt, *version;
};

// The time in exactly the form that is written: milliseconds and Z.
static bool time_parse(const char *s, utc_ms *ret)
{
    char again[UTC_TEXT_MAX];
    return utc_parse(span_cstr(s), UTC_ZONE_Z, ret) == ST_OK && strcmp(utc_format_ms(*ret, again), s) == 0;
}

// With the urn:uuid: prefix: uuid_parse takes the bare form too.
static bool urn_parse(const char *s, struct uuid *ret)
{
    return strlen(s) == UUID_URN_LEN && uuid_parse(span_cstr(s), ret) == ST_OK;
}

// NULL when the values make an entry, else the name of the attribute that is wrong.
static const char *bad_value(const struct values *v, struct ledger_entry *e)
{
    uint64_t version = 0;
    if (!v->kind || !kind_parse(v->kind, &e->kind))
        return "kind";
    if (!v->at || !time_parse(v->at, &e->at))
        return "at";
    if (!v->n || !decimal_parse(span_cstr(v->n), UINT64_MAX, &e->n))
        return "n";
    if (!v->salt || !salt_parse(span_cstr(v->salt), e->salt))
        return "salt";
    if (has_digest(e->kind) != !!v->digest || (v->digest && !digest_parse(span_cstr(v->digest), &e->digest)))
        return "digest";
    if (has_onward(e->kind) != !!v->onward || (v->onward && !onward_parse(span_cstr(v->onward), &e->onward)))
        return "onward";
    if (has_report(e->kind) != !!v->report || (v->report && !urn_parse(v->report, &e->report)))
        return "report";
    if (has_report(e->kind) != !!v->version ||
        (v->version && (!decimal_parse(span_cstr(v->version), UINT32_MAX, &version) || version == 0)))
        return "version";
    e->version = (uint32_t)version;
    return NULL;
}

enum status ledger_entry_read(const struct xml_node *n, struct diag *d, struct ledger_entry *ret)
{
    static const char *const known[] = {"at",     "digest", "kind",    "n", "onward",
                                        "report", "salt",   "version", NULL};
    TRY(xml_attrs_known(n, d, known));
    if (n->first) {
        xml_fault(n, d, "ledger-entry", "a ledger entry is an empty element; remove what is inside");
        return ST_INVALID;
    }
    struct values v = {xml_attr(n, "at"),   xml_attr(n, "digest"), xml_attr(n, "kind"),
                       xml_attr(n, "n"),    xml_attr(n, "onward"), xml_attr(n, "report"),
                       xml_attr(n, "salt"), xml_attr(n, "version")};
    struct ledger_entry e = {.n = 0};
    const char *wrong = bad_value(&v, &e);
    if (wrong) {
        xml_fault(n, d, "ledger-entry", "attribute \"%s\" is missing, not of its form, or not for this kind",
                  wrong);
        return ST_INVALID;
    }
    *ret = e;
    return ST_OK;
}

// ---- leaves: a fixed layout of our own, read as such and compared with its own writing

static const char **slot_of(struct values *v, const char *name)
{
    const struct {
        const char *name;
        const char **slot;
    } table[] = {{"at", &v->at},     {"digest", &v->digest},  {"kind", &v->kind},
                 {"n", &v->n},       {"onward", &v->onward},  {"report", &v->report},
                 {"salt", &v->salt}, {"version", &v->version}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, name) == 0)
            return table[i].slot;
    return NULL;
}

// Cut ` name="value"` pairs apart in place. No value of an entry needs an escape.
static bool cut_attrs(char *s, struct values *v)
{
    while (*s == ' ') {
        char *name = s + 1, *eq = strchr(name, '=');
        if (!eq || eq[1] != '"')
            return false;
        char *end = strchr(eq + 2, '"');
        if (!end)
            return false;
        *eq = *end = 0;
        const char **slot = slot_of(v, name);
        if (!slot || *slot)
            return false;
        *slot = eq + 2;
        s = end + 1;
    }
    return strcmp(s, leaf_tail) == 0;
}

enum status ledger_entry_parse(struct span leaf, struct ledger_entry *ret)
{
    char text[LEAF_BYTES_MAX];
    if (leaf.len >= sizeof text || !span_starts(leaf, leaf_head) || memchr(leaf.ptr, 0, leaf.len))
        return ST_INVALID;
    memcpy(text, leaf.ptr, leaf.len);
    text[leaf.len] = 0;
    struct values v = {0};
    struct ledger_entry e = {.n = 0};
    if (!cut_attrs(text + sizeof leaf_head - 1, &v) || bad_value(&v, &e))
        return ST_INVALID;
    struct buf again;
    buf_init(&again, LEAF_BYTES_MAX);
    ledger_entry_write(&e, &again);
    enum status st = buf_status(&again);
    if (st == ST_OK && !span_eq(buf_bytes(&again), leaf))
        st = ST_INVALID;
    buf_fini(&again);
    if (st == ST_OK)
        *ret = e;
    return st;
}
