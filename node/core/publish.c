#include "node/core/publish.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/core/release.h"
#include "policy/explain.h"
#include "policy/label_rules.h"
#include "store/audit_log.h"

// A draft on its way: everything is checked before the first write.
struct draft {
    struct tick *t;
    const struct request *rq;
    struct reply *rp;
    struct arena *arena;
    struct diag *diag;
    const struct report *report; // the draft; after finish_draft the final report, with byte ranges
    struct buf bytes;            // final canonical bytes
    struct digest body_digest;
    struct decision *decisions;
};

static enum status draft_new(struct tick *t, const struct request *rq, struct reply *rp, struct draft **ret)
{
    struct draft *d = calloc(1, sizeof *d);
    if (!d)
        return ST_NOMEM;
    *d = (struct draft){.t = t, .rq = rq, .rp = rp, .arena = xml_arena_new(4 * rq->body.len + KIB),
                        .diag = calloc(1, sizeof *d->diag), .body_digest = sha256(rq->body)};
    buf_init(&d->bytes, RENDITION_BYTES_MAX);
    d->decisions = calloc(ruleset_partner_count(t->core->rules) + 1, sizeof *d->decisions);
    *ret = d;
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
    free((*d)->diag);
    free((*d)->decisions);
    buf_fini(&(*d)->bytes);
    free(*d);
    *d = NULL;
}

// ---- refusals: each returns true when it answered

static bool refuse_faults(struct draft *d, enum status st)
{
    if (st == ST_OK)
        return false;
    if (st == ST_LIMIT)
        reply_problem(d->rp, 413, "too-large", "The report is beyond a limit",
                      "See the faults; limits are listed in reltod(8).", d->diag);
    else
        reply_problem(d->rp, 422, "invalid-report", "The report is not valid",
                      "Nothing was stored. Correct the faults listed and send it again.", d->diag);
    return true;
}

static bool refuse_originator(struct draft *d, bool publishing)
{
    const struct report *r = d->report;
    if (strcmp(r->nation, d->t->core->nation) != 0)
        diag_add(d->diag, 0, 0, "originator", "originator", "nation is \"%s\"; this node publishes for \"%s\" only",
                 r->nation, d->t->core->nation);
    if (d->rq->who.role == ROLE_CELL && strcmp(r->cell, d->rq->who.id) != 0)
        diag_add(d->diag, 0, 0, "originator", "originator", "cell is \"%s\"; your certificate is that of cell \"%s\"",
                 r->cell, d->rq->who.id);
    if (publishing && r->version != 1)
        diag_add(d->diag, 0, 0, "version", "header", "a new report has version 1, got %u", r->version);
    return d->diag->count && refuse_faults(d, ST_INVALID);
}

static enum status read_draft(struct draft *d, bool publishing, bool *ret_refused)
{
    *ret_refused = true;
    enum status st = report_read(d->rq->body, NULL, d->arena, d->diag, &d->report);
    if (st == ST_NOMEM)
        return st;
    if (refuse_faults(d, st) || refuse_originator(d, publishing) ||
        refuse_faults(d, report_validate(d->t->core->rules, d->report, d->diag)))
        return ST_OK;
    *ret_refused = false;
    return ST_OK;
}

// ---- the final form

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

// A report that the cell signed itself with one of the nation's keys keeps its signature.
static enum status accept_signed(struct draft *d)
{
    TRY(report_accept_signed(d->rq->body, d->arena, d->diag, &d->bytes));
    const struct report *r;
    struct rendition_proof proof;
    TRY(rendition_read(buf_bytes(&d->bytes), d->arena, d->diag, &r, &proof));
    const struct verifying_key *own = d->t->core->own_report_cert;
    if (!verifying_key_is_named(own, &proof.signature) || !verifying_key_signs_reports(own) ||
        !verifying_key_valid_at(own, r->issued) || rendition_verify(&proof, own) != ST_OK) {
        diag_add(d->diag, 0, 0, "signature", "Signature", "not made by this nation's report-signing key; leave it out to have the node sign");
        return ST_BAD_SIGNATURE;
    }
    return ST_OK;
}

static enum status finish_draft(struct draft *d, bool *ret_refused)
{
    *ret_refused = true;
    enum status st = d->report->is_signed ? accept_signed(d) : sign_draft(d);
    if (st == ST_NOMEM)
        return st;
    if (refuse_faults(d, st))
        return ST_OK;
    *ret_refused = false;
    struct rendition_proof proof;
    return rendition_read(buf_bytes(&d->bytes), d->arena, d->diag, &d->report, &proof);
}

// ---- answers

static void write_decision(struct draft *d, size_t partner, const struct decision *dec)
{
    struct buf *b = &d->rp->body, text;
    const struct ruleset *rs = d->t->core->rules;
    buf_init(&text, 64 * KIB);
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
        buf_reset(&text);
    }
    buf_putc(b, '>');
    explain_summary(rs, d->report, partner, dec, &text);
    buf_xml_text(b, buf_bytes(&text));
    buf_puts(b, "</decision>");
    buf_fini(&text);
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
        write_decision(d, i, &d->decisions[i]);
    buf_puts(&rp->body, "</decisions>\n");
    return buf_status(&rp->body);
}

static void refuse_taken(struct draft *d, bool recalled)
{
    if (recalled)
        reply_problem(d->rp, 409, "recalled", "A report with this id was recalled",
                      "Its id can never be used again. Publish without an id, or with a new one.", NULL);
    else
        reply_problem(d->rp, 409, "conflict", "Another report with this id exists",
                      "Publish without an id, or publish a new version of it.", NULL);
}

// ---- publishing

