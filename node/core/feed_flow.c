// Serving a partner's feed and single reports (spec 4.3). Receipts are in feed_receipt.c.
#include "node/core/feed_flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "formats/base/bug.h"
#include "formats/feed.h"
#include "node/core/coding.h"
#include "node/core/release.h"
#include "store/archive.h"
#include "store/carried.h"
#include "store/consents.h"

// ---- cursors: position (8 bytes) and a check over who may use it, in hexadecimal

enum { CURSOR_CHECK = 16, CURSOR_BYTES = 8 + CURSOR_CHECK, CURSOR_TEXT = 2 * CURSOR_BYTES };

static void cursor_bytes(const char *partner, uint64_t epoch, uint64_t position, uint8_t out[CURSOR_BYTES])
{
    uint8_t numbers[16];
    for (int i = 0; i < 8; i++) {
        numbers[i] = (uint8_t)(epoch >> (56 - 8 * i));
        out[i] = numbers[8 + i] = (uint8_t)(position >> (56 - 8 * i));
    }
    const struct span parts[] = {span_cstr("relto-cursor\n"), span_cstr(partner), span_cstr("\n"),
                                 span_of(numbers, sizeof numbers)};
    struct digest d = sha256_parts(parts, sizeof parts / sizeof *parts);
    memcpy(out + 8, d.b, CURSOR_CHECK);
}

static enum status cursor_text(struct tick *t, const char *partner, uint64_t position, char out[CURSOR_TEXT + 1])
{
    uint64_t epoch;
    uint8_t bytes[CURSOR_BYTES];
    struct buf text;
    TRY(ledger_epoch(t->txn, partner, &epoch));
    cursor_bytes(partner, epoch, position, bytes);
    buf_init(&text, CURSOR_TEXT + 1);
    hex_put(&text, span_of(bytes, sizeof bytes));
    enum status st = buf_status(&text);
    if (st == ST_OK)
        snprintf(out, CURSOR_TEXT + 1, "%s", buf_cstr(&text));
    buf_fini(&text);
    return st;
}

// ST_INVALID for anything that is not a cursor of this partner and epoch. An empty ledger has no epoch yet: its
// only cursor stays good when the first entry comes.
static enum status cursor_parse(struct tick *t, const char *partner, const char *text, uint64_t *ret)
{
    uint64_t epoch, position = 0;
    uint8_t bytes[CURSOR_BYTES], expected[CURSOR_BYTES], fresh[CURSOR_BYTES];
    TRY(ledger_epoch(t->txn, partner, &epoch));
    if (hex_get(span_cstr(text), bytes, sizeof bytes) != ST_OK)
        return ST_INVALID;
    for (int i = 0; i < 8; i++)
        position = position << 8 | bytes[i];
    cursor_bytes(partner, epoch, position, expected);
    cursor_bytes(partner, 0, 0, fresh);
    if (memcmp(bytes, expected, sizeof bytes) != 0 && memcmp(bytes, fresh, sizeof bytes) != 0)
        return ST_INVALID;
    *ret = position;
    return ST_OK;
}

// ---- what is asked

struct ask {
    uint64_t from, size; // first position wanted; entries there are
    size_t limit;
    bool limit_given;
    int64_t wait_s; // -1 = no preference
};

// `wait=S` among the preferences of RFC 7240, at most FEED_WAIT_MAX_S; -1 when there is none.
static int64_t preferred_wait(struct span prefer)
{
    size_t i = 0;
    while (i < prefer.len) {
        size_t end = i;
        while (end < prefer.len && prefer.ptr[end] != ',')
            end++;
        while (i < end && (prefer.ptr[i] == ' ' || prefer.ptr[i] == '\t'))
            i++;
        if (end - i > 5 && strncasecmp((const char *)prefer.ptr + i, "wait=", 5) == 0) {
            int64_t s = 0;
            size_t digits = 0;
            i += prefer.ptr[i + 5] == '"' ? 6 : 5;
            for (; i < end && prefer.ptr[i] >= '0' && prefer.ptr[i] <= '9'; i++, digits++)
                s = s > FEED_WAIT_MAX_S ? s : 10 * s + (prefer.ptr[i] - '0');
            if (digits)
                return s < FEED_WAIT_MAX_S ? s : FEED_WAIT_MAX_S;
        }
        i = end + 1;
    }
    return -1;
}

