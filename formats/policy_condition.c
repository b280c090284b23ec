#include "formats/policy_parts.h"

static const char *const none[] = {NULL};
static const char *const any_of[] = {"any-of", NULL};
static const char *const by_policy[] = {"policy", "at-least", "at-most", NULL};
static const char *const by_tag_set[] = {"policy", "tag-set", NULL};
static const char *const by_grading[] = {"reliability-at-least", "credibility-at-least", NULL};
static const char *const value_only[] = {"value", NULL};

static const char *const names[] = {
    [COND_ALL] = "all",
    [COND_ANY] = "any",
    [COND_NOT] = "not",
    [COND_TOPIC] = "topic",
    [COND_AREA] = "area",
    [COND_TYPE] = "type",
    [COND_ORIGINATOR] = "originator",
    [COND_CELL] = "cell",
    [COND_CLASSIFICATION] = "classification",
    [COND_CATEGORY] = "category",
    [COND_GRADING] = "grading",
    [COND_EXERCISE] = "exercise",
};
enum { KINDS = sizeof names / sizeof *names };

static void read_condition(struct reading *r, const struct xml_node *n, struct condition *c);

static bool find_kind(const struct xml_node *n, enum condition_kind *ret)
{
    for (size_t i = 0; i < KINDS; i++)
        if (xml_is(n, NS_POLICY, names[i])) {
            *ret = (enum condition_kind)i;
            return true;
        }
    return false;
}

static void read_children(struct reading *r, const struct xml_node *n, struct condition *c)
{
    size_t count = 0;
    enum condition_kind kind;
    if (xml_no_text(n, r->d) != ST_OK)
        r->bad = true;
    for (struct xml_node *x = xml_first(n); x; x = xml_next(x)) {
        if (find_kind(x, &kind))
            count++;
        else
            reading_fault(r, x, "unknown-element",
                          "unknown condition <%.40s>; expected all, any, not, topic, area, type, originator, cell, "
                          "classification, category, grading or exercise",
                          x->name);
    }
    c->children = reading_array(r, &count, sizeof *c->children);
    for (struct xml_node *x = xml_first(n); x && c->child_count < count; x = xml_next(x))
        if (find_kind(x, &kind)) {
            struct condition *child = &c->children[c->child_count++];
            child->kind = kind;
            read_condition(r, x, child);
        }
}

static void read_joined(struct reading *r, const struct xml_node *n, struct condition *c)
{
    reading_attrs(r, n, none);
    read_children(r, n, c);
    size_t children = 0;
    for (struct xml_node *x = xml_first(n); x; x = xml_next(x))
        children++;
    if (children == 0 || (c->kind == COND_NOT && children != 1))
        reading_fault(r, n, "condition-children", "<%s> takes %s", n->name,
                      c->kind == COND_NOT ? "exactly one condition" : "at least one condition");
}

static void read_any_of(struct reading *r, const struct xml_node *n, struct condition *c)
{
    reading_shape(r, n, NS_POLICY, none, any_of);
    c->values = reading_words(r, reading_required(r, n, "any-of"), &c->value_count);
    for (size_t i = 0; i < c->value_count; i++)
        if (strcmp(c->values[i], "*") == 0 && c->kind != COND_EXERCISE)
            reading_fault(r, n, "bad-value", "any-of=\"*\" is for exercises only; name each, or leave the condition out");
}

static const char *optional(struct reading *r, const struct xml_node *n, const char *attr)
{
    return xml_attr(n, attr) ? reading_required(r, n, attr) : NULL;
}

static void read_classification(struct reading *r, const struct xml_node *n, struct condition *c)
{
    reading_shape(r, n, NS_POLICY, none, by_policy);
    c->policy = reading_required(r, n, "policy");
    c->at_least = optional(r, n, "at-least");
    c->at_most = optional(r, n, "at-most");
    if (!c->at_least && !c->at_most)
        reading_fault(r, n, "missing-attribute", "<classification> needs at-least=\"…\" or at-most=\"…\"");
}

static void read_category(struct reading *r, const struct xml_node *n, struct condition *c)
{
    reading_shape(r, n, NS_POLICY, value_only, by_tag_set);
    c->policy = reading_required(r, n, "policy");
    c->tag_set = reading_required(r, n, "tag-set");
    c->value_count = reading_count(n, NS_POLICY, "value");
    if (c->value_count == 0)
        reading_fault(r, n, "missing-element", "<category> needs at least one <value>");
    c->values = reading_array(r, &c->value_count, sizeof *c->values);
    size_t i = 0;
    READING_EACH(v, n, NS_POLICY, "value") {
        reading_attrs(r, v, none);
        if (i < c->value_count)
            c->values[i++] = reading_required_text(r, v);
    }
}

// One character from first to last; 0 when the attribute is missing or, with a fault, another.
static char grade(struct reading *r, const struct xml_node *n, const char *attr, char first, char last)
{
    const char *value = xml_attr(n, attr);
    if (!value)
        return 0;
    if (value[0] >= first && value[0] <= last && !value[1])
        return value[0];
    reading_fault(r, n, "bad-value", "%s=\"%.20s\": expected %c to %c", attr, value, first, last);
    return 0;
}

static void read_grading(struct reading *r, const struct xml_node *n, struct condition *c)
{
    reading_shape(r, n, NS_POLICY, none, by_grading);
    c->reliability_at_least = grade(r, n, "reliability-at-least", 'A', 'E');
    c->credibility_at_least = grade(r, n, "credibility-at-least", '1', '5');
    if (!xml_attr(n, "reliability-at-least") && !xml_attr(n, "credibility-at-least"))
        reading_fault(r, n, "missing-attribute",
                      "<grading> needs reliability-at-least=\"…\" or credibility-at-least=\"…\"");
}

static void read_condition(struct reading *r, const struct xml_node *n, struct condition *c)
{
    c->line = n->line;
    switch (c->kind) {
    case COND_ALL:
    case COND_ANY:
    case COND_NOT:
        read_joined(r, n, c);
        break;
    case COND_TOPIC:
    case COND_AREA:
    case COND_TYPE:
    case COND_ORIGINATOR:
    case COND_CELL:
    case COND_EXERCISE:
        read_any_of(r, n, c);
        break;
    case COND_CLASSIFICATION:
        read_classification(r, n, c);
        break;
    case COND_CATEGORY:
        read_category(r, n, c);
        break;
    case COND_GRADING:
        read_grading(r, n, c);
        break;
    }
}

void policy_condition(struct reading *r, const struct xml_node *n, struct condition *ret)
{
    reading_attrs(r, n, none);
    ret->kind = COND_ALL;
    ret->line = n->line;
    read_children(r, n, ret);
}
