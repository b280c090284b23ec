#include "policy/label_parse.h"

#include <string.h>
#include <strings.h>

#include "policy/marking_parts.h"

#define SCRATCH_BYTES_MAX (16 * MIB)
#define MARK_BYTES_MAX (192 * KIB)

enum {
    STEPS_MAX = 4 * 1000 * 1000, // pieces compared with the line, of all SPIFs together: about a second
    TRIALS_MAX = 20 * 1000,      // labels marked to see whether they give the line
    HIDDEN_MAX = 3,              // categories added that the line does not show
    USES_MAX = 512,              // categories of one label
    LANGS_MAX = 64,              // languages of one SPIF
};

// Where the search stands in the line.
struct spot {
    size_t pos;
    bool any; // a part has been read
};

// A search in the markings of one classification at one place in one language.
struct search {
    const struct security_policies *all;
    const struct security_policy *sp;
    struct marking_rules rules;
    const struct spif_class *cls;
    const char *separator, *suffix; // of the SPIF
    struct category_use uses[USES_MAX];
    size_t use_count;
    struct category_use trial[USES_MAX + HIDDEN_MAX]; // the label being tried; too much for the stack
    size_t steps, trials;
    struct arena *a;
    enum status st;
    struct label_parsed *ret;
};

// ---- comparing with the line

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Read `text` at *pos of the folded line, folding its white space too.
static bool eat(struct search *s, size_t *pos, const char *text)
{
    const char *line = s->ret->line;
    size_t at = *pos;
    s->steps++;
    for (const char *p = text; *p; p++) {
        if (!is_space(*p)) {
            if (lower(*p) != lower(line[at]))
                return false;
            at++;
        } else if (line[at] == ' ') {
            at++;
        } else if (at && line[at] && line[at - 1] != ' ') {
            return false; // at both ends and after a space white space vanishes
        }
    }
    *pos = at;
    if (at > s->ret->understood)
        s->ret->understood = at;
    return true;
}

static bool exhausted(const struct search *s)
{
    return s->steps > STEPS_MAX || s->trials > TRIALS_MAX || s->ret->count == LABEL_PARSE_LABELS_MAX || s->st != ST_OK;
}

// ---- trying a label

static bool same_tag_type(const struct security_policy *sp, const struct category_use *x, const struct category_use *y)
{
    return sp->categories[x->category].set == sp->categories[y->category].set &&
           security_policy_type(security_policy_tag_of(sp, x->category)->type) ==
               security_policy_type(security_policy_tag_of(sp, y->category)->type);
}

// The values of uses[i..] that share its tag set and type, as one Category.
static void gather(const struct search *s, const struct category_use *uses, size_t count, size_t i, struct arena *a,
                   struct label_category *ret)
{
    *ret = (struct label_category){.type = security_policy_type(security_policy_tag_of(s->sp, uses[i].category)->type),
                                   .tag_set = security_policy_set_of(s->sp, uses[i].category)->name,
                                   .values = arena_array(a, count, sizeof *ret->values)};
    for (size_t k = i; k < count && ret->values; k++)
        if (same_tag_type(s->sp, &uses[i], &uses[k]))
            ret->values[ret->value_count++] = arena_cstr(a, uses[k].value);
}

static bool gathered(const struct search *s, const struct category_use *uses, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (same_tag_type(s->sp, &uses[k], &uses[i]))
            return true;
    return false;
}

// A label with these categories; NULL when memory is out.
static struct label_doc *build(const struct search *s, const struct category_use *uses, size_t count, struct arena *a)
{
    struct label_doc *doc = arena_alloc(a, sizeof *doc);
    struct label_category *categories = arena_array(a, count, sizeof *categories);
    if (arena_status(a) != ST_OK)
        return NULL;
    *doc = (struct label_doc){.policy = arena_cstr(a, s->sp->spif->name),
                              .policy_uri = arena_cstr(a, s->sp->uri),
                              .classification = arena_cstr(a, s->cls->name),
                              .categories = categories};
    for (size_t i = 0; i < count; i++)
        if (!gathered(s, uses, i))
            gather(s, uses, count, i, a, &categories[doc->category_count++]);
    return arena_status(a) == ST_OK ? doc : NULL;
}

