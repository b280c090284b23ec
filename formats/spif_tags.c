#include "formats/spif_parts.h"

static const char *const none[] = {NULL};

static void read_ref(struct reading *r, const struct xml_node *n, struct spif_category_ref *ref)
{
    ref->line = n->line;
    ref->tag_set = reading_required(r, n, "tagSetRef");
    ref->type = spif_tag_type(r, n);
    bool all = reading_bool(r, n, "all", false);
    const char *lacv = spif_lacv(r, n);
    ref->lacv = all ? NULL : lacv;
}

static enum spif_operation read_operation(struct reading *r, const struct xml_node *n, enum spif_operation absent)
{
    const char *operation = xml_attr(n, "operation");
    if (!operation)
        return absent;
    if (strcmp(operation, "onlyOne") == 0)
        return SPIF_ONLY_ONE;
    if (strcmp(operation, "oneOrMore") == 0)
        return SPIF_ONE_OR_MORE;
    if (strcmp(operation, "all") != 0)
        reading_fault(r, n, "bad-value", "operation=\"%.40s\": expected onlyOne, oneOrMore or all", operation);
    return SPIF_ALL;
}

// excludedCategory as schema 2.1 has it: one category named by attributes.
static void read_excluded_attrs(struct reading *r, const struct xml_node *n, struct spif_required *q)
{
    static const char *const attrs[] = {"tagSetRef", "tagType", "enumType", "lacv", "all", NULL};
    reading_shape(r, n, NS_SPIF, none, attrs);
    q->operation = SPIF_ONE_OR_MORE;
    q->group_count = 1;
    q->groups = reading_array(r, &q->group_count, sizeof *q->groups);
    if (q->groups)
        read_ref(r, n, q->groups);
}

static void read_groups(struct reading *r, const struct xml_node *n, enum spif_operation absent,
                        struct spif_required *q)
{
    static const char *const children[] = {"categoryGroup", NULL};
    static const char *const attrs[] = {"operation", NULL};
    static const char *const group_attrs[] = {"tagSetRef", "tagType", "enumType", "lacv", "all", NULL};
    reading_shape(r, n, NS_SPIF, children, attrs);
    q->operation = read_operation(r, n, absent);
    q->group_count = reading_count(n, NS_SPIF, "categoryGroup");
    if (q->group_count == 0)
        reading_fault(r, n, "missing-element", "<%s> needs at least one <categoryGroup>", n->name);
    q->groups = reading_array(r, &q->group_count, sizeof *q->groups);
    size_t i = 0;
    READING_EACH(g, n, NS_SPIF, "categoryGroup") {
        reading_shape(r, g, NS_SPIF, none, group_attrs);
        if (i < q->group_count)
            read_ref(r, g, &q->groups[i++]);
    }
}

struct spif_required *spif_required(struct reading *r, const struct xml_node *n, const char *name, size_t *ret_count)
{
    bool excluded = strcmp(name, "excludedCategory") == 0;
    *ret_count = reading_count(n, NS_SPIF, name);
    struct spif_required *list = reading_array(r, ret_count, sizeof *list);
    size_t i = 0;
    READING_EACH(c, n, NS_SPIF, name) {
        if (i == *ret_count)
            break;
        struct spif_required *q = &list[i++];
        q->line = c->line;
        if (excluded && xml_attr(c, "tagSetRef"))
            read_excluded_attrs(r, c, q);
        else
            read_groups(r, c, excluded ? SPIF_ONE_OR_MORE : SPIF_ALL, q);
    }
    return list;
}

static void read_equivalent(struct reading *r, const struct xml_node *n, struct spif_equivalent_category *e)
{
    static const char *const attrs[] = {"policyRef", "tagSetId", "tagType", "enumType",
                                        "lacv",      "applied",  "action",  NULL};
    reading_shape(r, n, NS_SPIF, none, attrs);
    const char *action = xml_attr(n, "action");
    e->line = n->line;
    e->policy_ref = reading_required(r, n, "policyRef");
    e->applied = spif_applied(r, n);
    e->discard = action && strcmp(action, "discard") == 0;
    if (action && *action && !e->discard)
        reading_fault(r, n, "bad-value", "action=\"%.40s\": expected discard", action);
    if (e->discard) { // what would be the equivalent does not matter
        e->tag_set_id = xml_attr(n, "tagSetId");
        e->type = SPIF_INFORMATIVE;
        return;
    }
    e->tag_set_id = spif_oid(r, n, "tagSetId");
    e->type = spif_tag_type(r, n);
    e->lacv = spif_required_lacv(r, n);
}

static void read_equivalents(struct reading *r, const struct xml_node *n, struct spif_category *c)
{
    static const char *const name = "equivalentSecCategoryTag";
    c->equivalent_count = reading_count(n, NS_SPIF, name);
    c->equivalents = reading_array(r, &c->equivalent_count, sizeof *c->equivalents);
    size_t i = 0;
    READING_EACH(e, n, NS_SPIF, name)
        if (i < c->equivalent_count)
            read_equivalent(r, e, &c->equivalents[i++]);
}

// Classes by name: excludedClass elements, and requiredClass as an attribute or elements.
static void read_classes(struct reading *r, const struct xml_node *n, const char *name, const char ***ret,
                         size_t *ret_count)
{
    const char *attr = xml_attr(n, name);
    *ret_count = reading_count(n, NS_SPIF, name) + (attr != NULL);
    const char **classes = reading_array(r, ret_count, sizeof *classes);
    *ret = classes;
    size_t i = 0;
    if (attr && *ret_count)
        classes[i++] = reading_required(r, n, name);
    READING_EACH(c, n, NS_SPIF, name) {
        reading_attrs(r, c, none);
        if (i < *ret_count)
            classes[i++] = reading_required_text(r, c);
    }
}

