#include "node/core/draft.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/core/attachment.h"
#include "node/core/own_report.h"
#include "node/core/publish.h"
#include "node/core/record.h"
#include "policy/explain.h"
#include "policy/label_rules.h"
#include "store/audit_log.h"

enum status draft_new(struct tick *t, const struct request *rq, struct reply *rp, struct draft **ret)
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

void draft_free(struct draft **d)
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

bool draft_refuse_faults(struct draft *d)
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

void draft_header_fault(struct draft *d, const char *rule, const char *element, const char *fmt, ...)
{
    char message[DIAG_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    d->faulty = true;
    diag_add(d->diag, d->report->header_line, d->report->header_column, rule, element, "%s", message);
}

static void check_originator(struct draft *d)
{
    const struct report *r = d->report;
    if (strcmp(r->nation, d->t->core->nation) != 0)
        draft_header_fault(d, "originator", "originator", "nation is \"%s\"; this node publishes for \"%s\" only", r->nation,
                     d->t->core->nation);
    if (d->rq->who.via && !*r->cell)
        draft_header_fault(d, "originator", "originator", "names no cell; expected the one that reports");
    if (d->rq->who.role == ROLE_CELL && strcmp(r->cell, d->rq->who.id) != 0)
        draft_header_fault(d, "originator", "originator", "cell is \"%s\"; your certificate is that of cell \"%s\"", r->cell,
                     d->rq->who.id);
}

static struct uuid draw_id(const struct draft *d)
{
    char submitted[DIGEST_TEXT_LEN + 1];
    uint8_t random[16];
    struct random_seeded own;
    digest_text(&d->body_digest, submitted);
    const struct random_source of_draft = random_for(&d->t->core->random, "report-id", submitted, (uint64_t)d->t->now, &own);
    random_fill(&of_draft, random, sizeof random);
    return uuid_from_random(random);
}

enum status draft_read(struct draft *d)
{
    TRY(note(d, report_read(d->rq->body, NULL, d->arena, d->diag, &d->report)));
    if (!d->report)
        return ST_OK;
    if (!d->faulty)
        check_originator(d);
    d->id = d->report->has_id ? d->report->id : draw_id(d);
    d->version = 1;
    return ST_OK;
}

// ---- the final form

enum { CLOCK_SKEW_MS = 300000 };

static enum status sign_draft(struct draft *d)
{
    char urn[UUID_URN_LEN + 1];
    struct random_seeded own;
    const struct random_source of_version = random_for(&d->t->core->random, "report", uuid_urn(d->id, urn), d->version, &own);
    struct report_finish with = {
        .id = d->id,
        .version = d->version,
        .issued = d->t->now / 1000 * 1000, // whole seconds, as people write times
        .pad = ruleset_pad(d->t->core->rules),
        .random = &of_version,
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
        draft_header_fault(d, "issued", "header", "issued is %s, which is still to come (now: %s); sign it with the present time",
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

// What no partner could verify must not go out.
static bool refuse_unable_to_sign(struct draft *d)
{
    const struct verifying_key *own = d->t->core->own_report_cert;
    if (verifying_key_signs_reports(own) && verifying_key_valid_at(own, d->t->now))
        return false;
    reply_problem(d->rp, 503, "signing-certificate", "This node cannot sign reports now",
                  "Nothing was stored. Its report-signing certificate is not valid today; the operator has to replace it "
                  "(relto cert rotate-report-key) and reload.",
                  NULL);
    return true;
}

// The token that holds the key does not answer: nothing is stored unsigned.
static bool refuse_without_token(struct draft *d)
{
    reply_problem(d->rp, 503, "signing-token", "This node cannot sign reports now",
                  "Nothing was stored. The token that holds its report-signing key does not answer; the operator has to see to "
                  "it and restart reltod.",
                  NULL);
    return true;
}

enum status draft_judge(struct draft *d, bool *ret_done)
{
    bool is_signed = d->report->is_signed, missing = false;
    if (!d->is_preview)
        TRY(attachment_check(d->t, d->report, d->rq->who.id, d->diag, &missing));
    d->faulty |= missing;
    TRY(note(d, report_validate(d->t->core->rules, d->report, d->diag)));
    enum status st = is_signed ? accept_signed(d) : sign_draft(d);
    if (st == ST_UNREACHABLE) {
        *ret_done = draft_refuse_faults(d) || refuse_without_token(d);
        return ST_OK;
    }
    TRY(note(d, st));
    *ret_done = draft_refuse_faults(d) || (!is_signed && refuse_unable_to_sign(d));
    return ST_OK;
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

static enum status write_decisions(struct draft *d)
{
    for (size_t i = 0; i < ruleset_partner_count(d->t->core->rules); i++)
        TRY(write_decision(d, i, &d->decisions[i]));
    buf_puts(&d->rp->body, "</decisions>\n");
    return buf_status(&d->rp->body);
}

static void begin_answer(struct draft *d, int status)
{
    d->rp->status = status;
    d->rp->content_type = DECISIONS_MEDIA_TYPE;
    buf_puts(&d->rp->body, "<decisions xmlns=\"" NS_DECISIONS "\"");
}

enum status draft_answer_preview(struct draft *d)
{
    begin_answer(d, 200);
    buf_putc(&d->rp->body, '>');
    return write_decisions(d);
}

static enum status answer_published(struct draft *d, const struct digest *bytes, int status)
{
    char urn[UUID_URN_LEN + 1], digest[DIGEST_TEXT_LEN + 1], number[16];
    struct reply *rp = d->rp;
    uuid_urn(d->report->id, urn);
    snprintf(number, sizeof number, "%u", d->report->version);
    begin_answer(d, status);
    reply_header(rp, "Location", "/v1/reports/%s", urn + 9);
    reply_header(rp, "ETag", "\"%u\"", d->report->version);
    buf_xml_attr(&rp->body, "digest", digest_text(bytes, digest));
    buf_xml_attr(&rp->body, "report", urn);
    buf_xml_attr(&rp->body, "version", number);
    buf_putc(&rp->body, '>');
    return write_decisions(d);
}

enum status draft_answer_stored(struct draft *d, uint32_t version, int status)
{
    struct stored_report *s;
    struct purged_copy purged;
    enum status st = record_load(d->t, d->id, version, "", &s);
    if (st == ST_NOT_FOUND && reports_purged(d->t->txn, d->id, "", &purged) == ST_OK) {
        own_report_refuse_purged(d->rp, purged.at);
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    d->report = s->report;
    for (size_t i = 0; st == ST_OK && i < ruleset_partner_count(d->t->core->rules); i++)
        st = release_decide(d->t, s->report, &s->record, i, &d->decisions[i], NULL);
    if (st == ST_OK)
        st = answer_published(d, &s->record.digest, status);
    d->report = NULL;
    record_free(&s);
    return st;
}

// ---- publishing

static enum status log_publish(struct draft *d, const char *actor, const struct report_record *rec)
{
    char digest[DIGEST_TEXT_LEN + 1], submitted[DIGEST_TEXT_LEN + 1];
    struct audit_event ev = {.kind = AUDIT_PUBLISH, .actor = actor, .has_report = true, .report = rec->id,
                             .version = rec->version};
    audit_event_attr(&ev, "digest", digest_text(&rec->digest, digest));
    audit_event_attr(&ev, "submitted", digest_text(&d->body_digest, submitted));
    if (d->rq->who.via)
        audit_event_attr(&ev, "via", d->rq->who.via);
    return tick_log(d->t, &ev);
}

static enum status store_draft(struct draft *d, struct stored_report *s)
{
    struct tick *t = d->t;
    const struct report *r = d->report;
    char actor[80];
    *s = (struct stored_report){.report = r, .bytes = buf_bytes(&d->bytes)};
    s->record = (struct report_record){.id = r->id, .version = r->version, .stored_at = t->now, .issued = r->issued,
                                       .digest = sha256(s->bytes), .bytes = s->bytes};
    snprintf(s->record.nation, sizeof s->record.nation, "%s", r->nation);
    snprintf(s->record.type, sizeof s->record.type, "%s", r->type);
    snprintf(s->record.title, sizeof s->record.title, "%s", r->title);
    TRY(reports_put(t->txn, &s->record));
    TRY(attachment_note(t, r, ""));
    return log_publish(d, principal_text(&d->rq->who, actor), &s->record);
}

enum status draft_publish(struct draft *d, enum release_cause cause, int status)
{
    struct stored_report stored;
    TRY(load_final(d));
    TRY(store_draft(d, &stored));
    d->t->counts.published++;
    TRY(release_stored(d->t, &stored, cause, d->decisions));
    return answer_published(d, &stored.record.digest, status);
}

// ---- what was published before

struct publication {
    uint32_t version;
    char submitted[DIGEST_TEXT_LEN + 1];
    bool same;
};

static enum status compare_publication(void *ctx, const struct audit_event *e)
{
    struct publication *p = ctx;
    if (e->kind != AUDIT_PUBLISH || e->version != p->version)
        return ST_OK;
    const char *submitted = audit_event_get(e, "submitted");
    p->same = submitted && strcmp(submitted, p->submitted) == 0;
    return ST_GONE; // seen
}

enum status draft_was_published_as(struct draft *d, uint32_t version, bool *ret)
{
    struct publication p = {.version = version};
    const struct audit_filter of_report = {.by_report = true, .report = d->id, .listed = true};
    digest_text(&d->body_digest, p.submitted);
    enum status st = audit_each(d->t->txn, &of_report, compare_publication, &p);
    *ret = p.same;
    return st == ST_GONE ? ST_OK : st;
}
