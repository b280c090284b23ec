#include "node/core/hold.h"

#include <stdio.h>

#include "node/core/record.h"
#include "node/core/release.h"
#include "store/grants.h"
#include "store/holds.h"

enum { ETAG_HEX = 16, ETAG_MAX = 12 + ETAG_HEX };

// One (report, partner) pair as it stands.
struct pair {
    struct tick *t;
    const struct stored_report *s;
    size_t partner;
    struct decision d;
    struct decide_record with;
};

static const char *partner_id(const struct pair *p)
{
    return ruleset_partner(p->t->core->rules, p->partner)->id;
}

static enum status pair_decide(struct tick *t, const struct stored_report *s, size_t partner, struct pair *ret)
{
    *ret = (struct pair){.t = t, .s = s, .partner = partner};
    return release_decide(t, s->report, &s->record, partner, &ret->d, &ret->with);
}

// Names what an approval would cover: the version and what is withheld in it.
static const char *pair_etag(const struct pair *p, char out[ETAG_MAX])
{
    char text[DIGEST_TEXT_LEN + 1];
    const uint8_t overall = p->d.withheld.overall;
    const struct span parts[] = {span_of(&overall, 1), span_of(p->d.withheld.bits, sizeof p->d.withheld.bits)};
    struct digest d = sha256_parts(parts, 2);
    digest_text(&d, text);
    snprintf(out, ETAG_MAX, "%u-%.*s", p->s->record.version, ETAG_HEX, text + strlen("sha256:"));
    return out;
}

// ---- as a document

static enum status write_grant(void *ctx, const struct approval *a)
{
    char at[UTC_TEXT_MAX];
    struct buf *b = ctx;
    buf_puts(b, a->refused ? "<refusal" : "<approval");
    buf_xml_attr(b, "at", utc_format_s(a->at, at));
    buf_xml_attr(b, "officer", a->officer);
    buf_puts(b, a->refused ? "></refusal>" : "></approval>");
    return ST_OK;
}

static void put_number(struct buf *b, const char *name, uint32_t n)
{
    char text[16];
    snprintf(text, sizeof text, "%u", n);
    buf_xml_attr(b, name, text);
}

static void put_withheld(struct buf *b, const struct pair *p)
{
    struct buf ids;
    buf_init(&ids, 64 * KIB);
    decision_withheld_ids(p->s->report, &p->d, &ids);
    buf_xml_attr(b, "withheld", buf_cstr(&ids));
    buf_fini(&ids);
}

static enum status write_pair(const struct pair *p, utc_ms since, struct buf *b)
{
    char urn[UUID_URN_LEN + 1], time[UTC_TEXT_MAX], etag[ETAG_MAX];
    const struct report *r = p->s->report;
    buf_puts(b, "<hold");
    if (p->d.agreement)
        buf_xml_attr(b, "agreement", p->d.agreement);
    put_number(b, "approvals", p->with.approvals);
    buf_xml_attr(b, "cell", r->cell);
    buf_xml_attr(b, "etag", pair_etag(p, etag));
    buf_xml_attr(b, "nation", r->nation);
    put_number(b, "needed", p->d.agreement ? p->d.terms.approval : 0);
    buf_xml_attr(b, "outcome", outcome_text(p->d.outcome));
    buf_xml_attr(b, "partner", partner_id(p));
    buf_xml_attr(b, "reason", reason_text(p->d.reason));
    buf_xml_attr(b, "report", uuid_urn(p->s->record.id, urn));
    if (since)
        buf_xml_attr(b, "since", utc_format_s(since, time));
    buf_xml_attr(b, "title", r->title);
    buf_xml_attr(b, "type", r->type);
    put_number(b, "version", p->s->record.version);
    put_withheld(b, p);
    buf_putc(b, '>');
    TRY(approval_each(p->t->txn, p->s->record.id, p->s->record.version, partner_id(p), write_grant, b));
    buf_puts(b, "</hold>");
    return buf_status(b);
}

// ---- list

struct listing {
    struct tick *t;
    struct buf holds;
    size_t count;
    struct hold last;
    bool more;
};

static enum status list_loaded(struct listing *l, const struct hold *h, const struct stored_report *s)
{
    struct pair p;
    size_t partner = ruleset_partner_index(l->t->core->rules, h->partner);
    if (partner == SIZE_MAX || s->record.version != h->version)
        return ST_OK;
    TRY(pair_decide(l->t, s, partner, &p));
    if (p.d.outcome != OUTCOME_HOLD)
        return ST_OK;
    l->count++;
    return write_pair(&p, h->since, &l->holds);
}

static enum status list_one(void *ctx, const struct hold *h)
{
    struct listing *l = ctx;
    struct stored_report *s;
    if (l->count == HOLDS_PAGE_MAX) {
        l->more = true;
        return ST_LIMIT; // ends the walk
    }
    l->last = *h;
    enum status st = record_load_current(l->t, h->report, &s);
    if (st == ST_NOT_FOUND || st == ST_GONE || st == ST_CORRUPT)
        return ST_OK; // what is damaged cannot be released; `relto audit verify` names it
    if (st != ST_OK)
        return st;
    st = list_loaded(l, h, s);
    record_free(&s);
    return st;
}