static void read_category(struct reading *r, const struct xml_node *n, struct spif_category *c)
{
    static const char *const children[] = {"equivalentSecCategoryTag", "markingData",      "markingQualifier",
                                           "requiredClass",            "excludedClass",    "requiredCategory",
                                           "excludedCategory",         NULL};
    static const char *const attrs[] = {"name",      "lacv",       "requiredClass", "obsolete",
                                        "userInput", "dateFormat", "notBefore",     "notAfter", NULL};
    reading_shape(r, n, NS_SPIF, children, attrs);
    if (xml_attr(n, "notBefore") || xml_attr(n, "notAfter"))
        reading_fault(r, n, "spif-validity",
                      "notBefore and notAfter of a category are not supported; mark it obsolete when it has expired");
    c->line = n->line;
    c->name = reading_required(r, n, "name");
    c->lacv = spif_required_lacv(r, n);
    c->obsolete = reading_bool(r, n, "obsolete", false);
    const char *input = xml_attr(n, "userInput");
    c->user_input = input && strcmp(input, "false") != 0 && strcmp(input, "0") != 0;
    read_classes(r, n, "requiredClass", &c->required_classes, &c->required_class_count);
    read_classes(r, n, "excludedClass", &c->excluded_classes, &c->excluded_class_count);
    read_equivalents(r, n, c);
    c->required = spif_required(r, n, "requiredCategory", &c->required_count);
    c->excluded = spif_required(r, n, "excludedCategory", &c->excluded_count);
    spif_markings(r, n, NULL, &c->markings, &c->marking_count);
    spif_qualifiers(r, n, NULL, &c->qualifiers, &c->qualifier_count);
}

static void read_selection(struct reading *r, const struct xml_node *n, struct spif_tag *t)
{
    const char *max = xml_attr(n, "maxSelection");
    bool unlimited = !max || strcmp(max, "unbounded") == 0;
    t->single_selection = reading_bool(r, n, "singleSelection", false);
    t->min_selection = (uint32_t)reading_number(r, n, "minSelection", 0, UINT32_MAX - 1);
    t->max_selection =
        unlimited ? UINT32_MAX : (uint32_t)reading_number(r, n, "maxSelection", UINT32_MAX, UINT32_MAX - 1);
    if (t->min_selection > t->max_selection || (t->single_selection && t->min_selection > 1))
        reading_fault(r, n, "spif-selection", "minSelection=\"%u\" is more than may be selected; no label could be valid",
                      t->min_selection);
}

static void read_tag(struct reading *r, const struct xml_node *n, const char *set_name, struct spif_tag *t)
{
    static const char *const children[] = {"tagCategory", "markingData", "markingQualifier", NULL};
    static const char *const attrs[] = {"name",         "tagType",      "enumType",        "tag7Encoding",
                                        "minSelection", "maxSelection", "singleSelection", NULL};
    reading_shape(r, n, NS_SPIF, children, attrs);
    const char *name = xml_attr(n, "name");
    t->line = n->line;
    t->name = name && *name ? reading_fold(r, name) : set_name;
    t->type = spif_tag_type(r, n);
    read_selection(r, n, t);
    t->category_count = reading_count(n, NS_SPIF, "tagCategory");
    t->categories = reading_array(r, &t->category_count, sizeof *t->categories);
    size_t i = 0;
    READING_EACH(c, n, NS_SPIF, "tagCategory")
        if (i < t->category_count)
            read_category(r, c, &t->categories[i++]);
    spif_markings(r, n, NULL, &t->markings, &t->marking_count);
    spif_qualifiers(r, n, NULL, &t->qualifiers, &t->qualifier_count);
}

static void read_tag_set(struct reading *r, const struct xml_node *n, struct spif_tag_set *set)
{
    static const char *const children[] = {"securityCategoryTag", "equivalentSecurityCategoryTagSet", NULL};
    static const char *const attrs[] = {"name", "id", NULL};
    reading_shape(r, n, NS_SPIF, children, attrs);
    set->line = n->line;
    set->name = reading_required(r, n, "name");
    set->id = spif_oid(r, n, "id");
    set->tag_count = reading_count(n, NS_SPIF, "securityCategoryTag");
    set->tags = reading_array(r, &set->tag_count, sizeof *set->tags);
    size_t i = 0;
    READING_EACH(t, n, NS_SPIF, "securityCategoryTag")
        if (i < set->tag_count)
            read_tag(r, t, set->name, &set->tags[i++]);
}

void spif_tag_sets(struct reading *r, const struct xml_node *root, struct spif *s)
{
    static const char *const children[] = {"securityCategoryTagSet", NULL};
    struct xml_node *n = reading_only(r, root, NS_SPIF, "securityCategoryTagSets", false);
    if (!n)
        return;
    reading_shape(r, n, NS_SPIF, children, none);
    s->tag_set_count = reading_count(n, NS_SPIF, "securityCategoryTagSet");
    s->tag_sets = reading_array(r, &s->tag_set_count, sizeof *s->tag_sets);
    size_t i = 0;
    READING_EACH(t, n, NS_SPIF, "securityCategoryTagSet")
        if (i < s->tag_set_count)
            read_tag_set(r, t, &s->tag_sets[i++]);
}
