#include "node/core/publish.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/core/record.h"
#include "node/core/release.h"
#include "policy/explain.h"
#include "policy/label_rules.h"
#include "store/audit_log.h"

// A draft on its way: everything is checked before the first write.
struct draft {
    struct tick *t;
    const struct request *rq;
    struct reply *rp;
    struct arena *arena;          // of what was submitted
    struct arena *final_arena;    // of what is stored
    struct diag *diag;
    bool faulty, too_large;       // what the faults in `diag` come to
    const struct report *report;  // the draft; from finish_draft on the final report, with byte ranges
    struct buf bytes;             // final canonical bytes
    struct digest body_digest;    // of what was submitted
    struct decision *decisions;
};

static enum status draft_new(struct tick *t, const struct request *rq, struct reply *rp, struct draft **ret)
{
    struct draft *d = calloc(1, sizeof *d);
    *ret = d;
    if (!d)
        return ST_NOMEM;
    *d = (struct draft){.t = t, .rq = rq, .rp = rp, .arena = xml_arena_new(4 * rq->body.len + KIB),
                        .diag = calloc(1, sizeof *d->diag), .body_digest = sha256(rq->body)};
    buf_init(&d->bytes, RENDITION_BYTES_MAX);
    d->decisions = calloc(ruleset_partner_count(t->core->rules) + 1, sizeof *d->decisions);
    if (!d->arena || !d->diag || !d->decisions)
        return ST_NOMEM;
    diag_init(d->diag, NULL);
    return ST_OK;
}

static void draft_free(struct draft **d)
{
    if (!*d)
        return;
    arena_free(&(*d)->arena);
    arena_free(&(*d)->final_arena);
    free((*d)->diag);
    free((*d)->decisions);
    buf_fini(&(*d)->bytes);
    free(*d);
    *d = NULL;
}

// ---- faults

// What speaks of the submitted bytes is noted and becomes part of the refusal; any other status is a failure of ours.
static enum status note(struct draft *d, enum status st)
{
    switch (st) {
    case ST_OK:
        return ST_OK;
    case ST_LIMIT:
        d->too_large = true;
        d->faulty = true;
        return ST_OK;
    case ST_MALFORMED:
    case ST_INVALID:
    case ST_UNSUPPORTED:
    case ST_BAD_SIGNATURE:
        d->faulty = true;
        return ST_OK;
    case ST_DENIED:
    case ST_NOT_FOUND:
    case ST_CONFLICT:
    case ST_GONE:
    case ST_BAD_PROOF:
    case ST_CORRUPT:
    case ST_NOMEM:
    case ST_IO:
    case ST_FULL:
    case ST_UNREACHABLE:
    case ST_BUSY:
        return st;
    }
    return ST_CORRUPT;
}

// True when there were faults; then it has answered.
static bool refuse_faults(struct draft *d)
{
    if (!d->faulty)
        return false;
    if (d->diag->count == 0)
        diag_add(d->diag, 0, 0, "report-limit", "report", "reading it takes more memory than any report should");
    if (d->too_large)
        reply_problem(d->rp, 413, "too-large", "The report is beyond a limit",
                      "Nothing was stored. Make it smaller, or several reports of it; limits are listed in reltod(8).",
                      d->diag);
    else
        reply_problem(d->rp, 422, "invalid-report", "The report is not valid",
                      "Nothing was stored. Correct the faults listed and send it again.", d->diag);
    return true;
}