// "6f0c…/FRA"
static bool parse_after(const char *text, struct hold *ret)
{
    size_t n = strlen(text);
    if (n < UUID_TEXT_LEN + 2 || text[UUID_TEXT_LEN] != '/' || n - UUID_TEXT_LEN - 1 > PARTNER_ID_MAX)
        return false;
    snprintf(ret->partner, sizeof ret->partner, "%.*s", PARTNER_ID_MAX, text + UUID_TEXT_LEN + 1);
    return uuid_parse(span_of(text, UUID_TEXT_LEN), &ret->report) == ST_OK;
}

static enum status write_list(struct listing *l, struct reply *rp)
{
    char urn[UUID_URN_LEN + 1];
    rp->status = 200;
    rp->content_type = "application/xml";
    buf_puts(&rp->body, "<holds xmlns=\"" NS_HOLDS "\"");
    if (l->more) {
        char next[UUID_URN_LEN + PARTNER_ID_MAX + 2];
        snprintf(next, sizeof next, "%s/%s", uuid_urn(l->last.report, urn) + 9, l->last.partner);
        buf_xml_attr(&rp->body, "next", next);
    }
    buf_putc(&rp->body, '>');
    TRY(buf_status(&l->holds));
    buf_span(&rp->body, buf_bytes(&l->holds));
    buf_puts(&rp->body, "</holds>\n");
    return buf_status(&rp->body);
}

enum status hold_list(struct tick *t, const struct request *rq, struct reply *rp)
{
    char text[UUID_TEXT_LEN + PARTNER_ID_MAX + 2];
    struct hold after;
    struct listing l = {.t = t};
    bool from = http_query_get(rq->head.query, "after", text, sizeof text);
    if (from && !parse_after(text, &after)) {
        reply_problem(rp, 422, "hold-form", "after is not what a list of holds gave as next", NULL, NULL);
        return ST_OK;
    }
    buf_init(&l.holds, 4 * MIB);
    enum status st = holds_each(t->txn, from ? &after : NULL, list_one, &l);
    if (st == ST_OK || (st == ST_LIMIT && l.more))
        st = write_list(&l, rp);
    buf_fini(&l.holds);
    return st;
}

// ---- answer

enum action { ACTION_APPROVE, ACTION_REFUSE, ACTION_REVOKE };

static const char *const action_texts[] = {"approve", "refuse", "revoke"};

struct answering {
    struct pair p;
    const struct request *rq;
    struct reply *rp;
    enum action action;
    char officer[80];
    bool said, said_refused; // what this officer said before
    struct withheld_set said_withheld;
};

static enum status find_own(void *ctx, const struct approval *a)
{
    struct answering *x = ctx;
    if (strcmp(a->officer, x->officer) == 0) {
        x->said = true;
        x->said_refused = a->refused;
        x->said_withheld = a->withheld;
    }
    return ST_OK;
}

static bool is_refused(const struct decision *d)
{
    return d->outcome == OUTCOME_DENY && d->reason == REASON_REFUSED;
}

static bool may_say(const struct answering *x)
{
    const struct decision *d = &x->p.d;
    switch (x->action) {
    case ACTION_APPROVE:
        return d->outcome == OUTCOME_HOLD || is_refused(d);
    case ACTION_REFUSE:
        return (d->outcome != OUTCOME_DENY && d->outcome != OUTCOME_CONSENT) || is_refused(d);
    case ACTION_REVOKE:
        return x->said;
    }
    return false;
}

// The same again changes nothing and is no fault: the first answer may have been lost on the way.
static bool said_already(const struct answering *x)
{
    return x->action != ACTION_REVOKE && x->said && x->said_refused == (x->action == ACTION_REFUSE) &&
           memcmp(&x->said_withheld, &x->p.d.withheld, sizeof x->said_withheld) == 0;
}

static bool refuse_answer(struct answering *x)
{
    char detail[200], quoted[ETAG_MAX + 2], etag[ETAG_MAX];
    struct span match = http_header_get(&x->rq->head, "if-match");
    snprintf(quoted, sizeof quoted, "\"%s\"", pair_etag(&x->p, etag));
    if (match.len && !span_eq_cstr(match, quoted)) {
        reply_problem(x->rp, 412, "version-changed", "If-Match does not name what is held now",
                      "The report, or what would be visible of it, changed. Look at the list of holds again.", NULL);
        return true;
    }
    if (may_say(x) || said_already(x))
        return false;
    if (x->action == ACTION_REVOKE) {
        reply_problem(x->rp, 409, "nothing-to-revoke", "You neither approved nor refused this version for this partner", NULL, NULL);
        return true;
    }
    snprintf(detail, sizeof detail, "The decision on version %u for %s is %s (%s).", x->p.s->record.version, partner_id(&x->p),
             outcome_text(x->p.d.outcome), reason_text(x->p.d.reason));
    reply_problem(x->rp, 409, "not-held", "This does not await an officer", detail, NULL);
    return true;
}

