#include "node/core/consent.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/core/consent_doc.h"
#include "node/core/reason.h"
#include "node/core/record.h"
#include "node/core/release.h"

#define DAY_MS ((int64_t)86400000)

static enum status form(struct reply *rp, const char *title, const char *detail)
{
    reply_problem(rp, 422, "consent-form", title, detail, NULL);
    return ST_OK;
}

static enum status conflict(struct reply *rp, const char *type, const char *title, const char *detail)
{
    reply_problem(rp, 409, type, title, detail, NULL);
    return ST_OK;
}

// ---- lists

struct listing {
    struct tick *t;
    bool for_partner;
    struct buf items;
    size_t count;
    struct uuid last;
    uint64_t last_change;
    bool more;
};

static enum status list_one(void *ctx, const struct consent_record *r)
{
    struct listing *l = ctx;
    if (l->count == CONSENTS_PAGE_MAX) {
        l->more = true;
        return ST_LIMIT; // ends the walk
    }
    l->count++;
    l->last = r->id;
    l->last_change = r->change;
    return consent_doc_item(l->t, r, l->for_partner, &l->items);
}

static enum status write_list(struct listing *l, uint64_t latest, struct reply *rp)
{
    char urn[UUID_URN_LEN + 1], number[DECIMAL_TEXT_MAX];
    rp->status = 200;
    rp->content_type = "application/xml";
    buf_puts(&rp->body, "<consents xmlns=\"" NS_CONSENTS "\"");
    if (l->for_partner)
        buf_xml_attr(&rp->body, "latest", decimal_text(latest, number));
    if (l->more)
        buf_xml_attr(&rp->body, "next", l->for_partner ? decimal_text(l->last_change, number) : uuid_urn(l->last, urn) + 9);
    buf_putc(&rp->body, '>');
    TRY(buf_status(&l->items));
    buf_span(&rp->body, buf_bytes(&l->items));
    buf_puts(&rp->body, "</consents>");
    return buf_status(&rp->body);
}

// A number or an id behind which the list goes on; false when it is neither there nor right.
static bool read_after(const struct request *rq, struct listing *l, uint64_t *ret_change, struct uuid *ret_id)
{
    char text[UUID_TEXT_LEN + 1];
    if (!http_query_get(rq->head.query, "after", text, sizeof text))
        return false;
    return l->for_partner ? decimal_parse(span_cstr(text), UINT64_MAX, ret_change)
                          : uuid_parse(span_cstr(text), ret_id) == ST_OK;
}

enum status consents_get(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct listing l = {.t = t, .for_partner = rq->who.role == ROLE_PARTNER};
    uint64_t change = 0, latest = 0;
    struct uuid id;
    bool after = read_after(rq, &l, &change, &id);
    if (rq->head.query.len && !after)
        return form(rp, "after is not what a list of consents gave as next", NULL);
    buf_init(&l.items, CONSENTS_PAGE_MAX * 5 * (size_t)CONSENT_BYTES_MAX);
    enum status st = l.for_partner ? consents_changed(t->txn, rq->who.id, change, list_one, &l)
                                   : consents_each(t->txn, after ? &id : NULL, list_one, &l);
    if (st == ST_LIMIT && l.more)
        st = ST_OK;
    if (st == ST_OK && l.for_partner)
        st = consents_last_change(t->txn, rq->who.id, &latest);
    if (st == ST_OK)
        st = write_list(&l, latest, rp);
    buf_fini(&l.items);
    return st;
}

// The answer to a change: the one request as it stands.
static enum status show(struct tick *t, const struct request *rq, const struct consent_record *r, struct reply *rp)
{
    struct listing l = {.t = t, .for_partner = rq->who.role == ROLE_PARTNER};
    buf_init(&l.items, 5 * (size_t)CONSENT_BYTES_MAX);
    enum status st = list_one(&l, r);
    if (st == ST_OK)
        st = write_list(&l, r->change, rp);
    buf_fini(&l.items);
    return st;
}

// ---- a partner asks

struct counting {
    struct tick *t;
    size_t count;
};

static enum status count_open(void *ctx, const struct consent_record *r)
{
    struct counting *c = ctx;
    if (r->state == CONSENT_GRANTED && c->t->now >= r->expires)
        return consent_close(c->t->txn, r);
    return ++c->count >= CONSENTS_OPEN_MAX ? ST_LIMIT : ST_OK;
}

