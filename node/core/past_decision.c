// A past decision made again, and compared with the one that was logged.
#include <stdlib.h>

#include "node/core/decision_element.h"
#include "node/core/past.h"
#include "node/core/past_policy.h"
#include "node/core/record.h"
#include "node/core/release.h"
#include "policy/explain.h"
#include "store/audit_log.h"

enum { TESTS_BYTES_MAX = 1024 * 1024, DETAIL_BYTES_MAX = 64 * 1024 * 1024 };

struct asking {
    struct tick *t;
    struct uuid id;
    const char *partner;
    utc_ms at;
    struct arena *a;
    struct past_decision *ret;
    struct past_policies policies;
    struct stored_report *stored; // the copy that the logged decision is about
    // of the event
    bool found;
    bool some; // it does not tell of all partners
    const char *copy, *onward, *stored_at, *detail_digest;
    struct span detail;
};

static const char *attr_or_empty(struct arena *a, const struct audit_event *e, const char *name)
{
    const char *value = audit_event_get(e, name);
    return value ? arena_cstr(a, value) : "";
}

// ---- lines

static const char *node_attr(const struct xml_node *n, const char *name)
{
    const char *value = xml_attr(n, name);
    return value ? value : "";
}

static const struct past_line unnamed = {false, "", "", "", "", "", ""};

// The decision about a partner in an event's detail.
static enum status read_line(struct span detail, const char *partner, struct arena *a, struct past_line *ret)
{
    struct buf b;
    struct xml_node *root;
    *ret = unnamed;
    buf_init(&b, DETAIL_BYTES_MAX);
    buf_puts(&b, "<event xmlns=\"" NS_AUDIT "\">");
    buf_span(&b, detail);
    buf_puts(&b, "</event>");
    enum status st = buf_status(&b);
    if (st == ST_OK)
        st = xml_read(buf_bytes(&b), XML_UNTRUSTED, a, NULL, &root);
    buf_fini(&b);
    if (st != ST_OK)
        return st == ST_NOMEM || st == ST_LIMIT ? st : ST_CORRUPT;
    for (const struct xml_node *n = xml_first(root); n; n = xml_next(n))
        if (xml_is(n, NS_AUDIT, "decision") && strcmp(node_attr(n, "partner"), partner) == 0)
            *ret = (struct past_line){true, node_attr(n, "outcome"), node_attr(n, "reason"), node_attr(n, "agreement"),
                                      node_attr(n, "rule"), node_attr(n, "until"), node_attr(n, "withheld")};
    return ST_OK;
}

static bool same_line(const struct past_line *x, const struct past_line *y)
{
    return x->named == y->named && strcmp(x->outcome, y->outcome) == 0 && strcmp(x->reason, y->reason) == 0 &&
           strcmp(x->agreement, y->agreement) == 0 && strcmp(x->rule, y->rule) == 0 && strcmp(x->until, y->until) == 0 &&
           strcmp(x->withheld, y->withheld) == 0;
}

// ---- what officers had said, by the log: approvals that were revoked since are no longer in the store

struct said {
    struct approval *list;
    size_t count, room;
    const struct report *report;
    uint32_t version;
    uint64_t before; // position of the first event that does not count
    bool unreadable; // an event names elements that the report does not have
};

static struct approval *said_place(struct said *s, const char *officer)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->list[i].officer, officer) == 0)
            return &s->list[i];
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 8;
        struct approval *more = reallocarray(s->list, room, sizeof *more);
        if (!more)
            return NULL;
        s->list = more;
        s->room = room;
    }
    return &s->list[s->count++];
}

static enum status note_said(void *ctx, const struct audit_event *e)
{
    struct said *s = ctx;
    if ((e->kind != AUDIT_APPROVE && e->kind != AUDIT_REFUSE) || e->version != s->version || e->n >= s->before)
        return ST_OK;
    struct approval a = {.refused = e->kind == AUDIT_REFUSE, .at = e->at};
    const char *withheld = audit_event_get(e, "withheld");
    if (strlen(e->actor) >= sizeof a.officer)
        return ST_CORRUPT;
    memcpy(a.officer, e->actor, strlen(e->actor) + 1);
    if (!withheld || !withheld_ids_parse(s->report, withheld, &a.withheld))
        s->unreadable = true;
    struct approval *place = said_place(s, e->actor);
    if (!place)
        return ST_NOMEM;
    if (audit_event_get(e, "revoked"))
        *place = s->list[--s->count];
    else
        *place = a;
    return ST_OK;
}

