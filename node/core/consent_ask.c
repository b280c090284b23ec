#include "node/core/consent_ask.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/base/utf8.h"
#include "formats/problem.h"
#include "formats/text_rules.h"
#include "node/core/consent_doc.h"
#include "node/core/release.h"

// ---- what to ask

struct finding {
    struct tick *t;
    bool news_first;
    struct consent_ask *ask;
};

static enum status find_unsent(void *ctx, const struct consent_record *r)
{
    const struct finding *f = ctx;
    struct consent_ask *ask = f->ask;
    enum consent_ask_kind kind = r->state == CONSENT_UNSENT ? CONSENT_ASK_SEND : CONSENT_ASK_NEWS;
    enum consent_ask_kind first = f->news_first ? CONSENT_ASK_NEWS : CONSENT_ASK_SEND;
    if (r->state == CONSENT_GRANTED && f->t->now >= r->expires)
        return consent_close(f->t->txn, r); // no more news of it are wanted
    if (ask->kind == CONSENT_ASK_NOTHING || kind == first) {
        ask->kind = kind;
        ask->id = r->id;
    }
    return kind == first ? ST_LIMIT : ST_OK;
}

static enum status write_request(struct tick *t, struct consent_ask *ask)
{
    struct consent_record r;
    struct buf b;
    TRY(consent_get(t->txn, ask->id, &r));
    buf_init(&b, sizeof ask->body);
    consent_request_write(&r.what, &b);
    enum status st = buf_status(&b);
    if (st == ST_OK) {
        memcpy(ask->body, b.ptr, b.len);
        ask->body_len = b.len;
    }
    buf_fini(&b);
    return st;
}

enum status consent_ask_next(struct tick *t, const char *peer, bool news_first, struct consent_ask *ret)
{
    *ret = (struct consent_ask){.kind = CONSENT_ASK_NOTHING};
    struct finding f = {t, news_first, ret};
    enum status st = consents_open(t->txn, true, peer, find_unsent, &f);
    if (st != ST_OK && st != ST_LIMIT)
        return st;
    snprintf(ret->path, sizeof ret->path, "/v1/consents");
    if (ret->kind == CONSENT_ASK_SEND)
        return write_request(t, ret);
    TRY(consents_heard(t->txn, peer, &ret->after));
    if (ret->after)
        snprintf(ret->path, sizeof ret->path, "/v1/consents?after=%llu", (unsigned long long)ret->after);
    return ST_OK;
}

// ---- one request's fate

struct hearing {
    struct tick *t;
    const struct peer *peer;
    struct span body;
    struct consent_heard *ret;
    struct consent_record r;
    struct buf grant, revocation, certificate; // what it holds, copied out of the store
    struct buf fresh;                          // a document that came
    bool key_unknown;                          // the card that we hold does not name the key of a grant
    bool news;                                 // the item brought a document that the request did not have
};

static const char REASON_UNKNOWN_KEY[] = "consent-unknown-key";
static const char GRANT_WORDS[] = "the consent to the release";

static const struct xml_node *child_with(const struct xml_node *item, const char *name)
{
    for (const struct xml_node *n = xml_first(item); n; n = xml_next(n))
        if (xml_is(n, NS_CONSENT, "consent") && xml_first(n) && strcmp(xml_first(n)->name, name) == 0)
            return n;
    return NULL;
}

static bool same_request(const struct hearing *h, const struct consent *c)
{
    const struct consent_record *r = &h->r;
    return uuid_eq(c->request, r->id) && uuid_eq(c->what.report, r->what.report) && c->what.version == r->what.version &&
           digest_eq(&c->what.rendition, &r->what.rendition) && strcmp(c->what.recipient, r->what.recipient) == 0 &&
           strcmp(c->nation, h->peer->card.nation) == 0 && strcmp(c->requester, h->t->core->nation) == 0;
}

// The document of this kind in the item, to h->fresh; NULL when it is what it should be, else why not.
static const char *document_objection(struct hearing *h, const struct xml_node *item, bool revocation, struct consent *ret)
{
    struct signature_facts *facts = malloc(sizeof *facts);
    const struct xml_node *n = child_with(item, revocation ? "revocation" : "grant");
    const char *why = "consent-missing";
    buf_reset(&h->fresh);
    if (facts && n) {
        buf_span(&h->fresh, span_sub(h->body, n->from, n->to));
        bool read = buf_status(&h->fresh) == ST_OK && consent_read(buf_bytes(&h->fresh), NULL, ret, facts) == ST_OK;
        why = !read ? "consent-form" : !same_request(h, ret) ? "consent-not-what-was-asked" : NULL;
        if (!why)
            why = h->peer->consent_key ? consent_key_objection(ret, facts, h->peer->consent_key) : REASON_UNKNOWN_KEY;
    }
    free(facts);
    return why;
}

