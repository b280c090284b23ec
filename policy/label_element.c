// Reading a label element for the label check: everything that does not depend on the partner.
#include "policy/label_check.h"

// ---- who is on the release list

// Values of the release tag set name partners and communities.
static void release_value(const struct label_context *x, const char *value, struct partner_set *ret)
{
    const struct policy_document *doc = x->rs->doc;
    const struct name_index *parties = &x->rs->party_names;
    for (size_t i = name_index_first(parties, value, 0); i != SIZE_MAX; i = name_index_next(parties, i)) {
        if (i < doc->partner_count)
            partner_set_add(ret, i);
        else
            partner_set_join(ret, &x->members[i - doc->partner_count]);
    }
}

static void released(const struct label_context *x, struct element_view *e)
{
    const struct label_view *v = &e->view;
    if (!v->has_release)
        return;
    const struct security_policy *sp = &x->rs->policies.policies[v->policy];
    for (size_t i = 0; i < v->use_count; i++) {
        size_t category = v->uses[i].category;
        if (sp->categories[category].set == sp->release_set &&
            security_policy_type(security_policy_tag_of(sp, category)->type) == CATEGORY_PERMISSIVE)
            release_value(x, v->uses[i].value, &e->released);
    }
}

static enum status read_view(const struct label_context *x, const struct label_doc *doc, struct element_view *ret)
{
    TRY(label_view_read(&x->rs->policies, label_effective(doc, x->t), x->arena, NULL, NULL, &ret->view));
    released(x, ret);
    return ST_OK;
}

const struct element_view *label_element_translate(const struct label_context *x, const struct label_view *from,
                                                   size_t target)
{
    struct element_view *to = arena_alloc(x->arena, sizeof *to);
    if (!to || label_view_translate(&x->rs->policies, from, target, x->arena, &to->view) != ST_OK)
        return NULL;
    released(x, to);
    return to;
}

// ---- what travels with it

static void carry_value(const struct label_context *x, struct carried_doc *c, const struct label_category *from,
                        const char *value)
{
    bool restrictive = from->type == CATEGORY_RESTRICTIVE;
    if (c->policy == SP_NONE) {
        c->unholdable |= restrictive;
        if (restrictive)
            c->unholdable_value = value;
        return;
    }
    const struct security_policy *sp = &x->rs->policies.policies[c->policy];
    size_t set = security_policy_tag_set(sp, from->tag_set);
    struct sp_word w = {.category = SP_NONE};
    if (set != SP_NONE)
        w = security_policy_word(sp, set, CATEGORY_RESTRICTIVE, value);
    if (!restrictive && !w.restrictive)
        return;
    if (!w.known) {
        c->unholdable = true;
        c->unholdable_value = value;
        return;
    }
    // Held values are compared by tag set and value, so any category that the value names will do.
    size_t category = security_policy_named(sp, set, value);
    bool named = category != SP_NONE;
    if (!named)
        for (category = sp->set_first[set]; !sp->categories[category].category->user_input;)
            category++;
    c->restrictive[c->restrictive_count++] = (struct category_use){category, value, !named};
}

static enum status carry_doc(const struct label_context *x, const struct label_doc *doc, struct carried_doc *ret)
{
    *ret = (struct carried_doc){.doc = doc, .policy = label_policy(&x->rs->policies, doc->policy, doc->policy_uri)};
    size_t values = 0;
    for (size_t i = 0; i < doc->category_count; i++)
        values += doc->categories[i].value_count;
    ret->restrictive = arena_array(x->arena, values, sizeof *ret->restrictive);
    TRY(arena_status(x->arena));
    for (size_t i = 0; i < doc->category_count; i++) {
        // A restrictive category that names no value is one that nobody holds.
        if (doc->categories[i].value_count == 0 && doc->categories[i].type == CATEGORY_RESTRICTIVE)
            ret->unholdable = true;
        for (size_t v = 0; v < doc->categories[i].value_count; v++)
            carry_value(x, ret, &doc->categories[i], doc->categories[i].values[v]);
    }
    return ST_OK;
}

static size_t chain_length(const struct label_doc *doc)
{
    size_t n = 0;
    for (; doc; doc = doc->successor)
        n++;
    return n;
}

static enum status carry_chain(const struct label_context *x, const struct label_doc *doc, struct label_element *e)
{
    for (; doc; doc = doc->successor)
        TRY(carry_doc(x, doc, &e->docs[e->doc_count++]));
    return ST_OK;
}

static enum status carry_all(const struct label_context *x, struct label_element *e)
{
    size_t docs = chain_length(e->label->originator);
    for (size_t i = 0; i < e->label->alternative_count; i++)
        docs += chain_length(e->label->alternatives[i]);
    e->docs = arena_array(x->arena, docs, sizeof *e->docs);
    TRY(arena_status(x->arena));
    TRY(carry_chain(x, e->label->originator, e));
    for (size_t i = 0; i < e->label->alternative_count; i++)
        TRY(carry_chain(x, e->label->alternatives[i], e));
    return ST_OK;
}

static enum status read_views(const struct label_context *x, struct label_element *e)
{
    size_t count = 1 + e->label->alternative_count;
    e->views = arena_array(x->arena, count, sizeof *e->views);
    e->translations = arena_array(x->arena, x->rs->policies.count, sizeof *e->translations);
    e->tried = arena_array(x->arena, x->rs->policies.count, sizeof *e->tried);
    TRY(arena_status(x->arena));
    TRY(read_view(x, e->label->originator, &e->views[0]));
    for (size_t i = 0; i < e->label->alternative_count; i++)
        TRY(read_view(x, e->label->alternatives[i], &e->views[1 + i]));
    e->view_count = count;
    return ST_OK;
}

void label_element_read(const struct label_context *x, const struct label *label, struct label_element *ret)
{
    *ret = (struct label_element){.label = label};
    if (!label || !label->originator)
        return;
    // What could not be read whole stands as absent, and so denies.
    if (read_views(x, ret) != ST_OK || carry_all(x, ret) != ST_OK)
        *ret = (struct label_element){0};
}
