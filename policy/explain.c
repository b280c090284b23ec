#include "policy/explain.h"

#include "policy/decide_case.h"

// ---- one sentence

static void put_withheld(const struct report *r, const struct decision *dec, struct buf *out)
{
    buf_puts(out, ": ");
    decision_withheld_ids(r, dec, out);
    buf_puts(out, " withheld");
}

static bool some_withheld(const struct decision *dec)
{
    bool some = dec->withheld.overall;
    for (size_t i = 0; i < sizeof dec->withheld.bits / sizeof *dec->withheld.bits; i++)
        some |= dec->withheld.bits[i] != 0;
    return some;
}

static const char *reason_sentence(enum reason r)
{
    switch (r) {
    case REASON_NONE:
        return "no decision could be made";
    case REASON_ORIGINATOR:
        return "it is the originating nation";
    case REASON_RULE:
        return "a denial applies";
    case REASON_NO_AGREEMENT:
        return "no agreement in force covers this report";
    case REASON_ORIGINATOR_CONTROL:
        return "the originating nation forbids passing it on";
    case REASON_ORIGINATOR_CONSENT:
        return "the originating nation must consent first";
    case REASON_UNKNOWN_POLICY:
        return "its label is under a security policy that is not known here";
    case REASON_INVALID_LABEL:
        return "its label is not valid under its security policy";
    case REASON_NO_CLEARANCE:
        return "the partner holds no clearance under the label's policy or an equivalent one";
    case REASON_CLASSIFICATION:
        return "its classification is above the partner's clearance or the agreement's ceiling";
    case REASON_CATEGORY:
        return "it carries a category that the partner does not hold";
    case REASON_NOT_RELEASABLE:
        return "the partner is not on its release list";
    case REASON_UNMARKED:
        return "it has no release list";
    case REASON_COMPILATION:
        return "each part may go but the whole may not";
    case REASON_REDACTION_FORBIDDEN:
        return "parts would have to be withheld and the agreement forbids redaction";
    case REASON_REFUSED:
        return "an officer refused it";
    case REASON_APPROVAL:
        return "officers must approve it first";
    }
    return "";
}

static void put_under(const struct decision *dec, struct buf *out)
{
    if (dec->agreement)
        buf_printf(out, " under %s", dec->agreement);
}

void explain_summary(const struct ruleset *rs, const struct report *r, size_t partner, const struct decision *dec,
                     struct buf *out)
{
    char until[UTC_TEXT_MAX];
    const char *id = ruleset_partner(rs, partner)->id;
    switch (dec->outcome) {
    case OUTCOME_DENY:
        buf_printf(out, "Denied to %s", id);
        put_under(dec, out);
        buf_printf(out, ": %s (%s)", reason_sentence(dec->reason), dec->rule ? dec->rule : reason_text(dec->reason));
        break;
    case OUTCOME_HOLD:
        buf_printf(out, "Held for %s", id);
        put_under(dec, out);
        buf_printf(out, ", which asks for %u approving officer%s", dec->terms.approval,
                   dec->terms.approval == 1 ? "" : "s");
        break;
    case OUTCOME_CONSENT:
        buf_printf(out, "Waits for the consent of %s before it may go to %s", r->nation, id);
        put_under(dec, out);
        break;
    case OUTCOME_EMBARGO:
        buf_printf(out, "Embargoed for %s", id);
        put_under(dec, out);
        buf_printf(out, " until %s", utc_format_s(dec->until, until));
        break;
    case OUTCOME_REDACT:
        buf_printf(out, "Redacted for %s", id);
        put_under(dec, out);
        break;
    case OUTCOME_RELEASE:
        buf_printf(out, "Released whole to %s", id);
        put_under(dec, out);
        break;
    }
    if (dec->outcome != OUTCOME_DENY && some_withheld(dec))
        put_withheld(r, dec, out);
    buf_putc(out, '.');
}

// ---- every test

struct explaining {
    struct decide_case *c;
    const struct ruleset *rs;
    const struct report *r;
    const struct decide_record *rec;
    size_t partner;
    struct buf *out;
};

// line of the table, test, outcome, id of the policy element, its place in the policy
static void put_test(const struct explaining *x, unsigned line, const char *test, const char *outcome, const char *id,
                     uint32_t policy_line)
{
    buf_printf(x->out, "%u\t%s\t%s\t%s\t", line, test, outcome, id);
    if (policy_line)
        buf_printf(x->out, "%s:%u\n", x->rs->doc->file, policy_line);
    else
        buf_puts(x->out, "-\n");
}

// False when a denial has decided.
static bool explain_denials(const struct explaining *x)
{
    for (size_t i = 0; i < x->rs->doc->denial_count; i++) {
        const struct policy_denial *d = &x->rs->doc->denials[i];
        if (!decide_case_denial_names(x->c, i, x->partner)) {
            put_test(x, 2, "denial", "does not name the partner", d->id, d->line);
            continue;
        }
        bool fires = decide_case_denial_fires(x->c, i);
        put_test(x, 2, "denial", fires ? "applies" : "its conditions do not hold", d->id, d->line);
        if (fires)
            return false;
    }
    return true;
}