// May this be asked? Else it was answered.
static enum status check_asked(struct tick *t, const char *partner, const struct consent_request *what, struct reply *rp,
                               bool *ret_good)
{
    struct holding h;
    enum status st = holding_get(t->txn, partner, what->report, &h);
    *ret_good = false;
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    bool holds = st == ST_OK && h.kind == ENTRY_RELEASE && !h.lapsed && h.ever_delivered && h.source[0] == 0;
    if (!holds)
        reply_problem(rp, 404, "not-found", "There is no such report", NULL, NULL);
    else if (h.version != what->version || !digest_eq(&h.digest, &what->rendition))
        return conflict(rp, "consent-outdated", "You hold another version or rendition by now", "Ask for that one.");
    else if (h.onward == ONWARD_FORBIDDEN)
        return conflict(rp, "onward-forbidden", "This report may not be passed on", NULL);
    else if (h.onward == ONWARD_PERMITTED)
        return conflict(rp, "consent-not-needed", "This report may be passed on without consent", NULL);
    else if (strcmp(what->recipient, t->core->nation) == 0 || strcmp(what->recipient, partner) == 0)
        return form(rp, "The recipient is one of the two nations that have the report already", NULL);
    else
        *ret_good = true;
    return ST_OK;
}

static enum status log_request(struct tick *t, const struct consent_record *r, const char *actor)
{
    char urn[UUID_URN_LEN + 1], digest[DIGEST_TEXT_LEN + 1];
    struct audit_event ev = {.kind = AUDIT_CONSENT_REQUEST, .actor = actor, .has_report = true, .report = r->what.report,
                             .version = r->what.version, .partner = r->ours ? r->what.recipient : r->peer};
    audit_event_attr(&ev, r->ours ? "nation" : "recipient", r->ours ? r->peer : r->what.recipient);
    audit_event_attr(&ev, "rendition", digest_text(&r->what.rendition, digest));
    audit_event_attr(&ev, "request", uuid_urn(r->id, urn));
    return tick_log(t, &ev);
}

static enum status take_new(struct tick *t, const struct request *rq, struct consent_record *r, struct reply *rp)
{
    char actor[80];
    struct counting open = {.t = t};
    bool good;
    TRY(check_asked(t, r->peer, &r->what, rp, &good));
    if (!good)
        return ST_OK;
    enum status st = consents_open(t->txn, false, r->peer, count_open, &open);
    if (st == ST_LIMIT) {
        reply_problem(rp, 429, "too-many-consents", "Too many of your requests are waiting or granted", "Try again later.", NULL);
        return ST_OK;
    }
    TRY(st);
    TRY(log_request(t, r, principal_text(&rq->who, actor)));
    TRY(consent_put(t->txn, r));
    return show(t, rq, r, rp);
}

static enum status take_request(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct consent_record r = {.state = CONSENT_WAITING, .changed = t->now}, there;
    struct diag *d = calloc(1, sizeof *d);
    if (!d)
        return ST_NOMEM;
    diag_init(d, NULL);
    enum status st = consent_request_read(rq->body, d, &r.what);
    if (st != ST_OK && st != ST_NOMEM)
        reply_problem(rp, 422, "consent-form", "This is not a request for consent", NULL, d);
    free(d);
    if (st != ST_OK)
        return st == ST_NOMEM ? st : ST_OK;
    snprintf(r.peer, sizeof r.peer, "%s", rq->who.id);
    r.id = consent_request_id(&r.what, r.peer);
    st = consent_get(t->txn, r.id, &there);
    if (st == ST_OK && !there.ours)
        return show(t, rq, &there, rp);
    return st == ST_NOT_FOUND ? take_new(t, rq, &r, rp) : st == ST_OK ? ST_CORRUPT : st;
}

// ---- an officer has our node ask

// What we hold and may not give to this partner without consent: else it was answered.
static enum status check_wanted(struct tick *t, const struct stored_report *s, size_t partner, struct reply *rp, bool *ret_good)
{
    char detail[200];
    struct decision d;
    const struct report_record *rec = &s->record;
    const struct peer *originator = core_peer(t->core, s->report->nation);
    *ret_good = false;
    TRY(release_decide(t, s->report, rec, partner, &d, NULL));
    snprintf(detail, sizeof detail, "The decision on version %u for %s is %s (%s).", rec->version,
             ruleset_partner(t->core->rules, partner)->id, outcome_text(d.outcome), reason_text(d.reason));
    if (d.outcome != OUTCOME_CONSENT)
        return conflict(rp, "consent-not-needed", "This does not await the originating nation's consent", detail);
    if (!originator || !originator->pull)
        return conflict(rp, "no-originator", "Its originating nation cannot be asked",
                        "Consent is asked of the originating nation's node: we need its card, and pull = yes.");
    if (strcmp(rec->source, originator->id) != 0)
        return conflict(rp, "no-originator", "Our copy did not come from its originating nation",
                        "Consent is given to who holds the report from the originating nation.");
    *ret_good = true;
    return ST_OK;
}

