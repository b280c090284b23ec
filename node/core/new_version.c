#include "node/core/new_version.h"

#include <stdio.h>

#include "node/core/draft.h"
#include "node/core/own_report.h"

struct correction {
    struct draft *d;
    struct uuid id;
    uint32_t current; // version
    uint32_t next;    // what this correction is to become
};

struct given {
    struct tick *t;
    struct uuid id;
    uint32_t version;
};

static enum status look_at_partner(void *ctx, const char *partner)
{
    struct given *g = ctx;
    struct holding h;
    TRY(holding_get(g->t->txn, partner, g->id, &h));
    if (h.version > g->version)
        g->version = h.version;
    return ST_OK;
}

// A version that was lost with the store, and that partners have, keeps its number: two reports under one would be taken for a
// forgery by all of them.
static enum status find_next(struct correction *c)
{
    struct given g = {.t = c->d->t, .id = c->id, .version = c->current};
    TRY(holding_each_partner(g.t->txn, g.id, look_at_partner, &g));
    c->next = g.version + 1;
    return ST_OK;
}

// Published by these very bytes before? Then it is answered as the first time.
static enum status answer_again(struct correction *c, uint32_t version, bool *ret_done)
{
    TRY(draft_was_published_as(c->d, version, ret_done));
    return *ret_done ? draft_answer_stored(c->d, version, 200) : ST_OK;
}

// The version that followed this one is not always the next number (find_next).
static enum status answer_behind_gap(struct correction *c, uint32_t match, bool *ret_done)
{
    struct report_record rec;
    uint32_t v = match + 1;
    enum status st = ST_NOT_FOUND;
    while (v < c->current && (st = reports_get(c->d->t->txn, c->id, v, "", &rec)) == ST_NOT_FOUND)
        v++;
    if (st != ST_OK && st != ST_NOT_FOUND && st != ST_CORRUPT)
        return st;
    return v == match + 1 ? ST_OK : answer_again(c, v, ret_done);
}

static enum status check_version(struct correction *c, bool *ret_done)
{
    struct draft *d = c->d;
    uint32_t match = own_report_if_match(d->rq);
    *ret_done = http_header_get(&d->rq->head, "if-match").len == 0;
    if (*ret_done) {
        reply_problem(d->rp, 428, "version-missing", "A correction needs If-Match",
                      "Nothing was stored. Send the version that you correct, e.g. If-Match: \"1\".", NULL);
        return ST_OK;
    }
    if (match && match < c->current)
        TRY(answer_again(c, match + 1, ret_done));
    if (match && match < c->current && !*ret_done)
        TRY(answer_behind_gap(c, match, ret_done));
    if (match == c->current)
        TRY(answer_again(c, c->current, ret_done));
    if (*ret_done || match == c->current)
        return ST_OK;
    own_report_refuse_version(d->rp, "Nothing was stored.", c->current);
    *ret_done = true;
    return ST_OK;
}

// What the draft says of itself must be what it is to become.
static enum status check_identity(struct correction *c, bool *ret_done)
{
    struct draft *d = c->d;
    const struct report *r = d->report;
    char stated[UUID_URN_LEN + 1], wanted[UUID_URN_LEN + 1], detail[160];
    *ret_done = false;
    if (r->has_id && !uuid_eq(r->id, c->id)) {
        draft_header_fault(d, "report", "header", "the report is %s, the address names %s", uuid_urn(r->id, stated),
                           uuid_urn(c->id, wanted));
        return ST_OK;
    }
    if (!r->has_version || r->version == c->next)
        return ST_OK;
    if (r->version > c->current) {
        draft_header_fault(d, "version", "header", "the next version is %u, got %u", c->next, r->version);
        return ST_OK;
    }
    TRY(answer_again(c, r->version, ret_done));
    if (*ret_done)
        return ST_OK;
    snprintf(detail, sizeof detail, "Nothing was stored. The next version is %u; state that one, or none.", c->next);
    reply_problem(d->rp, 409, "conflict", "This version was published with other content", detail, NULL);
    *ret_done = true;
    return ST_OK;
}

static enum status correct(struct correction *c)
{
    struct draft *d = c->d;
    bool done = true;
    d->id = c->id;
    TRY(find_next(c));
    TRY(check_version(c, &done));
    if (done)
        return ST_OK;
    TRY(draft_read(d));
    if (!d->report) {
        draft_refuse_faults(d);
        return ST_OK;
    }
    d->id = c->id;
    d->version = c->next;
    TRY(check_identity(c, &done));
    if (!done)
        TRY(draft_judge(d, &done));
    return done ? ST_OK : draft_publish(d, CAUSE_NEW_VERSION, 200);
}

enum status new_version_put(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp)
{
    struct correction c = {.id = id};
    bool refused;
    TRY(own_report_find(t, rq, id, rp, "correct", &c.current, &refused));
    if (refused)
        return ST_OK;
    enum status st = draft_new(t, rq, rp, &c.d);
    if (st == ST_OK)
        st = correct(&c);
    draft_free(&c.d);
    return st;
}