// One line for every agreement up to the one that governs, of which a policy may have hundreds: put together from
// texts that are ready made.
static const struct agreement_rule *explain_agreements(const struct explaining *x)
{
    static const char inactive[] = "3\tagreement\tnot in force at this time\t";
    static const char no_party[] = "3\tagreement\tthe partner is no party\t";
    static const char uncovered[] = "3\tagreement\tits scope does not cover the report\t";
    static const char governs[] = "3\tagreement\tgoverns\t";
    const struct agreement_rule *governing = decide_case_governing(x->c, x->partner);
    for (size_t i = 0; i < x->rs->doc->agreement_count; i++) {
        const struct agreement_rule *a = &x->rs->agreements[i];
        if (!decide_case_agreement_active(x->c, i))
            buf_put(x->out, inactive, sizeof inactive - 1);
        else if (!decide_case_agreement_names(x->c, i, x->partner))
            buf_put(x->out, no_party, sizeof no_party - 1);
        else
            buf_puts(x->out, a == governing ? governs : uncovered);
        buf_span(x->out, a->cited);
        if (a == governing)
            return governing;
    }
    return NULL;
}

static void explain_label(const struct explaining *x, unsigned line, const char *element, struct label_element *e,
                          const struct agreement_rule *governing)
{
    struct label_verdict v;
    label_check(&x->c->labels, e, x->partner, governing->limits, &v);
    buf_printf(x->out, "%u\tlabel of %s\t%s", line, element, v.passes ? "passes" : reason_text(v.reason));
    if (v.value)
        buf_printf(x->out, ": %s%s%s", v.tag_set ? v.tag_set : "", v.tag_set ? " " : "", v.value);
    buf_putc(x->out, '\t');
    if (v.policy != SP_NONE)
        buf_printf(x->out, "%s%s", x->rs->policies.policies[v.policy].spif->name, v.translated ? " (translated)" : "");
    else
        buf_putc(x->out, '-');
    buf_puts(x->out, "\t-\n");
}

static void explain_elements(const struct explaining *x, const struct agreement_rule *governing)
{
    const struct report *r = x->r;
    bool received = decide_received(x->rs, r, x->rec);
    explain_label(x, 5, "the header", decide_case_header(x->c), governing);
    explain_label(x, 6, "the whole", &x->c->overall, governing);
    for (size_t i = 0; i < r->child_count; i++) {
        switch (decide_element_kind(r, i, received)) {
        case ELEMENT_NONE:
            break;
        case ELEMENT_WITHHELD:
            put_test(x, 6, r->children[i].id, "withheld in our copy", "-", 0);
            break;
        case ELEMENT_PRESENT:
            explain_label(x, 6, r->children[i].id, decide_case_child(x->c, i), governing);
            break;
        }
    }
}

static void explain_decision(const struct explaining *x, const struct decision *dec,
                             const struct agreement_rule *governing)
{
    const struct policy_terms *terms = &governing->doc->terms;
    char text[UTC_TEXT_MAX];
    put_test(x, 6, "redaction", terms->redaction_permitted ? "permitted" : "forbidden", governing->doc->id,
             governing->doc->line);
    if (dec->outcome == OUTCOME_EMBARGO)
        put_test(x, 7, "embargo until", utc_format_s(dec->until, text), governing->doc->id, governing->doc->line);
    buf_printf(x->out, "8\tapproval\t%u of %u officers%s\t%s\t%s:%u\n", x->rec->approvals, terms->approval,
               x->rec->refused ? ", refused" : "", governing->doc->id, x->rs->doc->file, governing->doc->line);
}

static void explain_case(const struct explaining *x, const struct decision *dec)
{
    bool own = dec->reason == REASON_ORIGINATOR;
    put_test(x, 1, "originator", own ? "the partner is the originating nation" : "another nation", x->r->nation, 0);
    if (own || !explain_denials(x))
        return;
    const struct agreement_rule *governing = explain_agreements(x);
    if (!governing) {
        put_test(x, 3, "agreement", "none governs", "-", 0);
        return;
    }
    if (decide_received(x->rs, x->r, x->rec)) {
        enum onward terms = x->rec->received ? x->rec->onward : ONWARD_FORBIDDEN;
        put_test(x, 4, "originator's terms", onward_text(terms), x->r->nation, 0);
        if (terms == ONWARD_CONSENT)
            put_test(x, 4, "originator's consent", x->rec->consented ? "given" : "not given", x->r->nation, 0);
    }
    explain_elements(x, governing);
    explain_decision(x, dec, governing);
}

void explain_text(const struct ruleset *rs, const struct report *r, size_t partner, utc_ms t,
                  const struct decide_record *rec, struct buf *out)
{
    struct arena *a = arena_new(DECIDE_BYTES_MAX);
    struct decide_case c;
    struct decision dec;
    struct explaining x = {.c = &c, .rs = rs, .r = r, .rec = rec, .partner = partner, .out = out};
    if (!a || decide_case_init(&c, rs, r, t, a) != ST_OK || decide_case_partner(&c, partner, rec, &dec) != ST_OK) {
        buf_puts(out, "-\tmemory\tno decision could be made\t-\t-\n");
    } else {
        explain_case(&x, &dec);
        buf_printf(out, "9\tdecision\t%s %s\t%s\t-\n", outcome_text(dec.outcome), reason_text(dec.reason),
                   dec.rule ? dec.rule : dec.agreement ? dec.agreement : "-");
    }
    arena_free(&a);
}