// Is the label valid, and does it give the line?
static bool gives_line(struct search *s, const struct label_doc *doc, struct arena *a)
{
    struct label_view view;
    struct buf out;
    s->st = label_view_read(s->all, doc, a, NULL, NULL, &view);
    if (s->st != ST_OK || !view.valid)
        return false;
    buf_init(&out, MARK_BYTES_MAX);
    bool same = marking_line(&s->rules, &view, &out) && name_eq(buf_cstr(&out), s->ret->line);
    buf_fini(&out);
    return same;
}

static bool same_doc(const struct label_doc *x, const struct label_doc *y)
{
    bool same = strcmp(x->policy, y->policy) == 0 && strcmp(x->classification, y->classification) == 0 &&
                x->category_count == y->category_count;
    for (size_t i = 0; same && i < x->category_count; i++) {
        const struct label_category *c = &x->categories[i], *e = &y->categories[i];
        same = c->type == e->type && strcmp(c->tag_set, e->tag_set) == 0 && c->value_count == e->value_count;
        for (size_t v = 0; same && v < c->value_count; v++)
            same = name_eq(c->values[v], e->values[v]);
    }
    return same;
}

static bool found_before(const struct label_parsed *p, const struct label_doc *doc)
{
    for (size_t i = 0; i < p->count; i++)
        if (same_doc(p->labels[i], doc))
            return true;
    return false;
}

static void keep(struct search *s, const struct category_use *uses, size_t count, const struct label_doc *doc)
{
    if (s->ret->count == LABEL_PARSE_LABELS_MAX || found_before(s->ret, doc))
        return;
    struct label_doc *kept = build(s, uses, count, s->a);
    if (kept)
        s->ret->labels[s->ret->count++] = kept;
    else
        s->st = arena_status(s->a);
}

// Try the categories read and `hidden` more, in SPIF order. True when they give the line.
static bool try_uses(struct search *s, const size_t *hidden, size_t hidden_count)
{
    struct category_use *uses = s->trial;
    size_t count = 0, h = 0;
    for (size_t i = 0; i <= s->use_count; i++) {
        while (h < hidden_count && (i == s->use_count || hidden[h] < s->uses[i].category)) {
            const char *name = s->sp->categories[hidden[h]].category->name;
            uses[count++] = (struct category_use){hidden[h++], name, false};
        }
        if (i < s->use_count)
            uses[count++] = s->uses[i];
    }
    struct arena *scratch = arena_new(SCRATCH_BYTES_MAX);
    const struct label_doc *doc = scratch ? build(s, uses, count, scratch) : NULL;
    s->trials++;
    bool good = doc && gives_line(s, doc, scratch);
    if (!doc)
        s->st = scratch ? arena_status(scratch) : ST_NOMEM;
    if (good)
        keep(s, uses, count, doc);
    arena_free(&scratch);
    return good;
}

// ---- what the line does not show

static bool is_hidden(const struct search *s, size_t category)
{
    const struct spif_category *c = s->sp->categories[category].category;
    return !c->obsolete && !c->user_input && !*marking_shown(&s->rules, marking_category_data(&s->rules, category), c->name);
}

// Try every choice of `left` more hidden categories from `from` on. True when some gives the line.
static bool try_hidden(struct search *s, size_t *hidden, size_t count, size_t left, size_t from)
{
    if (left == 0)
        return try_uses(s, hidden, count);
    bool good = false;
    for (size_t c = from; c < s->sp->category_count && !exhausted(s); c++) {
        s->steps++;
        if (!is_hidden(s, c))
            continue;
        hidden[count] = c;
        good |= try_hidden(s, hidden, count + 1, left - 1, c + 1);
    }
    return good;
}

// The line is read to its end: what labels are that?
static void finish(struct search *s, struct spot at)
{
    size_t hidden[HIDDEN_MAX];
    if (!eat(s, &at.pos, s->suffix) || s->ret->line[at.pos])
        return;
    for (size_t n = 0; n <= HIDDEN_MAX && !exhausted(s); n++)
        if (try_hidden(s, hidden, 0, n, 0))
            return;
}

// ---- reading parts. Depth is bounded by the line, since every category that is read moves on in it.

static void read_tags(struct search *s, size_t tag, struct spot at);
static void read_items(struct search *s, size_t tag, size_t from, bool first, size_t pos);

// After a category: the tag ends here, or another one follows.
static void after_item(struct search *s, size_t tag, struct category_use use, size_t pos)
{
    const struct spif_tag *t = s->sp->tags[tag].tag;
    if (s->use_count == USES_MAX)
        return;
    s->uses[s->use_count++] = use;
    struct spot end = {pos, true};
    if (eat(s, &end.pos, marking_qualifier(&s->rules, t->qualifiers, t->qualifier_count, SPIF_SUFFIX, "")))
        read_tags(s, tag + 1, end);
    read_items(s, tag, use.input ? use.category : use.category + 1, false, pos);
    s->use_count--;
}