static bool query_names(struct span query, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i + n < query.len; i++)
        if ((i == 0 || query.ptr[i - 1] == '&') && memcmp(query.ptr + i, name, n) == 0 && query.ptr[i + n] == '=')
            return true;
    return false;
}

static bool parse_limit(const struct request *rq, struct ask *ask)
{
    char text[8];
    ask->limit = FEED_PAGE_ENTRIES_DEFAULT;
    ask->limit_given = query_names(rq->head.query, "limit");
    if (!ask->limit_given)
        return true;
    if (!http_query_get(rq->head.query, "limit", text, sizeof text) || !*text ||
        strspn(text, "0123456789") != strlen(text))
        return false;
    ask->limit = strtoul(text, NULL, 10);
    if (ask->limit > FEED_PAGE_ENTRIES_MAX)
        ask->limit = FEED_PAGE_ENTRIES_MAX;
    return ask->limit > 0;
}

// Read the request. ST_OK with *ret_refused when it was answered.
static enum status read_ask(struct tick *t, const struct request *rq, struct reply *rp, struct ask *ask,
                            bool *ret_refused)
{
    char after[FEED_CURSOR_MAX + 1];
    *ask = (struct ask){.wait_s = preferred_wait(http_header_get(&rq->head, "prefer"))};
    *ret_refused = true;
    if (!parse_limit(rq, ask)) {
        reply_problem(rp, 400, "bad-limit", "The limit is not a number of entries", "Expected 1 to 1024.", NULL);
        return ST_OK;
    }
    TRY(ledger_size(t->txn, rq->who.id, &ask->size));
    if (query_names(rq->head.query, "after")) {
        enum status st = ST_INVALID;
        if (http_query_get(rq->head.query, "after", after, sizeof after))
            st = cursor_parse(t, rq->who.id, after, &ask->from);
        if (st != ST_OK && st != ST_INVALID)
            return st;
        if (st == ST_INVALID || ask->from > ask->size) {
            reply_problem(rp, 410, "start-again", "start again",
                          "This cursor is not of the present ledger. Ask for /v1/feed without a cursor.", NULL);
            // Nobody but us can make a cursor: a good one beyond the end is of a ledger that we have forgotten.
            return st == ST_OK ? feed_contested(t, rq, "a cursor of ours", ask->from, NULL) : ST_OK;
        }
    }
    *ret_refused = false;
    return ST_OK;
}

// ---- building a page

struct page {
    struct tick *t;
    const struct request *rq;
    const char *partner;
    size_t index; // in the policy; SIZE_MAX = no longer there
    struct arena *arena;
    struct ask ask;
    struct feed_item *items;
    struct buf *contents;    // parallel to items: renditions
    struct permit **permits; // parallel to items
    size_t count;
    size_t content_bytes; // of renditions
    size_t carried_bytes; // of what goes with them
    uint64_t next; // first position behind the page
    utc_ms updated;
    bool full; // nothing more goes into this page
};

static enum status page_new(struct tick *t, const struct request *rq, const struct ask *ask, struct page **ret)
{
    struct page *p = calloc(1, sizeof *p);
    if (!p)
        return ST_NOMEM;
    *p = (struct page){.t = t, .rq = rq, .partner = rq->who.id, .ask = *ask, .next = ask->from, .updated = t->now};
    p->index = ruleset_partner_index(t->core->rules, p->partner);
    p->arena = arena_new(16 * MIB);
    p->items = calloc(ask->limit, sizeof *p->items);
    p->contents = calloc(ask->limit, sizeof *p->contents);
    p->permits = calloc(ask->limit, sizeof *p->permits);
    *ret = p;
    return p->arena && p->items && p->contents && p->permits ? ST_OK : ST_NOMEM;
}

static void page_free(struct page *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++) {
        buf_fini(&p->contents[i]);
        permit_free(&p->permits[i]);
    }
    arena_free(&p->arena);
    free(p->items);
    free(p->contents);
    free(p->permits);
    free(p);
}

