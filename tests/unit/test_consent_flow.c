// node/core/consent, consent_ask: consent asked for, granted, refused, revoked and expired, and what follows for the recipient.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/core/consent_ask.h"
#include "node/core/past.h"
#include "store/carried.h"
#include "store/grants.h"
#include "store/sources.h"
#include "tests/support/docs_schema.h"
#include "tests/support/flow_support.h"

enum { GBR, FRA, DEU, HOUR = 3600000 };

#define PARTNERS(a, b) SIM_PARTNER(a) SIM_PARTNER(b)
#define GBR_TO(onward) SIM_POLICY("GBR", PARTNERS("FRA", "DEU"), "FRA", SIM_TERMS(onward, "withdraw"))
#define FRA_TO(lapse) SIM_POLICY("FRA", PARTNERS("GBR", "DEU"), "DEU", SIM_TERMS("permitted", lapse))
#define DEU_TO SIM_POLICY("DEU", PARTNERS("GBR", "FRA"), "GBR", SIM_TERMS("permitted", "withdraw"))
#define OFFICER "DUPONT"

static struct sim *sim;

static void start(const char *onward_policy, const char *fra_policy)
{
    const char *const policies[] = {onward_policy, fra_policy, DEU_TO};
    sim = calloc(1, sizeof *sim);
    sim_init(sim, 3, policies);
}

// GBR's report is at FRA, which may not give it to DEU without consent.
static int setup(void **state)
{
    (void)state;
    start(GBR_TO("consent"), FRA_TO("withdraw"));
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sim_fini(sim);
    free(sim);
    return 0;
}

static void pull(size_t node, size_t from)
{
    enum status st = sim_pull(sim, node, from);
    if (st != ST_OK)
        fail_msg("pull: %s: %s", status_text(st), sim_why());
}

// ---- officers

// The state of the request in the answer, or the type of the problem. Static.
static const char *outcome(const struct reply *rp)
{
    static char text[64];
    struct buf b = rp->body;
    const char *body = buf_cstr(&b), *at = strstr(body, rp->status == 200 ? " state=\"" : "urn:relto:problem:");
    text[0] = 0;
    if (at) {
        at += strlen(rp->status == 200 ? " state=\"" : "urn:relto:problem:");
        snprintf(text, sizeof text, "%.*s", (int)strcspn(at, "\"<"), at);
    }
    return text;
}

static const char *officer(size_t node, const char *method, const char *target)
{
    struct reply rp;
    flow_ask(sim, node, ROLE_OFFICER, OFFICER, method, target, "", span_of(NULL, 0), &rp);
    if (rp.status == 200)
        assert_null(docs_schema_fault(buf_bytes(&rp.body)));
    const char *text = outcome(&rp);
    reply_fini(&rp);
    return text;
}

static const char *ask(uint8_t report, const char *partner)
{
    char target[200], urn[UUID_URN_LEN + 1];
    snprintf(target, sizeof target, "/v1/consents?report=%s&partner=%s", uuid_urn(sim_id(report), urn) + 9, partner);
    return officer(FRA, "POST", target);
}

static enum status note_id(void *ctx, const struct consent_record *r)
{
    *(struct uuid *)ctx = r->id;
    return ST_OK;
}

// The id of the only request that this node knows.
static struct uuid the_request(size_t node)
{
    struct uuid id = {{0}};
    struct tick *t = sim_tick(sim, node);
    assert_int_equal(consents_each(t->txn, NULL, note_id, &id), ST_OK);
    sim_commit(t);
    return id;
}

static const char *answer(size_t node, const char *what)
{
    char target[300], urn[UUID_URN_LEN + 1];
    snprintf(target, sizeof target, "/v1/consents/%s?action=%s", uuid_urn(the_request(node), urn) + 9, what);
    return officer(node, "POST", target);
}

// ---- the nodes talk

struct talking {
    size_t node;
    const char *peer;
    bool news_first;
    struct consent_ask ask;
    int status;
    struct span body;
    struct consent_heard heard;
};

static enum status run_next(struct tick *t, struct tick_job *job)
{
    struct talking *x = job->ctx;
    return consent_ask_next(t, x->peer, x->news_first, &x->ask);
}

static enum status run_take(struct tick *t, struct tick_job *job)
{
    struct talking *x = job->ctx;
    return consent_ask_take(t, x->peer, &x->ask, x->status, x->body, &x->heard);
}

