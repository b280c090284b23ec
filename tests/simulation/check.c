// What must be so, whatever happens: on each page that leaves, after each step, and when all has come to rest.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/feed.h"
#include "store/audit_log.h"
#include "store/ledger.h"
#include "store/sources.h"
#include "store/verify.h"
#include "tests/simulation/run.h"

static const char *nation(const struct run *r, size_t node)
{
    return r->sim.nodes[node].nation;
}

// ---- words that must not be there

// Number of the canary that begins at `at`, or SIZE_MAX.
static size_t canary_at(const struct run *r, struct span bytes, size_t at)
{
    size_t n = 0;
    if (at + 11 > bytes.len || memcmp(bytes.ptr + at, "CNRY", 4) != 0 || bytes.ptr[at + 10] != 'Q')
        return SIZE_MAX;
    for (size_t i = at + 4; i < at + 10; i++)
        n = 10 * n + (size_t)(bytes.ptr[i] - '0');
    return n < r->canary_count ? n : SIZE_MAX;
}

// Call back for each canary in these bytes.
static void each_canary(struct run *r, struct span bytes, void (*each)(struct run *r, size_t canary, void *ctx), void *ctx)
{
    const uint8_t *at = bytes.ptr, *end = bytes.ptr + bytes.len;
    while (at < end && (at = memmem(at, (size_t)(end - at), "CNRY", 4))) {
        size_t n = canary_at(r, bytes, (size_t)(at - bytes.ptr));
        if (n != SIZE_MAX)
            each(r, n, ctx);
        at += 4;
    }
}

struct way {
    size_t node, partner;
};

static void canary_leaves(struct run *r, size_t canary, void *ctx)
{
    const struct way *w = ctx;
    const struct run_canary *c = &r->canaries[canary];
    if (!model_allows(r, w->node, w->partner, c)) {
        run_broken(r, "LEAK: %s sends %s child %d of version %u of report %zu", nation(r, w->node), nation(r, w->partner),
                   c->child, c->version, c->report);
        return;
    }
    r->nodes[w->node].sent[w->partner][c->report] = true;
    r->nodes[w->partner].may_hold[canary] = true;
}

// Names of reports that the partner was never to have.
static void check_names(struct run *r, size_t node, size_t partner, struct span bytes)
{
    const uint8_t *at = bytes.ptr, *end = bytes.ptr + bytes.len;
    struct uuid id;
    while (at < end && (at = memmem(at, (size_t)(end - at), "urn:uuid:", 9))) {
        struct span urn = span_sub(bytes, (size_t)(at - bytes.ptr), (size_t)(at - bytes.ptr) + UUID_URN_LEN);
        size_t i = uuid_parse(urn, &id) == ST_OK ? model_find(r, id) : SIZE_MAX;
        if (i != SIZE_MAX && !r->nodes[node].pairs[partner][i].ever)
            run_broken(r, "LEAK: %s names report %zu to %s", nation(r, node), i, nation(r, partner));
        at += 9;
    }
}

void check_sent(struct run *r, size_t node, size_t partner, struct span bytes)
{
    struct way w = {node, partner};
    each_canary(r, bytes, canary_leaves, &w);
    check_names(r, node, partner, bytes);
}

// ---- renditions

// Is this rendition the copy with exactly these portions withheld? References may be withheld besides.
static bool is_rendition(const struct run_copy *c, struct span whole, struct span rendition, const struct withheld_set *expected)
{
    const struct report *r;
    struct buf made;
    struct withheld_set hidden = {.overall = false};
    struct arena *a = xml_arena_new(rendition.len);
    bool same = report_read(rendition, NULL, a, store_dir_diag(), &r) == ST_OK && r->child_count == c->report->child_count &&
                r->overall_withheld == (expected->overall || c->report->overall_withheld);
    for (size_t i = 0; same && i < r->child_count; i++) {
        bool gone = r->children[i].kind == REPORT_WITHHELD;
        if (gone && c->report->children[i].kind != REPORT_WITHHELD)
            withheld_add(&hidden, i);
        if (c->report->children[i].kind == REPORT_PORTION)
            same = gone == withheld_has(expected, i);
    }
    if (same) {
        hidden.overall = r->overall_withheld && !c->report->overall_withheld;
        buf_init(&made, RENDITION_BYTES_MAX);
        rendition_splice(c->report, whole, &hidden, &made);
        same = span_eq(buf_bytes(&made), rendition);
        buf_fini(&made);
    }
    arena_free(&a);
    return same;
}