// The text between two literals of canonical bytes that were verified when they were stored, with the characters
// that canonical XML escapes put back; "" when it is not there.
static const char *canonical_text(struct arena *a, struct span bytes, const char *before, const char *behind)
{
    static const struct {
        const char *esc;
        char c;
    } escapes[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'},
                   {"&#xD;", '\r'}, {"&#xA;", '\n'}, {"&#x9;", '\t'}};
    const uint8_t *from = memmem(bytes.ptr, bytes.len, before, strlen(before));
    if (!from)
        return "";
    from += strlen(before);
    size_t left = bytes.len - (size_t)(from - bytes.ptr), n = 0;
    const uint8_t *to = memmem(from, left, behind, strlen(behind));
    char *out = to ? arena_alloc(a, (size_t)(to - from) + 1) : NULL;
    while (out && from < to) {
        size_t used = 1;
        out[n] = (char)*from;
        for (size_t i = 0; *from == '&' && i < sizeof escapes / sizeof *escapes; i++)
            if ((size_t)(to - from) >= strlen(escapes[i].esc) &&
                memcmp(from, escapes[i].esc, strlen(escapes[i].esc)) == 0) {
                out[n] = escapes[i].c;
                used = strlen(escapes[i].esc);
            }
        from += used;
        n++;
    }
    return out ? out : "";
}

// The title, bounded: only the Atom title is made of it.
static const char *rendition_title(struct arena *a, struct span bytes)
{
    const char *title = canonical_text(a, bytes, "<title>", "</title>");
    return *title ? title : "(no title)";
}

static const char *rendition_nation(struct arena *a, struct span bytes)
{
    static const char tag[] = "<originator ";
    const uint8_t *at = memmem(bytes.ptr, bytes.len, tag, strlen(tag));
    return at ? canonical_text(a, span_sub(bytes, (size_t)(at - bytes.ptr), bytes.len), " nation=\"", "\"") : "";
}

static struct feed_item *page_add(struct page *p, enum feed_item_kind kind, const struct ledger_entry *e)
{
    struct feed_item *it = &p->items[p->count++];
    *it = (struct feed_item){.kind = kind, .n = e->n, .entry = *e};
    p->next = e->n + 1;
    p->updated = e->at;
    return it;
}

static enum status add_leaf(struct page *p, const struct ledger_entry *e)
{
    struct digest leaf;
    TRY(ledger_leaf(p->t->txn, p->partner, e->n, &leaf));
    page_add(p, FEED_LEAF, e)->leaf = leaf;
    return ST_OK;
}

// An entry that is not served: named if its content once left, else only its place in the tree.
static enum status add_past(struct page *p, const struct ledger_entry *e)
{
    utc_ms left_at;
    TRY(delivered_get(p->t->txn, p->partner, e->n, &left_at));
    if (!left_at)
        return add_leaf(p, e);
    page_add(p, FEED_POSITION, e);
    return ST_OK;
}

enum status feed_mark_delivered(struct tick *t, const char *partner, struct uuid id, struct holding *h)
{
    TRY(delivered_mark(t->txn, partner, h->n, t->now));
    if (h->ever_delivered)
        return ST_OK;
    h->ever_delivered = true;
    return holding_put(t->txn, partner, id, h);
}

static struct span kept(struct page *p, struct span s)
{
    return s.len ? span_of(arena_str(p->arena, s), s.len) : s;
}

// The consent under which it goes on.
static enum status add_consent(struct page *p, const struct ledger_entry *e, const struct holding *h, struct feed_item *it)
{
    struct report_record copy;
    struct consent_record c;
    utc_ms until;
    TRY(reports_get(p->t->txn, e->report, h->version, h->source, &copy));
    TRY(consent_covers(p->t->txn, &copy, p->partner, p->t->now, &until, &c));
    if (p->t->now >= until)
        return ST_OK;
    it->with.consent = kept(p, c.grant);
    it->with.consent_certificate = kept(p, c.certificate);
    return ST_OK;
}

// What goes on with a report of another nation. Copied: the store's memory moves with every write.
static enum status add_carried(struct page *p, const struct ledger_entry *e, const struct holding *h, struct feed_item *it)
{
    struct feed_carried with;
    if (h->source[0] == 0)
        return ST_OK;
    TRY(carried_get(p->t->txn, e->report, h->version, h->source, &with));
    it->with.certificate = kept(p, with.certificate);
    TRY(add_consent(p, e, h, it));
    p->carried_bytes += it->with.certificate.len + it->with.consent.len + it->with.consent_certificate.len;
    return arena_status(p->arena);
}