// FRA sends and asks, as its daemon would, until there is nothing more. `old` in answers becomes `new`. How many questions it took.
static int talk_changed(const char *old, const char *new, char *ret_why)
{
    struct talking *x = calloc(1, sizeof *x);
    int questions = 0;
    x->peer = "GBR";
    do {
        struct reply rp;
        struct buf body;
        sim_job(sim, FRA, run_next, x);
        if (x->ask.kind == CONSENT_ASK_NOTHING)
            break;
        assert_true(questions++ < 10);
        bool post = x->ask.kind == CONSENT_ASK_SEND;
        sim_request(sim, FRA, GBR, post ? "POST" : "GET", x->ask.path, "", span_of(x->ask.body, x->ask.body_len), &rp);
        buf_init(&body, MIB);
        const char *text = buf_cstr(&rp.body), *at = old ? strstr(text, old) : NULL;
        buf_put(&body, text, at ? (size_t)(at - text) : strlen(text));
        if (at) {
            buf_puts(&body, new);
            buf_puts(&body, at + strlen(old));
        }
        x->status = rp.status;
        x->body = buf_bytes(&body);
        sim_job(sim, FRA, run_take, x);
        if (ret_why)
            snprintf(ret_why, CONSENT_WHY_MAX, "%s", x->heard.why);
        buf_fini(&body);
        reply_fini(&rp);
    } while (x->heard.more && !x->heard.failed);
    free(x);
    return questions;
}

static int talk(void)
{
    return talk_changed(NULL, NULL, NULL);
}

// As it stands; without its documents.
static struct consent_record record_at(size_t node)
{
    struct consent_record r;
    struct uuid id = the_request(node);
    struct tick *t = sim_tick(sim, node);
    assert_int_equal(consent_get(t->txn, id, &r), ST_OK);
    sim_commit(t);
    return r;
}

static const char *state_at(size_t node)
{
    return consent_state_text(record_at(node).state);
}

// ---- the way it should be

static void consent_is_asked_for_granted_and_goes_on_with_the_report(void **state)
{
    (void)state;
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), "");
    assert_string_equal(ask(1, "DEU"), "unsent");
    assert_string_equal(ask(1, "DEU"), "unsent"); // the same, not another
    assert_int_equal(sim_events(sim, FRA, AUDIT_CONSENT_REQUEST), 1);
    assert_int_equal(talk(), 2);
    assert_string_equal(state_at(FRA), "waiting");
    assert_string_equal(state_at(GBR), "waiting");
    assert_int_equal(sim_events(sim, GBR, AUDIT_CONSENT_REQUEST), 1);
    assert_true(uuid_eq(the_request(FRA), the_request(GBR)));
    assert_string_equal(answer(GBR, "grant"), "granted");
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), ""); // FRA has not heard of it
    talk();
    assert_string_equal(state_at(FRA), "granted");
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), "R1");
    assert_int_equal(flow_entry(sim, FRA, "DEU", 0).onward, ONWARD_CONSENT); // the originator's terms go on
    assert_int_equal(sim_events(sim, FRA, AUDIT_CONSENT), 1);
    assert_int_equal(sim_events(sim, GBR, AUDIT_CONSENT), 1);
    pull(DEU, FRA);
    assert_non_null(sim_text(sim, DEU, 1));
    struct feed_carried with;
    struct tick *t = sim_tick(sim, DEU);
    assert_int_equal(carried_get(t->txn, sim_id(1), 1, "FRA", &with), ST_OK);
    assert_true(with.consent.len > 0 && with.consent_certificate.len > 0);
    sim_commit(t);
    assert_int_equal(talk(), 1); // nothing new
    assert_int_equal(sim_events(sim, FRA, AUDIT_CONSENT), 1);
}

static void granted(void)
{
    ask(1, "DEU");
    talk();
    assert_string_equal(answer(GBR, "grant&until=2026-11-22T13:00:00Z"), "granted");
    talk();
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), "R1");
    pull(DEU, FRA);
    assert_non_null(sim_text(sim, DEU, 1));
}

static void an_expired_consent_is_the_end(void **state)
{
    (void)state;
    granted();
    assert_true(flow_due(sim, FRA) == sim->now + HOUR); // nothing is polled for it
    sim->now += HOUR - 1;
    flow_due(sim, FRA);
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), "R1");
    sim->now += 1;
    flow_due(sim, FRA);
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), "R1 W1");
    pull(DEU, FRA);
    assert_null(sim_text(sim, DEU, 1));
    assert_int_equal(talk(), 0); // nobody asks on
    assert_string_equal(ask(1, "DEU"), "unsent"); // but one may ask again
}

static void what_expires_is_not_served_even_before_it_is_looked_at(void **state)
{
    (void)state;
    ask(1, "DEU");
    talk();
    answer(GBR, "grant&until=2026-11-22T13:00:00Z");
    talk();
    sim->now += HOUR;
    pull(DEU, FRA);
    assert_null(sim_text(sim, DEU, 1));
}

static void a_revocation_is_followed_by_withdrawal(void **state)
{
    (void)state;
    granted();
    assert_string_equal(answer(GBR, "revoke&reason=changed"), "revoked");
    talk();
    assert_string_equal(state_at(FRA), "revoked");
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), "R1 W1");
    pull(DEU, FRA);
    assert_null(sim_text(sim, DEU, 1));
    const struct consent_record r = record_at(FRA);
    assert_true(r.revocation.len > 0);
    assert_string_equal(r.reason, "changed");
    assert_int_equal(talk(), 0);
}