struct past_basis {
    struct asking *x;
    utc_ms until;
    uint64_t before;
    bool unreadable;
};

static enum status past_approvals(void *ctx, const struct report_record *rec, const char *partner,
                                  enum status (*each)(void *each_ctx, const struct approval *a), void *each_ctx)
{
    struct past_basis *b = ctx;
    struct said s = {.report = b->x->stored->report, .version = rec->version, .before = b->before};
    const struct audit_filter f = {.by_report = true, .report = rec->id, .partner = partner, .until = b->until, .listed = true};
    enum status st = audit_each(b->x->t->txn, &f, note_said, &s);
    for (size_t i = 0; i < s.count && st == ST_OK; i++)
        st = each(each_ctx, &s.list[i]);
    b->unreadable |= s.unreadable;
    free(s.list);
    return st;
}

// The last word of the originating nation that was logged for this version and partner.
struct consent_said {
    const struct report_record *rec;
    uint64_t before;
    utc_ms until;
};

static enum status note_consent(void *ctx, const struct audit_event *e)
{
    struct consent_said *s = ctx;
    char digest[DIGEST_TEXT_LEN + 1];
    const char *answer = audit_event_get(e, "answer"), *expires = audit_event_get(e, "expires");
    const char *rendition = audit_event_get(e, "rendition");
    if (e->version != s->rec->version || e->n >= s->before || !rendition ||
        strcmp(rendition, digest_text(&s->rec->digest, digest)) != 0)
        return ST_OK;
    s->until = UTC_MIN;
    if (!answer || strcmp(answer, "granted") != 0)
        return ST_OK;
    return expires && utc_parse(span_cstr(expires), UTC_ZONE_Z, &s->until) == ST_OK ? ST_OK : ST_CORRUPT;
}

static enum status past_consent(void *ctx, const struct report_record *rec, const char *partner, utc_ms *ret_until)
{
    const struct past_basis *b = ctx;
    struct consent_said s = {.rec = rec, .before = b->before, .until = UTC_MIN};
    const struct audit_filter f = {.by_report = true, .report = rec->id, .partner = partner, .by_kind = true, .kind = AUDIT_CONSENT,
                                   .until = b->until, .listed = true};
    TRY(audit_each(b->x->t->txn, &f, note_consent, &s));
    *ret_until = s.until;
    return ST_OK;
}

// ---- the event

// Is the name among these, separated by single spaces?
static bool names(const char *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = list; at && *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (n == len && memcmp(at, name, n) == 0)
            return true;
        at += n;
    }
    return false;
}

// The newest event that tells of the partner, or would if the policy named it: a change of policy is logged for the
// partners that it concerns alone. ST_CONFLICT: found.
static enum status note_event(void *ctx, const struct audit_event *e)
{
    struct asking *x = ctx;
    struct past_decision *r = x->ret;
    struct past_line line = unnamed;
    x->some = audit_event_get(e, "partners") != NULL;
    if (x->some && e->detail.len)
        TRY(read_line(e->detail, x->partner, x->a, &line));
    if (x->some && !audit_event_get(e, "detail-digest") && !line.named && !names(audit_event_get(e, "gone"), x->partner))
        return ST_OK;
    const char *policy = audit_event_get(e, "policy");
    if (!policy || !digest_parse(span_cstr(policy), &r->policy))
        return ST_CORRUPT;
    x->found = true;
    r->event = e->n;
    r->event_at = e->at;
    r->version = e->version;
    r->cause = attr_or_empty(x->a, e, "cause");
    r->source = attr_or_empty(x->a, e, "source");
    x->copy = attr_or_empty(x->a, e, "copy");
    x->onward = attr_or_empty(x->a, e, "onward");
    x->stored_at = attr_or_empty(x->a, e, "stored");
    x->detail_digest = attr_or_empty(x->a, e, "detail-digest");
    x->detail = e->detail;
    if (e->detail.len)
        x->detail.ptr = (const uint8_t *)arena_str(x->a, e->detail);
    TRY(arena_status(x->a));
    return ST_CONFLICT;
}

