#include "policy/label_rules.h"

#include <stdio.h>
#include <string.h>

#include "policy/label_view_build.h"
#include "policy/ruleset_parts.h"

// Views of one label need little; a report's labels are within the size of the report.
#define VALIDATE_BYTES_MAX (256 * MIB)

// ---- validity

static enum status validate_chain(const struct security_policies *all, const struct label_doc *doc,
                                  const char *element, struct arena *a, struct diag *d, bool *valid)
{
    for (; doc; doc = doc->successor) {
        struct label_view v;
        TRY(label_view_read(all, doc, a, d, element, &v));
        *valid &= v.valid;
    }
    return ST_OK;
}

static enum status validate_label(const struct security_policies *all, const struct label *label, const char *element,
                                  struct arena *a, struct diag *d, bool *valid)
{
    TRY(validate_chain(all, label->originator, element, a, d, valid));
    for (size_t i = 0; i < label->alternative_count; i++)
        TRY(validate_chain(all, label->alternatives[i], element, a, d, valid));
    return ST_OK;
}

enum status label_validate_under(const struct security_policies *all, const struct label *label, const char *element,
                                 struct diag *d)
{
    struct arena *a = arena_new(VALIDATE_BYTES_MAX);
    if (!a)
        return ST_NOMEM;
    bool valid = true;
    enum status st = validate_label(all, label, element, a, d, &valid);
    arena_free(&a);
    return st == ST_OK && !valid ? ST_INVALID : st;
}

enum status label_validate(const struct ruleset *rs, const struct label *label, const char *element, struct diag *d)
{
    return label_validate_under(&rs->policies, label, element, d);
}

// ---- label-too-low

// A label's documents as written, read under their policies.
struct views {
    struct label_view *list;
    size_t count;
};

static enum status read_views(const struct ruleset *rs, const struct label *label, struct arena *a, struct views *ret)
{
    ret->count = 1 + label->alternative_count;
    ret->list = arena_array(a, ret->count, sizeof *ret->list);
    TRY(arena_status(a));
    TRY(label_view_read(&rs->policies, label->originator, a, NULL, NULL, &ret->list[0]));
    for (size_t i = 0; i < label->alternative_count; i++)
        TRY(label_view_read(&rs->policies, label->alternatives[i], a, NULL, NULL, &ret->list[1 + i]));
    return ST_OK;
}

static bool carries(const struct label_view *v, const struct category_use *use)
{
    for (size_t i = 0; i < v->use_count; i++)
        if (v->uses[i].category == use->category && name_eq(v->uses[i].value, use->value))
            return true;
    return false;
}

struct comparing {
    const struct ruleset *rs;
    const char *element; // "portion e2"
    const char *id;
    uint32_t line, column;
    struct diag *d;
    bool ok;
};

static void compare_class(struct comparing *c, const struct label_view *overall, const struct label_view *part)
{
    if (!overall->cls || !part->cls || overall->cls->hierarchy >= part->cls->hierarchy)
        return;
    c->ok = false;
    diag_add(c->d, c->line, c->column, "label-too-low", c->id,
             "%s is %s, above the overall classification %s; raise the overall label or lower this one", c->element,
             part->cls->name, overall->cls->name);
}

static void compare_categories(struct comparing *c, const struct label_view *overall, const struct label_view *part)
{
    const struct security_policy *sp = &c->rs->policies.policies[part->policy];
    for (size_t i = 0; i < part->use_count; i++) {
        const struct category_use *use = &part->uses[i];
        if (security_policy_type(security_policy_tag_of(sp, use->category)->type) != CATEGORY_RESTRICTIVE ||
            carries(overall, use))
            continue;
        c->ok = false;
        diag_add(c->d, c->line, c->column, "label-too-low", c->id,
                 "%s carries \"%s\" of \"%s\", which the overall label lacks; add it to the overall label", c->element,
                 use->value, security_policy_set_of(sp, use->category)->name);
    }
}