// What the partner's officer is to read does not get lost, and is one line here whatever its node sends.
static void a_reason_is_one_line(void **state)
{
    (void)state;
    granted();
    assert_string_equal(answer(GBR, "revoke&reason=one%0Atwo"), "consent-form");
    assert_string_equal(answer(GBR, "revoke&reason="), "consent-form");
    assert_string_equal(state_at(GBR), "granted");
    assert_string_equal(answer(GBR, "revoke&reason=changed"), "revoked");
    talk_changed("\"changed\"", "\"changed&#xA;\xE2\x80\xAE granted&#x9;by us\"", NULL);
    assert_string_equal(state_at(FRA), "revoked");
    assert_string_equal(record_at(FRA).reason, "changed?? granted?by us");
}

static void terms_that_retain_let_it_lapse(void **state)
{
    (void)state;
    sim_policy(sim, FRA, FRA_TO("retain"));
    granted();
    answer(GBR, "revoke");
    talk();
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), "R1");
    assert_int_equal(sim_events(sim, FRA, AUDIT_LAPSE), 1);
    pull(DEU, FRA);
    assert_non_null(sim_text(sim, DEU, 1));
    assert_null(flow_served(sim, FRA, DEU, 1));
}

static void a_refusal_says_why(void **state)
{
    (void)state;
    ask(1, "DEU");
    talk();
    assert_string_equal(answer(GBR, "refuse"), "consent-form");
    assert_string_equal(answer(GBR, "refuse&reason=not%20yet"), "refused");
    talk();
    assert_string_equal(state_at(FRA), "refused");
    assert_string_equal(record_at(FRA).reason, "not yet");
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), "");
}

// ---- who may do what

static void only_the_originator_answers(void **state)
{
    (void)state;
    ask(1, "DEU");
    assert_string_equal(answer(FRA, "grant"), "not-ours-to-answer");
    talk();
    assert_string_equal(answer(GBR, "revoke"), "nothing-to-revoke");
    assert_string_equal(answer(GBR, "grant&until=2026-11-22T11:00:00Z"), "consent-form");
    assert_string_equal(answer(GBR, "dance"), "consent-form");
    sim_recall(sim, GBR, 1);
    assert_string_equal(answer(GBR, "grant"), "not-held");
}

static void what_needs_no_consent_is_not_asked_for(void **state)
{
    (void)state;
    assert_string_equal(ask(1, "GBR"), "consent-not-needed");
    assert_string_equal(ask(9, "DEU"), "not-found");
    assert_string_equal(ask(1, "XXX"), "not-found");
    sim_publish(sim, FRA, 2, 1, SIM_PLAIN);
    assert_string_equal(ask(2, "DEU"), "consent-not-needed");
}

// What GBR answers a partner that asks for this.
static const char *partner_asks(size_t who, const struct consent_request *what)
{
    struct reply rp;
    struct buf body;
    buf_init(&body, MIB);
    consent_request_write(what, &body);
    sim_request(sim, who, GBR, "POST", "/v1/consents", "", buf_bytes(&body), &rp);
    const char *text = outcome(&rp);
    reply_fini(&rp);
    buf_fini(&body);
    return text;
}

static void partners_ask_for_what_they_hold_alone(void **state)
{
    (void)state;
    struct consent_request r = {.report = sim_id(1), .version = 1, .recipient = "DEU", .asked = sim->now};
    r.rendition = flow_entry(sim, GBR, "FRA", 0).digest;
    assert_string_equal(partner_asks(DEU, &r), "not-found");
    assert_string_equal(partner_asks(FRA, &r), "waiting");
    assert_string_equal(partner_asks(FRA, &r), "waiting");
    assert_int_equal(sim_events(sim, GBR, AUDIT_CONSENT_REQUEST), 1);
    r.version = 2;
    assert_string_equal(partner_asks(FRA, &r), "consent-outdated");
    r.report = sim_id(2);
    assert_string_equal(partner_asks(FRA, &r), "not-found");
    struct reply rp;
    sim_request(sim, DEU, GBR, "GET", "/v1/consents", "", span_of(NULL, 0), &rp);
    assert_string_equal(buf_cstr(&rp.body), "<consents xmlns=\"urn:relto:consents:1\" latest=\"0\"></consents>");
    reply_fini(&rp);
    sim_request(sim, FRA, GBR, "POST", "/v1/consents", "", span_cstr("<x/>"), &rp);
    assert_string_equal(outcome(&rp), "consent-form");
    reply_fini(&rp);
}

