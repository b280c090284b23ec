#include "node/core/audit_flow.h"

#include <stdio.h>

#include "store/audit_log.h"

enum { VALUE_MAX = 256 };

enum parameter { P_FROM, P_TO, P_PARTNER, P_REPORT, P_KIND, P_ACTOR, P_ORDER, P_AFTER, P_LIMIT, PARAMETERS };
static const char *const names[PARAMETERS] = {"from", "to", "partner", "report", "kind", "actor", "order", "after", "limit"};

struct asking {
    const struct request *rq;
    char values[PARAMETERS][VALUE_MAX]; // "" = not given
    struct audit_filter filter;
    struct audit_looked looked;
    uint64_t limit;
    // the page
    struct buf events;
    uint64_t count, first, last;
    bool more;
    uint64_t next; // the `after` of the rest, if there is more
    bool own_exports; // nothing but the caller's own `export` events
    char actor[80];
};

// ---- what is asked

// The parameter whose name stands before '=' or the end; PARAMETERS for another.
static enum parameter parameter_of(struct span pair)
{
    const uint8_t *equals = pair.len ? memchr(pair.ptr, '=', pair.len) : NULL;
    struct span name = span_sub(pair, 0, equals ? (size_t)(equals - pair.ptr) : pair.len);
    size_t i = 0;
    while (i < PARAMETERS && !span_eq_cstr(name, names[i]))
        i++;
    return (enum parameter)i;
}

// Take the values apart. The name of the first parameter that is not as it should be, or NULL.
static const char *read_values(struct asking *x)
{
    struct span q = x->rq->head.query;
    for (size_t from = 0; from < q.len;) {
        const uint8_t *amp = memchr(q.ptr + from, '&', q.len - from);
        size_t to = amp ? (size_t)(amp - q.ptr) : q.len;
        enum parameter p = parameter_of(span_sub(q, from, to));
        if (p == PARAMETERS)
            return "an unknown parameter";
        if (!http_query_get(q, names[p], x->values[p], VALUE_MAX) || !*x->values[p])
            return names[p];
        from = to + 1;
    }
    return NULL;
}

static bool read_time(const char *value, utc_ms *ret)
{
    return !*value || utc_parse(span_cstr(value), UTC_ZONE_Z, ret) == ST_OK;
}

static bool read_number(const char *value, uint64_t max, uint64_t *ret)
{
    return !*value || decimal_parse(span_cstr(value), max, ret);
}

static const char *given(const char *value)
{
    return *value ? value : NULL;
}

// The same for what the values say.
static const char *read_filter(struct asking *x)
{
    char(*v)[VALUE_MAX] = x->values;
    struct audit_filter *f = &x->filter;
    x->limit = AUDIT_PAGE_EVENTS_DEFAULT;
    *f = (struct audit_filter){.partner = given(v[P_PARTNER]), .actor = given(v[P_ACTOR]), .by_kind = *v[P_KIND] != 0,
                               .by_report = *v[P_REPORT] != 0, .has_after = *v[P_AFTER] != 0,
                               .newest_first = strcmp(v[P_ORDER], "newest") == 0};
    if (!read_time(v[P_FROM], &f->from))
        return names[P_FROM];
    if (!read_time(v[P_TO], &f->until))
        return names[P_TO];
    if (f->by_report && uuid_parse(span_cstr(v[P_REPORT]), &f->report) != ST_OK)
        return names[P_REPORT];
    if (f->by_kind && !audit_kind_parse(v[P_KIND], &f->kind))
        return names[P_KIND];
    if (*v[P_ORDER] && !f->newest_first && strcmp(v[P_ORDER], "oldest") != 0)
        return names[P_ORDER];
    if (!read_number(v[P_AFTER], UINT64_MAX, &f->after))
        return names[P_AFTER];
    if (!read_number(v[P_LIMIT], AUDIT_PAGE_EVENTS_MAX, &x->limit) || x->limit == 0)
        return names[P_LIMIT];
    f->limit = x->limit + 1; // to see whether there are more
    x->looked = (struct audit_looked){.bytes_max = AUDIT_PAGE_LOOKED_BYTES};
    f->looked = &x->looked;
    return NULL;
}