// The bytes of the copy that a node has.
static bool whole_bytes(struct run *r, struct tick *t, size_t node, size_t report, const struct run_copy *c, struct span *ret)
{
    struct report_record rec;
    const struct run_report *rep = &r->reports[report];
    if (rep->owner == node)
        *ret = buf_bytes(&rep->versions[c->version - 1].bytes);
    else if (reports_get(t->txn, rep->id, c->version, c->source, &rec) == ST_OK)
        *ret = rec.bytes;
    else
        return false;
    return true;
}

// Is this what the model says that the partner should have of the report?
static bool as_modelled(struct run *r, size_t node, size_t partner, size_t report, uint32_t version, struct span rendition)
{
    const struct run_pair *p = &r->nodes[node].pairs[partner][report];
    struct run_copy c;
    struct span whole;
    if (p->state != PAIR_LIVE || p->version != version || !model_copy(r, node, report, version, p->source, &c))
        return false;
    struct tick *t = sim_tick(&r->sim, node);
    bool good = whole_bytes(r, t, node, report, &c, &whole) && is_rendition(&c, whole, rendition, &p->withheld);
    sim_commit(t);
    arena_free(&c.arena);
    return good;
}

// ---- pages

static void check_item(struct run *r, size_t node, size_t partner, const struct feed_item *it)
{
    size_t i = it->kind == FEED_LEAF || it->entry.kind == ENTRY_HEAD ? SIZE_MAX : model_find(r, it->entry.report);
    if (i == SIZE_MAX)
        return;
    if (it->kind == FEED_REPORT) {
        if (!as_modelled(r, node, partner, i, it->entry.version, it->content))
            run_broken(r, "%s sends %s version %u of report %zu in another form than policy allows", nation(r, node),
                       nation(r, partner), it->entry.version, i);
    } else if (!r->nodes[node].sent[partner][i]) {
        run_broken(r, "LEAK: %s tells %s of report %zu, of which nothing was sent", nation(r, node), nation(r, partner), i);
    }
}

void check_page(struct run *r, size_t node, size_t partner, struct span bytes)
{
    struct feed_page p;
    check_sent(r, node, partner, bytes);
    struct arena *a = xml_arena_new(bytes.len);
    if (feed_read(bytes, a, store_dir_diag(), &p) != ST_OK)
        run_broken(r, "%s sends %s what is no page", nation(r, node), nation(r, partner));
    else if (!r->failed)
        for (size_t i = 0; i < p.item_count; i++)
            check_item(r, node, partner, &p.items[i]);
    arena_free(&a);
}

// ---- after each step

