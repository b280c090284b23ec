// The marking line of a label, from the SPIF's marking rules alone (spec 3.1).
#include "policy/label_view.h"
#include "policy/marking_parts.h"
#include "policy/ruleset_parts.h"

#define MARKING_BYTES_MAX (64 * KIB)
#define VIEW_BYTES_MAX (64 * MIB)

// What is being marked, and what has been written.
struct marking {
    const struct marking_rules *rules;
    const struct security_policy *sp;
    const struct label_view *view;
    const char *separator;
    struct buf *line, *part;
    bool any; // a part has been written
};

// ---- parts

static void put_qualified(const struct marking *m, const struct spif_qualifier *list, size_t count, const char *text)
{
    buf_puts(m->part, marking_qualifier(m->rules, list, count, SPIF_PREFIX, ""));
    buf_puts(m->part, text);
    buf_puts(m->part, marking_qualifier(m->rules, list, count, SPIF_SUFFIX, ""));
}

// End the part: join it to the line unless it is empty.
static void end_part(struct marking *m)
{
    if (m->part->len) {
        if (m->any)
            buf_puts(m->line, m->separator);
        buf_span(m->line, buf_bytes(m->part));
        m->any = true;
    }
    buf_reset(m->part);
}

// replacePolicy of the classification before that of a category before the SPIF's own.
static const char *policy_replacement(const struct marking *m)
{
    const char *phrase = marking_replacement(m->rules, marking_class_data(m->view->cls));
    for (size_t c = 0; c < m->sp->category_count && !phrase; c++)
        if (label_view_carries(m->view, c))
            phrase = marking_replacement(m->rules, marking_category_data(m->rules, c));
    return phrase ? phrase : marking_replacement(m->rules, marking_policy_data(m->rules));
}

static void put_policy(struct marking *m)
{
    const char *replacement = policy_replacement(m);
    buf_puts(m->part, replacement ? replacement
                                  : marking_shown(m->rules, marking_policy_data(m->rules), m->sp->spif->name));
    end_part(m);
}

static bool class_suppressed(const struct marking *m)
{
    bool suppressed = marking_suppresses_class(m->rules, marking_class_data(m->view->cls)) ||
                      marking_suppresses_class(m->rules, marking_policy_data(m->rules));
    for (size_t i = 0; i < m->view->use_count && !suppressed; i++)
        suppressed = marking_suppresses_class(m->rules, marking_category_data(m->rules, m->view->uses[i].category));
    return suppressed;
}

static void put_class(struct marking *m)
{
    const struct spif_class *c = m->view->cls;
    if (!c) {
        buf_puts(m->part, m->view->doc->classification);
        end_part(m);
        return;
    }
    const char *text = marking_shown(m->rules, marking_class_data(c), c->name);
    if (*text && !class_suppressed(m))
        put_qualified(m, c->qualifiers, c->qualifier_count, text);
    end_part(m);
}

static void put_use(struct marking *m, const struct spif_tag *tag, const struct category_use *use, bool *any)
{
    const struct spif_category *c = m->sp->categories[use->category].category;
    const char *text = marking_shown(m->rules, marking_category_data(m->rules, use->category), use->input ? use->value : c->name);
    if (!*text)
        return;
    buf_puts(m->part, *any ? marking_qualifier(m->rules, tag->qualifiers, tag->qualifier_count, SPIF_SEPARATOR, "/")
                           : marking_qualifier(m->rules, tag->qualifiers, tag->qualifier_count, SPIF_PREFIX, ""));
    put_qualified(m, c->qualifiers, c->qualifier_count, text);
    *any = true;
}

static void put_tag(struct marking *m, const struct sp_tag *t)
{
    bool any = false;
    for (size_t c = t->first; c < t->first + t->count; c++)
        for (size_t i = 0; i < m->view->use_count; i++)
            if (m->view->uses[i].category == c)
                put_use(m, t->tag, &m->view->uses[i], &any);
    if (any)
        buf_puts(m->part, marking_qualifier(m->rules, t->tag->qualifiers, t->tag->qualifier_count, SPIF_SUFFIX, ""));
    end_part(m);
}