// ---- the page

static enum status add_event(void *ctx, const struct audit_event *e)
{
    struct asking *x = ctx;
    if (x->count == x->limit || x->events.len >= AUDIT_PAGE_BYTES) {
        x->more = true;
        x->next = x->last;
        return ST_LIMIT; // ends the walk
    }
    audit_event_write(e, &x->events);
    x->own_exports &= e->kind == AUDIT_EXPORT && strcmp(e->actor, x->actor) == 0;
    if (x->count++ == 0)
        x->first = e->n;
    x->last = e->n;
    return buf_status(&x->events);
}

static void put_number(struct buf *b, const char *name, uint64_t n)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    buf_xml_attr(b, name, text);
}

static enum status write_page(struct tick *t, const struct asking *x, struct reply *rp)
{
    uint64_t size;
    TRY(audit_size(t->txn, &size));
    rp->status = 200;
    rp->content_type = "application/xml";
    reply_header(rp, "Cache-Control", "no-store");
    buf_puts(&rp->body, "<events xmlns=\"" NS_AUDIT_EVENTS "\"");
    if (x->more)
        put_number(&rp->body, "next", x->next);
    put_number(&rp->body, "size", size);
    buf_putc(&rp->body, '>');
    buf_span(&rp->body, buf_bytes(&x->events));
    buf_puts(&rp->body, "</events>\n");
    return buf_status(&rp->body);
}

static enum status log_reading(struct tick *t, const struct asking *x)
{
    char certificate[DIGEST_TEXT_LEN + 1], count[24], first[24], last[24], query[HTTP_TARGET_MAX + 1];
    struct audit_event ev = {.kind = AUDIT_EXPORT, .actor = x->actor};
    snprintf(count, sizeof count, "%llu", (unsigned long long)x->count);
    snprintf(first, sizeof first, "%llu", (unsigned long long)x->first);
    snprintf(last, sizeof last, "%llu", (unsigned long long)x->last);
    struct span asked = x->rq->head.query;
    snprintf(query, sizeof query, "%.*s", (int)asked.len, asked.len ? (const char *)asked.ptr : "");
    audit_event_attr(&ev, "certificate", digest_text(&x->rq->who.certificate, certificate));
    audit_event_attr(&ev, "events", count);
    audit_event_attr(&ev, "first", first);
    audit_event_attr(&ev, "last", last);
    if (*query)
        audit_event_attr(&ev, "query", query);
    return tick_log(t, &ev);
}

static enum status answer(struct tick *t, struct asking *x, struct reply *rp)
{
    enum status st = audit_each(t->txn, &x->filter, add_event, x);
    if (st != ST_OK && !(st == ST_LIMIT && x->more))
        return st;
    if (!x->more && x->looked.bytes >= x->looked.bytes_max) {
        x->more = true;
        x->next = x->looked.last;
    }
    TRY(write_page(t, x, rp));
    return x->count == 0 || x->own_exports ? ST_OK : log_reading(t, x);
}

enum status audit_events(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct asking x = {.rq = rq, .own_exports = true};
    const char *bad = read_values(&x);
    if (!bad)
        bad = read_filter(&x);
    if (bad) {
        char detail[200];
        snprintf(detail, sizeof detail, "Not as it should be: %s. Times are of the form 2026-11-22T13:35:00Z, order is oldest "
                 "or newest, limit 1 to %d, after the next of another page.", bad, AUDIT_PAGE_EVENTS_MAX);
        reply_problem(rp, 422, "audit-form", "The question cannot be read", detail, NULL);
        return ST_OK;
    }
    principal_text(&rq->who, x.actor);
    buf_init(&x.events, AUDIT_PAGE_BYTES + AUDIT_EVENT_BYTES_MAX);
    enum status st = answer(t, &x, rp);
    buf_fini(&x.events);
    return st;
}
