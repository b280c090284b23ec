// Spec 3.1: what a person reads on a banner or before a paragraph.
#include <string.h>
#include <strings.h>

#include "formats/base/bug.h"
#include "tests/support/oracle_parts.h"

struct banner {
    const struct spif *s;
    const struct oracle_marking_question *q;
    const struct label_doc *label;
    struct oracle_value *values; // of the label, in its order, each once; words that the SPIF does not know are left out
    size_t value_count;
    struct buf *out;
    const char *before; // the next part: the separator, once there was one
};

// ---- which data counts

enum place { PLACE_ASKED, PLACE_NONE, PLACE_OTHER };

static enum place place_of(const struct oracle_marking_question *q, uint32_t codes)
{
    uint32_t pages = SPIF_PAGE_TOP | SPIF_PAGE_BOTTOM | SPIF_PAGE_TOP_BOTTOM;
    if (codes & (q->portion ? (uint32_t)SPIF_PORTION : (uint32_t)(SPIF_PAGE_TOP | SPIF_PAGE_TOP_BOTTOM)))
        return PLACE_ASKED;
    return codes & (pages | SPIF_PORTION | SPIF_OTHER_CODE) ? PLACE_OTHER : PLACE_NONE;
}

enum lang { LANG_EXACT, LANG_PRIMARY, LANG_NONE, LANG_OTHER };

static enum lang lang_of(const struct oracle_marking_question *q, const char *lang)
{
    if (!lang || *lang == '\0')
        return LANG_NONE;
    if (q->lang && strcasecmp(lang, q->lang) == 0)
        return LANG_EXACT;
    const char *dash = q->lang ? strchr(q->lang, '-') : NULL;
    if (dash && strncasecmp(lang, q->lang, (size_t)(dash - q->lang)) == 0 && lang[dash - q->lang] == '\0')
        return LANG_PRIMARY;
    return LANG_OTHER;
}

static bool has(const struct banner *b, const struct spif_marking *list, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].codes & code && place_of(b->q, list[i].codes) != PLACE_OTHER
            && lang_of(b->q, list[i].lang) != LANG_OTHER)
            return true;
    return false;
}

// "data for the asked place or for no place; language exact, then primary subtag, then none"
static const char *phrase(const struct banner *b, const struct spif_marking *list, size_t count, bool replacing)
{
    for (enum lang lang = LANG_EXACT; lang <= LANG_NONE; lang++)
        for (enum place place = PLACE_ASKED; place <= PLACE_NONE; place++)
            for (size_t i = 0; i < count; i++) {
                bool replaces = (list[i].codes & SPIF_REPLACE_POLICY) != 0;
                if (replaces == replacing && lang_of(b->q, list[i].lang) == lang
                    && place_of(b->q, list[i].codes) == place && list[i].phrase && (replacing || *list[i].phrase))
                    return list[i].phrase;
            }
    return NULL;
}

// "phrase, else name"
static const char *words(const struct banner *b, const struct spif_marking *list, size_t count, const char *name)
{
    const char *text = phrase(b, list, count, false);
    if (has(b, list, count, SPIF_NO_MARKING_DISPLAY))
        return "";
    if (!text && has(b, list, count, SPIF_NO_NAME_DISPLAY))
        return "";
    return text ? text : name;
}

// A qualifier: as for data, but one of another language comes before none at all.
static const char *qualifier(const struct banner *b, const struct spif_qualifier *list, size_t count,
                             enum spif_qualifier_kind kind, const char *otherwise)
{
    for (enum lang lang = LANG_EXACT; lang <= LANG_OTHER; lang++)
        for (enum place place = PLACE_ASKED; place <= PLACE_NONE; place++)
            for (size_t i = 0; i < count; i++)
                if (list[i].kind == kind && lang_of(b->q, list[i].lang) == lang
                    && place_of(b->q, list[i].codes) == place)
                    return list[i].text;
    return otherwise;
}

// ---- the line

static void part(struct banner *b, struct buf *text)
{
    if (text->len > 0) {
        buf_printf(b->out, "%s%s", b->before, buf_cstr(text));
        b->before = qualifier(b, b->s->qualifiers, b->s->qualifier_count, SPIF_SEPARATOR, " ");
    }
    buf_reset(text);
}

static bool on_label(const struct banner *b, const struct spif_category *c)
{
    for (size_t i = 0; i < b->value_count; i++)
        if (b->values[i].category == c)
            return true;
    return false;
}

// "replacePolicy of the classification before that of a category before the SPIF's own"
static const char *replacement(const struct banner *b, const struct spif_class *class)
{
    const char *text = class ? phrase(b, class->markings, class->marking_count, true) : NULL;
    for (size_t i = 0; i < b->s->tag_set_count; i++)
        for (size_t j = 0; j < b->s->tag_sets[i].tag_count; j++)
            for (size_t k = 0; !text && k < b->s->tag_sets[i].tags[j].category_count; k++) {
                const struct spif_category *c = &b->s->tag_sets[i].tags[j].categories[k];
                text = on_label(b, c) ? phrase(b, c->markings, c->marking_count, true) : NULL;
            }
    return text ? text : phrase(b, b->s->markings, b->s->marking_count, true);
}

static bool class_suppressed(const struct banner *b, const struct spif_class *class)
{
    bool suppressed = has(b, class->markings, class->marking_count, SPIF_SUPPRESS_CLASS_NAME)
        || has(b, b->s->markings, b->s->marking_count, SPIF_SUPPRESS_CLASS_NAME);
    for (size_t i = 0; i < b->value_count; i++)
        suppressed = suppressed || has(b, b->values[i].category->markings, b->values[i].category->marking_count,
                                       SPIF_SUPPRESS_CLASS_NAME);
    return suppressed;
}

