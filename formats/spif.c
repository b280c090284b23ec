#include "formats/spif.h"

#include "formats/spif_parts.h"

static const char *const none[] = {NULL};

// Files in use have elements without a namespace inside the SPIF; they are meant to be its own.
static void adopt_unqualified(struct xml_node *n)
{
    for (struct xml_node *c = xml_first(n); c; c = xml_next(c)) {
        if (!*c->ns)
            c->ns = NS_SPIF;
        if (!xml_is(c, NS_SPIF, "extensions"))
            adopt_unqualified(c);
    }
}

static void check_version(struct reading *r, const struct xml_node *root)
{
    const char *version = xml_attr(root, "schemaVersion");
    if (version && strcmp(version, "2.0") != 0 && strcmp(version, "2.1") != 0)
        reading_fault(r, root, "spif-version",
                      "SPIF schema %.20s is not supported; convert the file to schema 2.1 (or 2.0)", version);
}

static struct xml_node *read_policy_id(struct reading *r, const struct xml_node *root, struct spif *s)
{
    static const char *const children[] = {"markingData", "markingQualifier", NULL};
    static const char *const attrs[] = {"name", "id", NULL};
    s->name = s->id = "";
    struct xml_node *n = reading_only(r, root, NS_SPIF, "securityPolicyId", true);
    if (!n)
        return NULL;
    reading_shape(r, n, NS_SPIF, children, attrs);
    s->name = reading_required(r, n, "name");
    s->id = spif_oid(r, n, "id");
    return n;
}

static void read_equivalent_class(struct reading *r, const struct xml_node *n, struct spif_equivalent_class *e)
{
    static const char *const children[] = {"requiredCategory", NULL};
    static const char *const attrs[] = {"policyRef", "lacv", "applied", NULL};
    reading_shape(r, n, NS_SPIF, children, attrs);
    e->line = n->line;
    e->policy_ref = reading_required(r, n, "policyRef");
    e->lacv = spif_required_lacv(r, n);
    e->applied = spif_applied(r, n);
    e->required = spif_required(r, n, "requiredCategory", &e->required_count);
}

static int64_t read_hierarchy(struct reading *r, const struct xml_node *n)
{
    const char *text = reading_required(r, n, "hierarchy");
    bool minus = *text == '-';
    int64_t v = 0;
    bool good = text[minus] != 0;
    for (const char *p = text + minus; *p && good; p++)
        good = *p >= '0' && *p <= '9' && (v = v * 10 + (*p - '0')) <= INT32_MAX;
    if (*text && !good)
        reading_fault(r, n, "bad-value", "hierarchy=\"%.40s\": expected a whole number", text);
    return minus ? -v : v;
}

static void read_class(struct reading *r, const struct xml_node *n, struct spif_class *c)
{
    static const char *const children[] = {"equivalentClassification", "markingData", "markingQualifier",
                                           "requiredCategory", NULL};
    static const char *const attrs[] = {"name", "lacv", "hierarchy", "color", "obsolete", NULL};
    reading_shape(r, n, NS_SPIF, children, attrs);
    c->line = n->line;
    c->name = reading_required(r, n, "name");
    c->lacv = spif_required_lacv(r, n);
    c->hierarchy = read_hierarchy(r, n);
    c->color = xml_attr(n, "color");
    c->obsolete = reading_bool(r, n, "obsolete", false);
    c->equivalent_count = reading_count(n, NS_SPIF, "equivalentClassification");
    c->equivalents = reading_array(r, &c->equivalent_count, sizeof *c->equivalents);
    size_t i = 0;
    READING_EACH(e, n, NS_SPIF, "equivalentClassification")
        if (i < c->equivalent_count)
            read_equivalent_class(r, e, &c->equivalents[i++]);
    c->required = spif_required(r, n, "requiredCategory", &c->required_count);
    spif_markings(r, n, NULL, &c->markings, &c->marking_count);
    spif_qualifiers(r, n, NULL, &c->qualifiers, &c->qualifier_count);
}