// Put a permitted rendition into the page, unless it is full. Takes over *content and *permit when it does.
static enum status add_report(struct page *p, const struct ledger_entry *e, struct holding *h, struct buf *content,
                              struct permit **permit)
{
    struct span bytes = buf_bytes(content);
    if (p->count && p->content_bytes + p->carried_bytes + bytes.len > FEED_PAGE_BYTES) {
        p->full = true;
        return ST_OK;
    }
    TRY(feed_mark_delivered(p->t, p->partner, e->report, h));
    struct feed_item *it = page_add(p, FEED_REPORT, e);
    it->title = rendition_title(p->arena, bytes);
    it->author = rendition_nation(p->arena, bytes);
    p->content_bytes += bytes.len;
    TRY(add_carried(p, e, h, it));
    p->full = p->content_bytes + p->carried_bytes >= FEED_PAGE_BYTES;
    p->contents[p->count - 1] = *content;
    p->permits[p->count - 1] = *permit;
    *content = (struct buf){0};
    *permit = NULL;
    return arena_status(p->arena);
}

// The latest entry of its report, a release in force: mediated. ST_DENIED when it may not go now (a partner that left
// the policy is denied all).
static enum status add_live(struct page *p, const struct ledger_entry *e, struct holding *h)
{
    struct buf content;
    struct permit *permit = NULL;
    buf_init(&content, RENDITION_BYTES_MAX);
    enum status st = release_mediate(p->t, p->index, e->report, h, &content, &permit);
    if (st == ST_OK)
        st = add_report(p, e, h, &content, &permit);
    buf_fini(&content);
    permit_free(&permit);
    return st;
}

static enum status add_entry(struct page *p, const struct ledger_entry *e)
{
    struct holding h;
    if (e->kind == ENTRY_HEAD) {
        page_add(p, FEED_POSITION, e);
        return ST_OK;
    }
    enum status st = holding_get(p->t->txn, p->partner, e->report, &h);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_CORRUPT : st;
    if (e->kind == ENTRY_RECALL || e->kind == ENTRY_WITHDRAW) {
        if (!h.ever_delivered)
            return add_leaf(p, e);
        page_add(p, FEED_TOMBSTONE, e);
        return ST_OK;
    }
    if (h.n != e->n || h.kind != ENTRY_RELEASE || h.lapsed)
        return add_past(p, e);
    return add_live(p, e, &h);
}

// Fill the page from ask.from on. ST_DENIED when the same entry is denied again although its change was written.
static enum status page_fill(struct page *p)
{
    uint64_t denied_at = UINT64_MAX;
    while (!p->full && p->count < p->ask.limit && p->next < p->ask.size) {
        struct ledger_entry e;
        TRY(ledger_get(p->t->txn, p->partner, p->next, &e));
        enum status st = add_entry(p, &e);
        if (st != ST_OK && st != ST_DENIED)
            return st;
        if (st == ST_DENIED) {
            if (denied_at == e.n)
                return ST_DENIED;
            denied_at = e.n;
            TRY(release_report(p->t, e.report, CAUSE_RECHECK, NULL));
            TRY(ledger_size(p->t->txn, p->partner, &p->ask.size));
            if (p->count)
                return ST_OK; // the page ends before the denied entry
        }
    }
    return ST_OK;
}

// ---- the answer

enum status feed_log_delivery(struct tick *t, const struct request *rq, uint64_t first, uint64_t last, uint64_t bytes,
                              const struct uuid *report, const struct digest *attachment)
{
    char first_text[24], last_text[24], bytes_text[24], certificate[DIGEST_TEXT_LEN + 1], policy[DIGEST_TEXT_LEN + 1];
    char actor[80], attachment_text[DIGEST_TEXT_LEN + 1];
    struct audit_event ev = {.kind = AUDIT_DELIVER, .actor = principal_text(&rq->who, actor), .partner = rq->who.id};
    if (report) {
        ev.has_report = true;
        ev.report = *report;
    }
    snprintf(first_text, sizeof first_text, "%llu", (unsigned long long)first);
    snprintf(last_text, sizeof last_text, "%llu", (unsigned long long)last);
    snprintf(bytes_text, sizeof bytes_text, "%llu", (unsigned long long)bytes);
    if (attachment)
        audit_event_attr(&ev, "attachment", digest_text(attachment, attachment_text));
    audit_event_attr(&ev, "first", first_text);
    audit_event_attr(&ev, "last", last_text);
    audit_event_attr(&ev, "bytes", bytes_text);
    if (rq->who.via)
        audit_event_attr(&ev, "via", rq->who.via); // its certificate is not known yet
    else
        audit_event_attr(&ev, "certificate", digest_text(&rq->who.certificate, certificate));
    audit_event_attr(&ev, "policy", digest_text(ruleset_digest(t->core->rules), policy));
    return tick_log(t, &ev);
}

