#include "node/core/older_version.h"

#include <stdlib.h>

// Portions and attachments of one version.
struct element {
    size_t child;
    bool hidden;           // from the partner; older version only
    struct digest content; // of kind and text, or of name and hash
};

struct elements {
    struct element *list;
    size_t count;
};

static bool is_element(const struct report_child *c)
{
    return c->kind == REPORT_PORTION || c->kind == REPORT_ATTACHMENT;
}

static struct digest content_of(const struct report_child *c)
{
    const struct span nothing = span_of(NULL, 0);
    bool portion = c->kind == REPORT_PORTION;
    const struct span parts[] = {
        portion ? span_cstr("portion\n") : span_cstr("attachment\n"),
        portion ? span_cstr(c->text) : span_of(c->sha256.b, sizeof c->sha256.b),
        portion ? nothing : span_cstr(c->name),
    };
    return sha256_parts(parts, sizeof parts / sizeof *parts);
}

static bool collect(const struct report *r, const struct withheld_set *held, struct elements *ret)
{
    ret->list = calloc(r->child_count + 1, sizeof *ret->list);
    ret->count = 0;
    for (size_t i = 0; ret->list && i < r->child_count; i++)
        if (is_element(&r->children[i]))
            ret->list[ret->count++] = (struct element){.child = i, .hidden = held && withheld_has(held, i),
                                                       .content = content_of(&r->children[i])};
    return ret->list != NULL;
}

// Is there an element of this content that the partner sees (or does not)?
static bool has(const struct elements *older, const struct digest *content, bool hidden)
{
    for (size_t i = 0; i < older->count; i++)
        if (older->list[i].hidden == hidden && digest_eq(&older->list[i].content, content))
            return true;
    return false;
}

static void match(const struct elements *newer, const struct elements *older, struct withheld_set *ret)
{
    for (size_t k = 0; k < newer->count; k++) {
        const struct digest *content = &newer->list[k].content;
        bool hidden = newer->count == older->count ? older->list[k].hidden : has(older, content, true);
        if (hidden && !has(older, content, false))
            withheld_add(ret, newer->list[k].child);
    }
}

bool older_version_stays(const struct ruleset *rs, const struct report *newer, const struct decision *d,
                         const struct report *older, size_t partner, utc_ms now, const struct withheld_set *held)
{
    struct withheld_set before = {.overall = held->overall};
    struct elements from = {0}, to = {0};
    bool stays = d->outcome == OUTCOME_EMBARGO || d->outcome == OUTCOME_HOLD || d->outcome == OUTCOME_CONSENT;
    if (stays)
        stays = collect(older, held, &from) && collect(newer, NULL, &to);
    if (stays) {
        match(&to, &from, &before);
        stays = !decide_labels_narrower(rs, newer, partner, now, &before);
    }
    free(from.list);
    free(to.list);
    return stays;
}