static void a_request_that_is_refused_at_once_is_told(void **state)
{
    (void)state;
    char why[CONSENT_WHY_MAX];
    ask(1, "DEU");
    sim_recall(sim, GBR, 1);
    talk_changed(NULL, NULL, why);
    assert_string_equal(state_at(FRA), "rejected");
    assert_non_null(strstr(why, "404"));
}

// ---- hostile answers

static void a_consent_that_was_altered_does_not_count(void **state)
{
    (void)state;
    char why[CONSENT_WHY_MAX];
    ask(1, "DEU");
    talk();
    answer(GBR, "grant");
    talk_changed("<grant Id=\"grant\" at=\"2026", "<grant Id=\"grant\" at=\"2025", why);
    assert_non_null(strstr(why, "consent-form"));
    assert_string_equal(state_at(FRA), "waiting");
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), "");
}

static void another_key_does_not_consent(void **state)
{
    (void)state;
    char why[CONSENT_WHY_MAX];
    struct verifying_key **slot = &sim->nodes[FRA].peers[GBR].consent_key, *good = *slot;
    ask(1, "DEU");
    talk();
    answer(GBR, "grant");
    *slot = sim->nodes[FRA].peers[DEU].consent_key;
    talk_changed(NULL, NULL, why);
    *slot = good;
    assert_non_null(strstr(why, "consent-unknown-key"));
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), "");
}

static void an_answer_that_is_none_is_asked_for_again(void **state)
{
    (void)state;
    char why[CONSENT_WHY_MAX];
    ask(1, "DEU");
    talk_changed("<consents ", "<nonsense ", why);
    assert_string_equal(why, "the answer is not a list of consents");
    assert_string_equal(state_at(FRA), "unsent");
    talk();
    assert_string_equal(state_at(FRA), "waiting");
}

// A page of FRA's in which the consent was changed on the way: DEU keeps the report out.
static void the_recipient_checks_the_consent(void **state)
{
    (void)state;
    struct reply rp;
    struct buf page;
    struct sync_result r;
    struct source_state s;
    ask(1, "DEU");
    talk();
    answer(GBR, "grant");
    talk();
    buf_init(&page, MIB);
    sim_request(sim, DEU, FRA, "GET", "/v1/feed", "", span_of(NULL, 0), &rp);
    sim_wire(sim, DEU, FRA, &rp, &page);
    char *at = strstr((char *)(uintptr_t)buf_cstr(&page), "requester=\"FRA\"");
    assert_non_null(at);
    memcpy(at + 11, "ITA", 3);
    assert_int_equal(sim_apply(sim, DEU, FRA, buf_bytes(&page), &r), ST_OK);
    assert_null(sim_text(sim, DEU, 1));
    struct tick *t = sim_tick(sim, DEU);
    assert_int_equal(source_get(t->txn, "FRA", &s), ST_OK);
    assert_int_equal(s.quarantined, 1);
    sim_commit(t);
    sync_result_fini(&r);
    reply_fini(&rp);
    buf_fini(&page);
}

// ---- what changes beside it

static void another_version_needs_another_consent(void **state)
{
    (void)state;
    granted();
    sim_publish(sim, GBR, 1, 2, SIM_REPORT("second version", SIM_FOR_ALL, "x"));
    pull(FRA, GBR);
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), "R1"); // the older one stays while the newer one waits
    assert_string_equal(ask(1, "DEU"), "unsent");
}

static void a_past_decision_is_made_again_with_the_consent_of_then(void **state)
{
    (void)state;
    struct past_decision d;
    struct arena *a = arena_new(64 * MIB);
    granted();
    answer(GBR, "revoke");
    sim->now += 1000;
    talk();
    struct tick *t = sim_tick(sim, FRA);
    assert_int_equal(past_decide(t, sim_id(1), "DEU", sim->now - 1, a, &d), ST_OK);
    assert_string_equal(d.logged.outcome, "release");
    assert_int_equal(d.verdict, PAST_EQUAL);
    assert_int_equal(past_decide(t, sim_id(1), "DEU", sim->now, a, &d), ST_OK);
    assert_string_equal(d.logged.outcome, "consent");
    assert_int_equal(d.verdict, PAST_EQUAL);
    sim_commit(t);
    arena_free(&a);
}

static void an_older_store_at_the_originator_is_asked_from_the_start(void **state)
{
    (void)state;
    granted();
    struct tick *t = sim_tick(sim, FRA);
    assert_int_equal(consents_hear(t->txn, "GBR", 1000), ST_OK);
    sim_commit(t);
    answer(GBR, "revoke");
    talk();
    assert_string_equal(state_at(FRA), "revoked");
}

static void what_the_originator_lost_is_sent_again(void **state)
{
    (void)state;
    ask(1, "DEU");
    talk();
    struct tick *t = sim_tick(sim, FRA);
    assert_int_equal(consents_hear(t->txn, "GBR", 1000), ST_OK);
    sim_commit(t);
    assert_int_equal(talk(), 3); // news: it began anew; the request; news
    assert_string_equal(state_at(FRA), "waiting");
}