// Words that the SPIF does not know must not vanish from the line.
static void put_unknown(struct marking *m)
{
    const struct label_doc *doc = m->view->doc;
    for (size_t i = 0; i < doc->category_count; i++) {
        const struct label_category *c = &doc->categories[i];
        size_t set = security_policy_tag_set(m->sp, c->tag_set);
        for (size_t v = 0; v < c->value_count; v++) {
            if (set != SP_NONE && security_policy_word(m->sp, set, c->type, c->values[v]).type_known)
                continue;
            buf_printf(m->part, "%s %s", c->tag_set, c->values[v]);
            end_part(m);
        }
    }
}

static void put_line(struct marking *m)
{
    const struct spif *spif = m->sp->spif;
    put_policy(m);
    put_class(m);
    for (size_t t = 0; t < m->sp->tag_count; t++)
        put_tag(m, &m->sp->tags[t]);
    put_unknown(m);
    if (!m->any)
        return;
    // The line is complete in m->line; its own prefix and suffix go around it in the caller's buffer.
    buf_puts(m->part, marking_qualifier(m->rules, spif->qualifiers, spif->qualifier_count, SPIF_PREFIX, ""));
    buf_span(m->part, buf_bytes(m->line));
    buf_puts(m->part, marking_qualifier(m->rules, spif->qualifiers, spif->qualifier_count, SPIF_SUFFIX, ""));
}

static void put_own_words(const struct label_doc *doc, struct buf *out)
{
    buf_printf(out, "%s %s", doc->policy, doc->classification);
    for (size_t i = 0; i < doc->category_count; i++) {
        buf_printf(out, " %s ", doc->categories[i].tag_set);
        for (size_t v = 0; v < doc->categories[i].value_count; v++)
            buf_printf(out, "%s%s", v ? "/" : "", doc->categories[i].values[v]);
    }
    buf_puts(out, " (policy unknown)");
}

bool marking_line(const struct marking_rules *rules, const struct label_view *view, struct buf *out)
{
    struct buf line, part;
    const struct spif *spif = rules->sp->spif;
    struct marking m = {.rules = rules, .sp = rules->sp, .view = view, .line = &line, .part = &part};
    buf_init(&line, MARKING_BYTES_MAX);
    buf_init(&part, 2 * MARKING_BYTES_MAX);
    m.separator = marking_qualifier(rules, spif->qualifiers, spif->qualifier_count, SPIF_SEPARATOR, " ");
    put_line(&m);
    bool fits = buf_status(&line) == ST_OK && buf_status(&part) == ST_OK;
    if (fits)
        buf_span(out, buf_bytes(&part));
    buf_fini(&line);
    buf_fini(&part);
    return fits;
}

static bool mark_known(const struct security_policies *all, const struct label_doc *label, enum marking_place place,
                       const char *lang, struct arena *a, struct buf *out)
{
    struct label_view view = {0};
    if (!a || label_view_read(all, label, a, NULL, NULL, &view) != ST_OK || view.policy == SP_NONE)
        return false;
    struct marking_rules rules = marking_rules_of(&all->policies[view.policy], place, lang);
    return marking_line(&rules, &view, out);
}

void label_mark_under(const struct security_policies *all, const struct label_doc *label, enum marking_place place,
                      const char *lang, struct buf *out)
{
    struct arena *a = arena_new(VIEW_BYTES_MAX);
    if (!mark_known(all, label, place, lang, a, out))
        put_own_words(label, out); // also when it is too long for the rules: nothing is left out
    arena_free(&a);
}

void label_mark(const struct ruleset *rs, const struct label_doc *label, enum marking_place place, const char *lang,
                struct buf *out)
{
    label_mark_under(&rs->policies, label, place, lang, out);
}
