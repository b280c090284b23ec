#include "tests/support/past_model.h"

#include "formats/base/bug.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/policy_world.h"

const char *const model_partners[MODEL_PARTNERS] = {"FRA", "DEU"};
const char *const model_officers[MODEL_OFFICERS] = {"ANNE", "BOB"};

#define HOUR_MS 3600000
#define FOR_ALL W_REL(W_V("FRA") W_V("DEU"))
#define INTREPS "<type any-of='INTREP'/>"

void model_agreement(uint64_t serial, size_t partner, char out[24])
{
    snprintf(out, 24, "A-%s-%u", model_partners[partner], (unsigned)serial);
}

const char *model_withheld(unsigned withheld)
{
    static const char *const texts[4] = {"", "label", "e2", "label,e2"};
    return texts[withheld & 3];
}

// ---- documents

static void write_agreement(const struct model_policy *p, size_t i, struct buf *out)
{
    const struct model_terms *t = &p->terms[i];
    char id[24], until[UTC_TEXT_MAX];
    model_agreement(p->serial, i, id);
    buf_printf(out, "<agreement id='%s' parties='%s'", id, model_partners[i]);
    if (t->until)
        buf_printf(out, " until='%s'", utc_format_s(t->until, until));
    buf_printf(out, "><scope>" INTREPS "</scope><terms redaction='%s' approval='%u' embargo='PT%uH' onward='consent' lapse='%s'/>"
               "</agreement>", t->redaction ? "permitted" : "forbidden", t->approval, t->embargo_hours,
               t->lapse_withdraws ? "withdraw" : "retain");
}

static bool any_denied(const struct model_policy *p)
{
    return (p->terms[0].listed && p->terms[0].denied) || (p->terms[1].listed && p->terms[1].denied);
}

void model_policy_write(const struct model_policy *p, struct buf *out)
{
    buf_printf(out, "<policy xmlns='urn:relto:policy:1' nation='GBR' serial='%u'>" W_SECURITY "<partners>", (unsigned)p->serial);
    for (size_t i = 0; i < MODEL_PARTNERS; i++)
        if (p->terms[i].listed)
            buf_printf(out, "<partner id='%s' name='%s' kind='nation'><clearance policy='ALFA' max='%s'/></partner>",
                       model_partners[i], model_partners[i], p->terms[i].secret ? "S" : "R");
    buf_puts(out, "</partners>");
    if (any_denied(p))
        buf_puts(out, "<denials>");
    for (size_t i = 0; i < MODEL_PARTNERS; i++)
        if (p->terms[i].listed && p->terms[i].denied)
            buf_printf(out, "<deny id='D-%s' partners='%s' withdraw='%s'><when>" INTREPS "</when></deny>", model_partners[i],
                       model_partners[i], p->terms[i].denial_withdraws ? "true" : "false");
    if (any_denied(p))
        buf_puts(out, "</denials>");
    buf_puts(out, "<agreements>");
    for (size_t i = 0; i < MODEL_PARTNERS; i++)
        if (p->terms[i].listed)
            write_agreement(p, i, out);
    buf_puts(out, "</agreements></policy>");
}

static void write_second(const struct model_version *v, struct buf *out)
{
    char at[UTC_TEXT_MAX];
    utc_format_s(v->instant, at);
    switch (v->second) {
    case SECOND_OPEN:
        buf_puts(out, W_ALFA("U", FOR_ALL));
        break;
    case SECOND_SECRET:
        buf_puts(out, W_ALFA("S", FOR_ALL));
        break;
    case SECOND_OTHERS:
        buf_puts(out, W_ALFA("U", W_REL(W_V("DEU"))));
        break;
    case SECOND_DOWNGRADED:
        buf_printf(out, W_LABEL(W_SUCCEEDED(W_INFO("ALFA", "S", FOR_ALL), "%s", W_INFO("ALFA", "U", FOR_ALL))), at);
        break;
    case SECOND_UPGRADED:
        buf_printf(out, W_LABEL(W_SUCCEEDED(W_INFO("ALFA", "U", FOR_ALL), "%s", W_INFO("ALFA", "S", FOR_ALL))), at);
        break;
    case SECOND_KINDS:
        break;
    }
}

