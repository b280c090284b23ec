#include "node/core/policy_diff.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/core/policy_find.h"
#include "node/core/policy_flow.h"
#include "node/core/policy_work.h"
#include "node/core/release.h"
#include "policy/policy_change.h"
#include "store/ledger.h"
#include "store/policies.h"
#include "store/policy_steps.h"

// Partners of both policies, and whoever else holds a report.
enum { NAMES_MAX = 4 * (int)PARTNERS_MAX };

// Where a partner stands with a report.
struct standing {
    char partner[PARTNER_ID_MAX + 1];
    bool known; // there is a holding
    struct holding h;
};

struct diffing {
    struct tick *t;
    struct ruleset *rules; // the other policy
    struct reply *rp;
    struct policy_change *change; // from the active policy; NULL = nothing is known, every report is decided
    struct buf changes;
    struct uuid ids[POLICY_DIFF_LOOK]; // of the reports that this call may look at
    struct uuid id;
    size_t count;
    struct standing before[NAMES_MAX];
};

static bool is_live(const struct standing *s)
{
    return s->known && s->h.kind == ENTRY_RELEASE && !s->h.lapsed;
}

static enum status look(struct diffing *x, const char *partner, struct standing *ret)
{
    *ret = (struct standing){.known = false};
    snprintf(ret->partner, sizeof ret->partner, "%s", partner);
    enum status st = holding_get(x->t->txn, partner, x->id, &ret->h);
    ret->known = st == ST_OK;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

static enum status note_partner(void *ctx, const char *partner)
{
    struct diffing *x = ctx;
    for (size_t i = 0; i < x->count; i++)
        if (strcmp(x->before[i].partner, partner) == 0)
            return ST_OK;
    if (x->count == NAMES_MAX)
        return ST_LIMIT;
    return look(x, partner, &x->before[x->count++]);
}

// Partners of the other policy first, in its order; then those who hold the report and are not in it.
static enum status note_all(struct diffing *x)
{
    x->count = 0;
    for (size_t i = 0; i < ruleset_partner_count(x->rules); i++)
        TRY(look(x, ruleset_partner(x->rules, i)->id, &x->before[x->count++]));
    return holding_each_partner(x->t->txn, x->id, note_partner, x);
}

// ---- what became of a pair

// NULL = nothing.
static const char *change_of(const struct standing *before, const struct standing *after)
{
    if (after->known && after->h.kind == ENTRY_WITHDRAW && (!before->known || before->h.n != after->h.n))
        return "withdraw";
    if (!is_live(before))
        return is_live(after) ? "gain" : NULL;
    if (!is_live(after))
        return "lose";
    return before->h.n != after->h.n ? "see-differently" : NULL;
}

static void write_change(struct diffing *x, const struct standing *before, const struct standing *after, const char *kind)
{
    char urn[UUID_URN_LEN + 1], version[16];
    struct buf *b = &x->changes;
    snprintf(version, sizeof version, "%u", after->h.version);
    buf_puts(b, "<change");
    buf_xml_attr(b, "delivered", before->known && before->h.ever_delivered ? "true" : "false");
    buf_xml_attr(b, "kind", kind);
    buf_xml_attr(b, "partner", after->partner);
    buf_xml_attr(b, "report", uuid_urn(x->id, urn));
    buf_xml_attr(b, "version", version);
    buf_puts(b, "></change>");
}

static void write_undecided(struct diffing *x)
{
    char urn[UUID_URN_LEN + 1];
    buf_puts(&x->changes, "<undecided");
    buf_xml_attr(&x->changes, "report", uuid_urn(x->id, urn));
    buf_puts(&x->changes, "></undecided>");
}

// The report under the other policy, as after an activation.
static enum status decide_anew(struct diffing *x)
{
    struct ruleset *active = x->t->core->rules;
    x->t->core->rules = x->rules;
    x->t->tries_rules = true;
    enum status st = release_report(x->t, x->id, CAUSE_POLICY, NULL);
    x->t->core->rules = active;
    x->t->tries_rules = false;
    return st;
}

static enum status diff_report(struct diffing *x)
{
    TRY(note_all(x));
    enum status st = decide_anew(x);
    if (st == ST_CORRUPT || st == ST_LIMIT) {
        write_undecided(x); // what it wrote is undone with all the rest
        return ST_OK;
    }
    for (size_t i = 0; st == ST_OK && i < x->count; i++) {
        struct standing after;
        TRY(look(x, x->before[i].partner, &after));
        const char *kind = change_of(&x->before[i], &after);
        if (kind)
            write_change(x, &x->before[i], &after, kind);
    }
    return st;
}

// ---- which reports need not be looked at

// Decisions are as of the active policy now, and every report has its outline: then outlines can be compared.
static enum status can_compare(const struct tick *t, bool *ret)
{
    struct policy_moment seen;
    struct policy_step step;
    bool pending, whole;
    *ret = false;
    TRY(policies_work_pending(t->txn, &pending));
    TRY(outlines_whole(t->txn, &whole));
    enum status st = policy_seen(t->txn, &seen);
    if (st == ST_NOT_FOUND || pending || !whole)
        return ST_OK;
    if (st == ST_OK)
        st = policy_steps_first(t->txn, &step);
    if (st != ST_NOT_FOUND)
        return st;
    *ret = digest_eq(&seen.policy, ruleset_digest(t->core->rules)) && ruleset_next_change(t->core->rules, seen.at) > t->now;
    return ST_OK;
}

static enum status begin_comparing(struct diffing *x)
{
    const struct tick *t = x->t;
    bool can;
    TRY(can_compare(t, &can));
    if (!can)
        return ST_OK;
    enum status st = policy_change_new(t->core->rules, t->now, x->rules, t->now, POLICY_WORK_BYTES, &x->change);
    return st == ST_LIMIT ? ST_OK : st;
}

static enum status compare(struct diffing *x, struct arena *a, bool *ret_none)
{
    uint64_t number;
    struct outlined known;
    struct outline o;
    struct outline_change c;
    TRY(outlines_of(x->t->txn, x->id, &number, &known, NULL));
    if (number == OUTLINE_NONE)
        return ST_OK;
    TRY(policy_find_compare(x->t->txn, x->change, number, a, &o, &c));
    *ret_none = outline_change_none(&c, known.base, x->t->now);
    return ST_OK;
}

// Is it known that the other policy changes nothing for this report?
static enum status is_untouched(struct diffing *x, bool *ret)
{
    *ret = false;
    if (!x->change)
        return ST_OK;
    struct arena *a = arena_new(16 * OUTLINE_BYTES_MAX);
    enum status st = a ? compare(x, a, ret) : ST_NOMEM;
    arena_free(&a);
    return st == ST_NOT_FOUND || st == ST_CORRUPT || st == ST_LIMIT ? ST_OK : st;
}

// ---- a page

// Look at reports until enough were decided. *ret_looked: how many of them are done.
static enum status diff_reports(struct diffing *x, size_t count, size_t *ret_looked)
{
    size_t i = 0, decided = 0;
    for (; i < count && decided < POLICY_DIFF_REPORTS; i++) {
        bool untouched;
        x->id = x->ids[i];
        TRY(is_untouched(x, &untouched));
        if (!untouched)
            TRY(diff_report(x));
        decided += !untouched;
    }
    *ret_looked = i;
    return ST_OK;
}

static enum status diff_page(struct diffing *x, const struct uuid *after)
{
    size_t count, looked = 0;
    char urn[UUID_URN_LEN + 1];
    struct buf *b = &x->rp->body;
    TRY(begin_comparing(x));
    // The mark of the work tells where to begin; it is undone with all the rest.
    TRY(policies_work_begin(x->t->txn));
    if (after)
        TRY(policies_work_done(x->t->txn, after));
    TRY(policies_work_next(x->t->txn, x->ids, POLICY_DIFF_LOOK, &count));
    TRY(diff_reports(x, count, &looked));
    x->rp->status = 200;
    x->rp->content_type = "application/xml";
    buf_puts(b, "<policy-diff xmlns=\"" NS_POLICY_DIFF "\"");
    if (looked && (looked < count || count == POLICY_DIFF_LOOK))
        buf_xml_attr(b, "next", uuid_urn(x->ids[looked - 1], urn) + 9);
    buf_putc(b, '>');
    buf_span(b, buf_bytes(&x->changes));
    buf_puts(b, "</policy-diff>\n");
    TRY(buf_status(&x->changes));
    return buf_status(b);
}

enum status policy_diff(struct tick *t, const struct request *rq, struct reply *rp)
{
    char text[UUID_TEXT_LEN + 1];
    struct uuid after;
    bool from = http_query_get(rq->head.query, "after", text, sizeof text);
    if ((rq->head.query.len && !from) || (from && uuid_parse(span_cstr(text), &after) != ST_OK)) {
        reply_problem(rp, 422, "diff-form", "after is not what a page gave as next", NULL, NULL);
        return ST_OK;
    }
    struct diffing *x = calloc(1, sizeof *x);
    if (!x)
        return ST_NOMEM;
    *x = (struct diffing){.t = t, .rp = rp};
    buf_init(&x->changes, rp->body.max);
    enum status st = policy_from_request(t, rq, rp, &x->rules);
    if (st == ST_OK && x->rules) {
        t->undo = true;
        st = diff_page(x, from ? &after : NULL);
    }
    policy_change_free(&x->change);
    ruleset_free(&x->rules);
    buf_fini(&x->changes);
    free(x);
    return st;
}
