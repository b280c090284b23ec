#include "node/core/search_flow.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/base/utf8.h"
#include "formats/feed.h"
#include "formats/report.h"
#include "formats/words.h"
#include "policy/label_rules.h"

// ---- what is asked

const char *const search_names[] = {"text", "topic", "area", "type", "originator", "from", "until", "box", "limit", "after", NULL};

void search_ask_init(struct search_ask *a)
{
    *a = (struct search_ask){.limit = SEARCH_PAGE_DEFAULT};
    a->query.from = UTC_MIN;
    a->query.until = UTC_MAX;
}

static const char *set_name(const char *value, char into[65], const char **ret)
{
    size_t n = strlen(value);
    if (n == 0 || n > 64)
        return "a name of 1 to 64 characters";
    memcpy(into, value, n + 1);
    *ret = into;
    return NULL;
}

static enum status has_word(void *ctx, struct span word)
{
    (void)word;
    *(bool *)ctx = true;
    return ST_OK;
}

static bool is_utf8(struct span s)
{
    for (size_t i = 0; i < s.len;) {
        size_t n = utf8_xml_char(s, i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

static const char *set_text(struct search_ask *a, const char *value)
{
    bool any = false;
    size_t n = strlen(value);
    if (n > SEARCH_TEXT_MAX || !is_utf8(span_cstr(value)) || words_each(span_cstr(value), has_word, &any) != ST_OK || !any)
        return "one or more words, at most 256 bytes of UTF-8";
    memcpy(a->text, value, n + 1);
    a->query.text = a->text;
    return NULL;
}

static const char *set_area(struct search_ask *a, const struct ruleset *rules, const char *value)
{
    const char *name;
    const char *expected = set_name(value, a->area, &name);
    const struct vocabulary_region *region = vocabulary_region(ruleset_vocabulary(rules), value);
    if (expected)
        return expected;
    a->areas[a->query.area_count++] = name;
    for (size_t i = 0; region && i < region->area_count; i++) {
        if (a->query.area_count == SEARCH_TERMS_MAX)
            return "an area, or a region of at most 255 areas";
        a->areas[a->query.area_count++] = region->areas[i];
    }
    a->query.areas = a->areas;
    return NULL;
}

static const char *set_instant(const char *value, utc_ms *ret)
{
    return utc_parse(span_cstr(value), UTC_ZONE_Z, ret) == ST_OK ? NULL : "an instant as 2026-11-22T13:34:00Z";
}

// "south,west,north,east"
static const char *set_box(struct search_query *q, const char *value)
{
    static const char expected[] = "south,west,north,east in degrees, e.g. -5,0,7.5,10";
    static const double most[] = {90, 180, 90, 180};
    double v[4];
    const char *at = value;
    if (strspn(value, "+-.,0123456789") != strlen(value)) // strtod would take much more
        return expected;
    for (int i = 0; i < 4; i++) {
        char *end;
        v[i] = strtod(at, &end);
        if (end == at || *end != (i < 3 ? ',' : 0) || !(v[i] >= -most[i] && v[i] <= most[i]))
            return expected;
        at = end + 1;
    }
    if (v[0] > v[2])
        return expected;
    q->has_box = true;
    q->south = v[0];
    q->west = v[1];
    q->north = v[2];
    q->east = v[3];
    return NULL;
}

static const char *set_limit(struct search_ask *a, const char *value)
{
    if (!*value || strspn(value, "0123456789") != strlen(value) || strlen(value) > 3 || atoi(value) < 1 ||
        atoi(value) > SEARCH_PAGE_MAX)
        return "a number from 1 to 256";
    a->limit = (size_t)atoi(value);
    return NULL;
}

// "<milliseconds>~<uuid>"
static const char *set_after(struct search_ask *a, const char *value)
{
    char *end;
    long long issued = strtoll(value, &end, 10);
    if (end == value || *end != '~' || issued < UTC_MIN || issued > UTC_MAX ||
        uuid_parse(span_cstr(end + 1), &a->after.id) != ST_OK)
        return "what a page gave as next";
    a->after.issued = issued;
    a->after.is_set = true;
    return NULL;
}

const char *search_ask_set(struct search_ask *a, const struct ruleset *rules, const char *name, const char *value)
{
    if (strcmp(name, "text") == 0)
        return set_text(a, value);
    if (strcmp(name, "topic") == 0)
        return set_name(value, a->topic, &a->query.topic);
    if (strcmp(name, "area") == 0)
        return set_area(a, rules, value);
    if (strcmp(name, "type") == 0)
        return set_name(value, a->type, &a->query.type);
    if (strcmp(name, "originator") == 0)
        return set_name(value, a->nation, &a->query.nation);
    if (strcmp(name, "from") == 0)
        return set_instant(value, &a->query.from);
    if (strcmp(name, "until") == 0)
        return set_instant(value, &a->query.until);
    if (strcmp(name, "box") == 0)
        return set_box(&a->query, value);
    if (strcmp(name, "limit") == 0)
        return set_limit(a, value);
    if (strcmp(name, "after") == 0)
        return set_after(a, value);
    return "another name: text, topic, area, type, originator, from, until, box, limit, after";
}

// ---- reading the address

static void refuse(struct reply *rp, const char *name, const char *expected)
{
    char detail[256];
    snprintf(detail, sizeof detail, "%s: expected %s", name, expected);
    reply_problem(rp, 422, "search-form", "This is no search", detail, NULL);
}

// Every part of the query must be understood. False when one is not; then it has answered.
static bool read_ask(const struct tick *t, const struct request *rq, struct reply *rp, struct search_ask *a)
{
    const struct span q = rq->head.query;
    search_ask_init(a);
    for (size_t from = 0; from < q.len;) {
        size_t to = from, equals;
        char name[16], value[HTTP_TARGET_MAX];
        while (to < q.len && q.ptr[to] != '&')
            to++;
        for (equals = from; equals < to && q.ptr[equals] != '='; equals++)
            ;
        const size_t n = equals - from < sizeof name - 1 ? equals - from : sizeof name - 1; // cut, it is none of ours
        memcpy(name, q.ptr + from, n);
        name[n] = 0;
        const char *expected = "a name once, with one value";
        if (http_query_get(q, name, value, sizeof value))
            expected = search_ask_set(a, t->core->rules, name, value);
        if (expected) {
            refuse(rp, name, expected);
            return false;
        }
        from = to + 1;
    }
    return true;
}

// ---- answering

enum { CATEGORIES_MAX = 64 }; // of one kind and report: the page stays small whatever a report states

struct page {
    struct tick *t;
    const struct search_ask *ask;
    struct buf entries;
    size_t count;
};

static void put_element(struct buf *b, const char *name, const char *text)
{
    buf_printf(b, "<%s>", name);
    buf_xml_text(b, span_cstr(text));
    buf_printf(b, "</%s>", name);
}

static void put_category(struct buf *b, const char *scheme, const char *term)
{
    buf_puts(b, "<category");
    buf_xml_attr(b, "scheme", scheme);
    buf_xml_attr(b, "term", term);
    buf_puts(b, "></category>");
}

static void put_categories(struct buf *b, const char *scheme, const char **terms, size_t count)
{
    for (size_t i = 0; i < count && i < CATEGORIES_MAX; i++)
        put_category(b, scheme, terms[i]);
}

static void put_marking(struct page *p, const struct report *r)
{
    struct buf text;
    buf_init(&text, 64 * KIB);
    if (r->label)
        label_mark(p->t->core->rules, r->label->originator, MARKING_PAGE_TOP, NULL, &text);
    else
        buf_puts(&text, "OVERALL MARKING WITHHELD");
    put_element(&p->entries, "rights", buf_cstr(&text));
    buf_fini(&text);
}

static void put_title(struct page *p, const struct report *r)
{
    struct buf text;
    const struct label *label = r->header_label ? r->header_label : r->label;
    buf_init(&text, 64 * KIB);
    buf_putc(&text, '(');
    if (label)
        label_mark(p->t->core->rules, label->originator, MARKING_PORTION, NULL, &text);
    else
        buf_puts(&text, "OVERALL MARKING WITHHELD");
    buf_puts(&text, ") ");
    buf_span(&text, span_of(r->title, utf8_cut(span_cstr(r->title), FEED_TITLE_MAX)));
    put_element(&p->entries, "title", buf_cstr(&text));
    buf_fini(&text);
}

static void put_entry(struct page *p, const struct report_record *rec, const struct report *r)
{
    char urn[UUID_URN_LEN + 1], time[UTC_TEXT_MAX], number[16];
    struct buf *b = &p->entries;
    buf_puts(b, "<entry>");
    put_element(b, "id", uuid_urn(rec->id, urn));
    put_title(p, r);
    put_element(b, "updated", utc_format_s(r->issued, time));
    buf_puts(b, "<author>");
    put_element(b, "name", r->nation);
    buf_puts(b, "</author>");
    put_category(b, "urn:relto:type", r->type);
    put_categories(b, "urn:relto:topic", r->topics, r->topic_count);
    put_categories(b, "urn:relto:area", r->areas, r->area_count);
    put_categories(b, "urn:relto:exercise", r->exercises, r->exercise_count);
    buf_puts(b, "<link");
    buf_xml_attr(b, "href", urn);
    buf_puts(b, " rel=\"alternate\"></link>");
    put_marking(p, r);
    buf_puts(b, "<s:report");
    if (*r->cell)
        buf_xml_attr(b, "cell", r->cell);
    if (rec->source[0])
        buf_xml_attr(b, "source", rec->source);
    buf_xml_attr(b, "stored", utc_format_ms(rec->stored_at, time));
    snprintf(number, sizeof number, "%u", rec->version);
    buf_xml_attr(b, "version", number);
    buf_puts(b, "></s:report></entry>");
}

static enum status add_entry(void *ctx, const struct report_record *rec)
{
    struct page *p = ctx;
    const struct report *r;
    struct arena *a = xml_arena_new(rec->bytes.len);
    enum status st = a ? report_read(rec->bytes, NULL, a, NULL, &r) : ST_NOMEM;
    if (st == ST_OK) {
        put_entry(p, rec, r);
        st = buf_status(&p->entries);
    } else if (st != ST_NOMEM) {
        st = ST_OK; // damaged since it was taken in: `relto audit verify` tells of it
    }
    arena_free(&a);
    return st == ST_OK && ++p->count == p->ask->limit ? ST_GONE : st;
}

// The address without `after`: the first page, and what comes before the `after` of another one.
static void put_address(struct buf *b, struct span query, const struct search_place *at)
{
    char urn[UUID_URN_LEN + 1], after[96];
    struct buf href;
    bool any = false;
    buf_init(&href, 2 * HTTP_TARGET_MAX);
    buf_puts(&href, "/v1/reports");
    for (size_t from = 0; from < query.len;) {
        size_t to = from;
        while (to < query.len && query.ptr[to] != '&')
            to++;
        if (!span_starts(span_sub(query, from, to), "after=")) {
            buf_putc(&href, any ? '&' : '?');
            buf_span(&href, span_sub(query, from, to));
            any = true;
        }
        from = to + 1;
    }
    if (at) {
        snprintf(after, sizeof after, "%cafter=%lld~%s", any ? '&' : '?', (long long)at->issued, uuid_urn(at->id, urn) + 9);
        buf_puts(&href, after);
    }
    buf_xml_attr(b, "href", buf_cstr(&href));
    buf_fini(&href);
}

static void put_link(struct buf *b, const char *rel, struct span query, const struct search_place *at)
{
    buf_puts(b, "<link");
    put_address(b, query, at);
    buf_xml_attr(b, "rel", rel);
    buf_puts(b, "></link>");
}

static enum status write_page(const struct page *p, const struct request *rq, const struct search_place *next, struct reply *rp)
{
    char time[UTC_TEXT_MAX];
    const struct core *c = p->t->core;
    struct buf *b = &rp->body;
    rp->status = 200;
    rp->content_type = "application/atom+xml";
    buf_puts(b, "<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:s=\"" NS_SEARCH "\"><id>urn:relto:search:");
    buf_xml_text(b, span_cstr(c->node_name));
    buf_puts(b, "</id><title>");
    buf_xml_text(b, span_cstr(c->nation));
    buf_puts(b, ", reports held</title>");
    put_element(b, "updated", utc_format_ms(p->t->now, time));
    buf_puts(b, "<author>");
    put_element(b, "name", c->nation);
    buf_puts(b, "</author>");
    put_link(b, "self", rq->head.query, p->ask->after.is_set ? &p->ask->after : NULL);
    put_link(b, "first", rq->head.query, NULL);
    if (next)
        put_link(b, "next", rq->head.query, next);
    TRY(buf_status(&p->entries));
    buf_span(b, buf_bytes(&p->entries));
    buf_puts(b, "</feed>\n");
    return buf_status(b);
}

static enum status serve(struct tick *t, const struct request *rq, struct reply *rp, const struct search_ask *ask)
{
    struct page p = {.t = t, .ask = ask};
    struct search_place at = ask->after;
    bool more;
    buf_init(&p.entries, FEED_DOCUMENT_BYTES_MAX / 2);
    enum status st = search_each(t->txn, &ask->query, &at, add_entry, &p, &more);
    if (st == ST_OK)
        st = write_page(&p, rq, more ? &at : NULL, rp);
    buf_fini(&p.entries);
    if (st == ST_INVALID) {
        refuse(rp, "text", "at most 32 words");
        st = ST_OK;
    }
    return st;
}

enum status search_serve(struct tick *t, const struct request *rq, struct reply *rp)
{
    bool behind;
    struct search_ask *ask = calloc(1, sizeof *ask);
    if (!ask)
        return ST_NOMEM;
    enum status st = ST_OK;
    if (read_ask(t, rq, rp, ask)) {
        st = search_update(t->txn, SEARCH_UPDATE_PER_REQUEST, &behind);
        if (st == ST_OK && behind) {
            reply_header(rp, "Retry-After", "1");
            reply_problem(rp, 503, "index-behind", "The index is being brought up to date",
                          "Much was stored at once. Try again in a moment.", NULL);
        } else if (st == ST_OK) {
            st = serve(t, rq, rp, ask);
        }
    }
    free(ask);
    return st;
}

enum status search_work(struct tick *t, size_t reports_max, bool *ret_more)
{
    return search_update(t->txn, reports_max, ret_more);
}
