#include "policy/marking_parts.h"

#include <strings.h>

enum {
    PLACES = SPIF_PAGE_TOP | SPIF_PAGE_BOTTOM | SPIF_PAGE_TOP_BOTTOM | SPIF_PORTION | SPIF_OTHER_CODE,
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

struct marking_rules marking_rules_of(const struct security_policy *sp, enum marking_place place, const char *lang)
{
    return (struct marking_rules){sp, place_codes(place), lang};
}

struct marking_data marking_policy_data(const struct marking_rules *m)
{
    return (struct marking_data){m->sp->spif->markings, m->sp->spif->marking_count};
}

struct marking_data marking_class_data(const struct spif_class *c)
{
    return c ? (struct marking_data){c->markings, c->marking_count} : (struct marking_data){NULL, 0};
}

struct marking_data marking_category_data(const struct marking_rules *m, size_t category)
{
    const struct spif_category *c = m->sp->categories[category].category;
    return (struct marking_data){c->markings, c->marking_count};
}

// ---- choosing

// 2 = for this place, 1 = for no place, 0 = for another.
static int place_rank(const struct marking_rules *m, uint32_t codes)
{
    if (codes & m->place)
        return 2;
    return codes & PLACES ? 0 : 1;
}

// 3 = this language, 2 = its primary subtag, 1 = none stated, 0 = another.
static int lang_rank(const struct marking_rules *m, const char *lang)
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

static bool applies(const struct marking_rules *m, const struct spif_marking *d)
{
    return place_rank(m, d->codes) > 0 && lang_rank(m, d->lang) > 0;
}

// The best phrase, or NULL. `replace` asks for replacePolicy data, else for others. An empty phrase is none, but one
// that replaces the policy's name replaces it by nothing: the part is empty, and empty parts are left out.
static const char *best_phrase(const struct marking_rules *m, struct marking_data data, bool replace)
{
    const char *best = NULL;
    int best_rank = 0;
    for (size_t i = 0; i < data.count; i++) {
        const struct spif_marking *d = &data.list[i];
        int rank = 4 * lang_rank(m, d->lang) + place_rank(m, d->codes);
        if (!applies(m, d) || !d->phrase || (!*d->phrase && !replace) || !!(d->codes & SPIF_REPLACE_POLICY) != replace ||
            rank <= best_rank)
            continue;
        best = d->phrase;
        best_rank = rank;
    }
    return best;
}

static bool has_code(const struct marking_rules *m, struct marking_data data, uint32_t code)
{
    for (size_t i = 0; i < data.count; i++)
        if (applies(m, &data.list[i]) && data.list[i].codes & code)
            return true;
    return false;
}

const char *marking_shown(const struct marking_rules *m, struct marking_data data, const char *name)
{
    if (has_code(m, data, SPIF_NO_MARKING_DISPLAY))
        return "";
    const char *phrase = best_phrase(m, data, false);
    if (phrase)
        return phrase;
    return has_code(m, data, SPIF_NO_NAME_DISPLAY) ? "" : name;
}

const char *marking_replacement(const struct marking_rules *m, struct marking_data data)
{
    return best_phrase(m, data, true);
}

bool marking_suppresses_class(const struct marking_rules *m, struct marking_data data)
{
    return has_code(m, data, SPIF_SUPPRESS_CLASS_NAME);
}

const char *marking_qualifier(const struct marking_rules *m, const struct spif_qualifier *list, size_t count,
                              enum spif_qualifier_kind kind, const char *otherwise)
{
    int best_rank = 0;
    for (size_t i = 0; i < count; i++) {
        const struct spif_qualifier *q = &list[i];
        int place = place_rank(m, q->codes), rank = 4 * lang_rank(m, q->lang) + place;
        if (q->kind != kind || place == 0 || rank <= best_rank)
            continue;
        otherwise = q->text;
        best_rank = rank;
    }
    return otherwise;
}