static bool still_open(const struct consent_record *r, utc_ms now)
{
    switch (r->state) {
    case CONSENT_UNSENT:
    case CONSENT_WAITING:
        return true;
    case CONSENT_GRANTED:
        return now < r->expires;
    case CONSENT_REFUSED:
    case CONSENT_REVOKED:
    case CONSENT_REJECTED:
        return false;
    }
    return false;
}

static enum status ask_for(struct tick *t, const struct request *rq, const struct stored_report *s, size_t partner, struct reply *rp)
{
    const struct report_record *rec = &s->record;
    struct consent_record r = {.ours = true, .state = CONSENT_UNSENT, .changed = t->now}, there;
    bool good;
    r.what = (struct consent_request){.report = rec->id, .version = rec->version, .rendition = rec->digest, .asked = t->now};
    snprintf(r.what.recipient, sizeof r.what.recipient, "%s", ruleset_partner(t->core->rules, partner)->id);
    enum status st = consent_of(t->txn, &r.what, &there);
    if (st != ST_OK && st != ST_NOT_FOUND && st != ST_CORRUPT) // one that cannot be read is asked for anew
        return st;
    if (st == ST_OK && still_open(&there, t->now))
        return show(t, rq, &there, rp);
    TRY(check_wanted(t, s, partner, rp, &good));
    if (!good)
        return ST_OK;
    snprintf(r.peer, sizeof r.peer, "%s", rec->source);
    principal_text(&rq->who, r.by);
    r.id = consent_request_id(&r.what, t->core->nation);
    TRY(log_request(t, &r, r.by));
    TRY(consent_put(t->txn, &r));
    return show(t, rq, &r, rp);
}

