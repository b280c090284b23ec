#include "formats/label.h"

#include "formats/reading.h"

static const char *const no_names[] = {NULL};

// ---- names

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_space(const char *s)
{
    while (is_space(*s))
        s++;
    return s;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

// The next character of s as if its white space were folded; 0 at the end. s stands at no leading space.
static char folded_next(const char **s)
{
    char c = **s;
    if (!is_space(c)) {
        *s += c != 0;
        return lower(c);
    }
    *s = skip_space(*s);
    return **s ? ' ' : 0;
}

bool name_eq(const char *a, const char *b)
{
    a = skip_space(a);
    b = skip_space(b);
    for (;;) {
        char x = folded_next(&a), y = folded_next(&b);
        if (x != y)
            return false;
        if (x == 0)
            return true;
    }
}

uint64_t name_hash(const char *name)
{
    uint64_t h = 14695981039346656037u; // FNV-1a
    name = skip_space(name);
    for (char c; (c = folded_next(&name)) != 0;)
        h = (h ^ (uint8_t)c) * 1099511628211u;
    return h;
}

const char *name_fold(struct arena *a, const char *s)
{
    s = skip_space(s);
    char *out = arena_alloc(a, strlen(s) + 1);
    if (!out)
        return NULL;
    char *to = out;
    while (*s) {
        if (!is_space(*s)) {
            *to++ = *s++;
            continue;
        }
        s = skip_space(s);
        if (*s)
            *to++ = ' ';
    }
    return out;
}

// ---- reading

// `URI`, or `URL` as some programs write it. NULL = none.
static const char *read_uri(struct reading *r, const struct xml_node *n)
{
    const char *uri = xml_attr(n, "URI"), *url = xml_attr(n, "URL");
    if (uri && url && strcmp(uri, url) != 0)
        reading_fault(r, n, "label-uri", "URI and URL differ; write the attribute URI alone");
    if (!uri)
        uri = url;
    return uri ? reading_fold(r, uri) : NULL;
}

static void read_policy(struct reading *r, const struct xml_node *information, const char **ret_policy,
                        const char **ret_uri)
{
    static const char *const attrs[] = {"URI", "URL", NULL};
    *ret_policy = "";
    struct xml_node *n = reading_only(r, information, NS_SLAB, "PolicyIdentifier", true);
    if (!n)
        return;
    reading_attrs(r, n, attrs);
    *ret_policy = reading_required_text(r, n);
    *ret_uri = read_uri(r, n);
}

static enum category_type read_type(struct reading *r, const struct xml_node *n)
{
    const char *type = reading_required(r, n, "Type");
    if (name_eq(type, "RESTRICTIVE"))
        return CATEGORY_RESTRICTIVE;
    if (name_eq(type, "PERMISSIVE"))
        return CATEGORY_PERMISSIVE;
    if (name_eq(type, "INFORMATIVE"))
        return CATEGORY_INFORMATIVE;
    if (*type)
        reading_fault(r, n, "label-type", "Type=\"%.40s\": expected RESTRICTIVE, PERMISSIVE or INFORMATIVE", type);
    return CATEGORY_RESTRICTIVE;
}

static void read_category(struct reading *r, const struct xml_node *n, struct label_category *c)
{
    static const char *const children[] = {"GenericValue", NULL};
    static const char *const attrs[] = {"Type", "TagName", "URI", "URL", NULL};
    reading_shape(r, n, NS_SLAB, children, attrs);
    c->line = n->line;
    c->column = n->column;
    c->type = read_type(r, n);
    c->tag_set = reading_required(r, n, "TagName");
    c->uri = read_uri(r, n);
    c->value_count = reading_count(n, NS_SLAB, "GenericValue");
    c->values = reading_array(r, &c->value_count, sizeof *c->values);
    size_t i = 0;
    READING_EACH(v, n, NS_SLAB, "GenericValue") {
        reading_attrs(r, v, no_names);
        if (i < c->value_count)
            c->values[i++] = reading_text(r, v);
    }
}

static struct label_category *read_categories(struct reading *r, const struct xml_node *n, size_t *ret_count)
{
    *ret_count = reading_count(n, NS_SLAB, "Category");
    struct label_category *categories = reading_array(r, ret_count, sizeof *categories);
    size_t i = 0;
    READING_EACH(c, n, NS_SLAB, "Category")
        if (i < *ret_count)
            read_category(r, c, &categories[i++]);
    return categories;
}

static void read_information(struct reading *r, const struct xml_node *label, struct label_doc *doc)
{
    static const char *const children[] = {"PolicyIdentifier", "Classification", "PrivacyMark", "Category", NULL};
    doc->policy = doc->classification = "";
    struct xml_node *n = reading_only(r, label, NS_SLAB, "ConfidentialityInformation", true);
    if (!n)
        return;
    reading_shape(r, n, NS_SLAB, children, no_names);
    read_policy(r, n, &doc->policy, &doc->policy_uri);
    struct xml_node *class = reading_only(r, n, NS_SLAB, "Classification", true);
    if (class) {
        reading_attrs(r, class, no_names);
        doc->classification = reading_required_text(r, class);
    }
    struct xml_node *mark = reading_only(r, n, NS_SLAB, "PrivacyMark", false);
    if (mark) {
        reading_attrs(r, mark, no_names);
        if (xml_text(mark, r->d, &doc->privacy_mark) != ST_OK)
            r->bad = true;
    }
    doc->categories = read_categories(r, n, &doc->category_count);
}

static void read_originator_id(struct reading *r, const struct xml_node *label, struct label_doc *doc)
{
    static const char *const attrs[] = {"IDType", NULL};
    static const char *const types[] = {"rfc822Name", "dNSName", "directoryName", "uniformResourceIdentifier",
                                        "iPAddress", "x400Address", "userPrincipalName", "jID", NULL};
    struct xml_node *n = reading_only(r, label, NS_SLAB, "OriginatorID", false);
    if (!n)
        return;
    reading_attrs(r, n, attrs);
    doc->originator_id = reading_required_text(r, n);
    doc->originator_id_type = reading_required(r, n, "IDType");
    for (size_t i = 0; types[i]; i++)
        if (strcmp(types[i], doc->originator_id_type) == 0)
            return;
    if (*doc->originator_id_type)
        reading_fault(r, n, "label-id-type", "IDType=\"%.40s\" is none of the standard's, such as rfc822Name or dNSName",
                      doc->originator_id_type);
}

// Times of labels may lack a zone: they are UTC then.
static bool read_time(struct reading *r, const struct xml_node *n, const char *what, const char *text, utc_ms *ret)
{
    const char *folded = reading_fold(r, text);
    if (utc_parse(span_cstr(folded), UTC_ZONE_OPTIONAL, ret) == ST_OK)
        return true;
    reading_fault(r, n, "bad-time", "%s \"%.40s\": expected a time such as 2026-11-22T13:34:00Z", what, folded);
    return false;
}

static bool read_time_element(struct reading *r, const struct xml_node *parent, const char *name, utc_ms *ret)
{
    struct xml_node *n = reading_only(r, parent, NS_SLAB, name, false);
    if (!n)
        return false;
    reading_attrs(r, n, no_names);
    return read_time(r, n, name, reading_text(r, n), ret);
}

static struct label_doc *read_doc(struct reading *r, const struct xml_node *n, size_t depth);

static void read_succession(struct reading *r, const struct xml_node *label, struct label_doc *doc, size_t depth)
{
    static const char *const children[] = {"SuccessionDateTime", "SuccessorConfidentialityLabel", NULL};
    struct xml_node *n = reading_only(r, label, NS_SLAB, "SuccessionHandling", false);
    if (!n)
        return;
    reading_shape(r, n, NS_SLAB, children, no_names);
    doc->succeeded_at = UTC_MAX;
    bool dated = read_time_element(r, n, "SuccessionDateTime", &doc->succeeded_at);
    struct xml_node *successor = reading_only(r, n, NS_SLAB, "SuccessorConfidentialityLabel", false);
    doc->succession_broken = !dated || !successor;
    if (successor && depth == LABEL_SUCCESSION_MAX)
        reading_fault(r, successor, "label-succession", "more than %zu labels succeed one another",
                      LABEL_SUCCESSION_MAX);
    else if (successor)
        doc->successor = read_doc(r, successor, depth + 1);
}

static struct label_doc *read_doc(struct reading *r, const struct xml_node *n, size_t depth)
{
    static const char *const children[] = {"ConfidentialityInformation", "OriginatorID", "CreationDateTime",
                                           "SuccessionHandling", NULL};
    static const char *const attrs[] = {"Id", "ReviewDateTime", NULL};
    struct label_doc *doc = arena_alloc(r->a, sizeof *doc);
    if (!doc)
        return NULL;
    doc->line = n->line;
    doc->column = n->column;
    reading_shape(r, n, NS_SLAB, children, attrs);
    read_information(r, n, doc);
    read_originator_id(r, n, doc);
    doc->has_created = read_time_element(r, n, "CreationDateTime", &doc->created);
    const char *review = xml_attr(n, "ReviewDateTime");
    doc->has_review = review && read_time(r, n, "ReviewDateTime", review, &doc->review);
    read_succession(r, n, doc, depth);
    return doc;
}

enum status label_doc_read(const struct xml_node *n, struct arena *a, struct diag *d, struct label_doc **ret)
{
    struct reading r = reading_start(a, d, NULL, "Id");
    bool known = xml_is(n, NS_SLAB, "originatorConfidentialityLabel") ||
                 xml_is(n, NS_SLAB, "alternativeConfidentialityLabel") ||
                 xml_is(n, NS_SLAB, "metadataConfidentialityLabel") || xml_is(n, NS_SLAB, "ConfidentialityLabel");
    if (!known)
        reading_fault(&r, n, "unknown-element",
                      "expected a confidentiality label in namespace " NS_SLAB ", got <%.40s>", n->name);
    struct label_doc *doc = known ? read_doc(&r, n, 0) : NULL;
    TRY(reading_end(&r));
    *ret = doc;
    return ST_OK;
}

// The originator's label comes first; a legacy <ConfidentialityLabel> stands for it.
static void read_originator(struct reading *r, const struct xml_node *element, struct label *label)
{
    struct xml_node *n = xml_first(element);
    if (xml_is(n, NS_SLAB, "originatorConfidentialityLabel") || xml_is(n, NS_SLAB, "ConfidentialityLabel"))
        label->originator = read_doc(r, n, 0);
    else
        reading_fault(r, element, "label-missing",
                      "<%s> needs an <originatorConfidentialityLabel xmlns=\"" NS_SLAB "\"> as its first element",
                      element->name);
}

enum status label_read(const struct xml_node *element, struct arena *a, struct diag *d, const struct label **ret)
{
    static const char *const alternative = "alternativeConfidentialityLabel";
    struct reading r = reading_start(a, d, NULL, "Id");
    struct label *label = arena_alloc(a, sizeof *label);
    if (!label)
        return arena_status(a);
    label->line = element->line;
    label->column = element->column;
    if (xml_no_text(element, d) != ST_OK)
        r.bad = true;
    read_originator(&r, element, label);
    label->alternative_count = reading_count(element, NS_SLAB, alternative);
    if (label->alternative_count > LABEL_ALTERNATIVES_MAX) {
        reading_fault(&r, element, "label-alternatives", "%zu alternative labels; at most %zu are read",
                      label->alternative_count, LABEL_ALTERNATIVES_MAX);
        label->alternative_count = LABEL_ALTERNATIVES_MAX;
    }
    label->alternatives = reading_array(&r, &label->alternative_count, sizeof *label->alternatives);
    struct xml_node *first = xml_first(element);
    size_t i = 0;
    for (struct xml_node *n = first && label->originator ? xml_next(first) : first; n; n = xml_next(n)) {
        if (!xml_is(n, NS_SLAB, alternative))
            reading_fault(&r, n, "unknown-element", "unknown element <%.40s> in a label; expected %s", n->name,
                          alternative);
        else if (i < label->alternative_count)
            label->alternatives[i++] = read_doc(&r, n, 0);
    }
    TRY(reading_end(&r));
    *ret = label;
    return ST_OK;
}

static void read_classification_list(struct reading *r, const struct xml_node *n, struct clearance_doc *doc)
{
    static const char *const children[] = {"Classification", NULL};
    struct xml_node *list = reading_only(r, n, NS_CLEARANCE, "ClassificationList", true);
    if (!list)
        return;
    reading_shape(r, list, NS_SLAB, children, no_names);
    doc->classification_count = reading_count(list, NS_SLAB, "Classification");
    if (doc->classification_count == 0)
        reading_fault(r, list, "missing-element", "<ClassificationList> needs at least one <Classification>");
    doc->classifications = reading_array(r, &doc->classification_count, sizeof *doc->classifications);
    size_t i = 0;
    READING_EACH(c, list, NS_SLAB, "Classification") {
        reading_attrs(r, c, no_names);
        if (i < doc->classification_count)
            doc->classifications[i++] = reading_required_text(r, c);
    }
}

// Its children are in two namespaces, so that reading_shape does not fit.
static void clearance_shape(struct reading *r, const struct xml_node *n)
{
    reading_attrs(r, n, no_names);
    if (xml_no_text(n, r->d) != ST_OK)
        r->bad = true;
    for (struct xml_node *c = xml_first(n); c; c = xml_next(c))
        if (!xml_is(c, NS_SLAB, "PolicyIdentifier") && !xml_is(c, NS_SLAB, "Category") &&
            !xml_is(c, NS_CLEARANCE, "ClassificationList"))
            reading_fault(r, c, "unknown-element",
                          "unknown element <%.40s> in <%s>; expected slab:PolicyIdentifier, ClassificationList or "
                          "slab:Category, each in its namespace",
                          c->name, n->name);
}

enum status clearance_doc_read(const struct xml_node *n, struct arena *a, struct diag *d, struct clearance_doc **ret)
{
    struct reading r = reading_start(a, d, NULL, "id");
    struct clearance_doc *doc = arena_alloc(a, sizeof *doc);
    if (!doc)
        return arena_status(a);
    if (!xml_is(n, NS_CLEARANCE, "ConfidentialityClearance"))
        reading_fault(&r, n, "unknown-element", "expected <ConfidentialityClearance xmlns=\"" NS_CLEARANCE "\">");
    doc->line = n->line;
    doc->column = n->column;
    clearance_shape(&r, n);
    read_policy(&r, n, &doc->policy, &doc->policy_uri);
    read_classification_list(&r, n, doc);
    doc->categories = read_categories(&r, n, &doc->category_count);
    TRY(reading_end(&r));
    *ret = doc;
    return ST_OK;
}