static void a_grant_by_a_key_of_a_newer_card_is_not_lost(void **state)
{
    (void)state;
    struct peer *gbr = &sim->nodes[FRA].peers[GBR];
    struct verifying_key *good = gbr->consent_key;
    ask(1, "DEU");
    talk();
    answer(GBR, "grant");
    gbr->consent_key = sim->nodes[FRA].peers[DEU].consent_key; // as if the card were older
    talk();
    talk();
    gbr->consent_key = good;
    assert_true(gbr->card_wanted);
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), "");
    talk();
    assert_string_equal(state_at(FRA), "granted");
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), "R1");
}

static void a_request_that_is_not_taken_does_not_hide_a_revocation(void **state)
{
    (void)state;
    struct reply rp;
    granted();
    sim_publish(sim, GBR, 2, 1, SIM_PLAIN);
    pull(FRA, GBR);
    answer(GBR, "revoke");
    assert_string_equal(ask(2, "DEU"), "unsent");
    struct talking *x = calloc(1, sizeof *x);
    x->peer = "GBR";
    x->status = 429;
    sim_job(sim, FRA, run_next, x);
    assert_int_equal(x->ask.kind, CONSENT_ASK_SEND);
    sim_job(sim, FRA, run_take, x);
    assert_true(x->heard.failed);
    x->news_first = true;
    sim_job(sim, FRA, run_next, x);
    assert_int_equal(x->ask.kind, CONSENT_ASK_NEWS);
    sim_request(sim, FRA, GBR, "GET", x->ask.path, "", span_of(NULL, 0), &rp);
    x->status = rp.status;
    x->body = buf_bytes(&rp.body);
    sim_job(sim, FRA, run_take, x);
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), "R1 W1");
    reply_fini(&rp);
    free(x);
}

static enum status count_one(void *ctx, const struct consent_record *r)
{
    (void)r;
    ++*(int *)ctx;
    return ST_OK;
}

static int changes_of(struct tick *t, const char *peer, uint64_t after)
{
    int count = 0;
    assert_int_equal(consents_changed(t->txn, peer, after, count_one, &count), ST_OK);
    return count;
}

static void each_partner_is_told_all_of_its_changes_and_no_others(void **state)
{
    (void)state;
    struct tick *t = sim_tick(sim, GBR);
    for (uint8_t i = 0; i < 6; i++) {
        struct consent_record r = {.id = sim_id((uint8_t)(10 + i)), .state = CONSENT_WAITING, .what = {.report = sim_id(1), .version = 1}};
        snprintf(r.peer, sizeof r.peer, "%s", i % 2 ? "AUS" : "FRA");
        snprintf(r.what.recipient, sizeof r.what.recipient, "DEU");
        assert_int_equal(consent_put(t->txn, &r), ST_OK);
    }
    assert_int_equal(changes_of(t, "AUS", 0), 3);
    assert_int_equal(changes_of(t, "FRA", 0), 3);
    assert_int_equal(changes_of(t, "AUS", 1), 2);
    assert_int_equal(changes_of(t, "FRA", 2), 1);
    assert_int_equal(changes_of(t, "FRA", 3), 0);
    sim_commit(t);
}

static void one_request_follows_what_expired(void **state)
{
    (void)state;
    granted();
    sim->now += HOUR;
    assert_string_equal(ask(1, "DEU"), "unsent");
    sim->now += 1;
    assert_string_equal(ask(1, "DEU"), "unsent");
    assert_int_equal(sim_events(sim, FRA, AUDIT_CONSENT_REQUEST), 2);
}

// ---- an originator that goes back to a backup

// The request for report 1 at GBR as a backup has it.
struct backup {
    struct consent_record r;
    uint8_t grant[CONSENT_BYTES_MAX];
};

static struct backup backup;

struct of_report {
    struct uuid report, id;
};

static enum status note_if_of(void *ctx, const struct consent_record *r)
{
    struct of_report *x = ctx;
    if (uuid_eq(r->what.report, x->report))
        x->id = r->id;
    return ST_OK;
}

static struct uuid request_for(size_t node, uint8_t report)
{
    struct of_report x = {.report = sim_id(report)};
    struct tick *t = sim_tick(sim, node);
    assert_int_equal(consents_each(t->txn, NULL, note_if_of, &x), ST_OK);
    sim_commit(t);
    return x.id;
}

static void back_up(void)
{
    struct uuid id = request_for(GBR, 1);
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(consent_get(t->txn, id, &backup.r), ST_OK);
    assert_true(backup.r.grant.len <= sizeof backup.grant);
    if (backup.r.grant.len)
        memcpy(backup.grant, backup.r.grant.ptr, backup.r.grant.len);
    backup.r.grant.ptr = backup.grant;
    sim_commit(t);
}