static void put_class(struct banner *b, const struct spif_class *c, struct buf *text)
{
    if (!c) {
        buf_puts(text, b->label->classification);
    } else if (!class_suppressed(b, c) && *words(b, c->markings, c->marking_count, c->name)) {
        buf_puts(text, qualifier(b, c->qualifiers, c->qualifier_count, SPIF_PREFIX, ""));
        buf_puts(text, words(b, c->markings, c->marking_count, c->name));
        buf_puts(text, qualifier(b, c->qualifiers, c->qualifier_count, SPIF_SUFFIX, ""));
    }
    part(b, text);
}

static void put_category(struct banner *b, const struct spif_tag *t, const struct oracle_value *v, struct buf *text)
{
    const struct spif_category *c = v->category;
    const char *shown = words(b, c->markings, c->marking_count, c->user_input ? v->value : c->name);
    if (c->user_input && name_eq(c->name, v->value))
        shown = words(b, c->markings, c->marking_count, c->name);
    if (!*shown)
        return;
    buf_puts(text, text->len == 0 ? "" : qualifier(b, t->qualifiers, t->qualifier_count, SPIF_SEPARATOR, "/"));
    buf_puts(text, qualifier(b, c->qualifiers, c->qualifier_count, SPIF_PREFIX, ""));
    buf_puts(text, shown);
    buf_puts(text, qualifier(b, c->qualifiers, c->qualifier_count, SPIF_SUFFIX, ""));
}

static void put_tag(struct banner *b, const struct spif_tag *t, struct buf *text)
{
    struct buf list;
    buf_init(&list, 64 * KIB);
    for (size_t k = 0; k < t->category_count; k++)
        for (size_t i = 0; i < b->value_count; i++)
            if (b->values[i].category == &t->categories[k])
                put_category(b, t, &b->values[i], &list);
    if (list.len > 0) {
        buf_puts(text, qualifier(b, t->qualifiers, t->qualifier_count, SPIF_PREFIX, ""));
        buf_puts(text, buf_cstr(&list));
        buf_puts(text, qualifier(b, t->qualifiers, t->qualifier_count, SPIF_SUFFIX, ""));
    }
    buf_fini(&list);
    part(b, text);
}

// Words that the SPIF does not know stand at the end, each by itself.
static void put_rest(struct banner *b, struct buf *text)
{
    for (size_t i = 0; i < b->label->category_count; i++) {
        const struct label_category *c = &b->label->categories[i];
        struct oracle_value v;
        for (size_t j = 0; j < c->value_count; j++) {
            if (!oracle_find(b->s, c->type, c->tag_set, c->values[j], &v))
                buf_printf(text, "%s %s", c->tag_set, c->values[j]);
            part(b, text);
        }
    }
}

static void put_line(struct banner *b)
{
    const struct spif *s = b->s;
    const struct spif_class *class = oracle_class(s, b->label->classification);
    const char *replaced = replacement(b, class);
    struct buf line, text, *out = b->out;
    buf_init(&line, MIB);
    buf_init(&text, MIB);
    b->out = &line;
    buf_puts(&text, replaced ? replaced : words(b, s->markings, s->marking_count, s->name));
    part(b, &text);
    put_class(b, class, &text);
    for (size_t i = 0; i < s->tag_set_count; i++)
        for (size_t j = 0; j < s->tag_sets[i].tag_count; j++)
            put_tag(b, &s->tag_sets[i].tags[j], &text);
    put_rest(b, &text);
    if (line.len > 0) {
        buf_puts(out, qualifier(b, s->qualifiers, s->qualifier_count, SPIF_PREFIX, ""));
        buf_puts(out, buf_cstr(&line));
        buf_puts(out, qualifier(b, s->qualifiers, s->qualifier_count, SPIF_SUFFIX, ""));
    }
    buf_fini(&line);
    buf_fini(&text);
}

static void put_unknown_policy(const struct label_doc *l, struct buf *out)
{
    buf_printf(out, "%s %s", l->policy, l->classification);
    for (size_t i = 0; i < l->category_count; i++) {
        buf_printf(out, " %s ", l->categories[i].tag_set);
        for (size_t j = 0; j < l->categories[i].value_count; j++)
            buf_printf(out, "%s%s", j == 0 ? "" : "/", l->categories[i].values[j]);
    }
    buf_puts(out, " (policy unknown)");
}

static void find_values(struct banner *b, struct arena *a)
{
    size_t count = 1;
    for (size_t i = 0; i < b->label->category_count; i++)
        count += b->label->categories[i].value_count;
    b->values = arena_array(a, count, sizeof *b->values);
    BUG_IF(!b->values);
    for (size_t i = 0; i < b->label->category_count; i++)
        for (size_t j = 0; j < b->label->categories[i].value_count; j++) {
            const struct label_category *c = &b->label->categories[i];
            struct oracle_value *v = &b->values[b->value_count];
            bool repeated = !oracle_find(b->s, c->type, c->tag_set, c->values[j], v);
            for (size_t k = 0; !repeated && k < b->value_count; k++)
                repeated = b->values[k].category == v->category && name_eq(b->values[k].value, v->value);
            b->value_count += !repeated;
        }
}

void oracle_marking(const struct oracle *o, const struct label_doc *label, const struct oracle_marking_question *q,
                    struct buf *out)
{
    int policy = oracle_policy(o, label->policy, label->policy_uri);
    if (policy < 0) {
        put_unknown_policy(label, out);
        return;
    }
    struct arena *a = arena_new(4 * MIB);
    BUG_IF(!a);
    struct banner b = {.s = o->spifs[policy], .q = q, .label = label, .out = out, .before = ""};
    find_values(&b, a);
    put_line(&b);
    arena_free(&a);
}
