// The marking line of a label, from the SPIF's marking rules alone (spec 3.1).
#include <strings.h>
#include <string.h>

#include "policy/label_rules.h"
#include "policy/label_view.h"
#include "policy/ruleset_parts.h"

#define MARKING_BYTES_MAX (64 * KIB)
#define VIEW_BYTES_MAX (64 * MIB)

enum {
    PLACES = SPIF_PAGE_TOP | SPIF_PAGE_BOTTOM | SPIF_PAGE_TOP_BOTTOM | SPIF_PORTION | SPIF_OTHER_CODE,
};

// What is being marked, where, and what has been written.
struct marking {
    const struct security_policy *sp;
    const struct label_view *view;
    uint32_t place; // codes that name the asked place
    const char *lang;
    const char *separator;
    struct buf *line, *part;
    bool any; // a part has been written
};

static uint32_t place_codes(enum marking_place place)
{
    switch (place) {
    case MARKING_PAGE_TOP:
        return SPIF_PAGE_TOP | SPIF_PAGE_TOP_BOTTOM;
    case MARKING_PAGE_BOTTOM:
        return SPIF_PAGE_BOTTOM | SPIF_PAGE_TOP_BOTTOM;
    case MARKING_PORTION:
        return SPIF_PORTION;
    }
    return 0;
}

// ---- choosing data

// 2 = for this place, 1 = for no place, 0 = for another.
static int place_rank(const struct marking *m, uint32_t codes)
{
    if (codes & m->place)
        return 2;
    return codes & PLACES ? 0 : 1;
}

// 3 = this language, 2 = its primary subtag, 1 = none stated, 0 = another.
static int lang_rank(const struct marking *m, const char *lang)
{
    if (!lang || !*lang)
        return 1;
    if (!m->lang)
        return 0;
    if (strcasecmp(lang, m->lang) == 0)
        return 3;
    size_t primary = strcspn(m->lang, "-");
    return strlen(lang) == primary && strncasecmp(lang, m->lang, primary) == 0 ? 2 : 0;
}

// Marking data of one thing (policy, classification, category).
struct data {
    const struct spif_marking *list;
    size_t count;
};

static bool applies(const struct marking *m, const struct spif_marking *d)
{
    return place_rank(m, d->codes) > 0 && lang_rank(m, d->lang) > 0;
}

// The best phrase: language before place, document order last. `replace` asks for replacePolicy data, else for others.
static const char *best_phrase(const struct marking *m, struct data data, bool replace)
{
    const char *best = NULL;
    int best_rank = 0;
    for (size_t i = 0; i < data.count; i++) {
        const struct spif_marking *d = &data.list[i];
        int rank = 4 * lang_rank(m, d->lang) + place_rank(m, d->codes);
        if (!applies(m, d) || !d->phrase || !!(d->codes & SPIF_REPLACE_POLICY) != replace || rank <= best_rank)
            continue;
        best = d->phrase;
        best_rank = rank;
    }
    return best;
}

static bool has_code(const struct marking *m, struct data data, uint32_t code)
{
    for (size_t i = 0; i < data.count; i++)
        if (applies(m, &data.list[i]) && data.list[i].codes & code)
            return true;
    return false;
}

// Phrase, else name; "" = nothing to show.
static const char *shown(const struct marking *m, struct data data, const char *name)
{
    if (has_code(m, data, SPIF_NO_MARKING_DISPLAY))
        return "";
    const char *phrase = best_phrase(m, data, false);
    if (phrase)
        return phrase;
    return has_code(m, data, SPIF_NO_NAME_DISPLAY) ? "" : name;
}

// ---- qualifiers

enum qualifier { PREFIX, SEPARATOR, SUFFIX };

static const char *qualifier_text(const struct spif_qualifier *q, enum qualifier which)
{
    switch (which) {
    case PREFIX:
        return q->prefix;
    case SEPARATOR:
        return q->separator;
    case SUFFIX:
        return q->suffix;
    }
    return NULL;
}

static const char *qualified(const struct marking *m, const struct spif_qualifier *list, size_t count,
                             enum qualifier which, const char *otherwise)
{
    int best_rank = 0;
    for (size_t i = 0; i < count; i++) {
        const char *text = qualifier_text(&list[i], which);
        int rank = place_rank(m, list[i].codes);
        if (!text || rank <= best_rank)
            continue;
        otherwise = text;
        best_rank = rank;
    }
    return otherwise;
}