// Another request stays open, so that FRA asks on.
static void ask_for_another(void)
{
    sim_publish(sim, GBR, 2, 1, SIM_PLAIN);
    pull(FRA, GBR);
    assert_string_equal(ask(2, "DEU"), "unsent");
    talk();
}

// GBR has the backup's record again, and FRA asks from the start.
static void go_back(void)
{
    struct consent_record r = backup.r;
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(consent_put(t->txn, &r), ST_OK);
    sim_commit(t);
    t = sim_tick(sim, FRA);
    assert_int_equal(consents_hear(t->txn, "GBR", 1000), ST_OK);
    sim_commit(t);
}

static const char *state_of_first(size_t node)
{
    struct consent_record r;
    struct tick *t = sim_tick(sim, node);
    assert_int_equal(consent_get(t->txn, backup.r.id, &r), ST_OK);
    sim_commit(t);
    return consent_state_text(r.state);
}

static const char *answer_first(const char *what)
{
    char target[300], urn[UUID_URN_LEN + 1];
    snprintf(target, sizeof target, "/v1/consents/%s?action=%s", uuid_urn(backup.r.id, urn) + 9, what);
    return officer(GBR, "POST", target);
}

// The record of the first request at FRA, whole, and the generation of what was granted for its report.
static struct digest first_at_fra(void)
{
    struct consent_record r;
    uint64_t generation;
    struct tick *t = sim_tick(sim, FRA);
    assert_int_equal(consent_get(t->txn, backup.r.id, &r), ST_OK);
    assert_int_equal(grants_generation(t->txn, sim_id(1), &generation), ST_OK);
    const struct span parts[] = {span_cstr(consent_state_text(r.state)), span_cstr(r.reason), r.grant, r.revocation, r.certificate,
                                 span_of(&r.changed, sizeof r.changed), span_of(&r.expires, sizeof r.expires),
                                 span_of(&generation, sizeof generation)};
    struct digest d = sha256_parts(parts, sizeof parts / sizeof *parts);
    sim_commit(t);
    return d;
}

// GBR tells of the backup's grant again, and nothing comes of it.
static void expect_nothing_from_the_backup(const char *state, const char *ledger)
{
    const struct digest before = first_at_fra();
    const size_t events = sim_events(sim, FRA, AUDIT_CONSENT);
    go_back();
    talk();
    assert_string_equal(state_of_first(GBR), "granted");
    assert_string_equal(state_of_first(FRA), state);
    const struct digest after = first_at_fra();
    assert_true(digest_eq(&before, &after));
    assert_int_equal(sim_events(sim, FRA, AUDIT_CONSENT), events);
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), ledger);
    pull(DEU, FRA);
    assert_null(sim_text(sim, DEU, 1));
}

static void what_was_revoked_does_not_come_back_with_a_backup(void **state)
{
    (void)state;
    granted();
    back_up();
    sim->now += 1000;
    answer(GBR, "revoke&reason=changed");
    talk();
    ask_for_another();
    expect_nothing_from_the_backup("revoked", "R1 W1");
    // Another grant of an officer is another matter.
    sim->now += 1000;
    assert_string_equal(answer_first("grant"), "granted");
    talk();
    assert_string_equal(state_of_first(FRA), "granted");
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), "R1 W1 R1");
}

static void a_revocation_by_word_alone_does_not_end_with_a_backup(void **state)
{
    (void)state;
    granted();
    back_up();
    answer(GBR, "revoke");
    talk_changed("<revocation Id=\"revocation\" at=\"2026", "<revocation Id=\"revocation\" at=\"2025", NULL);
    assert_string_equal(state_of_first(FRA), "revoked");
    assert_int_equal(record_at(FRA).revocation.len, 0);
    ask_for_another();
    expect_nothing_from_the_backup("revoked", "R1 W1");
}

static void a_grant_that_was_revoked_before_it_was_heard_of_does_not_count(void **state)
{
    (void)state;
    ask(1, "DEU");
    talk();
    answer(GBR, "grant");
    back_up();
    answer(GBR, "revoke");
    talk();
    ask_for_another();
    expect_nothing_from_the_backup("revoked", "");
}

static void a_refusal_takes_the_revocation_before_it_along(void **state)
{
    (void)state;
    ask(1, "DEU");
    talk();
    answer(GBR, "grant");
    back_up();
    answer(GBR, "revoke");
    assert_string_equal(answer(GBR, "refuse&reason=never"), "refused");
    talk();
    ask_for_another();
    expect_nothing_from_the_backup("refused", "");
}

static void a_grant_before_the_one_that_was_revoked_does_not_count(void **state)
{
    (void)state;
    granted();
    back_up();
    sim->now += 1000;
    assert_string_equal(answer(GBR, "grant&until=2026-11-22T12:30:00Z"), "granted");
    talk();
    sim->now += 1000;
    answer(GBR, "revoke");
    talk();
    ask_for_another();
    expect_nothing_from_the_backup("revoked", "R1 W1");
}