static enum status store_draft(struct draft *d)
{
    struct tick *t = d->t;
    const struct report *r = d->report;
    struct report_record rec = {.id = r->id, .version = r->version, .stored_at = t->now, .issued = r->issued,
                                .digest = sha256(buf_bytes(&d->bytes)), .bytes = buf_bytes(&d->bytes)};
    snprintf(rec.nation, sizeof rec.nation, "%s", r->nation);
    snprintf(rec.type, sizeof rec.type, "%s", r->type);
    snprintf(rec.title, sizeof rec.title, "%s", r->title);
    TRY(reports_put(t->txn, &rec));
    char actor[80], digest[DIGEST_TEXT_LEN + 1];
    principal_text(&d->rq->who, actor);
    TRY(drafts_add(t->txn, actor, &d->body_digest, r->id, r->version, t->now));
    struct audit_event ev = {.kind = AUDIT_PUBLISH, .actor = actor, .has_report = true, .report = r->id, .version = r->version};
    audit_event_attr(&ev, "digest", digest_text(&rec.digest, digest));
    TRY(audit_append(t->txn, &ev, t->now, &t->core->random));
    t->core->published++;
    return release_report(t, r->id, CAUSE_PUBLISH, d->decisions);
}

// The same bytes from the same principal: answer as the first time. Sets *ret_known.
static enum status answer_again(struct draft *d, bool *ret_known)
{
    struct uuid id;
    uint32_t version;
    char actor[80];
    *ret_known = false;
    enum status st = drafts_find(d->t->txn, principal_text(&d->rq->who, actor), &d->body_digest, d->t->now, &id,
                                 &version);
    if (st == ST_NOT_FOUND)
        return ST_OK;
    if (st != ST_OK)
        return st;
    *ret_known = true;
    struct report_record rec;
    st = reports_get(d->t->txn, id, version, "", &rec);
    if (st == ST_NOT_FOUND) {
        refuse_taken(d, true);
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    buf_span(&d->bytes, rec.bytes);
    struct rendition_proof proof;
    st = rendition_read(buf_bytes(&d->bytes), d->arena, d->diag, &d->report, &proof);
    for (size_t i = 0; st == ST_OK && i < ruleset_partner_count(d->t->core->rules); i++)
        st = release_decide(d->t, d->report, &rec, i, &d->decisions[i], NULL);
    return st == ST_OK ? answer(d, 201) : st;
}

static enum status refuse_existing(struct draft *d, bool *ret_refused)
{
    struct report_record rec;
    *ret_refused = false;
    if (!d->report->has_id)
        return ST_OK;
    enum status st = reports_current(d->t->txn, d->report->id, &rec);
    if (st == ST_NOT_FOUND)
        return ST_OK;
    if (st != ST_OK && st != ST_GONE)
        return st;
    refuse_taken(d, st == ST_GONE);
    *ret_refused = true;
    return ST_OK;
}

static enum status publish_draft(struct draft *d)
{
    bool done;
    TRY(answer_again(d, &done));
    if (done)
        return ST_OK;
    TRY(read_draft(d, true, &done));
    if (done)
        return ST_OK;
    TRY(refuse_existing(d, &done));
    if (done)
        return ST_OK;
    TRY(finish_draft(d, &done));
    if (done)
        return ST_OK;
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

static enum status preview_draft(struct draft *d)
{
    bool done;
    TRY(read_draft(d, false, &done));
    if (done)
        return ST_OK;
    struct report_record rec = {.stored_at = UTC_MIN};
    struct report as_issued_now = *d->report;
    as_issued_now.issued = d->t->now;
    d->report = &as_issued_now;
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

// ---- recall

static bool may_recall(const struct request *rq, const struct report_record *rec)
{
    if (rq->who.role == ROLE_OFFICER)
        return true;
    // A cell recalls what it published itself. The cell stands in the report, not in the record.
    struct arena *a = xml_arena_new(rec->bytes.len);
    const struct report *r;
    bool own = a && report_read(rec->bytes, NULL, a, NULL, &r) == ST_OK && strcmp(r->cell, rq->who.id) == 0;
    arena_free(&a);
    return own;
}

static bool version_matches(const struct request *rq, uint32_t version)
{
    char expect[16];
    snprintf(expect, sizeof expect, "\"%u\"", version);
    return span_eq_cstr(http_header_get(&rq->head, "if-match"), expect);
}

enum status publish_recall(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp)
{
    char reason[256], actor[80];
    struct report_record rec;
    enum status st = reports_current(t->txn, id, &rec);
    if (st == ST_OK && rec.source[0])
        st = ST_NOT_FOUND; // another nation's report is not ours to recall
    if (st == ST_NOT_FOUND || (st == ST_OK && !may_recall(rq, &rec))) {
        reply_problem(rp, 404, "not-found", "No own report with this id that you may recall", NULL, NULL);
        return ST_OK;
    }
    if (st == ST_GONE) {
        reply_problem(rp, 410, "recalled", "This report was recalled already", NULL, NULL);
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    if (!http_query_get(rq->head.query, "reason", reason, sizeof reason) || !reason[0]) {
        reply_problem(rp, 422, "reason-missing", "A recall needs a reason",
                      "Give it as the query parameter \"reason\", at most 255 bytes.", NULL);
        return ST_OK;
    }
    if (!version_matches(rq, rec.version)) {
        char detail[160];
        snprintf(detail, sizeof detail, "The current version is %u; send If-Match: \"%u\" if that is the one you mean.",
                 rec.version, rec.version);
        reply_problem(rp, 412, "version-changed", "If-Match does not name the current version", detail, NULL);
        return ST_OK;
    }
    TRY(release_recall(t, id, principal_text(&rq->who, actor), reason));
    rp->status = 204;
    return ST_OK;
}
