// Pulling and pushing over a network that loses, cuts and repeats, between nodes that crash. One connection per client and server, as
// the real client has; what was on its way when a connection broke is gone.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/feed.h"
#include "node/core/feed_flow.h"
#include "node/core/inbox.h"
#include "node/core/push.h"
#include "store/sources.h"
#include "store/tree.h"
#include "tests/simulation/run.h"
#include "tests/support/flow_support.h"

struct call {
    const char *from;
    struct buf text;
    uint64_t size;
    enum status st;
};

static enum status run_path(struct tick *t, struct tick_job *job)
{
    struct call *c = job->ctx;
    buf_reset(&c->text);
    c->st = sync_next_path(t, c->from, &c->text);
    return sync_is_refusal(c->st) ? ST_OK : c->st;
}

static enum status run_receipt(struct tick *t, struct tick_job *job)
{
    struct call *c = job->ctx;
    buf_reset(&c->text);
    return sync_receipt_due(t, c->from, &c->text, &c->size);
}

static enum status run_sent(struct tick *t, struct tick_job *job)
{
    const struct call *c = job->ctx;
    return sync_receipt_sent(t, c->from, c->size);
}

static enum status run_failed(struct tick *t, struct tick_job *job)
{
    const struct call *c = job->ctx;
    return sync_failed(t, c->from, "the connection broke");
}

static struct run_link *link_of(struct run *r, size_t client, size_t server)
{
    return &r->links[client][server];
}

static void set_message(struct run_link *l, struct span bytes)
{
    buf_fini(&l->message);
    buf_init(&l->message, FEED_DOCUMENT_BYTES_MAX);
    buf_span(&l->message, bytes);
    assert_int_equal(buf_status(&l->message), ST_OK);
}

// The connection breaks; the client notices.
static void cut(struct run *r, size_t client, size_t server)
{
    struct call c = {.from = r->sim.nodes[server].nation};
    link_of(r, client, server)->phase = LINK_IDLE;
    sim_job(&r->sim, client, run_failed, &c);
    r->cuts++;
}

// Out of 100, unless the network is calm.
static size_t fate(struct run *r)
{
    size_t n = run_below(r, 100);
    return r->calm ? 99 : n;
}

// ---- faults planted in the network

// Write a page anew, with items changed.
static void rewrite(const struct feed_page *p, struct buf *out)
{
    struct buf frame;
    size_t used = 0, done = 0;
    struct feed_slot *slots = calloc(p->item_count + 1, sizeof *slots);
    buf_init(&frame, FEED_DOCUMENT_BYTES_MAX);
    feed_write_frame(p, &frame, slots, &used);
    buf_reset(out);
    for (size_t i = 0; i < used; i++) {
        buf_put(out, frame.ptr + done, slots[i].at - done);
        buf_span(out, p->items[slots[i].item].content);
        done = slots[i].at;
    }
    buf_put(out, frame.ptr + done, frame.len - done);
    assert_int_equal(buf_status(out), ST_OK);
    buf_fini(&frame);
    free(slots);
}

static bool drop_item(struct feed_page *p)
{
    if (p->item_count == 0)
        return false;
    size_t at = p->item_count / 2;
    memmove(p->items + at, p->items + at + 1, (p->item_count - at - 1) * sizeof *p->items);
    p->item_count--;
    return true;
}

static bool hide_recall(struct feed_page *p)
{
    bool any = false;
    for (size_t i = 0; i < p->item_count; i++) {
        struct feed_item *it = &p->items[i];
        if (it->kind != FEED_TOMBSTONE)
            continue;
        struct buf entry;
        buf_init(&entry, 4 * KIB);
        ledger_entry_write(&it->entry, &entry);
        it->leaf = merkle_leaf(buf_bytes(&entry));
        it->kind = FEED_LEAF;
        buf_fini(&entry);
        any = true;
    }
    return any;
}

static bool give_whole(struct run *r, struct feed_page *p)
{
    for (size_t i = 0; i < p->item_count; i++) {
        struct feed_item *it = &p->items[i];
        size_t report = it->kind == FEED_REPORT ? model_find(r, it->entry.report) : SIZE_MAX;
        if (report == SIZE_MAX || !memmem(it->content.ptr, it->content.len, "<withheld ", 10))
            continue;
        it->content = buf_bytes(&r->reports[report].versions[it->entry.version - 1].bytes);
        return true;
    }
    return false;
}