// FRA heard of the first revocation, missed the second grant, and heard of its revocation.
static void a_second_revocation_is_kept_too(void **state)
{
    (void)state;
    granted();
    answer(GBR, "revoke");
    ask_for_another();
    backup.r.id = request_for(GBR, 1);
    const size_t events = sim_events(sim, FRA, AUDIT_CONSENT);
    sim->now += 1000;
    assert_string_equal(answer_first("grant"), "granted");
    back_up();
    sim->now += 1000;
    assert_string_equal(answer_first("revoke"), "revoked");
    talk();
    assert_int_equal(sim_events(sim, FRA, AUDIT_CONSENT), events + 1);
    expect_nothing_from_the_backup("revoked", "R1 W1");
}

static void a_revocation_that_is_told_twice_changes_nothing(void **state)
{
    (void)state;
    granted();
    answer(GBR, "revoke&reason=changed");
    talk();
    backup.r.id = the_request(FRA);
    ask_for_another();
    const struct digest before = first_at_fra();
    const size_t events = sim_events(sim, FRA, AUDIT_CONSENT);
    struct tick *t = sim_tick(sim, FRA);
    assert_int_equal(consents_hear(t->txn, "GBR", 1000), ST_OK);
    sim_commit(t);
    talk();
    const struct digest after = first_at_fra();
    assert_true(digest_eq(&before, &after));
    assert_int_equal(sim_events(sim, FRA, AUDIT_CONSENT), events);
}

// The key of the grant is on no card of ours: the request is not open again for a grant that was revoked.
static void a_key_that_is_not_known_makes_no_request_of_what_was_revoked(void **state)
{
    (void)state;
    struct peer *gbr = &sim->nodes[FRA].peers[GBR];
    struct verifying_key *good = gbr->consent_key;
    granted();
    back_up();
    answer(GBR, "revoke");
    talk();
    ask_for_another();
    const struct digest before = first_at_fra();
    go_back();
    gbr->consent_key = sim->nodes[FRA].peers[DEU].consent_key;
    talk();
    gbr->consent_key = good;
    const struct digest after = first_at_fra();
    assert_true(digest_eq(&before, &after));
}

// A newer grant by a key that is not known opens the request again; a backup without that grant ends it.
static void what_opens_again_still_knows_what_was_revoked(void **state)
{
    (void)state;
    struct peer *gbr = &sim->nodes[FRA].peers[GBR];
    struct verifying_key *good = gbr->consent_key;
    granted();
    back_up();
    answer(GBR, "revoke");
    talk();
    ask_for_another();
    sim->now += 1000;
    assert_string_equal(answer_first("grant"), "granted");
    gbr->consent_key = sim->nodes[FRA].peers[DEU].consent_key;
    talk();
    gbr->consent_key = good;
    assert_string_equal(state_of_first(FRA), "unsent");
    struct consent_record granted_then = backup.r;
    backup.r.state = CONSENT_WAITING;
    backup.r.grant.len = 0;
    go_back();
    talk();
    assert_string_equal(state_of_first(FRA), "waiting");
    backup.r = granted_then;
    go_back();
    talk();
    assert_string_equal(state_of_first(FRA), "revoked");
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), "R1 W1");
}

// A grant may be made shorter by another: the longer one before does not come back.
static void a_grant_that_was_made_shorter_stays_so(void **state)
{
    (void)state;
    granted();
    back_up();
    sim->now += 1000;
    assert_string_equal(answer(GBR, "grant&until=2026-11-22T12:30:00Z"), "granted");
    talk();
    const struct digest before = first_at_fra();
    go_back();
    talk();
    const struct digest after = first_at_fra();
    assert_true(digest_eq(&before, &after));
}

static void a_grant_after_a_rejection_counts(void **state)
{
    (void)state;
    ask(1, "DEU");
    talk();
    back_up();
    struct consent_record r = record_at(FRA);
    struct tick *t = sim_tick(sim, FRA);
    r.state = CONSENT_REJECTED;
    assert_int_equal(consent_put(t->txn, &r), ST_OK);
    sim_commit(t);
    assert_string_equal(answer_first("grant"), "granted");
    ask_for_another();
    assert_string_equal(state_of_first(FRA), "granted");
}

// ---- records that cannot be read

static void spoil(size_t node, struct uuid id)
{
    struct tick *t = sim_tick(sim, node);
    assert_int_equal(db_put(t->txn, DB_CONSENT_REQUESTS, span_of(id.b, sizeof id.b), span_cstr("\x02\x01")), ST_OK);
    sim_commit(t);
}

