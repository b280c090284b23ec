#include "node/core/policy_flow.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/core/policy_work.h"
#include "store/policies.h"

struct activation {
    struct tick *t;
    const struct request *rq;
    struct reply *rp;
    struct ruleset *rules; // of the bundle
    struct digest digest;
    char officer[80];
};

static uint64_t serial_of(const struct ruleset *rs)
{
    return ruleset_document(rs)->serial;
}

static enum status answer(struct activation *x, int status, const char *state)
{
    char digest[DIGEST_TEXT_LEN + 1], serial[24];
    struct buf *b = &x->rp->body;
    x->rp->status = status;
    x->rp->content_type = "application/xml";
    snprintf(serial, sizeof serial, "%llu", (unsigned long long)serial_of(x->rules));
    buf_puts(b, "<policy-state xmlns=\"" NS_POLICY_STATE "\"");
    buf_xml_attr(b, "digest", digest_text(&x->digest, digest));
    buf_xml_attr(b, "serial", serial);
    buf_xml_attr(b, "state", state);
    buf_puts(b, "></policy-state>\n");
    return buf_status(b);
}

// ---- refusals

static enum status check_nation(const struct tick *t, const struct ruleset *rs, struct diag *d)
{
    const char *nation = ruleset_document(rs)->nation;
    if (strcmp(nation, t->core->nation) == 0)
        return ST_OK;
    diag_add(d, 0, 0, "policy", "policy", "this is the policy of \"%s\", the node is \"%s\"", nation, t->core->nation);
    return ST_INVALID;
}

enum status policy_from_request(struct tick *t, const struct request *rq, struct reply *rp, struct ruleset **ret)
{
    struct diag *d = malloc(sizeof *d);
    struct ruleset *rs = NULL;
    *ret = NULL;
    if (!d)
        return ST_NOMEM;
    diag_init(d, NULL);
    enum status st = ruleset_load_bytes(rq->body, d, &rs);
    if (st == ST_OK)
        st = check_nation(t, rs, d);
    if (st == ST_OK)
        *ret = rs;
    else
        ruleset_free(&rs);
    if (st != ST_OK && st != ST_NOMEM)
        reply_problem(rp, 422, "invalid-policy", "The policy does not load",
                      "The active policy stays. Correct the faults listed; 'relto policy check' finds them too.", d);
    free(d);
    return st == ST_NOMEM ? st : ST_OK;
}

static bool refuse_serial(struct activation *x)
{
    char detail[160];
    uint64_t active = serial_of(x->t->core->rules), serial = serial_of(x->rules);
    if (serial > active)
        return false;
    snprintf(detail, sizeof detail, "The active policy has serial %llu, this one %llu. Give it a higher one.",
             (unsigned long long)active, (unsigned long long)serial);
    reply_problem(x->rp, 409, "serial-not-higher", "The serial does not grow", detail, NULL);
    return true;
}

// ---- four eyes

// Has another officer asked for the same within the time? *ret_by is who.
static enum status find_first(struct activation *x, bool *ret_found, struct policy_proposal *ret)
{
    *ret_found = false;
    enum status st = policies_proposal(x->t->txn, ret);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    int64_t age = x->t->now - ret->at;
    *ret_found = digest_eq(&ret->digest, &x->digest) && age >= 0 && age <= (int64_t)POLICY_PROPOSAL_HOURS * 3600 * 1000;
    return ST_OK;
}

static enum status log_policy(const struct activation *x, const char *state, const char *first)
{
    char digest[DIGEST_TEXT_LEN + 1], certificate[DIGEST_TEXT_LEN + 1], serial[24];
    struct audit_event ev = {.kind = AUDIT_POLICY, .actor = x->officer};
    snprintf(serial, sizeof serial, "%llu", (unsigned long long)serial_of(x->rules));
    audit_event_attr(&ev, "certificate", digest_text(&x->rq->who.certificate, certificate));
    audit_event_attr(&ev, "digest", digest_text(&x->digest, digest));
    if (first)
        audit_event_attr(&ev, "proposed-by", first);
    audit_event_attr(&ev, "serial", serial);
    audit_event_attr(&ev, "state", state);
    return tick_log(x->t, &ev);
}

// The first officer's call. The same again changes nothing, and does not prolong it.
static enum status propose(struct activation *x, bool noted)
{
    struct policy_proposal p = {.digest = x->digest, .at = x->t->now};
    snprintf(p.officer, sizeof p.officer, "%s", x->officer);
    if (!noted) {
        TRY(policies_propose(x->t->txn, &p));
        TRY(log_policy(x, "proposed", NULL));
    }
    return answer(x, 202, "proposed");
}

// ---- activation

static enum status make_active(struct activation *x, const char *first)
{
    struct tick *t = x->t;
    struct digest digest;
    TRY(policies_activate(t->txn, x->rq->body, t->now, &digest));
    TRY(policies_proposal_drop(t->txn));
    TRY(policy_work_activated(t, &digest));
    TRY(log_policy(x, "active", first));
    TRY(answer(x, 200, "active"));
    t->next_rules = x->rules; // in force when the commit succeeds
    x->rules = NULL;
    return ST_OK;
}

static enum status activate(struct activation *x)
{
    bool noted;
    struct policy_proposal first;
    TRY(policy_from_request(x->t, x->rq, x->rp, &x->rules));
    if (!x->rules)
        return ST_OK;
    x->digest = sha256(x->rq->body);
    if (digest_eq(&x->digest, ruleset_digest(x->t->core->rules)))
        return answer(x, 200, "active");
    if (refuse_serial(x))
        return ST_OK;
    if (x->t->core->policy_approval < 2)
        return make_active(x, NULL);
    TRY(find_first(x, &noted, &first));
    if (!noted || strcmp(first.officer, x->officer) == 0)
        return propose(x, noted);
    return make_active(x, first.officer);
}

enum status policy_activate(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct activation x = {.t = t, .rq = rq, .rp = rp};
    if (t->next_rules) {
        reply_problem(rp, 503, "busy", "Another policy is being activated at this instant", "Look which one, and try again.", NULL);
        return ST_OK;
    }
    principal_text(&rq->who, x.officer);
    enum status st = activate(&x);
    ruleset_free(&x.rules);
    return st;
}