static enum status write_checkpoint(struct page *p, struct buf *out)
{
    struct checkpoint c = {.size = p->next};
    TRY(archive_origin(p->t->txn, p->t->core->node_name, p->partner, c.origin));
    TRY(ledger_root(p->t->txn, p->partner, p->next, &c.root));
    return checkpoint_sign(&c, &p->t->core->ledger_key, out);
}

// `/v1/feed` with what was asked; cursor NULL = from the start.
static const char *href(struct page *p, const char *cursor)
{
    const char *base = cursor ? arena_printf(p->arena, "/v1/feed?after=%s", cursor) : "/v1/feed";
    if (!base || !p->ask.limit_given)
        return base;
    return arena_printf(p->arena, "%s%climit=%zu", base, cursor ? '&' : '?', p->ask.limit);
}

static enum status describe_page(struct page *p, struct buf *checkpoint, struct feed_page *ret)
{
    char here[CURSOR_TEXT + 1], next[CURSOR_TEXT + 1];
    TRY(cursor_text(p->t, p->partner, p->ask.from, here));
    TRY(cursor_text(p->t, p->partner, p->next, next));
    TRY(write_checkpoint(p, checkpoint));
    *ret = (struct feed_page){.sender = p->t->core->nation,
                              .recipient = p->partner,
                              .updated = p->updated,
                              .more = p->next < p->ask.size,
                              .checkpoint = buf_bytes(checkpoint),
                              .items = p->items,
                              .item_count = p->count};
    ret->cursor = arena_cstr(p->arena, next);
    ret->self_href = href(p, p->ask.from ? here : NULL);
    ret->next_href = ret->more ? href(p, ret->cursor) : NULL;
    return arena_status(p->arena);
}

static enum status write_body(struct page *p, const struct feed_page *page, struct reply *rp)
{
    struct buf frame;
    size_t slots_used = 0, done = 0;
    struct feed_slot *slots = arena_array(p->arena, p->count + 1, sizeof *slots);
    if (!slots)
        return arena_status(p->arena);
    buf_init(&frame, FEED_DOCUMENT_BYTES_MAX);
    feed_write_frame(page, &frame, slots, &slots_used);
    enum status st = buf_status(&frame);
    for (size_t i = 0; i < slots_used && st == ST_OK; i++) {
        buf_put(&rp->body, frame.ptr + done, slots[i].at - done);
        done = slots[i].at;
        const struct feed_item *it = &p->items[slots[i].item];
        st = reply_add_item(rp, it->entry.report, it->n, &p->contents[slots[i].item], &p->permits[slots[i].item]);
    }
    if (st == ST_OK)
        buf_put(&rp->body, frame.ptr + done, frame.len - done);
    buf_fini(&frame);
    return st == ST_OK ? buf_status(&rp->body) : st;
}

static enum status answer_page(struct page *p, struct reply *rp)
{
    struct buf checkpoint;
    struct feed_page page;
    buf_init(&checkpoint, NOTE_BYTES_MAX);
    enum status st = describe_page(p, &checkpoint, &page);
    if (st == ST_OK)
        st = write_body(p, &page, rp);
    buf_fini(&checkpoint);
    if (st != ST_OK)
        return st;
    rp->status = 200;
    rp->content_type = FEED_MEDIA_TYPE;
    reply_header(rp, "Cache-Control", "no-store");
    if (p->ask.wait_s >= 0)
        reply_header(rp, "Preference-Applied", "wait=%lld", (long long)p->ask.wait_s);
    if (p->count == 0)
        return ST_OK; // an empty page is no delivery
    return feed_log_delivery(p->t, p->rq, p->ask.from, p->next - 1, p->content_bytes, NULL, NULL);
}