static bool is_old(const struct search *s, const struct category_use *use)
{
    for (size_t i = 0; i < s->use_count; i++)
        if (s->uses[i].category == use->category && name_eq(s->uses[i].value, use->value))
            return true;
    return false;
}

// Read one category, shown as `text`, with its own qualifiers.
static void read_item(struct search *s, size_t tag, struct category_use use, const char *text, size_t pos)
{
    const struct spif_category *c = s->sp->categories[use.category].category;
    size_t start = pos;
    if (!eat(s, &pos, marking_qualifier(&s->rules, c->qualifiers, c->qualifier_count, SPIF_PREFIX, "")) ||
        !eat(s, &pos, text) ||
        !eat(s, &pos, marking_qualifier(&s->rules, c->qualifiers, c->qualifier_count, SPIF_SUFFIX, "")) || pos == start ||
        is_old(s, &use))
        return;
    after_item(s, tag, use, pos);
}

// A word that a person typed: any stretch of the line.
static void read_input(struct search *s, size_t tag, size_t category, size_t pos)
{
    const char *line = s->ret->line;
    for (size_t end = pos + 1; end <= strlen(line) && !exhausted(s); end++) {
        const char *value = name_fold(s->a, arena_str(s->a, span_of(line + pos, end - pos)));
        if (!value) {
            s->st = arena_status(s->a);
            return;
        }
        if (*value)
            read_item(s, tag, (struct category_use){category, value, true}, value, pos);
    }
}

static void read_items(struct search *s, size_t tag, size_t from, bool first, size_t pos)
{
    const struct sp_tag *t = &s->sp->tags[tag];
    const char *before = first ? marking_qualifier(&s->rules, t->tag->qualifiers, t->tag->qualifier_count, SPIF_PREFIX, "")
                               : marking_qualifier(&s->rules, t->tag->qualifiers, t->tag->qualifier_count, SPIF_SEPARATOR, "/");
    if (!eat(s, &pos, before))
        return;
    for (size_t i = from; i < t->first + t->count && !exhausted(s); i++) {
        const struct spif_category *c = s->sp->categories[i].category;
        if (c->obsolete)
            continue;
        const char *text = marking_shown(&s->rules, marking_category_data(&s->rules, i), c->name);
        if (c->user_input && text == c->name)
            read_input(s, tag, i, pos);
        else if (*text)
            read_item(s, tag, (struct category_use){i, c->name, false}, text, pos);
    }
}

static void read_tags(struct search *s, size_t tag, struct spot at)
{
    for (size_t t = tag; t < s->sp->tag_count && !exhausted(s); t++) {
        struct spot part = at;
        if (!at.any || eat(s, &part.pos, s->separator))
            read_items(s, t, s->sp->tags[t].first, true, part.pos);
    }
    finish(s, at);
}

// Read a part that is `text` between qualifiers; nothing when it is empty.
static bool read_part(struct search *s, struct spot *at, const char *before, const char *text, const char *after)
{
    if (!*before && !*text && !*after)
        return true;
    if (at->any && !eat(s, &at->pos, s->separator))
        return false;
    at->any = true;
    return eat(s, &at->pos, before) && eat(s, &at->pos, text) && eat(s, &at->pos, after);
}

// The classification: shown, unless it or a category suppresses it. Which of both holds is seen when the label is tried.
static void read_class(struct search *s, struct spot at)
{
    const struct spif_class *c = s->cls;
    const char *text = marking_shown(&s->rules, marking_class_data(c), c->name);
    read_tags(s, 0, at);
    if (*text &&
        read_part(s, &at, marking_qualifier(&s->rules, c->qualifiers, c->qualifier_count, SPIF_PREFIX, ""), text,
                  marking_qualifier(&s->rules, c->qualifiers, c->qualifier_count, SPIF_SUFFIX, "")))
        read_tags(s, 0, at);
}

static void read_policy(struct search *s, struct spot at, const char *text)
{
    if (read_part(s, &at, "", text, ""))
        read_class(s, at);
}