void model_report_write(const struct model_version *v, struct buf *out)
{
    buf_puts(out, "<report xmlns='urn:relto:report:1'>");
    buf_puts(out, v->secret ? W_ALFA("S", FOR_ALL) : W_ALFA("U", FOR_ALL));
    buf_puts(out, W_HEADER_OF("separable='true'", W_ALFA("U", FOR_ALL), "GBR", ""));
    buf_puts(out, "<portion>" W_ALFA("U", FOR_ALL) "<text>first</text></portion><portion>");
    write_second(v, out);
    buf_puts(out, "<text>second</text></portion></report>");
}

// ---- decisions

struct judgement {
    struct model_line line;
    bool permits, denies, by_rule;
    unsigned withheld; // by the labels
};

static unsigned fails(const struct model *m, const struct model_version *v, size_t partner)
{
    bool secret = v->second == SECOND_SECRET || (v->second == SECOND_DOWNGRADED && m->now < v->instant) ||
                  (v->second == SECOND_UPGRADED && m->now >= v->instant);
    bool cleared = m->policy.terms[partner].secret;
    unsigned set = v->secret && !cleared ? MODEL_OVERALL : 0;
    if ((secret && !cleared) || (v->second == SECOND_OTHERS && partner == 0))
        set |= MODEL_SECOND;
    return set;
}

static struct judgement outcome(struct judgement j, const char *name, const char *reason)
{
    j.line.outcome = name;
    j.line.reason = reason;
    j.permits = strcmp(name, "release") == 0 || strcmp(name, "redact") == 0;
    j.denies = strcmp(name, "deny") == 0;
    if (!j.denies)
        snprintf(j.line.withheld, sizeof j.line.withheld, "%s", model_withheld(j.withheld));
    return j;
}

static unsigned approvals(const struct model_said *said, unsigned withheld, bool *ret_refused)
{
    unsigned count = 0;
    *ret_refused = false;
    for (size_t i = 0; i < MODEL_OFFICERS; i++) {
        *ret_refused |= said[i].said && said[i].refused;
        count += said[i].said && !said[i].refused && (said[i].withheld & ~withheld) == 0;
    }
    return count;
}

static struct judgement judge(const struct model *m, const struct model_report *r, unsigned version, size_t partner)
{
    const struct model_terms *t = &m->policy.terms[partner];
    const struct model_version *v = &r->version[version - 1];
    struct judgement j = {.line = {.named = t->listed}};
    bool refused;
    if (!t->listed) {
        j.line.outcome = j.line.reason = "";
        j.denies = true;
        return j;
    }
    j.by_rule = t->denied;
    if (t->denied) {
        snprintf(j.line.rule, sizeof j.line.rule, "D-%s", model_partners[partner]);
        return outcome(j, "deny", "rule");
    }
    if (t->until && m->now >= t->until)
        return outcome(j, "deny", "no-agreement");
    model_agreement(m->policy.serial, partner, j.line.agreement);
    j.withheld = fails(m, v, partner);
    if (j.withheld == MODEL_OVERALL)
        return outcome(j, "deny", "compilation");
    if (j.withheld && !t->redaction)
        return outcome(j, "deny", "redaction-forbidden");
    utc_ms end = v->stored_at + (utc_ms)t->embargo_hours * HOUR_MS;
    if (m->now < end) {
        utc_format_s(end, j.line.until);
        return outcome(j, "embargo", "-");
    }
    unsigned count = approvals(r->said[version - 1][partner], j.withheld, &refused);
    if (refused)
        return outcome(j, "deny", "refused");
    if (count < t->approval)
        return outcome(j, "hold", "approval");
    return outcome(j, j.withheld ? "redact" : "release", "-");
}

struct model_line model_decide(const struct model *m, size_t report, size_t partner)
{
    const struct model_report *r = &m->report[report];
    return judge(m, r, r->versions, partner).line;
}

// ---- what follows from them

static bool end(struct model *m, struct model_pair *p, enum model_state state)
{
    p->state = state;
    p->since = m->now;
    if (state != MODEL_LAPSED)
        p->acknowledged = false;
    return true;
}

static bool permit(struct model *m, struct model_pair *p, unsigned version, size_t partner, const struct judgement *j)
{
    p->lapse_withdraws = m->policy.terms[partner].lapse_withdraws;
    p->permitted_at = m->now;
    if (p->state == MODEL_RELEASED && p->released.version == version && p->released.withheld == j->withheld)
        return false;
    p->released = (struct model_release){version, j->withheld, m->policy.serial};
    return end(m, p, MODEL_RELEASED);
}