__attribute__((format(printf, 4, 5))) static void header_fault(struct draft *d, const char *rule, const char *element,
                                                               const char *fmt, ...)
{
    char message[DIAG_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    d->faulty = true;
    diag_add(d->diag, d->report->header_line, 0, rule, element, "%s", message);
}

static void check_originator(struct draft *d)
{
    const struct report *r = d->report;
    if (strcmp(r->nation, d->t->core->nation) != 0)
        header_fault(d, "originator", "originator", "nation is \"%s\"; this node publishes for \"%s\" only", r->nation,
                     d->t->core->nation);
    if (d->rq->who.role == ROLE_CELL && strcmp(r->cell, d->rq->who.id) != 0)
        header_fault(d, "originator", "originator", "cell is \"%s\"; your certificate is that of cell \"%s\"", r->cell,
                     d->rq->who.id);
}

static enum status read_draft(struct draft *d)
{
    TRY(note(d, report_read(d->rq->body, NULL, d->arena, d->diag, &d->report)));
    if (!d->faulty)
        check_originator(d);
    return ST_OK;
}

// ---- the final form

enum { CLOCK_SKEW_MS = 300000 };

static enum status sign_draft(struct draft *d)
{
    uint8_t random[16];
    random_fill(&d->t->core->random, random, sizeof random);
    struct report_finish with = {
        .id = d->report->has_id ? d->report->id : uuid_from_random(random),
        .version = 1,
        .issued = d->t->now / 1000 * 1000, // whole seconds, as people write times
        .pad = ruleset_pad(d->t->core->rules),
        .random = &d->t->core->random,
        .key = d->t->core->report_key,
    };
    return report_finish(d->report, &with, &d->bytes, d->diag);
}

// A report that the cell signed itself with the nation's key keeps its signature, and the time that it states.
static enum status accept_signed(struct draft *d)
{
    const struct report *r;
    struct rendition_proof proof;
    const struct verifying_key *own = d->t->core->own_report_cert;
    if (d->report->issued > utc_add(d->t->now, CLOCK_SKEW_MS)) {
        char issued[UTC_TEXT_MAX], now[UTC_TEXT_MAX];
        header_fault(d, "issued", "header", "issued is %s, which is still to come (now: %s); sign it with the present time",
                     utc_format_s(d->report->issued, issued), utc_format_s(d->t->now, now));
    }
    TRY(report_accept_signed(d->rq->body, d->arena, d->diag, &d->bytes));
    TRY(rendition_read(buf_bytes(&d->bytes), d->arena, d->diag, &r, &proof));
    if (verifying_key_is_named(own, &proof.signature) && verifying_key_signs_reports(own) &&
        verifying_key_valid_at(own, r->issued) && rendition_verify(&proof, own) == ST_OK)
        return ST_OK;
    diag_add(d->diag, 0, 0, "signature", "Signature",
             "not made by this nation's report-signing key while it is valid; leave it out to have the node sign");
    return ST_BAD_SIGNATURE;
}

// All that is to be said against a draft that could be read, at once.
static enum status judge_draft(struct draft *d, bool publishing)
{
    if (publishing && d->report->version != 1)
        header_fault(d, "version", "header", "a new report has version 1, got %u", d->report->version);
    TRY(note(d, report_validate(d->t->core->rules, d->report, d->diag)));
    return note(d, d->report->is_signed ? accept_signed(d) : sign_draft(d));
}

// What no partner could verify must not go out.
static bool refuse_unable_to_sign(struct draft *d)
{
    const struct verifying_key *own = d->t->core->own_report_cert;
    if (verifying_key_signs_reports(own) && verifying_key_valid_at(own, d->t->now))
        return false;
    reply_problem(d->rp, 503, "signing-certificate", "This node cannot sign reports now",
                  "Nothing was stored. Its report-signing certificate is not valid today; the operator has to replace it "
                  "and start reltod again.",
                  NULL);
    return true;
}

// Read back what will be stored: the decisions and the splices are made over these very bytes.
static enum status load_final(struct draft *d)
{
    struct rendition_proof proof;
    d->final_arena = xml_arena_new(d->bytes.len);
    if (!d->final_arena)
        return ST_NOMEM;
    enum status st = rendition_read(buf_bytes(&d->bytes), d->final_arena, d->diag, &d->report, &proof);
    return st == ST_OK || st == ST_NOMEM ? st : ST_CORRUPT; // we made it ourselves
}

// ---- answers

static enum status write_decision(struct draft *d, size_t partner, const struct decision *dec)
{
    struct buf *b = &d->rp->body, text;
    const struct ruleset *rs = d->t->core->rules;
    buf_init(&text, MIB);
    buf_puts(b, "<decision");
    if (dec->agreement)
        buf_xml_attr(b, "agreement", dec->agreement);
    buf_xml_attr(b, "outcome", outcome_text(dec->outcome));
    buf_xml_attr(b, "partner", ruleset_partner(rs, partner)->id);
    buf_xml_attr(b, "reason", reason_text(dec->reason));
    if (dec->rule)
        buf_xml_attr(b, "rule", dec->rule);
    if (dec->outcome == OUTCOME_EMBARGO) {
        char until[UTC_TEXT_MAX];
        buf_xml_attr(b, "until", utc_format_s(dec->until, until));
    }
    if (dec->outcome == OUTCOME_REDACT || dec->outcome == OUTCOME_EMBARGO || dec->outcome == OUTCOME_HOLD) {
        decision_withheld_ids(d->report, dec, &text);
        buf_xml_attr(b, "withheld", buf_cstr(&text));
    }
    enum status st = buf_status(&text);
    buf_reset(&text);
    buf_putc(b, '>');
    explain_summary(rs, d->report, partner, dec, &text);
    buf_xml_text(b, buf_bytes(&text));
    buf_puts(b, "</decision>");
    if (st == ST_OK)
        st = buf_status(&text);
    buf_fini(&text);
    return st;
}

static enum status answer(struct draft *d, int status)
{
    char urn[UUID_URN_LEN + 1], digest[DIGEST_TEXT_LEN + 1], number[16];
    struct reply *rp = d->rp;
    const struct digest bytes = sha256(buf_bytes(&d->bytes));
    rp->status = status;
    rp->content_type = DECISIONS_MEDIA_TYPE;
    uuid_urn(d->report->id, urn);
    snprintf(number, sizeof number, "%u", d->report->version);
    if (status == 201) {
        reply_header(rp, "Location", "/v1/reports/%s", urn + 9);
        reply_header(rp, "ETag", "\"%u\"", d->report->version);
    }
    buf_puts(&rp->body, "<decisions xmlns=\"" NS_DECISIONS "\"");
    if (status == 201) {
        buf_xml_attr(&rp->body, "digest", digest_text(&bytes, digest));
        buf_xml_attr(&rp->body, "report", urn);
        buf_xml_attr(&rp->body, "version", number);
    }
    buf_putc(&rp->body, '>');
    for (size_t i = 0; i < ruleset_partner_count(d->t->core->rules); i++)
        TRY(write_decision(d, i, &d->decisions[i]));
    buf_puts(&rp->body, "</decisions>\n");
    return buf_status(&rp->body);
}

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

// Answer with what is stored, as the first time.
static enum status answer_stored(struct draft *d, struct uuid id, uint32_t version)
{
    struct stored_report *s;
    enum status st = record_load(d->t, id, version, "", &s);
    if (st == ST_NOT_FOUND) { // own reports go by recall alone
        refuse_taken(d, true);
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    buf_span(&d->bytes, s->bytes);
    d->report = s->report;
    for (size_t i = 0; st == ST_OK && i < ruleset_partner_count(d->t->core->rules); i++)
        st = release_decide(d->t, s->report, &s->record, i, &d->decisions[i], NULL);
    if (st == ST_OK)
        st = answer(d, 201);
    d->report = NULL;
    record_free(&s);
    return st;
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
    const struct audit_filter of_report = {.by_report = true, .report = d->report->id};
    *ret_done = false;
    if (!d->report->has_id || (!publishing && d->report->version > 1))
        return ST_OK; // a preview of a later version may name its report
    enum status st = reports_recalled(d->t->txn, d->report->id, &recalled);
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

// ---- publishing

static enum status log_publish(struct draft *d, const char *actor, const struct report_record *rec)
{
    char digest[DIGEST_TEXT_LEN + 1], submitted[DIGEST_TEXT_LEN + 1];
    struct audit_event ev = {.kind = AUDIT_PUBLISH, .actor = actor, .has_report = true, .report = rec->id,
                             .version = rec->version};
    audit_event_attr(&ev, "digest", digest_text(&rec->digest, digest));
    audit_event_attr(&ev, "submitted", digest_text(&d->body_digest, submitted));
    return audit_append(d->t->txn, &ev, d->t->now, &d->t->core->random);
}

static enum status store_draft(struct draft *d)
{
    struct tick *t = d->t;
    const struct report *r = d->report;
    char actor[80];
    struct report_record rec = {.id = r->id, .version = r->version, .stored_at = t->now, .issued = r->issued,
                                .digest = sha256(buf_bytes(&d->bytes)), .bytes = buf_bytes(&d->bytes)};
    snprintf(rec.nation, sizeof rec.nation, "%s", r->nation);
    snprintf(rec.type, sizeof rec.type, "%s", r->type);
    snprintf(rec.title, sizeof rec.title, "%s", r->title);
    principal_text(&d->rq->who, actor);
    TRY(reports_put(t->txn, &rec));
    TRY(drafts_add(t->txn, actor, &d->body_digest, r->id, r->version, t->now));
    TRY(log_publish(d, actor, &rec));
    t->counts.published++;
    return release_report(t, r->id, CAUSE_PUBLISH, d->decisions);
}

// Everything that may be refused, without a write. *ret_done when it was answered.
static enum status check_draft(struct draft *d, bool publishing, bool *ret_done)
{
    *ret_done = true;
    TRY(read_draft(d));
    if (!d->report) {
        refuse_faults(d);
        return ST_OK;
    }
    if (!d->faulty) {
        TRY(refuse_existing(d, publishing, ret_done));
        if (*ret_done)
            return ST_OK;
    }
    bool is_signed = d->report->is_signed;
    TRY(judge_draft(d, publishing));
    *ret_done = refuse_faults(d) || (!is_signed && refuse_unable_to_sign(d));
    return ST_OK;
}

static enum status publish_draft(struct draft *d)
{
    bool done;
    TRY(answer_again(d, &done));
    if (done)
        return ST_OK;
    TRY(check_draft(d, true, &done));
    if (done)
        return ST_OK;
    TRY(load_final(d));
    TRY(store_draft(d));
    return answer(d, 201);
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
    return answer(d, 200);
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
