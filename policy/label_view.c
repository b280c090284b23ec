#include "policy/label_view.h"

#include <string.h>

#include "policy/label_view_build.h"

size_t label_policy(const struct security_policies *all, const char *name, const char *uri)
{
    size_t by_name = SP_NONE, by_uri = SP_NONE;
    for (size_t i = 0; i < all->count; i++) {
        if (by_name == SP_NONE && name_eq(all->policies[i].spif->name, name))
            by_name = i;
        if (by_uri == SP_NONE && uri && strcmp(all->policies[i].uri, uri) == 0)
            by_uri = i;
    }
    if (!uri)
        return by_name;
    // A name that is known must not be contradicted by its URI.
    if (by_name != SP_NONE && by_name != by_uri)
        return SP_NONE;
    return by_uri;
}

const struct label_doc *label_effective(const struct label_doc *doc, utc_ms t)
{
    while (doc->successor && !doc->succession_broken && t >= doc->succeeded_at)
        doc = doc->successor;
    return doc;
}

bool label_view_carries(const struct label_view *v, size_t category)
{
    for (size_t i = 0; i < v->use_count; i++)
        if (v->uses[i].category == category)
            return true;
    return false;
}

void label_view_add(const struct security_policy *sp, struct label_view *v, struct category_use use)
{
    for (size_t i = 0; i < v->use_count; i++)
        if (v->uses[i].category == use.category && name_eq(v->uses[i].value, use.value))
            return;
    v->uses[v->use_count++] = use;
    v->has_release |= label_use_is_release(sp, &use);
}

bool label_use_is_release(const struct security_policy *sp, const struct category_use *use)
{
    return sp->categories[use->category].set == sp->release_set &&
           security_policy_type(security_policy_tag_of(sp, use->category)->type) == CATEGORY_PERMISSIVE;
}

// ---- reading words

struct view_reading {
    const struct security_policy *sp;
    const struct label_doc *doc;
    struct label_view *view;
    struct diag *d;
    const char *element;
};

// Note a violation.
#define VIOLATION(r, at, rule, ...)                                                                          \
    do {                                                                                                     \
        (r)->view->valid = false;                                                                            \
        diag_add((r)->d, (at)->line, (at)->column, (rule), (r)->element, __VA_ARGS__);                       \
    } while (0)

static const char *type_text(enum category_type t)
{
    switch (t) {
    case CATEGORY_RESTRICTIVE:
        return "RESTRICTIVE";
    case CATEGORY_PERMISSIVE:
        return "PERMISSIVE";
    case CATEGORY_INFORMATIVE:
        return "INFORMATIVE";
    }
    return "RESTRICTIVE";
}

static void read_class(struct view_reading *r)
{
    const struct label_doc *doc = r->doc;
    const struct spif *spif = r->sp->spif;
    r->view->cls = security_policy_class(r->sp, doc->classification);
    if (!r->view->cls)
        VIOLATION(r, doc, "unknown-classification", "\"%s\" is not a classification of the policy %s (%s:%u and on)",
                  doc->classification, spif->name, spif->file, spif->class_count ? spif->classes[0].line : 0);
    else if (r->view->cls->obsolete)
        VIOLATION(r, doc, "obsolete-classification", "\"%s\" is obsolete (%s:%u); use a current classification",
                  doc->classification, spif->file, r->view->cls->line);
}

static void read_value(struct view_reading *r, const struct label_category *c, size_t set, const char *value)
{
    const struct spif *spif = r->sp->spif;
    struct sp_word w = security_policy_word(r->sp, set, c->type, value);
    if (!w.known) {
        VIOLATION(r, c, "unknown-category", "\"%s\" is not a category of \"%s\" (%s:%u)", value, c->tag_set,
                  spif->file, spif->tag_sets[set].line);
        return;
    }
    if (!w.type_known) {
        VIOLATION(r, c, "category-type", "\"%s\" of \"%s\" is not %s in %s:%u; correct the attribute Type", value,
                  c->tag_set, type_text(c->type), spif->file, spif->tag_sets[set].line);
        return;
    }
    const struct spif_category *category = r->sp->categories[w.category].category;
    if (category->obsolete)
        VIOLATION(r, c, "obsolete-category", "\"%s\" of \"%s\" is obsolete (%s:%u)", value, c->tag_set, spif->file,
                  category->line);
    bool input = category->user_input && !name_eq(category->name, value);
    label_view_add(r->sp, r->view, (struct category_use){w.category, value, input});
}

static void read_category(struct view_reading *r, const struct label_category *c)
{
    const struct spif *spif = r->sp->spif;
    size_t set = security_policy_tag_set(r->sp, c->tag_set);
    if (set == SP_NONE) {
        VIOLATION(r, c, "unknown-tag-set", "\"%s\" is not a tag set of the policy %s (%s:%u and on)", c->tag_set,
                  spif->name, spif->file, spif->tag_set_count ? spif->tag_sets[0].line : 0);
        return;
    }
    if (c->value_count == 0)
        VIOLATION(r, c, "empty-category", "\"%s\" (%s:%u) has no GenericValue; give at least one or leave it out",
                  c->tag_set, spif->file, spif->tag_sets[set].line);
    for (size_t i = 0; i < c->value_count; i++)
        read_value(r, c, set, c->values[i]);
}

enum status label_view_read(const struct security_policies *all, const struct label_doc *doc, struct arena *a,
                            struct diag *d, const char *element, struct label_view *ret)
{
    *ret = (struct label_view){.doc = doc, .policy = label_policy(all, doc->policy, doc->policy_uri)};
    struct view_reading r = {.doc = doc, .view = ret, .d = d, .element = element};
    if (ret->policy == SP_NONE) {
        VIOLATION(&r, doc, "unknown-policy", "\"%s\"%s%s is not a policy that we have a SPIF of", doc->policy,
                  doc->policy_uri ? " with URI " : "", doc->policy_uri ? doc->policy_uri : "");
        return ST_OK;
    }
    r.sp = &all->policies[ret->policy];
    size_t values = 0;
    for (size_t i = 0; i < doc->category_count; i++)
        values += doc->categories[i].value_count;
    ret->uses = arena_array(a, values, sizeof *ret->uses);
    TRY(arena_status(a));
    ret->valid = true;
    if (doc->succession_broken)
        VIOLATION(&r, doc, "succession", "SuccessionHandling needs a SuccessionDateTime and a SuccessorConfidentialityLabel");
    read_class(&r);
    for (size_t i = 0; i < doc->category_count; i++)
        read_category(&r, &doc->categories[i]);
    if (!label_view_check(r.sp, ret, d, element))
        ret->valid = false;
    return ST_OK;
}