// What follows in the ledger is reached behind a release whose consent nobody can read.
static void a_spoiled_consent_does_not_stop_the_feed(void **state)
{
    (void)state;
    sim_publish(sim, FRA, 3, 1, W_REPORT(SIM_FOR_ALL, W_HEADER_OF("", "", "FRA", ""), W_PORTION("")));
    pull(DEU, FRA);
    assert_non_null(sim_text(sim, DEU, 3));
    ask(1, "DEU");
    talk();
    answer(GBR, "grant");
    talk();
    sim_recall(sim, FRA, 3);
    spoil(FRA, the_request(FRA));
    pull(DEU, FRA);
    assert_null(sim_text(sim, DEU, 1));
    assert_null(sim_text(sim, DEU, 3));
}

static void a_spoiled_request_at_the_originator_does_not_hide_a_revocation(void **state)
{
    (void)state;
    granted();
    back_up();
    ask_for_another();
    struct uuid second = request_for(GBR, 2);
    sim_publish(sim, GBR, 4, 1, SIM_PLAIN);
    pull(FRA, GBR);
    ask(4, "DEU");
    talk();
    backup.r.id = second;
    assert_string_equal(answer_first("refuse&reason=never"), "refused");
    backup.r.id = request_for(GBR, 1);
    assert_string_equal(answer_first("revoke"), "revoked");
    spoil(GBR, second);
    talk();
    assert_string_equal(state_of_first(FRA), "revoked");
    struct reply rp;
    flow_ask(sim, GBR, ROLE_OFFICER, OFFICER, "GET", "/v1/consents", "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 200);
    assert_null(docs_schema_fault(buf_bytes(&rp.body)));
    reply_fini(&rp);
}

static void a_spoiled_request_of_ours_does_not_hide_a_revocation(void **state)
{
    (void)state;
    granted();
    back_up();
    ask_for_another();
    sim_publish(sim, GBR, 4, 1, SIM_PLAIN);
    pull(FRA, GBR);
    ask(4, "DEU");
    talk();
    spoil(FRA, request_for(FRA, 2));
    struct tick *t = sim_tick(sim, FRA);
    assert_int_equal(consents_hear(t->txn, "GBR", 1000), ST_OK);
    sim_commit(t);
    answer_first("revoke");
    talk();
    assert_string_equal(state_of_first(FRA), "revoked");
}

static void one_may_ask_again_for_what_was_spoiled(void **state)
{
    (void)state;
    ask(1, "DEU");
    talk();
    spoil(FRA, the_request(FRA));
    sim->now += 1;
    assert_string_equal(ask(1, "DEU"), "unsent");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(consent_is_asked_for_granted_and_goes_on_with_the_report),
        T(an_expired_consent_is_the_end),
        T(what_expires_is_not_served_even_before_it_is_looked_at),
        T(a_revocation_is_followed_by_withdrawal),
        T(a_reason_is_one_line),
        T(terms_that_retain_let_it_lapse),
        T(a_refusal_says_why),
        T(only_the_originator_answers),
        T(what_needs_no_consent_is_not_asked_for),
        T(partners_ask_for_what_they_hold_alone),
        T(a_request_that_is_refused_at_once_is_told),
        T(a_consent_that_was_altered_does_not_count),
        T(another_key_does_not_consent),
        T(an_answer_that_is_none_is_asked_for_again),
        T(the_recipient_checks_the_consent),
        T(another_version_needs_another_consent),
        T(a_past_decision_is_made_again_with_the_consent_of_then),
        T(an_older_store_at_the_originator_is_asked_from_the_start),
        T(what_the_originator_lost_is_sent_again),
        T(a_grant_by_a_key_of_a_newer_card_is_not_lost),
        T(a_request_that_is_not_taken_does_not_hide_a_revocation),
        T(each_partner_is_told_all_of_its_changes_and_no_others),
        T(one_request_follows_what_expired),
        T(what_was_revoked_does_not_come_back_with_a_backup),
        T(a_revocation_by_word_alone_does_not_end_with_a_backup),
        T(a_grant_that_was_revoked_before_it_was_heard_of_does_not_count),
        T(a_refusal_takes_the_revocation_before_it_along),
        T(a_grant_before_the_one_that_was_revoked_does_not_count),
        T(a_second_revocation_is_kept_too),
        T(a_revocation_that_is_told_twice_changes_nothing),
        T(a_key_that_is_not_known_makes_no_request_of_what_was_revoked),
        T(what_opens_again_still_knows_what_was_revoked),
        T(a_grant_that_was_made_shorter_stays_so),
        T(a_grant_after_a_rejection_counts),
        T(a_spoiled_consent_does_not_stop_the_feed),
        T(a_spoiled_request_at_the_originator_does_not_hide_a_revocation),
        T(a_spoiled_request_of_ours_does_not_hide_a_revocation),
        T(one_may_ask_again_for_what_was_spoiled),
    };
    return cmocka_run_group_tests(tests, docs_schemas_setup, docs_schemas_teardown);
}
