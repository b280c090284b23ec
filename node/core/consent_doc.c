#include "node/core/consent_doc.h"

#include "node/core/record.h"
#include "node/core/release.h"

// What an officer wants to see beside a request: the title, and what we would do ourselves.
struct context {
    char title[200];
    const char *outcome;
};

static enum status decide_here(struct tick *t, const struct consent_record *r, const struct stored_report *s, struct context *ret)
{
    struct decision d;
    size_t partner = ruleset_partner_index(t->core->rules, r->what.recipient);
    if (partner == SIZE_MAX)
        return ST_OK;
    TRY(release_decide(t, s->report, &s->record, partner, &d, NULL));
    ret->outcome = outcome_text(d.outcome);
    return ST_OK;
}

static enum status find_context(struct tick *t, const struct consent_record *r, struct context *ret)
{
    struct stored_report *s;
    enum status st = record_load_current(t, r->what.report, &s);
    if (st == ST_NOT_FOUND || st == ST_GONE || st == ST_CORRUPT)
        return ST_OK; // the request is shown without
    if (st != ST_OK)
        return st;
    memcpy(ret->title, s->record.title, sizeof ret->title);
    st = decide_here(t, r, s, ret);
    record_free(&s);
    return st;
}

static void put_attrs(const struct tick *t, const struct consent_record *r, bool for_partner, const struct context *c, struct buf *b)
{
    char time[UTC_TEXT_MAX], digest[DIGEST_TEXT_LEN + 1], urn[UUID_URN_LEN + 1], number[DECIMAL_TEXT_MAX];
    buf_xml_attr(b, "asked", utc_format_ms(r->what.asked, time));
    if (!for_partner && r->by[0])
        buf_xml_attr(b, "by", r->by);
    if (for_partner)
        buf_xml_attr(b, "change", decimal_text(r->change, number));
    buf_xml_attr(b, "changed", utc_format_ms(r->changed, time));
    if (!for_partner)
        buf_xml_attr(b, "direction", r->ours ? "asked" : "received");
    if (r->expires)
        buf_xml_attr(b, "expires", utc_format_ms(r->expires, time));
    buf_xml_attr(b, "id", uuid_urn(r->id, urn));
    buf_xml_attr(b, "nation", r->ours ? r->peer : t->core->nation);
    if (c->outcome)
        buf_xml_attr(b, "outcome", c->outcome);
    if (r->reason[0])
        buf_xml_attr(b, "reason", r->reason);
    buf_xml_attr(b, "recipient", r->what.recipient);
    buf_xml_attr(b, "rendition", digest_text(&r->what.rendition, digest));
    buf_xml_attr(b, "report", uuid_urn(r->what.report, urn));
    buf_xml_attr(b, "requester", r->ours ? t->core->nation : r->peer);
    bool expired = r->state == CONSENT_GRANTED && !for_partner && t->now >= r->expires;
    buf_xml_attr(b, "state", expired ? "expired" : consent_state_text(r->state));
    if (c->title[0])
        buf_xml_attr(b, "title", c->title);
    buf_printf(b, " version=\"%u\"", r->what.version);
}

enum status consent_doc_item(struct tick *t, const struct consent_record *r, bool for_partner, struct buf *out)
{
    struct context c = {.outcome = NULL};
    if (!for_partner)
        TRY(find_context(t, r, &c));
    buf_puts(out, "<request");
    put_attrs(t, r, for_partner, &c, out);
    buf_putc(out, '>');
    buf_span(out, r->grant);
    buf_span(out, r->revocation);
    buf_puts(out, "</request>");
    return buf_status(out);
}

enum status consent_doc_log(struct tick *t, const struct consent_record *r, const char *actor, const struct digest *certificate)
{
    char urn[UUID_URN_LEN + 1], text[DIGEST_TEXT_LEN + 1], rendition[DIGEST_TEXT_LEN + 1], document[DIGEST_TEXT_LEN + 1];
    char expires[UTC_TEXT_MAX];
    struct audit_event ev = {.kind = AUDIT_CONSENT, .actor = actor, .has_report = true, .report = r->what.report,
                             .version = r->what.version, .partner = r->ours ? r->what.recipient : r->peer};
    struct span bytes = r->state == CONSENT_GRANTED ? r->grant : r->state == CONSENT_REVOKED ? r->revocation : span_of(NULL, 0);
    struct digest digest = sha256(bytes);
    audit_event_attr(&ev, "answer", consent_state_text(r->state));
    if (certificate)
        audit_event_attr(&ev, "certificate", digest_text(certificate, text));
    if (bytes.len)
        audit_event_attr(&ev, "document", digest_text(&digest, document));
    if (r->state == CONSENT_GRANTED)
        audit_event_attr(&ev, "expires", utc_format_ms(r->expires, expires));
    audit_event_attr(&ev, r->ours ? "nation" : "recipient", r->ours ? r->peer : r->what.recipient);
    if (r->reason[0])
        audit_event_attr(&ev, "reason", r->reason);
    audit_event_attr(&ev, "rendition", digest_text(&r->what.rendition, rendition));
    audit_event_attr(&ev, "request", uuid_urn(r->id, urn));
    return tick_log(t, &ev);
}