// Each text that may stand for the policy: the classification's, a category's, its own.
static void read_line(struct search *s)
{
    struct spot start = {0, false};
    const struct spif *spif = s->sp->spif;
    s->separator = marking_qualifier(&s->rules, spif->qualifiers, spif->qualifier_count, SPIF_SEPARATOR, " ");
    s->suffix = marking_qualifier(&s->rules, spif->qualifiers, spif->qualifier_count, SPIF_SUFFIX, "");
    if (!eat(s, &start.pos, marking_qualifier(&s->rules, spif->qualifiers, spif->qualifier_count, SPIF_PREFIX, "")))
        return;
    const char *text = marking_replacement(&s->rules, marking_class_data(s->cls));
    if (text) {
        read_policy(s, start, text);
        return;
    }
    for (size_t c = 0; c < s->sp->category_count && !exhausted(s); c++) {
        text = marking_replacement(&s->rules, marking_category_data(&s->rules, c));
        if (text)
            read_policy(s, start, text);
    }
    text = marking_replacement(&s->rules, marking_policy_data(&s->rules));
    read_policy(s, start, text ? text : marking_shown(&s->rules, marking_policy_data(&s->rules), spif->name));
}

// ---- languages

struct langs {
    const char *list[LANGS_MAX];
    size_t count;
};

static void add_lang(struct langs *l, const char *lang)
{
    for (size_t i = 0; i < l->count; i++)
        if (!lang || !*lang || (l->list[i] && strcasecmp(l->list[i], lang) == 0))
            return;
    if (l->count < LANGS_MAX)
        l->list[l->count++] = lang;
}

static void add_langs(struct langs *l, const struct spif_marking *m, size_t count, const struct spif_qualifier *q,
                      size_t qualifier_count)
{
    for (size_t i = 0; i < count; i++)
        add_lang(l, m[i].lang);
    for (size_t i = 0; i < qualifier_count; i++)
        add_lang(l, q[i].lang);
}

static void langs_of(const struct security_policy *sp, struct langs *l)
{
    const struct spif *s = sp->spif;
    l->list[l->count++] = NULL;
    add_langs(l, s->markings, s->marking_count, s->qualifiers, s->qualifier_count);
    for (size_t i = 0; i < s->class_count; i++)
        add_langs(l, s->classes[i].markings, s->classes[i].marking_count, s->classes[i].qualifiers,
                  s->classes[i].qualifier_count);
    for (size_t i = 0; i < sp->tag_count; i++)
        add_langs(l, NULL, 0, sp->tags[i].tag->qualifiers, sp->tags[i].tag->qualifier_count);
    for (size_t i = 0; i < sp->category_count; i++) {
        const struct spif_category *c = sp->categories[i].category;
        add_langs(l, c->markings, c->marking_count, c->qualifiers, c->qualifier_count);
    }
}

// ---- the whole

static void search_classes(struct search *s, enum marking_place place, const char *lang)
{
    s->rules = marking_rules_of(s->sp, place, lang);
    for (size_t i = 0; i < s->sp->spif->class_count && !exhausted(s); i++) {
        s->cls = &s->sp->spif->classes[i];
        s->use_count = 0;
        if (!s->cls->obsolete)
            read_line(s);
    }
}

static void search_policy(struct search *s, const struct label_parse_want *want)
{
    static const enum marking_place places[] = {MARKING_PAGE_TOP, MARKING_PAGE_BOTTOM, MARKING_PORTION};
    struct langs langs = {.count = 0};
    if (want->lang)
        langs.list[langs.count++] = want->lang;
    else
        langs_of(s->sp, &langs);
    for (size_t p = 0; p < sizeof places / sizeof *places; p++)
        for (size_t l = 0; l < langs.count; l++)
            if (!want->place_given || want->place == places[p])
                search_classes(s, places[p], langs.list[l]);
}

enum status label_parse(const struct security_policies *all, const char *line, const struct label_parse_want *want,
                        struct arena *a, struct label_parsed *ret)
{
    *ret = (struct label_parsed){.all = false};
    if (strlen(line) > LABEL_PARSE_LINE_MAX)
        return ST_LIMIT;
    ret->line = name_fold(a, line);
    struct search *s = arena_alloc(a, sizeof *s); // too large for the stack
    TRY(arena_status(a));
    *s = (struct search){.all = all, .a = a, .st = ST_OK, .ret = ret};
    for (size_t i = 0; i < all->count && !exhausted(s); i++) {
        s->sp = &all->policies[i];
        search_policy(s, want);
    }
    ret->all = !exhausted(s);
    return s->st;
}