static void plant_in_page(struct run *r, struct buf *page)
{
    struct feed_page p;
    struct buf changed;
    bool any = false;
    if (r->plant != PLANT_DROPPED_LEAF && r->plant != PLANT_HIDDEN_RECALL && r->plant != PLANT_WHOLE_REPORT)
        return;
    struct arena *a = xml_arena_new(page->len);
    assert_int_equal(feed_read(buf_bytes(page), a, store_dir_diag(), &p), ST_OK);
    if (r->plant == PLANT_DROPPED_LEAF)
        any = drop_item(&p);
    if (r->plant == PLANT_HIDDEN_RECALL)
        any = hide_recall(&p);
    if (r->plant == PLANT_WHOLE_REPORT)
        any = give_whole(r, &p);
    if (any) {
        buf_init(&changed, FEED_DOCUMENT_BYTES_MAX);
        rewrite(&p, &changed);
        buf_fini(page);
        *page = changed;
        r->planted = true;
    }
    arena_free(&a);
}

static void plant_flip(struct run *r, struct buf *page)
{
    uint8_t *at = r->plant == PLANT_FLIPPED_BYTE ? memmem(page->ptr, page->len, "<text>", 6) : NULL;
    if (!at)
        return;
    at[6] ^= 1;
    r->planted = true;
}

static void plant_in_store(struct run *r, size_t client, size_t server)
{
    const char *from = r->sim.nodes[server].nation;
    char log[PARTNER_ID_MAX + 8];
    struct digest leaf;
    uint64_t size;
    if (r->planted || (r->plant != PLANT_PAGE_TWICE && r->plant != PLANT_COPY_ERASED))
        return;
    struct tick *t = sim_tick(&r->sim, client);
    source_log_name(from, log);
    assert_int_equal(tree_size(t->txn, log, &size), ST_OK);
    if (r->plant == PLANT_PAGE_TWICE && size) {
        assert_int_equal(tree_leaf(t->txn, log, size - 1, &leaf), ST_OK);
        assert_int_equal(tree_append(t->txn, log, &leaf), ST_OK);
        r->planted = true;
    }
    for (size_t i = 0; i < r->report_count && r->plant == PLANT_COPY_ERASED && !r->planted; i++)
        if (r->nodes[server].pairs[client][i].state == PAIR_LIVE && r->nodes[server].sent[client][i]) {
            assert_int_equal(reports_erase(t->txn, r->reports[i].id, from), ST_OK);
            r->planted = true;
        }
    sim_commit(t);
}

// ---- one message after another

static void start(struct run *r, size_t client, size_t server)
{
    struct run_link *l = link_of(r, client, server);
    struct call c = {.from = r->sim.nodes[server].nation};
    buf_init(&c.text, FEED_RECEIPT_BYTES_MAX);
    l->done = false;
    sim_job(&r->sim, client, run_receipt, &c);
    if (c.size && run_chance(r, 50)) {
        l->phase = LINK_RECEIPT;
        l->size = c.size;
    } else {
        sim_job(&r->sim, client, run_path, &c);
        if (c.st != ST_OK)
            run_broken(r, "%s does not pull from %s: %s", r->sim.nodes[client].nation, c.from, status_text(c.st));
        if (!r->calm && run_chance(r, 80))
            buf_printf(&c.text, "%climit=%zu", memchr(c.text.ptr, '?', c.text.len) ? '&' : '?', 1 + run_below(r, 4));
        l->phase = LINK_ASKED;
    }
    set_message(l, buf_bytes(&c.text));
    buf_fini(&c.text);
}

// Ask for a page as this partner. False when there is none.
static bool serve(struct run *r, size_t as, size_t server, const char *path, struct buf *ret_page)
{
    struct reply rp;
    sim_request(&r->sim, as, server, "GET", path, "", span_of(NULL, 0), &rp);
    bool good = rp.status == 200;
    if (!good)
        run_broken(r, "%s answers %s to %s: %d", r->sim.nodes[server].nation, path, r->sim.nodes[as].nation, rp.status);
    buf_init(ret_page, FEED_DOCUMENT_BYTES_MAX);
    if (good)
        sim_wire(&r->sim, as, server, &rp, ret_page);
    reply_fini(&rp);
    return good;
}

