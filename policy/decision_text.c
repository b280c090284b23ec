// A decision as the offline form prints it (spec 6.2).
#include "policy/decide.h"

static const char *overall_id(const struct report *r)
{
    return r->label_id ? r->label_id : "label";
}

void withheld_ids(const struct report *r, const struct withheld_set *w, struct buf *out)
{
    const char *between = "";
    // The overall label stands first in the document.
    if (w->overall) {
        buf_puts(out, overall_id(r));
        between = ",";
    }
    for (size_t i = 0; i < r->child_count; i++) {
        if (!withheld_has(w, i))
            continue;
        buf_puts(out, between);
        buf_puts(out, r->children[i].id);
        between = ",";
    }
    if (!*between)
        buf_puts(out, "-");
}

static bool id_is(const char *id, const char *text, size_t n)
{
    return strlen(id) == n && memcmp(id, text, n) == 0;
}

static bool add_id(const struct report *r, const char *text, size_t n, struct withheld_set *set)
{
    if (id_is(overall_id(r), text, n)) {
        set->overall = true;
        return true;
    }
    for (size_t i = 0; i < r->child_count; i++)
        if (id_is(r->children[i].id, text, n)) {
            withheld_add(set, i);
            return true;
        }
    return false;
}

bool withheld_ids_parse(const struct report *r, const char *text, struct withheld_set *ret)
{
    struct withheld_set set = {.overall = false};
    bool ok = true;
    for (const char *p = strcmp(text, "-") == 0 ? "" : text; *p && ok;) {
        size_t n = strcspn(p, ",");
        ok = add_id(r, p, n, &set);
        p += p[n] ? n + 1 : n;
    }
    if (ok)
        *ret = set;
    return ok;
}

void decision_withheld_ids(const struct report *r, const struct decision *dec, struct buf *out)
{
    withheld_ids(r, &dec->withheld, out);
}

// Withheld ids are printed for redact, embargo and hold.
static bool shows_withheld(enum outcome o)
{
    switch (o) {
    case OUTCOME_REDACT:
    case OUTCOME_EMBARGO:
    case OUTCOME_HOLD:
        return true;
    case OUTCOME_DENY:
    case OUTCOME_CONSENT:
    case OUTCOME_RELEASE:
        return false;
    }
    return false;
}

static const char *agreement_or_rule(const struct decision *dec)
{
    if (dec->rule)
        return dec->rule;
    return dec->agreement ? dec->agreement : "-";
}

void decision_tsv(const struct ruleset *rs, const struct report *r, size_t partner, const struct decision *dec,
                  struct buf *out)
{
    char until[UTC_TEXT_MAX];
    buf_printf(out, "%s\t%s\t%s\t%s\t", ruleset_partner(rs, partner)->id, outcome_text(dec->outcome),
               reason_text(dec->reason), agreement_or_rule(dec));
    if (shows_withheld(dec->outcome))
        decision_withheld_ids(r, dec, out);
    else
        buf_puts(out, "-");
    buf_printf(out, "\t%s", dec->outcome == OUTCOME_EMBARGO ? utc_format_s(dec->until, until) : "-");
}