static enum status note_recall(void *ctx, const struct audit_event *e)
{
    struct asking *x = ctx;
    if (!e->partner && !x->ret->recalled_at) // others are those of single ledgers
        x->ret->recalled_at = e->at;
    return ST_OK;
}

static enum status find_events(struct asking *x)
{
    struct audit_filter f = {.by_report = true, .report = x->id, .by_kind = true, .kind = AUDIT_DECIDE,
                             .until = utc_add(x->at, 1), .newest_first = true};
    enum status st = audit_each(x->t->txn, &f, note_event, x);
    if (!x->found)
        return st == ST_OK ? ST_NOT_FOUND : st;
    f = (struct audit_filter){.by_report = true, .report = x->id, .by_kind = true, .kind = AUDIT_RECALL,
                              .until = utc_add(x->at, 1), .listed = true};
    return audit_each(x->t->txn, &f, note_recall, x);
}

// ---- making it again

// Load the copy that the decision was about, under the terms of then. Sets the obstacle when it is not here.
static enum status load_copy(struct asking *x)
{
    struct past_decision *r = x->ret;
    enum status st = strlen(r->source) > PARTNER_ID_MAX ? ST_CORRUPT
                                                        : record_load(x->t, x->id, r->version, r->source, &x->stored);
    if (st == ST_NOT_FOUND || st == ST_GONE) {
        struct purged_copy purged;
        bool was = reports_purged(x->t->txn, x->id, r->source, &purged) == ST_OK && r->version <= purged.version;
        r->obstacle = r->recalled_at ? "the report was recalled, and its content erased"
                      : was          ? "content purged: it was kept as long as [store] keep-days says"
                                     : "its copy was erased since";
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    char digest[DIGEST_TEXT_LEN + 1];
    struct report_record *rec = &x->stored->record;
    if (*x->copy && strcmp(digest_text(&rec->digest, digest), x->copy) != 0)
        r->obstacle = "its source gave another rendition of this version since";
    if (*x->onward && !onward_parse(span_cstr(x->onward), &rec->onward))
        return ST_CORRUPT;
    if (*x->stored_at && utc_parse(span_cstr(x->stored_at), UTC_ZONE_Z, &rec->stored_at) != ST_OK)
        return ST_CORRUPT;
    return ST_OK;
}

static enum status decide_as_of(struct asking *x, const struct ruleset *rs, utc_ms at, uint64_t before, size_t partner,
                                struct buf *element, struct decide_record *ret_with)
{
    struct past_basis past = {.x = x, .until = utc_add(at, 1), .before = before};
    const struct decide_basis b = {.rules = rs, .at = at, .approvals = past_approvals, .consent = past_consent, .ctx = &past};
    struct decision d;
    TRY(release_decide_with(&b, x->stored->report, &x->stored->record, partner, &d, ret_with));
    if (past.unreadable)
        x->ret->obstacle = "an approval of then names elements that the report does not have";
    return decision_element(x->stored->report, ruleset_partner(rs, partner)->id, &d, element);
}

static enum status remake_one(struct asking *x, const struct ruleset *rs, struct buf *out)
{
    size_t partner = ruleset_partner_index(rs, x->partner);
    if (partner != SIZE_MAX)
        TRY(decide_as_of(x, rs, x->ret->event_at, x->ret->event, partner, out, NULL));
    TRY(read_line(buf_bytes(out), x->partner, x->a, &x->ret->remade));
    x->ret->verdict = same_line(&x->ret->logged, &x->ret->remade) ? PAST_EQUAL : PAST_DIFFERS;
    return ST_OK;
}

// The event gives all decisions together by one digest.
static enum status remake_all(struct asking *x, const struct ruleset *rs, struct buf *out)
{
    char text[DIGEST_TEXT_LEN + 1];
    for (size_t i = 0; i < ruleset_partner_count(rs); i++)
        TRY(decide_as_of(x, rs, x->ret->event_at, x->ret->event, i, out, NULL));
    struct digest d = sha256(buf_bytes(out));
    TRY(read_line(buf_bytes(out), x->partner, x->a, &x->ret->remade));
    bool same = strcmp(digest_text(&d, text), x->detail_digest) == 0;
    x->ret->verdict = same ? PAST_EQUAL : PAST_DIFFERS;
    if (same)
        x->ret->logged = x->ret->remade;
    return ST_OK;
}

static enum status remake(struct asking *x)
{
    const struct ruleset *rs;
    struct buf out;
    enum status st = past_policy(&x->policies, &x->ret->policy, &rs);
    if (st == ST_NOT_FOUND) {
        x->ret->obstacle = "the policy is not in the store";
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    x->ret->serial = ruleset_document(rs)->serial;
    if (!x->stored || x->ret->obstacle)
        return ST_OK;
    buf_init(&out, DETAIL_BYTES_MAX);
    st = x->ret->by_digest ? remake_all(x, rs, &out) : remake_one(x, rs, &out);
    buf_fini(&out);
    if (x->ret->obstacle)
        x->ret->verdict = PAST_NOT_REMADE;
    return st;
}

// ---- at the instant itself

static enum status note_policy(void *ctx, const struct audit_event *e)
{
    struct asking *x = ctx;
    const char *state = audit_event_get(e, "state"), *digest = audit_event_get(e, "digest");
    if (state && strcmp(state, "active") != 0)
        return ST_OK;
    return digest && digest_parse(span_cstr(digest), &x->ret->policy_then) ? ST_OK : ST_CORRUPT;
}

// That of the event, unless another one was activated since. One in the same tick as the event came into force behind it.
static enum status find_policy_then(struct asking *x)
{
    const struct audit_filter f = {.by_kind = true, .kind = AUDIT_POLICY, .from = x->ret->event_at, .until = utc_add(x->at, 1)};
    x->ret->policy_then = x->ret->policy;
    return audit_each(x->t->txn, &f, note_policy, x);
}

static enum status tell_tests(struct asking *x, const struct ruleset *rs, size_t partner, const struct decide_record *with)
{
    struct buf b;
    buf_init(&b, TESTS_BYTES_MAX);
    explain_text(rs, x->stored->report, partner, x->at, with, &b);
    enum status st = buf_status(&b);
    if (st == ST_OK)
        x->ret->tests = arena_str(x->a, buf_bytes(&b));
    buf_fini(&b);
    return st == ST_OK ? arena_status(x->a) : st;
}

static enum status decide_then(struct asking *x, const struct ruleset *rs, struct buf *out)
{
    struct decide_record with;
    size_t partner = ruleset_partner_index(rs, x->partner);
    x->ret->then = unnamed;
    if (partner == SIZE_MAX)
        return ST_OK;
    TRY(decide_as_of(x, rs, x->at, UINT64_MAX, partner, out, &with));
    TRY(read_line(buf_bytes(out), x->partner, x->a, &x->ret->then));
    return tell_tests(x, rs, partner, &with);
}

static enum status then(struct asking *x)
{
    const struct ruleset *rs;
    struct buf out;
    TRY(find_policy_then(x));
    enum status st = past_policy(&x->policies, &x->ret->policy_then, &rs);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    x->ret->serial_then = ruleset_document(rs)->serial;
    if (!x->stored || x->ret->obstacle || x->ret->recalled_at)
        return ST_OK;
    buf_init(&out, DETAIL_BYTES_MAX);
    st = decide_then(x, rs, &out);
    buf_fini(&out);
    x->ret->has_then = st == ST_OK && !x->ret->obstacle;
    return st;
}

static enum status answer(struct asking *x)
{
    TRY(find_events(x));
    x->ret->by_digest = *x->detail_digest != 0;
    if (!x->ret->by_digest)
        TRY(read_line(x->detail, x->partner, x->a, &x->ret->logged));
    TRY(load_copy(x));
    if (x->ret->by_digest && x->some && !x->ret->obstacle)
        x->ret->obstacle = "the event tells of some partners, and by digest alone";
    TRY(remake(x));
    return then(x);
}

enum status past_decide(struct tick *t, struct uuid id, const char *partner, utc_ms at, struct arena *a,
                        struct past_decision *ret)
{
    struct asking x = {.t = t, .id = id, .partner = partner, .at = at, .a = a, .ret = ret, .policies = {.t = t}};
    *ret = (struct past_decision){.logged = unnamed, .remade = unnamed, .then = unnamed, .tests = ""};
    enum status st = answer(&x);
    past_policies_fini(&x.policies);
    record_free(&x.stored);
    return st;
}