static void tell(struct hearing *h, const char *what, const char *why)
{
    snprintf(h->ret->why, sizeof h->ret->why, "%s of version %u for %s does not verify: %s", what, h->r.what.version,
             h->r.what.recipient, why);
}

// Another's words, cut to their field and fit to be shown.
static void put_reason(struct consent_record *r, const char *reason)
{
    struct span s = span_cstr(reason ? reason : "");
    size_t n = utf8_cut(s, sizeof r->reason - 1);
    if (n)
        memcpy(r->reason, s.ptr, n);
    r->reason[n] = 0;
    text_rules_plain(r->reason);
}

static enum status settle(struct hearing *h, enum consent_state state, const char *reason)
{
    char actor[80];
    struct consent_record *r = &h->r;
    if (r->state == state && !h->news)
        return ST_OK;
    r->state = state;
    r->changed = h->t->now;
    put_reason(r, reason);
    r->grant = buf_bytes(&h->grant);
    r->revocation = buf_bytes(&h->revocation);
    r->certificate = buf_bytes(&h->certificate);
    snprintf(actor, sizeof actor, "partner:%s", h->peer->id);
    if (state != CONSENT_WAITING && state != CONSENT_UNSENT)
        TRY(consent_doc_log(h->t, r, actor, NULL));
    TRY(consent_put(h->t->txn, r));
    return release_report(h->t, r->what.report, CAUSE_RECHECK, NULL);
}

// The grant will not be told again of itself. It is when the request is sent again, which goes on until a newer card names the key.
static enum status await_card(struct hearing *h)
{
    h->key_unknown = true;
    core_peer(h->t->core, h->peer->id)->card_wanted = true;
    return h->r.state == CONSENT_GRANTED ? ST_OK : settle(h, CONSENT_UNSENT, NULL);
}

// A document that was verified when we took it.
static bool read_held(const struct buf *document, struct consent *ret)
{
    struct signature_facts *facts = malloc(sizeof *facts);
    bool read = facts && consent_read(buf_bytes(document), NULL, ret, facts) == ST_OK;
    free(facts);
    return read;
}

// Is the grant in h->fresh one that the originator took back since? Its store may have gone back to a backup in which that grant
// still stands. What it signed later counts: a revocation ends all grants before it, and a shorter grant the longer one before it.
static bool is_taken_back(const struct hearing *h, const struct consent *c)
{
    struct consent last;
    const struct digest fresh = sha256(buf_bytes(&h->fresh));
    bool granted = h->r.state == CONSENT_GRANTED;
    if (h->grant.len && span_eq(buf_bytes(&h->grant), buf_bytes(&h->fresh)))
        return !granted;
    if (h->revocation.len)
        return !read_held(&h->revocation, &last) || digest_eq(&last.grant, &fresh) || c->at < last.at;
    return h->grant.len && read_held(&h->grant, &last) && c->at < last.at && (!granted || c->expires > h->r.expires);
}

// A request that is open for it again is at its end: there is nothing to wait for.
static enum status pass_over_grant(struct hearing *h)
{
    bool waits = h->r.state == CONSENT_UNSENT || h->r.state == CONSENT_WAITING;
    tell(h, GRANT_WORDS, "consent-taken-back");
    return waits ? settle(h, CONSENT_REVOKED, h->ret->why) : ST_OK;
}

static enum status accept_grant(struct hearing *h, const struct consent *c)
{
    if (h->r.state == CONSENT_GRANTED && span_eq(buf_bytes(&h->grant), buf_bytes(&h->fresh)))
        return ST_OK;
    h->r.expires = c->expires;
    buf_reset(&h->grant);
    buf_span(&h->grant, buf_bytes(&h->fresh));
    buf_reset(&h->revocation);
    buf_reset(&h->certificate);
    TRY(buf_status(&h->grant));
    TRY(verifying_key_der(h->peer->consent_key, &h->certificate));
    h->news = true;
    return settle(h, CONSENT_GRANTED, NULL);
}