static void answer(struct run *r, size_t client, size_t server)
{
    struct run_link *l = link_of(r, client, server);
    struct buf page;
    size_t how = fate(r), as = client;
    if (how < 8) {
        cut(r, client, server);
        return;
    }
    if (r->plant == PLANT_WRONG_PARTNER && r->report_count > 5 && run_chance(r, 30)) {
        while (as == client || as == server)
            as = (as + 1) % r->sim.count;
        set_message(l, span_cstr("/v1/feed"));
        r->planted = true;
    }
    for (int times = how < 14 ? 2 : 1; times > 0; times--) { // the request arrives twice: the second answer is read
        if (!serve(r, as, server, buf_cstr(&l->message), &page)) {
            buf_fini(&page);
            cut(r, client, server);
            return;
        }
        plant_in_page(r, &page);
        check_page(r, server, client, buf_bytes(&page));
        plant_flip(r, &page);
        if (times > 1)
            buf_fini(&page);
    }
    r->pages++;
    set_message(l, buf_bytes(&page));
    buf_fini(&page);
    l->phase = LINK_ANSWERED;
    if (how >= 14 && how < 18) // the answer is committed, and never sent
        acts_crash(r, server);
}

// The process dies after all was verified and written, but not committed.
static void die_applying(struct run *r, size_t client, size_t server, struct span page)
{
    struct sync_result result;
    struct tick *t = sim_tick(&r->sim, client);
    enum status st = sync_apply_page(t, r->sim.nodes[server].nation, page, store_dir_diag(), &result);
    assert_true(st == ST_OK || sync_is_refusal(st));
    sync_result_fini(&result);
    db_abort(&t->txn);
    free(t);
    acts_crash(r, client);
}

static void apply(struct run *r, size_t client, size_t server)
{
    struct run_link *l = link_of(r, client, server);
    struct sync_result result;
    struct span page = buf_bytes(&l->message);
    size_t how = fate(r);
    if (how < 6 || (how < 12 && page.len < 2)) {
        cut(r, client, server);
        return;
    }
    if (how >= 12 && how < 17) {
        die_applying(r, client, server, page);
        return;
    }
    bool whole = how >= 12;
    if (!whole)
        page.len = 1 + run_below(r, page.len - 1);
    enum status st = sim_apply(&r->sim, client, server, page, &result);
    if (whole != (st == ST_OK))
        run_broken(r, "%s says to a %s page of %s: %s (%s)", r->sim.nodes[client].nation, whole ? "whole" : "cut",
                   r->sim.nodes[server].nation, status_text(st), sim_why());
    l->phase = LINK_IDLE;
    if (st == ST_OK) {
        l->done = !result.more;
        l->size = result.size;
        r->moved += result.entries;
        if (result.cosignature.len) {
            l->phase = LINK_RECEIPT;
            set_message(l, buf_bytes(&result.cosignature));
        }
        if (result.quarantined)
            run_broken(r, "%s quarantines a report of %s", r->sim.nodes[client].nation, r->sim.nodes[server].nation);
        plant_in_store(r, client, server);
        model_settle(r, client);
    }
    sync_result_fini(&result);
}

static void deliver_receipt(struct run *r, size_t client, size_t server)
{
    struct run_link *l = link_of(r, client, server);
    struct call c = {.from = r->sim.nodes[server].nation, .size = l->size};
    struct reply rp;
    size_t how = fate(r);
    l->phase = LINK_IDLE;
    if (how < 10 || r->plant == PLANT_RECEIPT_LOST) {
        r->planted = r->plant == PLANT_RECEIPT_LOST;
        cut(r, client, server);
        return;
    }
    for (int times = how < 16 ? 2 : 1; times > 0; times--) {
        sim_request(&r->sim, client, server, "POST", "/v1/feed/cosignature", "", buf_bytes(&l->message), &rp);
        if (rp.status != 204)
            run_broken(r, "%s refuses a receipt of %s: %d %s", c.from, r->sim.nodes[client].nation, rp.status, buf_cstr(&rp.body));
        reply_fini(&rp);
    }
    if (how >= 16 && how < 22)
        cut(r, client, server); // the confirmation is lost
    else
        sim_job(&r->sim, client, run_sent, &c);
}