static void read_classes(struct reading *r, const struct xml_node *root, struct spif *s)
{
    static const char *const children[] = {"securityClassification", "markingData", "markingQualifier", NULL};
    struct xml_node *n = reading_only(r, root, NS_SPIF, "securityClassifications", true);
    if (!n)
        return;
    reading_shape(r, n, NS_SPIF, children, none);
    s->class_count = reading_count(n, NS_SPIF, "securityClassification");
    if (s->class_count == 0)
        reading_fault(r, n, "missing-element", "<securityClassifications> needs at least one <securityClassification>");
    s->classes = reading_array(r, &s->class_count, sizeof *s->classes);
    size_t i = 0;
    READING_EACH(c, n, NS_SPIF, "securityClassification")
        if (i < s->class_count)
            read_class(r, c, &s->classes[i++]);
}

static void read_equivalent_policy(struct reading *r, const struct xml_node *n, struct spif_equivalent_policy *e)
{
    static const char *const children[] = {"requiredCategory", NULL};
    static const char *const attrs[] = {"name", "id", "docRefURI", "userRefURI", NULL};
    reading_shape(r, n, NS_SPIF, children, attrs);
    e->line = n->line;
    e->name = reading_required(r, n, "name");
    e->id = spif_oid(r, n, "id");
    e->required = spif_required(r, n, "requiredCategory", &e->required_count);
}

static void read_equivalent_policies(struct reading *r, const struct xml_node *root, struct spif *s)
{
    static const char *const children[] = {"equivalentPolicy", NULL};
    struct xml_node *n = reading_only(r, root, NS_SPIF, "equivalentPolicies", false);
    if (!n)
        return;
    reading_shape(r, n, NS_SPIF, children, none);
    s->equivalent_policy_count = reading_count(n, NS_SPIF, "equivalentPolicy");
    s->equivalent_policies = reading_array(r, &s->equivalent_policy_count, sizeof *s->equivalent_policies);
    size_t i = 0;
    READING_EACH(e, n, NS_SPIF, "equivalentPolicy")
        if (i < s->equivalent_policy_count)
            read_equivalent_policy(r, e, &s->equivalent_policies[i++]);
}

static void read_root(struct reading *r, const struct xml_node *root, struct spif *s)
{
    static const char *const children[] = {
        "defaultSecurityPolicyId", "securityPolicyId", "updateInfo",  "securityClassifications",
        "securityCategoryTagSets", "privacyMarks",     "markingData", "markingQualifier",
        "equivalentPolicies",      "extensions",       NULL};
    static const char *const attrs[] = {"schemaVersion", "version",   "creationDate", "originatorDN", "keyIdentifier",
                                        "privilegeId",   "rbacId",    "userRefURI",   "docRefURI",    "notBefore",
                                        "notAfter",      "xml:lang", NULL};
    reading_shape(r, root, NS_SPIF, children, attrs);
    const struct xml_node *policy = read_policy_id(r, root, s);
    read_classes(r, root, s);
    spif_tag_sets(r, root, s);
    read_equivalent_policies(r, root, s);
    const struct xml_node *first = policy ? policy : root, *second = policy ? root : NULL;
    spif_markings(r, first, second, &s->markings, &s->marking_count);
    spif_qualifiers(r, first, second, &s->qualifiers, &s->qualifier_count);
}

enum status spif_read(struct span bytes, const char *file, struct arena *a, struct diag *d, const struct spif **ret)
{
    struct reading r = reading_start(a, d, file, "name");
    struct xml_node *root;
    TRY(reading_open(&r, bytes, POLICY_BYTES_MAX, NS_SPIF, "SPIF", &root));
    struct spif *s = arena_alloc(a, sizeof *s);
    if (!s)
        return arena_status(a);
    s->file = arena_cstr(a, file ? file : "");
    check_version(&r, root);
    adopt_unqualified(root);
    if (!r.bad) { // another schema would only give follow-up faults
        read_root(&r, root, s);
        spif_check(&r, s);
    }
    TRY(reading_end(&r));
    *ret = s;
    return ST_OK;
}