static enum status serve_page(struct tick *t, const struct request *rq, const struct ask *ask, struct reply *rp)
{
    struct page *p = NULL;
    reply_watch(rp, t->core);
    enum status st = page_new(t, rq, ask, &p);
    if (st == ST_OK)
        st = page_fill(p);
    if (st == ST_OK)
        st = answer_page(p, rp);
    page_free(p);
    if (st != ST_DENIED)
        return st;
    reply_problem(rp, 503, "not-now", "The feed cannot go on now", "Try again later.", NULL);
    return ST_OK;
}

enum status feed_page(struct tick *t, const struct request *rq, uint64_t from, struct reply *rp)
{
    struct ask ask = {.from = from, .limit = FEED_PAGE_ENTRIES_DEFAULT, .wait_s = -1};
    TRY(ledger_size(t->txn, rq->who.id, &ask.size));
    rp->status = 204;
    return from < ask.size ? serve_page(t, rq, &ask, rp) : ST_OK;
}

enum status feed_serve(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct ask ask;
    bool refused;
    const struct peer *peer = core_peer(t->core, rq->who.id);
    if (peer && peer->push) {
        reply_problem(rp, 409, "pushed", "This feed is pushed to you",
                      "Set \"pull = no\" and \"inbox = yes\" for us, or have our operator set \"push = no\".", NULL);
        return ST_OK;
    }
    TRY(read_ask(t, rq, rp, &ask, &refused));
    if (refused || !coding_agree(rq, rp))
        return ST_OK;
    if (ask.from == ask.size && ask.wait_s > 0) {
        rp->hold_until = utc_add(rq->received_at, ask.wait_s * 1000);
        if (t->now < rp->hold_until) {
            rp->status = 0;
            return ST_OK;
        }
    }
    return serve_page(t, rq, &ask, rp);
}

// ---- single reports

static void not_found(struct reply *rp)
{
    reply_problem(rp, 404, "not-found", "There is no such report", NULL, NULL);
}

static enum status answer_report(struct tick *t, const struct request *rq, struct uuid id, struct holding *h,
                                 struct buf *content, struct permit **permit, struct reply *rp)
{
    char digest[DIGEST_TEXT_LEN + 1], etag[DIGEST_TEXT_LEN + 16];
    size_t bytes = content->len;
    if (!coding_agree(rq, rp))
        return ST_OK;
    const char *coding = rp->coding == CODING_NONE ? "" : coding_text(rp->coding); // a tag names bytes
    snprintf(etag, sizeof etag, "\"%s%s%s\"", digest_text(&h->digest, digest), *coding ? "+" : "", coding);
    reply_header(rp, "ETag", "%s", etag);
    reply_header(rp, "Cache-Control", "no-store");
    if (etag_listed(http_header_get(&rq->head, "if-none-match"), etag)) {
        rp->status = 304;
        return ST_OK;
    }
    TRY(feed_mark_delivered(t, rq->who.id, id, h));
    TRY(feed_log_delivery(t, rq, h->n, h->n, bytes, &id, NULL));
    rp->status = 200;
    rp->content_type = "application/xml";
    return reply_add_item(rp, id, h->n, content, permit);
}

enum status feed_report(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp)
{
    struct holding h;
    struct buf content;
    struct permit *permit = NULL;
    size_t index = ruleset_partner_index(t->core->rules, rq->who.id);
    enum status st = holding_get(t->txn, rq->who.id, id, &h);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    if (st == ST_NOT_FOUND || index == SIZE_MAX || h.kind != ENTRY_RELEASE || h.lapsed) {
        not_found(rp);
        return ST_OK;
    }
    buf_init(&content, RENDITION_BYTES_MAX);
    reply_watch(rp, t->core);
    st = release_mediate(t, index, id, &h, &content, &permit);
    if (st == ST_OK)
        st = answer_report(t, rq, id, &h, &content, &permit, rp);
    buf_fini(&content);
    permit_free(&permit);
    if (st != ST_DENIED)
        return st;
    not_found(rp);
    return release_report(t, id, CAUSE_RECHECK, NULL);
}