// ---- pushing

struct pushing {
    const char *to;
    uint64_t position, next;
    struct span receipt;
    struct reply rp;
    char why[160];
};

static enum status run_push_page(struct tick *t, struct tick_job *job)
{
    struct pushing *p = job->ctx;
    TRY(push_position(t, p->to, &p->position));
    return push_page(t, p->to, p->position, &p->rp);
}

static enum status run_push_answered(struct tick *t, struct tick_job *job)
{
    struct pushing *p = job->ctx;
    return push_answered(t, p->to, p->receipt, p->position, &p->next, p->why);
}

static void push_start(struct run *r, size_t client, size_t server)
{
    struct run_link *l = link_of(r, client, server);
    struct pushing p = {.to = r->sim.nodes[client].nation};
    struct buf page;
    reply_init(&p.rp);
    sim_job(&r->sim, server, run_push_page, &p);
    l->done = p.rp.status == 204;
    if (p.rp.status == 200) {
        buf_init(&page, FEED_DOCUMENT_BYTES_MAX);
        sim_wire(&r->sim, client, server, &p.rp, &page);
        plant_in_page(r, &page);
        check_page(r, server, client, buf_bytes(&page));
        plant_flip(r, &page);
        set_message(l, buf_bytes(&page));
        buf_fini(&page);
        l->size = p.position;
        l->phase = LINK_PUSHED;
        r->pages++;
    } else if (!l->done) {
        run_broken(r, "%s cannot push to %s: %d", r->sim.nodes[server].nation, p.to, p.rp.status);
    }
    reply_fini(&p.rp);
}

// The page arrives, whole or cut, once or twice; the client may die behind its commit.
static void push_arrives(struct run *r, size_t client, size_t server)
{
    struct run_link *l = link_of(r, client, server);
    struct span page = buf_bytes(&l->message);
    struct reply rp;
    char target[64];
    size_t how = fate(r);
    bool whole = how >= 8;
    snprintf(target, sizeof target, "/v1/inbox?start=%llu", (unsigned long long)l->size);
    if (how < 4) {
        l->phase = LINK_IDLE;
        return;
    }
    if (!whole)
        page.len = 1 + run_below(r, page.len - 1);
    for (int times = how < 14 ? 2 : 1; times > 0; times--) {
        sim_request(&r->sim, server, client, "POST", target, "", page, &rp);
        // 409: it stands elsewhere, and does not look at the page
        bool good = rp.status == 409 || (whole ? rp.status == 200 : rp.status == 422);
        if (!good || !!flow_header(&rp, INBOX_POSITION)[0] != (rp.status != 422))
            run_broken(r, "%s answers %d to a %s page that %s pushes: %s", r->sim.nodes[client].nation, rp.status,
                       whole ? "whole" : "cut", r->sim.nodes[server].nation, buf_cstr(&rp.body));
        if (times > 1)
            reply_fini(&rp);
    }
    r->moved += rp.status == 200;
    l->phase = rp.status != 422 ? LINK_ACCEPTED : LINK_IDLE;
    l->size = strtoull(flow_header(&rp, INBOX_POSITION), NULL, 10);
    set_message(l, buf_bytes(&rp.body));
    reply_fini(&rp);
    plant_in_store(r, client, server);
    model_settle(r, client);
    if (how >= 14 && how < 19)
        acts_crash(r, client); // and its answer is lost
}

static void push_accepted(struct run *r, size_t client, size_t server)
{
    struct run_link *l = link_of(r, client, server);
    struct pushing p = {.to = r->sim.nodes[client].nation, .position = l->size, .receipt = buf_bytes(&l->message)};
    l->phase = LINK_IDLE;
    if (fate(r) < 10)
        return; // lost
    sim_job(&r->sim, server, run_push_answered, &p);
    if (p.why[0])
        run_broken(r, "%s says of the answer of %s to its push: %s", r->sim.nodes[server].nation, p.to, p.why);
}