// The partner's copy of our ledger is the beginning of it, and so is what it signed.
static void check_ledger(struct run *r, struct tick *ours, struct tick *theirs, size_t node, size_t partner, bool at_rest)
{
    char in[PARTNER_ID_MAX + 8];
    const char *to = nation(r, partner), *from = nation(r, node);
    uint64_t size, received;
    struct digest a, b;
    struct source_state s;
    struct receipt receipt;
    source_log_name(from, in);
    assert_int_equal(ledger_size(ours->txn, to, &size), ST_OK);
    assert_int_equal(tree_size(theirs->txn, in, &received), ST_OK);
    assert_int_equal(source_get(theirs->txn, from, &s), ST_OK);
    if (received > size || s.size != received || s.quarantined) {
        run_broken(r, "%s has %llu entries of %s (says %llu, %llu quarantined), which has %llu", to, (unsigned long long)received,
                   from, (unsigned long long)s.size, (unsigned long long)s.quarantined, (unsigned long long)size);
        return;
    }
    assert_int_equal(ledger_root(ours->txn, to, received, &a), ST_OK);
    assert_int_equal(tree_root(theirs->txn, in, received, &b), ST_OK);
    if (!digest_eq(&a, &b))
        run_broken(r, "the ledger of %s to %s differs within %llu entries", from, to, (unsigned long long)received);
    enum status st = receipt_latest(ours->txn, to, &receipt);
    uint64_t signed_size = st == ST_OK ? receipt.size : 0;
    if (signed_size > received || (at_rest && (signed_size != size || received != size)))
        run_broken(r, "%s signed for %llu entries of %s, has %llu of %llu", to, (unsigned long long)signed_size, from,
                   (unsigned long long)received, (unsigned long long)size);
    else if (signed_size && (ledger_root(ours->txn, to, signed_size, &a) != ST_OK || !digest_eq(&a, &receipt.root)))
        run_broken(r, "the receipt of %s is not of the ledger of %s", to, from);
}

// The audit log only grows.
static void check_audit(struct run *r, struct tick *t, size_t node)
{
    struct run_node *n = &r->nodes[node];
    uint64_t size;
    struct digest root;
    assert_int_equal(tree_size(t->txn, AUDIT_LOG, &size), ST_OK);
    if (size < n->audit_size) {
        run_broken(r, "the audit log of %s has shrunk from %llu to %llu", nation(r, node), (unsigned long long)n->audit_size,
                   (unsigned long long)size);
        return;
    }
    assert_int_equal(tree_root(t->txn, AUDIT_LOG, n->audit_size, &root), ST_OK);
    if (n->audit_size && !digest_eq(&root, &n->audit_root))
        run_broken(r, "the audit log of %s was rewritten", nation(r, node));
    n->audit_size = size;
    assert_int_equal(tree_root(t->txn, AUDIT_LOG, size, &n->audit_root), ST_OK);
}

// What was acknowledged is there.
static void check_own(struct run *r, struct tick *t, size_t node)
{
    struct report_record rec;
    for (size_t i = 0; i < r->report_count; i++) {
        const struct run_report *rep = &r->reports[i];
        if (rep->owner != node)
            continue;
        enum status st = reports_current(t->txn, rep->id, &rec);
        if (rep->recalled ? st != ST_GONE
                          : st != ST_OK || rec.version != rep->version ||
                                !span_eq(rec.bytes, buf_bytes(&rep->versions[rep->version - 1].bytes)))
            run_broken(r, "LOST: report %zu, version %u, %s, is not so at %s: %s", i, rep->version,
                       rep->recalled ? "recalled" : "acknowledged", nation(r, node), status_text(st));
    }
}

static void check_all_ledgers(struct run *r, bool at_rest)
{
    struct tick *t[SIM_NODES_MAX];
    for (size_t i = 0; i < r->sim.count; i++)
        t[i] = sim_tick(&r->sim, i);
    for (size_t i = 0; i < r->sim.count; i++) {
        check_own(r, t[i], i);
        check_audit(r, t[i], i);
        for (size_t k = 0; k < r->sim.count; k++)
            if (k != i)
                check_ledger(r, t[i], t[k], i, k, at_rest);
    }
    for (size_t i = 0; i < r->sim.count; i++) {
        db_abort(&t[i]->txn);
        free(t[i]);
    }
}

void check_step(struct run *r)
{
    check_all_ledgers(r, false);
}

// ---- at rest

static void canary_lies(struct run *r, size_t canary, void *ctx)
{
    const size_t *node = ctx;
    const struct run_canary *c = &r->canaries[canary];
    if (!r->nodes[*node].may_hold[canary])
        run_broken(r, "LEAK: child %d of version %u of report %zu lies at %s", c->child, c->version, c->report, nation(r, *node));
    else if (r->reports[c->report].recalled)
        run_broken(r, "child %d of the recalled report %zu still lies at %s", c->child, c->report, nation(r, *node));
}

