#include "formats/policy_document.h"

#include "formats/policy_bundle.h"
#include "formats/policy_parts.h"

static const char *const none[] = {NULL};

// ---- values

static const char *optional(struct reading *r, const struct xml_node *n, const char *attr)
{
    return xml_attr(n, attr) ? reading_required(r, n, attr) : NULL;
}

// Ids of nations, partners and communities stand in certificates, ledger names and addresses.
static const char *read_principal(struct reading *r, const struct xml_node *n, const char *attr)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    const char *id = reading_word(r, n, attr);
    if (*id && (id[strspn(id, allowed)] || strlen(id) > POLICY_ID_MAX))
        reading_fault(r, n, "bad-value", "%s=\"%.70s\": expected at most %d letters, digits, '-', '.' or '_'", attr, id,
                      POLICY_ID_MAX);
    return id;
}

static utc_ms read_time(struct reading *r, const struct xml_node *n, const char *attr, utc_ms absent)
{
    const char *text = xml_attr(n, attr);
    utc_ms t = absent;
    if (text && utc_parse(span_cstr(text), UTC_ZONE_Z, &t) != ST_OK)
        reading_fault(r, n, "bad-time", "%s=\"%.40s\": expected a time in UTC such as 2027-01-01T00:00:00Z", attr, text);
    return t;
}

static struct validity read_validity(struct reading *r, const struct xml_node *n)
{
    struct validity v = {read_time(r, n, "from", UTC_MIN), read_time(r, n, "until", UTC_MAX)};
    if (v.from >= v.until)
        reading_fault(r, n, "bad-time", "until must be later than from; as written it never holds");
    return v;
}

// The index of the attribute's value in a NULL-terminated list; 0 with a fault when it is none of them.
static size_t read_choice(struct reading *r, const struct xml_node *n, const char *attr, const char *const *choices,
                          const char *expected)
{
    const char *value = reading_required(r, n, attr);
    for (size_t i = 0; choices[i]; i++)
        if (strcmp(choices[i], value) == 0)
            return i;
    if (*value)
        reading_fault(r, n, "bad-value", "%s=\"%.40s\": expected %s", attr, value, expected);
    return 0;
}

// ---- sections

// The section, checked, with the number of its items; NULL when it is left out.
static struct xml_node *open_section(struct reading *r, const struct xml_node *root, const char *name,
                                     const char *item, size_t *ret_count)
{
    const char *const children[] = {item, NULL};
    *ret_count = 0;
    struct xml_node *n = reading_only(r, root, NS_POLICY, name, false);
    if (!n)
        return NULL;
    reading_shape(r, n, NS_POLICY, children, none);
    *ret_count = reading_count(n, NS_POLICY, item);
    return n;
}

static void read_security(struct reading *r, const struct xml_node *n, struct policy_security *s)
{
    static const char *const attrs[] = {"spif", "release-tag-set", "unmarked", NULL};
    reading_shape(r, n, NS_POLICY, none, attrs);
    s->line = n->line;
    s->spif = reading_required(r, n, "spif");
    s->release_tag_set = reading_required(r, n, "release-tag-set");
    const char *unmarked = optional(r, n, "unmarked");
    s->has_unmarked = unmarked != NULL;
    if (unmarked)
        s->unmarked = reading_words(r, unmarked, &s->unmarked_count);
}

static void read_securities(struct reading *r, const struct xml_node *root, struct policy_document *p)
{
    struct xml_node *section = open_section(r, root, "security-policies", "security-policy", &p->security_count);
    if (p->security_count > BUNDLE_SPIFS_MAX)
        reading_fault(r, section, "too-many", "%zu security policies; at most %d are possible", p->security_count,
                      BUNDLE_SPIFS_MAX);
    p->securities = reading_array(r, &p->security_count, sizeof *p->securities);
    size_t i = 0;
    if (section && p->security_count)
        READING_EACH(n, section, NS_POLICY, "security-policy")
            read_security(r, n, &p->securities[i++]);
}

static void read_member(struct reading *r, const struct xml_node *n, struct policy_member *m)
{
    static const char *const attrs[] = {"partner", "community", "from", "until", NULL};
    reading_shape(r, n, NS_POLICY, none, attrs);
    m->line = n->line;
    m->partner = optional(r, n, "partner");
    m->community = optional(r, n, "community");
    m->valid = read_validity(r, n);
    if (!m->partner == !m->community)
        reading_fault(r, n, "member", "<member> names either a partner or a community");
}

static void read_community(struct reading *r, const struct xml_node *n, struct policy_community *c)
{
    static const char *const children[] = {"member", NULL};
    static const char *const attrs[] = {"id", NULL};
    reading_shape(r, n, NS_POLICY, children, attrs);
    c->line = n->line;
    c->id = read_principal(r, n, "id");
    c->member_count = reading_count(n, NS_POLICY, "member");
    c->members = reading_array(r, &c->member_count, sizeof *c->members);
    size_t i = 0;
    READING_EACH(m, n, NS_POLICY, "member")
        if (i < c->member_count)
            read_member(r, m, &c->members[i++]);
}