// ---- parts

static void put_qualified(const struct marking *m, const struct spif_qualifier *list, size_t count, const char *text)
{
    buf_puts(m->part, qualified(m, list, count, PREFIX, ""));
    buf_puts(m->part, text);
    buf_puts(m->part, qualified(m, list, count, SUFFIX, ""));
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

static struct data category_data(const struct marking *m, size_t category)
{
    const struct spif_category *c = m->sp->categories[category].category;
    return (struct data){c->markings, c->marking_count};
}

static struct data class_data(const struct marking *m)
{
    const struct spif_class *c = m->view->cls;
    return c ? (struct data){c->markings, c->marking_count} : (struct data){NULL, 0};
}

// replacePolicy of the classification before that of a category before the SPIF's own.
static const char *policy_replacement(const struct marking *m)
{
    const char *phrase = best_phrase(m, class_data(m), true);
    for (size_t c = 0; c < m->sp->category_count && !phrase; c++)
        if (label_view_carries(m->view, c))
            phrase = best_phrase(m, category_data(m, c), true);
    return phrase ? phrase
                  : best_phrase(m, (struct data){m->sp->spif->markings, m->sp->spif->marking_count}, true);
}

static void put_policy(struct marking *m)
{
    const struct spif *spif = m->sp->spif;
    const char *replacement = policy_replacement(m);
    buf_puts(m->part, replacement ? replacement
                                  : shown(m, (struct data){spif->markings, spif->marking_count}, spif->name));
    end_part(m);
}

static bool class_suppressed(const struct marking *m)
{
    bool suppressed = has_code(m, class_data(m), SPIF_SUPPRESS_CLASS_NAME);
    for (size_t i = 0; i < m->view->use_count && !suppressed; i++)
        suppressed = has_code(m, category_data(m, m->view->uses[i].category), SPIF_SUPPRESS_CLASS_NAME);
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
    const char *text = shown(m, class_data(m), c->name);
    if (*text && !class_suppressed(m))
        put_qualified(m, c->qualifiers, c->qualifier_count, text);
    end_part(m);
}

static void put_use(struct marking *m, const struct spif_tag *tag, const struct category_use *use, bool *any)
{
    const struct spif_category *c = m->sp->categories[use->category].category;
    const char *text = shown(m, category_data(m, use->category), use->input ? use->value : c->name);
    if (!*text)
        return;
    buf_puts(m->part, *any ? qualified(m, tag->qualifiers, tag->qualifier_count, SEPARATOR, "/")
                           : qualified(m, tag->qualifiers, tag->qualifier_count, PREFIX, ""));
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
        buf_puts(m->part, qualified(m, t->tag->qualifiers, t->tag->qualifier_count, SUFFIX, ""));
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
    buf_puts(m->part, qualified(m, spif->qualifiers, spif->qualifier_count, PREFIX, ""));
    buf_span(m->part, buf_bytes(m->line));
    buf_puts(m->part, qualified(m, spif->qualifiers, spif->qualifier_count, SUFFIX, ""));
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

static void mark_view(const struct ruleset *rs, const struct label_view *view, enum marking_place place,
                      const char *lang, struct buf *out)
{
    struct buf line, part;
    const struct security_policy *sp = &rs->policies.policies[view->policy];
    struct marking m = {
        .sp = sp, .view = view, .place = place_codes(place), .lang = lang, .line = &line, .part = &part};
    buf_init(&line, MARKING_BYTES_MAX);
    buf_init(&part, 2 * MARKING_BYTES_MAX);
    m.separator = qualified(&m, sp->spif->qualifiers, sp->spif->qualifier_count, SEPARATOR, " ");
    put_line(&m);
    if (buf_status(&line) != ST_OK || buf_status(&part) != ST_OK)
        put_own_words(view->doc, out); // too long for the rules: nothing is left out
    else
        buf_span(out, buf_bytes(&part));
    buf_fini(&line);
    buf_fini(&part);
}

void label_mark(const struct ruleset *rs, const struct label_doc *label, enum marking_place place, const char *lang,
                struct buf *out)
{
    struct label_view view = {0};
    struct arena *a = arena_new(VIEW_BYTES_MAX);
    if (a && label_view_read(&rs->policies, label, a, NULL, NULL, &view) == ST_OK && view.policy != SP_NONE)
        mark_view(rs, &view, place, lang, out);
    else
        put_own_words(label, out);
    arena_free(&a);
}
