// Validity of a label: the rules between its parts (spec 3.1).
#include "policy/label_view_build.h"

struct validity_check {
    const struct security_policy *sp;
    const struct label_view *view;
    struct diag *d;
    const char *element;
    bool ok;
};

// Categories (not values) on the label that the group means; `but` is not counted.
static size_t group_count(const struct security_policy *sp, const struct label_view *v,
                          const struct spif_category_ref *g, size_t but)
{
    size_t n = 0;
    for (size_t i = 0; i < v->use_count; i++)
        if (v->uses[i].category != but && security_policy_group_means(sp, g, v->uses[i].category))
            n++;
    return n;
}

// Uses that any group of the requirement means, each once.
static size_t required_count(const struct security_policy *sp, const struct label_view *v, const struct spif_required *r)
{
    size_t n = 0;
    for (size_t i = 0; i < v->use_count; i++) {
        bool meant = false;
        for (size_t g = 0; g < r->group_count && !meant; g++)
            meant = security_policy_group_means(sp, &r->groups[g], v->uses[i].category);
        n += meant;
    }
    return n;
}

bool label_required_met(const struct security_policy *sp, const struct label_view *v, const struct spif_required *r)
{
    switch (r->operation) {
    case SPIF_ONLY_ONE:
        return required_count(sp, v, r) == 1;
    case SPIF_ONE_OR_MORE:
        return required_count(sp, v, r) >= 1;
    case SPIF_ALL:
        for (size_t g = 0; g < r->group_count; g++)
            if (group_count(sp, v, &r->groups[g], SP_NONE) == 0)
                return false;
        return true;
    }
    return false;
}

static void check_required(struct validity_check *c, const struct spif_required *list, size_t count, const char *what,
                           const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (label_required_met(c->sp, c->view, &list[i]))
            continue;
        c->ok = false;
        diag_add(c->d, c->view->doc->line, c->view->doc->column, "required-category", c->element,
                 "%s \"%s\" requires a category of \"%s\" (%s:%u) that the label lacks", what, name,
                 list[i].group_count ? list[i].groups[0].tag_set : "", c->sp->spif->file, list[i].line);
    }
}

static void check_excluded(struct validity_check *c, size_t category)
{
    const struct spif_category *cat = c->sp->categories[category].category;
    for (size_t i = 0; i < cat->excluded_count; i++)
        for (size_t g = 0; g < cat->excluded[i].group_count; g++) {
            if (group_count(c->sp, c->view, &cat->excluded[i].groups[g], category) == 0)
                continue;
            c->ok = false;
            diag_add(c->d, c->view->doc->line, c->view->doc->column, "excluded-category", c->element,
                     "\"%s\" must not stand beside that category of \"%s\" (%s:%u)", cat->name,
                     cat->excluded[i].groups[g].tag_set, c->sp->spif->file, cat->excluded[i].line);
        }
}

// Is the label's classification in a list of classification references?
static bool class_listed(const struct validity_check *c, const char *const *refs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (security_policy_class_ref(c->sp, refs[i], c->view->cls))
            return true;
    return false;
}

static void check_classes(struct validity_check *c, size_t category)
{
    const struct spif_category *cat = c->sp->categories[category].category;
    const struct spif_class *cls = c->view->cls;
    if (!cls)
        return; // reported as unknown already
    if (cat->required_class_count && !class_listed(c, cat->required_classes, cat->required_class_count)) {
        c->ok = false;
        diag_add(c->d, c->view->doc->line, c->view->doc->column, "required-class", c->element,
                 "\"%s\" does not go with the classification %s (%s:%u, requiredClass)", cat->name, cls->name,
                 c->sp->spif->file, cat->line);
    }
    if (class_listed(c, cat->excluded_classes, cat->excluded_class_count)) {
        c->ok = false;
        diag_add(c->d, c->view->doc->line, c->view->doc->column, "excluded-class", c->element,
                 "\"%s\" does not go with the classification %s (%s:%u, excludedClass)", cat->name, cls->name,
                 c->sp->spif->file, cat->line);
    }
}

static void check_selection(struct validity_check *c, size_t tag)
{
    const struct spif_tag *t = c->sp->tags[tag].tag;
    size_t n = 0;
    for (size_t i = 0; i < c->view->use_count; i++)
        n += c->sp->categories[c->view->uses[i].category].tag == tag;
    size_t max = t->single_selection ? 1 : t->max_selection;
    if (t->max_selection < max)
        max = t->max_selection;
    if (n >= t->min_selection && n <= max)
        return;
    c->ok = false;
    diag_add(c->d, c->view->doc->line, c->view->doc->column, n > max ? "max-selection" : "min-selection", c->element,
             "%zu categories of \"%s\" are on the label, %s %zu (%s:%u)", n, t->name,
             n > max ? "at most" : "at least", n > max ? max : (size_t)t->min_selection, c->sp->spif->file, t->line);
}

bool label_view_check(const struct security_policy *sp, const struct label_view *v, struct diag *d,
                      const char *element)
{
    struct validity_check c = {.sp = sp, .view = v, .d = d, .element = element, .ok = true};
    if (!v->cls || v->cls->obsolete)
        c.ok = false;
    if (v->cls)
        check_required(&c, v->cls->required, v->cls->required_count, "classification", v->cls->name);
    for (size_t i = 0; i < v->use_count; i++) {
        const struct spif_category *cat = sp->categories[v->uses[i].category].category;
        if (cat->obsolete)
            c.ok = false;
        check_classes(&c, v->uses[i].category);
        check_required(&c, cat->required, cat->required_count, "category", cat->name);
        check_excluded(&c, v->uses[i].category);
    }
    for (size_t t = 0; t < sp->tag_count; t++)
        check_selection(&c, t);
    return c.ok;
}