static void compare(struct comparing *c, const struct views *overall, const struct views *part)
{
    bool common = false;
    for (size_t o = 0; o < overall->count; o++)
        for (size_t p = 0; p < part->count; p++) {
            if (overall->list[o].policy == SP_NONE || overall->list[o].policy != part->list[p].policy)
                continue;
            common = true;
            compare_class(c, &overall->list[o], &part->list[p]);
            compare_categories(c, &overall->list[o], &part->list[p]);
        }
    if (common)
        return;
    c->ok = false;
    diag_add(c->d, c->line, c->column, "label-too-low", c->id,
             "%s has no security policy in common with the overall label, so they cannot be compared; give one of them "
             "an alternative label",
             c->element);
}

// ---- a report

struct validating {
    const struct ruleset *rs;
    const struct report *r;
    struct arena *a;
    struct diag *d;
    struct views overall;
    bool ok;
};

static enum status validate_part(struct validating *v, const struct label *label, const char *id, const char *what)
{
    if (!label)
        return ST_OK;
    char element[96];
    snprintf(element, sizeof element, "%s%s%s", what, *what ? " " : "", id);
    TRY(validate_label(&v->rs->policies, label, id, v->a, v->d, &v->ok));
    struct views part;
    TRY(read_views(v->rs, label, v->a, &part));
    struct comparing c = {.rs = v->rs, .element = element, .id = id, .line = label->line, .column = label->column, .d = v->d, .ok = true};
    compare(&c, &v->overall, &part);
    v->ok &= c.ok;
    return ST_OK;
}

static const char *kind_word(enum report_child_kind kind)
{
    switch (kind) {
    case REPORT_PORTION:
        return "portion";
    case REPORT_ATTACHMENT:
        return "attachment";
    case REPORT_REFERENCE:
        return "reference";
    case REPORT_WITHHELD:
        return "withheld";
    }
    return "";
}

static enum status validate_labels(struct validating *v)
{
    const struct report *r = v->r;
    if (!r->label || !r->label->originator) {
        diag_add(v->d, 0, 0, "label-missing", "label", "a report needs an overall label");
        v->ok = false;
        return ST_OK;
    }
    TRY(validate_label(&v->rs->policies, r->label, r->label_id, v->a, v->d, &v->ok));
    TRY(read_views(v->rs, r->label, v->a, &v->overall));
    TRY(validate_part(v, r->header_label, "header", ""));
    for (size_t i = 0; i < r->child_count; i++)
        TRY(validate_part(v, r->children[i].label, r->children[i].id, kind_word(r->children[i].kind)));
    return ST_OK;
}

static void validate_words(struct validating *v, const char *const *words, size_t count, const char *rule,
                           const char *element, bool (*known)(const struct vocabulary *, const char *))
{
    for (size_t i = 0; i < count; i++) {
        if (known(v->rs->vocabulary, words[i]))
            continue;
        v->ok = false;
        diag_add(v->d, v->r->header_line, v->r->header_column, rule, element, "\"%s\" is not in the vocabulary; correct it or have it added there",
                 words[i]);
    }
}

enum status report_validate(const struct ruleset *rs, const struct report *r, struct diag *d)
{
    struct validating v = {.rs = rs, .r = r, .a = arena_new(VALIDATE_BYTES_MAX), .d = d, .ok = true};
    if (!v.a)
        return ST_NOMEM;
    validate_words(&v, &r->type, 1, "unknown-type", "type", vocabulary_has_type);
    validate_words(&v, r->topics, r->topic_count, "unknown-topic", "topic", vocabulary_has_topic);
    validate_words(&v, r->areas, r->area_count, "unknown-area", "area", vocabulary_has_area);
    enum status st = validate_labels(&v);
    arena_free(&v.a);
    return st == ST_OK && !v.ok ? ST_INVALID : st;
}