// A label in force since it was last permitted would withhold what is visible.
static bool became_narrower(const struct model *m, const struct model_pair *p, const struct model_version *v, size_t partner)
{
    bool dated = v->second == SECOND_DOWNGRADED || v->second == SECOND_UPGRADED;
    return m->policy.terms[partner].listed && dated && v->instant > p->permitted_at && v->instant <= m->now &&
           (fails(m, v, partner) & ~p->released.withheld) != 0;
}

static bool stop(struct model *m, struct model_report *r, struct model_pair *p, size_t partner, const struct judgement *j)
{
    const struct model_terms *t = &m->policy.terms[partner];
    bool withdraws = p->lapse_withdraws || (j->by_rule && t->denial_withdraws) ||
                     became_narrower(m, p, &r->version[p->released.version - 1], partner);
    return end(m, p, withdraws ? MODEL_WITHDRAWN : MODEL_LAPSED);
}

static bool settle(struct model *m, struct model_report *r, size_t partner, const struct judgement *j)
{
    struct model_pair *p = &r->pair[partner];
    if (j->permits)
        return permit(m, p, r->versions, partner, j);
    if (p->state != MODEL_RELEASED)
        return false;
    if (p->released.version == r->versions)
        return stop(m, r, p, partner, j);
    if (j->denies)
        return end(m, p, MODEL_WITHDRAWN);
    // The newer one waits: the older one is decided for itself, unless a label became narrower.
    struct judgement own = judge(m, r, p->released.version, partner);
    unsigned hidden = p->released.withheld | (own.permits ? own.withheld : 0);
    if (j->withheld & ~hidden)
        return end(m, p, MODEL_WITHDRAWN);
    return own.permits ? permit(m, p, p->released.version, partner, &own) : stop(m, r, p, partner, &own);
}

void model_redecide(struct model *m, size_t report, bool first)
{
    struct model_report *r = &m->report[report];
    struct judgement j[MODEL_PARTNERS];
    bool changed = false, by_pair[MODEL_PARTNERS];
    if (r->versions == 0 || r->recalled)
        return;
    for (size_t i = 0; i < MODEL_PARTNERS; i++) {
        j[i] = judge(m, r, r->versions, i);
        by_pair[i] = settle(m, r, i, &j[i]);
        changed |= by_pair[i];
    }
    if (!first && !changed)
        return;
    BUG_IF(r->logged_count == MODEL_LOGGED_MAX);
    struct model_logged *l = &r->logged[r->logged_count++];
    *l = (struct model_logged){.at = m->now, .version = r->versions, .serial = m->policy.serial};
    for (size_t i = 0; i < MODEL_PARTNERS; i++) {
        l->line[i] = j[i].line;
        if (first || by_pair[i])
            r->told[i] = r->logged_count - 1;
    }
}

void model_redecide_all(struct model *m)
{
    for (size_t i = 0; i < MODEL_REPORTS; i++)
        model_redecide(m, i, false);
}

void model_say(struct model *m, size_t report, size_t partner, size_t officer, const char *action)
{
    struct model_report *r = &m->report[report];
    struct model_said *s = &r->said[r->versions - 1][partner][officer];
    unsigned withheld = judge(m, r, r->versions, partner).withheld;
    bool refused = strcmp(action, "refuse") == 0;
    if (strcmp(action, "revoke") == 0)
        *s = (struct model_said){0};
    else
        *s = (struct model_said){true, refused, withheld};
    model_redecide(m, report, false);
}

void model_recall(struct model *m, size_t report)
{
    struct model_report *r = &m->report[report];
    r->recalled = true;
    for (size_t i = 0; i < MODEL_PARTNERS; i++)
        if (r->pair[i].state != MODEL_NONE)
            end(m, &r->pair[i], MODEL_RECALLED);
}

void model_pull(struct model *m, size_t partner)
{
    for (size_t i = 0; i < MODEL_REPORTS; i++) {
        struct model_pair *p = &m->report[i].pair[partner];
        if (p->state == MODEL_RELEASED)
            p->held = p->released;
        p->acknowledged = p->state != MODEL_NONE;
    }
}