static enum status take_grant(struct hearing *h, const struct xml_node *item)
{
    struct consent c;
    const char *why = document_objection(h, item, false, &c);
    bool key_unknown = why && strcmp(why, REASON_UNKNOWN_KEY) == 0;
    if ((!why || key_unknown) && is_taken_back(h, &c))
        return pass_over_grant(h);
    if (!why)
        return accept_grant(h, &c);
    tell(h, GRANT_WORDS, why);
    if (key_unknown)
        return await_card(h);
    return h->r.state == CONSENT_UNSENT ? settle(h, CONSENT_WAITING, h->ret->why) : ST_OK;
}

// Keep the revocation in the item, when it is good, unless we hold a later one. NULL, or why it is not good.
static const char *keep_revocation(struct hearing *h, const struct xml_node *item)
{
    struct consent c, last;
    const char *why = document_objection(h, item, true, &c);
    if (why || span_eq(buf_bytes(&h->revocation), buf_bytes(&h->fresh)))
        return why;
    if (h->revocation.len && read_held(&h->revocation, &last) && c.at < last.at)
        return NULL;
    buf_reset(&h->revocation);
    buf_span(&h->revocation, buf_bytes(&h->fresh));
    h->news = true;
    return NULL;
}

// It only takes away, so that the peer's word is enough; its signature is kept when it is good.
static enum status take_revocation(struct hearing *h, const struct xml_node *item)
{
    const char *why = keep_revocation(h, item);
    if (why)
        tell(h, "the revocation of consent", why);
    TRY(buf_status(&h->revocation));
    return settle(h, CONSENT_REVOKED, xml_attr(item, "reason"));
}

// A grant may have been revoked before it, which we are told of here alone.
static enum status take_refusal(struct hearing *h, const struct xml_node *item)
{
    (void)keep_revocation(h, item); // none is needed
    TRY(buf_status(&h->revocation));
    return settle(h, CONSENT_REFUSED, xml_attr(item, "reason"));
}

static enum status take_state(struct hearing *h, const struct xml_node *item, enum consent_state state)
{
    switch (state) {
    case CONSENT_GRANTED:
        return take_grant(h, item);
    case CONSENT_REVOKED:
        return take_revocation(h, item);
    case CONSENT_REFUSED:
        return take_refusal(h, item);
    case CONSENT_WAITING:
        return h->r.state == CONSENT_UNSENT ? settle(h, CONSENT_WAITING, NULL) : ST_OK;
    case CONSENT_UNSENT:
    case CONSENT_REJECTED:
        return ST_OK; // states of ours alone
    }
    return ST_OK;
}

static enum status copy_documents(struct hearing *h)
{
    const struct span from[] = {h->r.grant, h->r.revocation, h->r.certificate};
    struct buf *const to[] = {&h->grant, &h->revocation, &h->certificate};
    h->news = false;
    for (size_t i = 0; i < 3; i++) {
        buf_reset(to[i]);
        buf_span(to[i], from[i]);
        TRY(buf_status(to[i]));
    }
    return ST_OK;
}

static enum status take_item(struct hearing *h, const struct xml_node *item)
{
    struct uuid id;
    enum consent_state state;
    const char *urn = xml_attr(item, "id"), *text = xml_attr(item, "state");
    if (!xml_is(item, NS_CONSENTS, "request") || !urn || uuid_parse(span_cstr(urn), &id) != ST_OK || !text ||
        !consent_state_parse(text, &state))
        return ST_INVALID;
    enum status st = consent_get(h->t->txn, id, &h->r);
    if (st == ST_CORRUPT) // nothing is covered by it; the others in the answer count
        return ST_OK;
    if (st == ST_NOT_FOUND || (st == ST_OK && (!h->r.ours || strcmp(h->r.peer, h->peer->id) != 0)))
        return ST_OK;
    TRY(st);
    TRY(copy_documents(h));
    return take_state(h, item, state);
}

// ---- the answer

static enum status take_items(struct hearing *h, const struct xml_node *root)
{
    for (const struct xml_node *n = xml_first(root); n; n = xml_next(n))
        TRY(take_item(h, n));
    return ST_OK;
}

static enum status send_again(void *ctx, const struct consent_record *r)
{
    struct hearing *h = ctx;
    if (r->state != CONSENT_WAITING)
        return ST_OK;
    h->r = *r;
    TRY(copy_documents(h)); // what was revoked before it was asked for again stays known
    h->r.state = CONSENT_UNSENT;
    h->r.grant = buf_bytes(&h->grant);
    h->r.revocation = buf_bytes(&h->revocation);
    h->r.certificate = buf_bytes(&h->certificate);
    return consent_put(h->t->txn, &h->r);
}