static void check_values(struct run *r, size_t node)
{
    struct span all = span_of(NULL, 0);
    struct tick *t = sim_tick(&r->sim, node);
    for (int table = 0; table < DB_TABLE_COUNT; table++) {
        struct db_walk w;
        for (bool ok = db_walk_first(t->txn, (enum db_table)table, all, all, &w); ok; ok = db_walk_next(&w)) {
            each_canary(r, w.key, canary_lies, &node);
            each_canary(r, w.value, canary_lies, &node);
        }
        assert_int_equal(w.st, ST_OK);
        db_walk_end(&w);
    }
    db_abort(&t->txn);
    free(t);
}

// What the partner has of a report from this node is what the model says.
static void check_copy(struct run *r, size_t node, size_t partner, size_t report)
{
    static const char *const states[] = {"nothing", "the report", "what was shared before"};
    const struct run_pair *p = &r->nodes[node].pairs[partner][report];
    struct report_record rec;
    uint32_t version = 0;
    bool good = false;
    struct tick *t = sim_tick(&r->sim, partner);
    enum status st = reports_latest_from(t->txn, r->reports[report].id, nation(r, node), &version);
    assert_true(st == ST_OK || st == ST_NOT_FOUND);
    switch (p->state) {
    case PAIR_NONE:
        good = st == ST_NOT_FOUND;
        break;
    case PAIR_LAPSED: // it may have lapsed before it was fetched
        good = st == ST_NOT_FOUND || version <= p->version;
        break;
    case PAIR_LIVE:
        good = st == ST_OK && reports_get(t->txn, r->reports[report].id, version, nation(r, node), &rec) == ST_OK &&
               as_modelled(r, node, partner, report, version, rec.bytes);
        break;
    }
    sim_commit(t);
    if (!good)
        run_broken(r, "%s is to have %s of report %zu (version %u) from %s, and has version %u", nation(r, partner),
                   states[p->state], report, p->version, nation(r, node), version);
}

static void finding(void *ctx, const struct verify_finding *f)
{
    struct run *r = ctx;
    if (strcmp(f->rule, "policy-missing") != 0) // the very first policy of a simulated node is not in its store
        run_broken(r, "audit verify: %s: %s: %s", f->rule, f->where, f->text);
}

static void check_store(struct run *r, size_t node)
{
    struct verify_summary s;
    struct verify_peer peers[SIM_NODES_MAX];
    const struct core *c = &r->sim.nodes[node].core;
    struct verify_options o = {.nation = c->nation, .node_name = c->node_name, .peers = peers};
    memcpy(o.ledger_key, c->ledger_key.pub, sizeof o.ledger_key);
    memcpy(o.audit_key, c->audit_key.pub, sizeof o.audit_key);
    for (size_t i = 0; i < r->sim.count; i++) {
        const struct core *other = &r->sim.nodes[i].core;
        if (i == node)
            continue;
        struct verify_peer *p = &peers[o.peer_count++];
        *p = (struct verify_peer){.partner = other->nation, .name = other->node_name};
        memcpy(p->cosign_key, other->cosign_key.pub, sizeof p->cosign_key);
        memcpy(p->ledger_key, other->ledger_key.pub, sizeof p->ledger_key);
    }
    struct tick *t = sim_tick(&r->sim, node);
    assert_int_equal(verify_store(t->txn, &o, finding, r, &s), ST_OK);
    if (s.receipts_without_key)
        run_broken(r, "a receipt at %s was not checked", nation(r, node));
    db_abort(&t->txn);
    free(t);
}

void check_rest(struct run *r)
{
    check_all_ledgers(r, true);
    for (size_t i = 0; i < r->sim.count && !r->failed; i++) {
        check_values(r, i);
        check_store(r, i);
        for (size_t p = 0; p < r->sim.count; p++)
            for (size_t report = 0; p != i && report < r->report_count; report++)
                check_copy(r, i, p, report);
    }
}