void net_step(struct run *r, size_t client, size_t server)
{
    switch (link_of(r, client, server)->phase) {
    case LINK_IDLE:
        (link_of(r, client, server)->push ? push_start : start)(r, client, server);
        return;
    case LINK_ASKED:
        answer(r, client, server);
        return;
    case LINK_ANSWERED:
        apply(r, client, server);
        return;
    case LINK_RECEIPT:
        deliver_receipt(r, client, server);
        return;
    case LINK_PUSHED:
        push_arrives(r, client, server);
        return;
    case LINK_ACCEPTED:
        push_accepted(r, client, server);
        return;
    }
}

void net_choose(struct run *r, size_t client, size_t server)
{
    struct peer *giver = &r->sim.nodes[client].peers[server], *taker = &r->sim.nodes[server].peers[client];
    bool push = run_chance(r, 20);
    r->links[client][server].push = giver->inbox = taker->push = push;
    giver->pull = !push;
}

// What it may not have is to look like what does not exist.
void net_ask_report(struct run *r, size_t client, size_t server)
{
    char target[80], urn[UUID_URN_LEN + 1];
    struct reply rp, unknown;
    struct buf wire, nothing;
    if (r->report_count == 0)
        return;
    size_t i = run_below(r, r->report_count);
    snprintf(target, sizeof target, "/v1/reports/%s", uuid_urn(r->reports[i].id, urn) + 9);
    sim_request(&r->sim, client, server, "GET", target, "", span_of(NULL, 0), &rp);
    sim_request(&r->sim, client, server, "GET", "/v1/reports/6f0c2b6e-0000-4000-8000-000000000001", "", span_of(NULL, 0), &unknown);
    buf_init(&wire, FEED_DOCUMENT_BYTES_MAX);
    buf_init(&nothing, FEED_DOCUMENT_BYTES_MAX);
    sim_wire(&r->sim, client, server, &rp, &wire);
    sim_wire(&r->sim, client, server, &unknown, &nothing);
    check_sent(r, server, client, buf_bytes(&wire));
    if (rp.status != 200 && (rp.status != unknown.status || rp.header_count != unknown.header_count ||
                             !span_eq(buf_bytes(&wire), buf_bytes(&nothing))))
        run_broken(r, "LEAK: what %s may not have does not look like what does not exist at %s", r->sim.nodes[client].nation,
                   r->sim.nodes[server].nation);
    if (rp.status != 200 && r->nodes[server].pairs[client][i].state == PAIR_LIVE && !r->nodes[server].busy)
        run_broken(r, "%s does not give %s report %zu: %d", r->sim.nodes[server].nation, r->sim.nodes[client].nation, i, rp.status);
    buf_fini(&wire);
    buf_fini(&nothing);
    reply_fini(&rp);
    reply_fini(&unknown);
}

static enum status run_restart(struct tick *t, struct tick_job *job)
{
    const struct call *c = job->ctx;
    return sync_restart(t, c->from);
}

void net_forget(struct run *r, size_t client, size_t server)
{
    struct call c = {.from = r->sim.nodes[server].nation};
    if (link_of(r, client, server)->push)
        return;
    cut(r, client, server);
    sim_job(&r->sim, client, run_restart, &c);
}

// Pull, or push, until this server has no more.
static void exchange(struct run *r, size_t client, size_t server)
{
    struct run_link *l = link_of(r, client, server);
    for (int i = 0; !r->failed; i++) {
        do
            net_step(r, client, server);
        while (l->phase != LINK_IDLE && !r->failed);
        if (l->done)
            return;
        assert_true(i < 1000);
    }
}

void net_rest(struct run *r)
{
    r->calm = true;
    for (size_t rounds = 0; !r->failed; rounds++) {
        size_t before = r->moved;
        for (size_t c = 0; c < r->sim.count; c++)
            for (size_t s = 0; s < r->sim.count; s++)
                if (s != c)
                    exchange(r, c, s);
        if (r->moved == before && rounds > 0) // the first round ends what was on its way, which may be of long ago
            return;
        if (rounds == 30)
            run_broken(r, "the nodes do not come to rest");
    }
}

void net_fini(struct run *r)
{
    for (size_t c = 0; c < SIM_NODES_MAX; c++)
        for (size_t s = 0; s < SIM_NODES_MAX; s++)
            buf_fini(&r->links[c][s].message);
}
