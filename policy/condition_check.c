// The words of conditions: every reference must resolve (spec 3.2).
#include <string.h>

#include "policy/community.h"
#include "policy/condition.h"

struct checking {
    const struct policy_document *doc;
    const struct vocabulary *v;
    const struct security_policies *policies;
    const char *element;
    struct diag *d;
};

static bool known_nation(const struct checking *k, const char *id)
{
    return strcmp(k->doc->nation, id) == 0 || document_partner(k->doc, id) != SIZE_MAX;
}

static bool check_words(const struct checking *k, const struct condition *c,
                        bool (*known)(const struct vocabulary *v, const char *id), const char *rule, const char *what)
{
    bool ok = true;
    for (size_t i = 0; i < c->value_count; i++) {
        if (known(k->v, c->values[i]))
            continue;
        ok = false;
        diag_add(k->d, c->line, 0, rule, k->element, "\"%s\" is not %s of the vocabulary; correct it or add it there",
                 c->values[i], what);
    }
    return ok;
}

static bool check_nations(const struct checking *k, const struct condition *c)
{
    bool ok = true;
    for (size_t i = 0; i < c->value_count; i++) {
        if (known_nation(k, c->values[i]))
            continue;
        ok = false;
        diag_add(k->d, c->line, 0, "unknown-partner", k->element,
                 "originator \"%s\" is neither our own nation nor a partner of this document", c->values[i]);
    }
    return ok;
}

static const struct security_policy *check_policy(const struct checking *k, const struct condition *c)
{
    size_t i = label_policy(k->policies, c->policy, NULL);
    if (i != SP_NONE)
        return &k->policies->policies[i];
    diag_add(k->d, c->line, 0, "unknown-policy", k->element, "\"%s\" is not one of the document's security policies",
             c->policy);
    return NULL;
}

static bool check_class(const struct checking *k, const struct condition *c, const struct security_policy *sp,
                        const char *name)
{
    if (!name || security_policy_class(sp, name))
        return true;
    diag_add(k->d, c->line, 0, "unknown-classification", k->element,
             "\"%s\" is not a classification of the policy %s (%s)", name, sp->spif->name, sp->spif->file);
    return false;
}

static bool check_category(const struct checking *k, const struct condition *c, const struct security_policy *sp)
{
    size_t set = security_policy_tag_set(sp, c->tag_set);
    if (set == SP_NONE) {
        diag_add(k->d, c->line, 0, "unknown-tag-set", k->element, "\"%s\" is not a tag set of the policy %s (%s)",
                 c->tag_set, sp->spif->name, sp->spif->file);
        return false;
    }
    bool ok = true;
    for (size_t i = 0; i < c->value_count; i++) {
        if (security_policy_names(sp, set, c->values[i]) || security_policy_takes_input(sp, set))
            continue;
        ok = false;
        diag_add(k->d, c->line, 0, "unknown-category", k->element,
                 "\"%s\" is not a category of \"%s\" in the policy %s (%s)", c->values[i], c->tag_set, sp->spif->name,
                 sp->spif->file);
    }
    return ok;
}

static bool check(const struct checking *k, const struct condition *c);

static bool check_children(const struct checking *k, const struct condition *c)
{
    bool ok = true;
    for (size_t i = 0; i < c->child_count; i++)
        ok &= check(k, &c->children[i]);
    return ok;
}

static bool check_classification(const struct checking *k, const struct condition *c)
{
    const struct security_policy *sp = check_policy(k, c);
    if (!sp)
        return false;
    bool least = check_class(k, c, sp, c->at_least), most = check_class(k, c, sp, c->at_most);
    return least && most;
}

static bool check(const struct checking *k, const struct condition *c)
{
    const struct security_policy *sp;
    switch (c->kind) {
    case COND_ALL:
    case COND_ANY:
    case COND_NOT:
        return check_children(k, c);
    case COND_TOPIC:
        return check_words(k, c, vocabulary_has_topic, "unknown-topic", "a topic");
    case COND_AREA:
        return check_words(k, c, vocabulary_has_area, "unknown-area", "an area or region");
    case COND_TYPE:
        return check_words(k, c, vocabulary_has_type, "unknown-type", "a report type");
    case COND_ORIGINATOR:
        return check_nations(k, c);
    case COND_CLASSIFICATION:
        return check_classification(k, c);
    case COND_CATEGORY:
        sp = check_policy(k, c);
        return sp && check_category(k, c, sp);
    case COND_CELL:
    case COND_GRADING:
    case COND_EXERCISE:
        return true;
    }
    return false;
}

enum status condition_check(const struct condition *c, const struct policy_document *doc, const struct vocabulary *v,
                            const struct security_policies *policies, const char *element, struct diag *d)
{
    struct checking k = {.doc = doc, .v = v, .policies = policies, .element = element, .d = d};
    return check(&k, c) ? ST_OK : ST_INVALID;
}
