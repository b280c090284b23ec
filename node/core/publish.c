#include "node/core/publish.h"

#include "node/core/draft.h"
#include "store/audit_log.h"
#include "store/drafts.h"

// ---- ids that are taken

static void refuse_taken(struct draft *d, bool recalled)
{
    if (recalled)
        reply_problem(d->rp, 409, "recalled", "A report with this id was recalled",
                      "Its id can never be used again. Publish without an id, or with a new one.", NULL);
    else
        reply_problem(d->rp, 409, "conflict", "Another report with this id exists",
                      "Nothing was stored. Publish without an id, or with a new one.", NULL);
}

static enum status answer_stored(struct draft *d, struct uuid id, uint32_t version)
{
    d->id = id;
    enum status st = draft_answer_stored(d, version, 201);
    if (st != ST_NOT_FOUND)
        return st;
    refuse_taken(d, true); // own reports go by recall alone
    return ST_OK;
}

// The same bytes from the same principal within 30 days, with an id or without. Sets *ret_done when it answered.
static enum status answer_again(struct draft *d, bool *ret_done)
{
    struct uuid id;
    uint32_t version;
    char actor[80];
    enum status st = drafts_find(d->t->txn, principal_text(&d->rq->who, actor), &d->body_digest, d->t->now, &id,
                                 &version);
    *ret_done = st == ST_OK;
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    return answer_stored(d, id, version);
}

// What the log knows of an id: was it used, and was it by these submitted bytes?
struct use {
    uint32_t version;
    bool used, same;
    char submitted[DIGEST_TEXT_LEN + 1];
};

// An own report's first event is its publication, another nation's first decision has none before it.
static enum status look_at_use(void *ctx, const struct audit_event *e)
{
    struct use *u = ctx;
    if (e->kind != AUDIT_PUBLISH && e->kind != AUDIT_DECIDE)
        return ST_OK;
    u->used = true;
    if (e->kind == AUDIT_PUBLISH && e->version != u->version)
        return ST_OK;
    const char *submitted = e->kind == AUDIT_PUBLISH ? audit_event_get(e, "submitted") : NULL;
    u->same = submitted && strcmp(submitted, u->submitted) == 0;
    return ST_GONE; // enough was seen
}

// An id is used once: by our report of these bytes, for ever; or by something else, and be it no longer here.
static enum status refuse_existing(struct draft *d, bool publishing, bool *ret_done)
{
    struct recall_record recalled;
    struct use use = {.version = d->report->version};
    // Of every report that is known, an event was listed when it came.
    const struct audit_filter of_report = {.by_report = true, .report = d->report->id, .listed = true};
    *ret_done = false;
    if (!d->report->has_id || (!publishing && d->report->version > 1))
        return ST_OK; // a preview of a later version may name its report
    enum status st = recalls_get(d->t->txn, d->report->id, &recalled);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    *ret_done = true;
    if (st == ST_OK) {
        refuse_taken(d, true);
        return ST_OK;
    }
    digest_text(&d->body_digest, use.submitted);
    st = audit_each(d->t->txn, &of_report, look_at_use, &use);
    if (st != ST_OK && st != ST_GONE)
        return st;
    if (publishing && use.same)
        return answer_stored(d, d->report->id, d->report->version);
    *ret_done = use.used && !use.same;
    if (*ret_done)
        refuse_taken(d, false);
    return ST_OK;
}

// Everything that may be refused, without a write. *ret_done when it was answered.
static enum status check_draft(struct draft *d, bool publishing, bool *ret_done)
{
    *ret_done = true;
    TRY(draft_read(d));
    if (!d->report) {
        draft_refuse_faults(d);
        return ST_OK;
    }
    if (!d->faulty) {
        TRY(refuse_existing(d, publishing, ret_done));
        if (*ret_done)
            return ST_OK;
    }
    d->is_preview = !publishing;
    if (publishing && d->report->version != 1)
        draft_header_fault(d, "version", "header",
                           "a new report has version 1, got %u; later ones go by PUT to the report's own address",
                           d->report->version);
    return draft_judge(d, ret_done);
}

static enum status publish_draft(struct draft *d)
{
    char actor[80];
    bool done;
    TRY(answer_again(d, &done));
    if (done)
        return ST_OK;
    TRY(check_draft(d, true, &done));
    if (done)
        return ST_OK;
    TRY(drafts_add(d->t->txn, principal_text(&d->rq->who, actor), &d->body_digest, d->id, d->version, d->t->now));
    return draft_publish(d, CAUSE_PUBLISH, 201);
}

enum status publish_report(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct draft *d;
    enum status st = draft_new(t, rq, rp, &d);
    if (st == ST_OK)
        st = publish_draft(d);
    draft_free(&d);
    return st;
}

// ---- preview

// The draft itself is decided, not its final form: people know its parts by the draft's own Ids.
static enum status preview_draft(struct draft *d)
{
    bool done;
    TRY(check_draft(d, false, &done));
    if (done)
        return ST_OK;
    struct report_record rec = {.stored_at = UTC_MIN};
    struct report *as_issued_now = arena_alloc(d->arena, sizeof *as_issued_now);
    if (!as_issued_now)
        return arena_status(d->arena);
    *as_issued_now = *d->report;
    as_issued_now->issued = d->t->now;
    d->report = as_issued_now;
    for (size_t i = 0; i < ruleset_partner_count(d->t->core->rules); i++)
        TRY(release_decide(d->t, d->report, &rec, i, &d->decisions[i], NULL));
    return draft_answer_preview(d);
}

enum status publish_preview(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct draft *d;
    enum status st = draft_new(t, rq, rp, &d);
    if (st == ST_OK)
        st = preview_draft(d);
    draft_free(&d);
    return st;
}