static void read_communities(struct reading *r, const struct xml_node *root, struct policy_document *p)
{
    struct xml_node *section = open_section(r, root, "communities", "community", &p->community_count);
    p->communities = reading_array(r, &p->community_count, sizeof *p->communities);
    size_t i = 0;
    if (section && p->community_count)
        READING_EACH(n, section, NS_POLICY, "community")
            read_community(r, n, &p->communities[i++]);
}

static void read_compact(struct reading *r, const struct xml_node *n, struct policy_clearance *c)
{
    static const char *const children[] = {"category", NULL};
    static const char *const attrs[] = {"policy", "max", NULL};
    static const char *const category_attrs[] = {"tag-set", NULL};
    reading_shape(r, n, NS_POLICY, children, attrs);
    c->policy = reading_required(r, n, "policy");
    c->max = reading_required(r, n, "max");
    c->category_count = reading_count(n, NS_POLICY, "category");
    c->categories = reading_array(r, &c->category_count, sizeof *c->categories);
    size_t i = 0;
    READING_EACH(x, n, NS_POLICY, "category") {
        size_t one = 1;
        const char **values = reading_array(r, &one, sizeof *values);
        if (!values || i == c->category_count)
            return;
        reading_attrs(r, x, category_attrs);
        values[0] = reading_required_text(r, x);
        c->categories[i++] = (struct label_category){
            .tag_set = reading_required(r, x, "tag-set"), .values = values, .value_count = 1, .line = x->line};
    }
}

static void read_clearance(struct reading *r, const struct xml_node *n, struct policy_clearance *c)
{
    struct xml_node *full = xml_child(n, NS_CLEARANCE, "ConfidentialityClearance");
    c->line = n->line;
    if (!full) {
        read_compact(r, n, c);
        return;
    }
    reading_attrs(r, n, none);
    if (xml_no_text(n, r->d) != ST_OK)
        r->bad = true;
    if (xml_first(n) != full || xml_next(full))
        reading_fault(r, n, "clearance", "a <ConfidentialityClearance> stands alone in its <clearance>");
    if (clearance_doc_read(full, r->a, r->d, &c->doc) != ST_OK)
        r->bad = true;
}

static void read_partner(struct reading *r, const struct xml_node *n, struct policy_partner *p)
{
    static const char *const children[] = {"clearance", NULL};
    static const char *const attrs[] = {"id", "name", "kind", NULL};
    static const char *const kinds[] = {"nation", "organisation", "ngo", NULL};
    reading_shape(r, n, NS_POLICY, children, attrs);
    p->line = n->line;
    p->id = read_principal(r, n, "id");
    p->name = optional(r, n, "name");
    if (!p->name)
        p->name = p->id;
    if (xml_attr(n, "kind"))
        p->kind = (enum partner_kind)read_choice(r, n, "kind", kinds, "nation, organisation or ngo");
    p->clearance_count = reading_count(n, NS_POLICY, "clearance");
    p->clearances = reading_array(r, &p->clearance_count, sizeof *p->clearances);
    size_t i = 0;
    READING_EACH(c, n, NS_POLICY, "clearance")
        if (i < p->clearance_count)
            read_clearance(r, c, &p->clearances[i++]);
}

static void read_partners(struct reading *r, const struct xml_node *root, struct policy_document *p)
{
    struct xml_node *section = open_section(r, root, "partners", "partner", &p->partner_count);
    if (p->partner_count > PARTNERS_MAX)
        reading_fault(r, section, "too-many", "%zu partners; at most %zu are possible", p->partner_count, PARTNERS_MAX);
    p->partners = reading_array(r, &p->partner_count, sizeof *p->partners);
    size_t i = 0;
    if (section && p->partner_count)
        READING_EACH(n, section, NS_POLICY, "partner")
            read_partner(r, n, &p->partners[i++]);
}

static void read_denial(struct reading *r, const struct xml_node *n, struct policy_denial *d)
{
    static const char *const children[] = {"when", "reason", NULL};
    static const char *const attrs[] = {"id", "partners", "withdraw", NULL};
    reading_shape(r, n, NS_POLICY, children, attrs);
    d->line = n->line;
    d->id = reading_word(r, n, "id");
    d->partners = reading_words(r, reading_required(r, n, "partners"), &d->partner_count);
    d->withdraw = reading_bool(r, n, "withdraw", false);
    d->when = (struct condition){.kind = COND_ALL, .line = n->line};
    struct xml_node *when = reading_only(r, n, NS_POLICY, "when", true);
    if (when)
        policy_condition(r, when, &d->when);
    struct xml_node *reason = reading_only(r, n, NS_POLICY, "reason", false);
    if (reason)
        reading_attrs(r, reason, none);
    d->reason = reason ? reading_text(r, reason) : "";
}

static void read_denials(struct reading *r, const struct xml_node *root, struct policy_document *p)
{
    struct xml_node *section = open_section(r, root, "denials", "deny", &p->denial_count);
    p->denials = reading_array(r, &p->denial_count, sizeof *p->denials);
    size_t i = 0;
    if (section && p->denial_count)
        READING_EACH(n, section, NS_POLICY, "deny")
            read_denial(r, n, &p->denials[i++]);
}