static enum status order_request(struct tick *t, const struct request *rq, struct reply *rp)
{
    char partner[PARTNER_ID_MAX + 1], report[UUID_URN_LEN + 1];
    struct stored_report *s;
    struct uuid id;
    if (!http_query_get(rq->head.query, "partner", partner, sizeof partner) || !consent_party_valid(partner) ||
        !http_query_get(rq->head.query, "report", report, sizeof report) || uuid_parse(span_cstr(report), &id) != ST_OK)
        return form(rp, "A request needs report and partner", "Give them as query parameters: ?report=UUID&partner=DEU.");
    size_t index = ruleset_partner_index(t->core->rules, partner);
    enum status st = index == SIZE_MAX ? ST_NOT_FOUND : record_load_current(t, id, &s);
    if (st == ST_NOT_FOUND || st == ST_GONE) {
        reply_problem(rp, 404, "not-found",
                      index == SIZE_MAX ? "The active policy names no such partner" : "No report with this id is held here", NULL, NULL);
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    st = ask_for(t, rq, s, index, rp);
    record_free(&s);
    return st;
}

enum status consents_post(struct tick *t, const struct request *rq, struct reply *rp)
{
    return rq->who.role == ROLE_PARTNER ? take_request(t, rq, rp) : order_request(t, rq, rp);
}

// ---- an officer answers

struct answering {
    struct tick *t;
    const struct request *rq;
    struct reply *rp;
    struct consent_record r;
    struct buf grant, revocation; // copied: the store's memory moves with every write
    utc_ms until;
    char reason[CONSENT_REASON_MAX];
};

// Does the partner still have from us what it asked for?
static enum status still_held(const struct answering *x, bool *ret)
{
    struct holding h;
    enum status st = holding_get(x->t->txn, x->r.peer, x->r.what.report, &h);
    *ret = st == ST_OK && h.kind == ENTRY_RELEASE && !h.lapsed && h.version == x->r.what.version &&
           digest_eq(&h.digest, &x->r.what.rendition) && h.source[0] == 0;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

static enum status sign(struct answering *x, bool revocation, struct buf *out)
{
    struct consent c = {.revocation = revocation, .what = x->r.what, .request = x->r.id, .at = x->t->now, .expires = x->r.expires};
    snprintf(c.nation, sizeof c.nation, "%s", x->t->core->nation);
    snprintf(c.requester, sizeof c.requester, "%s", x->r.peer);
    if (revocation)
        c.grant = sha256(buf_bytes(&x->grant));
    buf_reset(out);
    return consent_write(&c, x->t->core->consent_key, out);
}

static enum status settle(struct answering *x, enum consent_state state, const char *reason)
{
    struct consent_record *r = &x->r;
    r->state = state;
    r->changed = x->t->now;
    snprintf(r->reason, sizeof r->reason, "%s", reason);
    principal_text(&x->rq->who, r->by);
    r->grant = buf_bytes(&x->grant);
    r->revocation = buf_bytes(&x->revocation);
    TRY(consent_doc_log(x->t, r, r->by, &x->rq->who.certificate));
    TRY(consent_put(x->t->txn, r));
    return show(x->t, x->rq, r, x->rp);
}

static enum status read_until(struct answering *x, bool *ret_good)
{
    char text[UTC_TEXT_MAX];
    utc_ms last = utc_add(x->t->now, CONSENT_DAYS_MAX * DAY_MS);
    x->until = utc_add(x->t->now, CONSENT_DAYS_DEFAULT * DAY_MS);
    *ret_good = true;
    if (!http_query_get(x->rq->head.query, "until", text, sizeof text))
        return ST_OK;
    *ret_good = utc_parse(span_cstr(text), UTC_ZONE_Z, &x->until) == ST_OK && x->until > x->t->now && x->until <= last;
    return *ret_good ? ST_OK
                     : form(x->rp, "until is not an instant to come",
                            "Expected a UTC time like 2026-12-31T00:00:00Z, at most ten years from now.");
}

static enum status grant(struct answering *x)
{
    bool good;
    TRY(read_until(x, &good));
    if (!good)
        return ST_OK;
    TRY(still_held(x, &good));
    if (!good)
        return conflict(x->rp, "not-held", "The partner no longer holds what it asked for",
                        "It was recalled, withdrawn, or another version or rendition took its place.");
    x->r.expires = x->until;
    TRY(sign(x, false, &x->grant));
    buf_reset(&x->revocation);
    return settle(x, CONSENT_GRANTED, "");
}

#define REASON_FORM "Give it as the query parameter \"reason\": one line of text, at most 255 bytes of UTF-8. The partner will read it."

static enum status refuse(struct answering *x)
{
    if (!x->reason[0])
        return form(x->rp, "A refusal needs a reason", REASON_FORM);
    if (x->r.state == CONSENT_GRANTED)
        return conflict(x->rp, "not-held", "Consent was granted: revoke it", NULL);
    return settle(x, CONSENT_REFUSED, x->reason);
}

static enum status revoke(struct answering *x)
{
    if (x->r.state == CONSENT_REVOKED)
        return show(x->t, x->rq, &x->r, x->rp);
    if (x->r.state != CONSENT_GRANTED)
        return conflict(x->rp, "nothing-to-revoke", "Consent was not granted", NULL);
    if (!x->reason[0] && http_query_has(x->rq->head.query, "reason")) // it would be lost in silence
        return form(x->rp, "This cannot be given as a reason", "Nothing was revoked. " REASON_FORM);
    TRY(sign(x, true, &x->revocation));
    return settle(x, CONSENT_REVOKED, x->reason);
}

static enum status run_action(struct answering *x)
{
    char action[16] = "";
    bool reason; // needed for a refusal alone
    TRY(reason_read(x->rq, x->reason, &reason));
    if (!http_query_get(x->rq->head.query, "action", action, sizeof action))
        action[0] = 0;
    if (strcmp(action, "grant") == 0)
        return grant(x);
    if (strcmp(action, "refuse") == 0)
        return refuse(x);
    if (strcmp(action, "revoke") == 0)
        return revoke(x);
    return form(x->rp, "action is none of grant, refuse, revoke", NULL);
}

static enum status answer(struct answering *x)
{
    buf_span(&x->grant, x->r.grant);
    buf_span(&x->revocation, x->r.revocation);
    x->r.grant = buf_bytes(&x->grant);
    x->r.revocation = buf_bytes(&x->revocation);
    TRY(buf_status(&x->grant));
    TRY(buf_status(&x->revocation));
    return run_action(x);
}

enum status consent_answer(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp)
{
    struct answering *x = calloc(1, sizeof *x);
    if (!x)
        return ST_NOMEM;
    *x = (struct answering){.t = t, .rq = rq, .rp = rp};
    buf_init(&x->grant, CONSENT_BYTES_MAX);
    buf_init(&x->revocation, CONSENT_BYTES_MAX);
    enum status st = consent_get(t->txn, id, &x->r);
    if (st == ST_NOT_FOUND) {
        reply_problem(rp, 404, "not-found", "No request for consent has this id", NULL, NULL);
        st = ST_OK;
    } else if (st == ST_OK && x->r.ours) {
        st = conflict(rp, "not-ours-to-answer", "Only the originating nation can answer this request", NULL);
    } else if (st == ST_OK) {
        st = answer(x);
    }
    buf_fini(&x->grant);
    buf_fini(&x->revocation);
    free(x);
    return st;
}