// How far we have heard now. A peer whose numbers begin anew (its store is older than what we heard) is asked from the start,
// and sent again what it may have lost.
static enum status take_position(struct hearing *h, const struct consent_ask *ask, const struct xml_node *root)
{
    uint64_t latest, next;
    const char *latest_text = xml_attr(root, "latest"), *next_text = xml_attr(root, "next");
    if (!latest_text || !decimal_parse(span_cstr(latest_text), UINT64_MAX, &latest))
        return ST_INVALID;
    if (ask->kind == CONSENT_ASK_SEND)
        return ST_OK;
    next = latest;
    if (next_text && (!decimal_parse(span_cstr(next_text), UINT64_MAX, &next) || next <= ask->after))
        return ST_INVALID;
    if (latest < ask->after) {
        next = 0;
        TRY(consents_open(h->t->txn, true, h->peer->id, send_again, h));
    }
    h->ret->more = next_text || latest < ask->after;
    return next == ask->after ? ST_OK : consents_hear(h->t->txn, h->peer->id, next);
}

static enum status read_answer(struct hearing *h, const struct consent_ask *ask)
{
    struct xml_node *root;
    struct arena *a = xml_arena_new(h->body.len);
    if (!a)
        return ST_NOMEM;
    enum status st = xml_read(h->body, XML_UNTRUSTED, a, NULL, &root);
    if (st == ST_OK)
        st = xml_check_canonical(root, h->body);
    if (st == ST_OK && !xml_is(root, NS_CONSENTS, "consents"))
        st = ST_INVALID;
    if (st == ST_OK)
        st = take_position(h, ask, root);
    if (st == ST_OK)
        st = take_items(h, root);
    arena_free(&a);
    return st;
}

// The peer will not take the request, now or later.
static enum status reject(struct hearing *h, const struct consent_ask *ask, int status)
{
    char why[CONSENT_REASON_MAX];
    struct problem *p = calloc(1, sizeof *p);
    if (!p)
        return ST_NOMEM;
    bool known = problem_read(h->body, p) == ST_OK;
    snprintf(why, sizeof why, "the partner answered %d%s%s", status, known ? ": " : "", known ? p->title : "");
    free(p);
    snprintf(h->ret->why, sizeof h->ret->why, "%s", why);
    TRY(consent_get(h->t->txn, ask->id, &h->r));
    TRY(copy_documents(h));
    h->ret->more = true; // others may wait
    return settle(h, CONSENT_REJECTED, why);
}

static enum status take(struct hearing *h, const struct consent_ask *ask, int status)
{
    bool refused = status == 404 || status == 409 || status == 410 || status == 422;
    if (status == 200) {
        enum status st = read_answer(h, ask);
        h->ret->failed = st == ST_INVALID || st == ST_MALFORMED || st == ST_LIMIT || st == ST_UNSUPPORTED;
        if (h->ret->failed)
            snprintf(h->ret->why, sizeof h->ret->why, "the answer is not a list of consents");
        h->t->undo |= h->ret->failed; // nothing of it counts
        h->ret->more |= st == ST_OK && ask->kind == CONSENT_ASK_SEND;
        if (h->ret->failed)
            return ST_OK;
        h->ret->failed = st == ST_OK && h->key_unknown && ask->kind == CONSENT_ASK_SEND;
        return st;
    }
    if (refused && ask->kind == CONSENT_ASK_SEND)
        return reject(h, ask, status);
    h->ret->failed = true;
    snprintf(h->ret->why, sizeof h->ret->why, "the partner answered %d", status);
    return ST_OK;
}

enum status consent_ask_take(struct tick *t, const char *peer, const struct consent_ask *ask, int status, struct span body,
                             struct consent_heard *ret)
{
    *ret = (struct consent_heard){.more = false};
    struct hearing *h = calloc(1, sizeof *h);
    if (!h)
        return ST_NOMEM;
    *h = (struct hearing){.t = t, .peer = core_peer(t->core, peer), .body = body, .ret = ret};
    buf_init(&h->grant, CONSENT_BYTES_MAX);
    buf_init(&h->revocation, CONSENT_BYTES_MAX);
    buf_init(&h->certificate, CERTIFICATE_BYTES_MAX);
    buf_init(&h->fresh, CONSENT_BYTES_MAX);
    enum status st = h->peer ? take(h, ask, status) : ST_NOT_FOUND;
    buf_fini(&h->grant);
    buf_fini(&h->revocation);
    buf_fini(&h->certificate);
    buf_fini(&h->fresh);
    free(h);
    return st;
}