static void read_terms(struct reading *r, const struct xml_node *n, struct policy_terms *t)
{
    static const char *const attrs[] = {"redaction", "approval", "embargo", "onward", "lapse", NULL};
    static const char *const redactions[] = {"forbidden", "permitted", NULL};
    static const char *const approvals[] = {"0", "1", "2", NULL};
    static const char *const lapses[] = {"retain", "withdraw", NULL};
    reading_shape(r, n, NS_POLICY, none, attrs);
    t->redaction_permitted = read_choice(r, n, "redaction", redactions, "permitted or forbidden") == 1;
    t->approval = (uint32_t)read_choice(r, n, "approval", approvals, "0, 1 or 2 officers");
    t->lapse = (enum lapse)read_choice(r, n, "lapse", lapses, "retain or withdraw");
    const char *onward = reading_required(r, n, "onward"), *embargo = reading_required(r, n, "embargo");
    if (*onward && !onward_parse(span_cstr(onward), &t->onward))
        reading_fault(r, n, "bad-value", "onward=\"%.40s\": expected forbidden, consent or permitted", onward);
    if (*embargo && utc_duration_parse(span_cstr(embargo), &t->embargo_ms) != ST_OK)
        reading_fault(r, n, "bad-value",
                      "embargo=\"%.40s\": expected a duration in days and smaller, such as P1D, PT6H or PT0S", embargo);
}

static void read_ceilings(struct reading *r, const struct xml_node *n, struct policy_agreement *a)
{
    static const char *const attrs[] = {"policy", "max", NULL};
    a->ceiling_count = reading_count(n, NS_POLICY, "ceiling");
    a->ceilings = reading_array(r, &a->ceiling_count, sizeof *a->ceilings);
    size_t i = 0;
    READING_EACH(c, n, NS_POLICY, "ceiling") {
        reading_shape(r, c, NS_POLICY, none, attrs);
        if (i < a->ceiling_count)
            a->ceilings[i++] =
                (struct policy_ceiling){reading_required(r, c, "policy"), reading_required(r, c, "max"), c->line};
    }
}

static void read_agreement(struct reading *r, const struct xml_node *n, struct policy_agreement *a)
{
    static const char *const children[] = {"scope", "ceiling", "terms", NULL};
    static const char *const attrs[] = {"id", "title", "from", "until", "parties", NULL};
    reading_shape(r, n, NS_POLICY, children, attrs);
    a->line = n->line;
    a->id = reading_word(r, n, "id");
    a->title = optional(r, n, "title");
    if (!a->title)
        a->title = a->id;
    a->valid = read_validity(r, n);
    a->parties = reading_words(r, reading_required(r, n, "parties"), &a->party_count);
    a->scope = (struct condition){.kind = COND_ALL, .line = n->line};
    struct xml_node *scope = reading_only(r, n, NS_POLICY, "scope", true);
    if (scope)
        policy_condition(r, scope, &a->scope);
    if (scope && !xml_first(scope))
        reading_fault(r, scope, "empty-scope", "<scope> needs at least one condition; an empty one would cover everything");
    read_ceilings(r, n, a);
    struct xml_node *terms = reading_only(r, n, NS_POLICY, "terms", true);
    if (terms)
        read_terms(r, terms, &a->terms);
}

static void read_agreements(struct reading *r, const struct xml_node *root, struct policy_document *p)
{
    struct xml_node *section = open_section(r, root, "agreements", "agreement", &p->agreement_count);
    p->agreements = reading_array(r, &p->agreement_count, sizeof *p->agreements);
    size_t i = 0;
    if (section && p->agreement_count)
        READING_EACH(n, section, NS_POLICY, "agreement")
            read_agreement(r, n, &p->agreements[i++]);
}

enum status policy_document_read(struct span bytes, const char *file, struct arena *a, struct diag *d,
                                 const struct policy_document **ret)
{
    static const char *const children[] = {"security-policies", "communities", "partners", "denials", "agreements", NULL};
    static const char *const attrs[] = {"nation", "serial", NULL};
    struct reading r = reading_start(a, d, file, "id");
    struct xml_node *root;
    TRY(reading_open(&r, bytes, POLICY_BYTES_MAX, NS_POLICY, "policy", &root));
    struct policy_document *p = arena_alloc(a, sizeof *p);
    if (!p)
        return arena_status(a);
    p->file = arena_cstr(a, file ? file : "");
    reading_shape(&r, root, NS_POLICY, children, attrs);
    p->nation = read_principal(&r, root, "nation");
    reading_required(&r, root, "serial");
    p->serial = reading_number(&r, root, "serial", 0, INT64_MAX);
    read_securities(&r, root, p);
    read_communities(&r, root, p);
    read_partners(&r, root, p);
    read_denials(&r, root, p);
    read_agreements(&r, root, p);
    policy_check(&r, p);
    TRY(reading_end(&r));
    *ret = p;
    return ST_OK;
}