static enum status log_answer(const struct answering *x)
{
    char certificate[DIGEST_TEXT_LEN + 1];
    struct buf ids;
    struct tick *t = x->p.t;
    bool refusal = x->action == ACTION_REFUSE || (x->action == ACTION_REVOKE && x->said_refused);
    struct audit_event ev = {.kind = refusal ? AUDIT_REFUSE : AUDIT_APPROVE, .actor = x->officer, .has_report = true,
                             .report = x->p.s->record.id, .version = x->p.s->record.version, .partner = partner_id(&x->p)};
    buf_init(&ids, 32 * KIB);
    decision_withheld_ids(x->p.s->report, &x->p.d, &ids);
    if (x->p.d.agreement)
        audit_event_attr(&ev, "agreement", x->p.d.agreement);
    audit_event_attr(&ev, "certificate", digest_text(&x->rq->who.certificate, certificate));
    if (x->action == ACTION_REVOKE)
        audit_event_attr(&ev, "revoked", "true");
    audit_event_attr(&ev, "withheld", buf_cstr(&ids));
    enum status st = tick_log(t, &ev);
    buf_fini(&ids);
    return st;
}

static enum status record_answer(const struct answering *x)
{
    const struct report_record *rec = &x->p.s->record;
    struct tick *t = x->p.t;
    TRY(log_answer(x));
    if (x->action == ACTION_REVOKE)
        return approval_del(t->txn, rec->id, rec->version, partner_id(&x->p), x->officer);
    struct approval a = {.refused = x->action == ACTION_REFUSE, .at = t->now, .withheld = x->p.d.withheld};
    snprintf(a.officer, sizeof a.officer, "%s", x->officer);
    return approval_put(t->txn, rec->id, rec->version, partner_id(&x->p), &a);
}

static enum status answer_pair(struct answering *x)
{
    const struct stored_report *s = x->p.s;
    struct tick *t = x->p.t;
    TRY(approval_each(t->txn, s->record.id, s->record.version, partner_id(&x->p), find_own, x));
    if (refuse_answer(x))
        return ST_OK;
    if (!said_already(x)) {
        TRY(record_answer(x));
        TRY(release_report(t, s->record.id, CAUSE_RECHECK, NULL));
        TRY(pair_decide(t, s, x->p.partner, &x->p));
    }
    x->rp->status = 200;
    x->rp->content_type = "application/xml";
    buf_puts(&x->rp->body, "<holds xmlns=\"" NS_HOLDS "\">");
    TRY(write_pair(&x->p, 0, &x->rp->body));
    buf_puts(&x->rp->body, "</holds>\n");
    return buf_status(&x->rp->body);
}

static bool read_form(struct tick *t, const struct request *rq, struct reply *rp, enum action *ret_action, size_t *ret_partner)
{
    char partner[PARTNER_ID_MAX + 1], action[16];
    if (!http_query_get(rq->head.query, "partner", partner, sizeof partner) ||
        !http_query_get(rq->head.query, "action", action, sizeof action)) {
        reply_problem(rp, 422, "hold-form", "An answer needs partner and action",
                      "Give them as query parameters: ?partner=FRA&action=approve, refuse or revoke.", NULL);
        return false;
    }
    size_t a = 0;
    while (a < 3 && strcmp(action, action_texts[a]) != 0)
        a++;
    *ret_partner = ruleset_partner_index(t->core->rules, partner);
    if (a == 3)
        reply_problem(rp, 422, "hold-form", "action is none of approve, refuse, revoke", NULL, NULL);
    else if (*ret_partner == SIZE_MAX)
        reply_problem(rp, 404, "not-found", "The active policy names no such partner", NULL, NULL);
    *ret_action = (enum action)a;
    return a < 3 && *ret_partner != SIZE_MAX;
}

enum status hold_answer(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp)
{
    struct answering x = {.rq = rq, .rp = rp};
    struct stored_report *s;
    size_t partner;
    if (!read_form(t, rq, rp, &x.action, &partner))
        return ST_OK;
    enum status st = record_load_current(t, id, &s);
    if (st == ST_NOT_FOUND || st == ST_GONE) {
        if (st == ST_GONE)
            reply_problem(rp, 410, "recalled", "This report was recalled", NULL, NULL);
        else
            reply_problem(rp, 404, "not-found", "No report with this id is held here", NULL, NULL);
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    principal_text(&rq->who, x.officer);
    st = pair_decide(t, s, partner, &x.p);
    if (st == ST_OK)
        st = answer_pair(&x);
    record_free(&s);
    return st;
}
