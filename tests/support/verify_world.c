#include "tests/support/verify_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "store/heads.h"
#include "store/ledger.h"
#include "store/sources.h"
#include "store/witness.h"
#include "tests/support/report_samples.h"
#include "tests/support/test_keys.h"

static struct note_key key_of(uint8_t fill)
{
    uint8_t seed[ED25519_LEN];
    struct note_key k;
    memset(seed, fill, sizeof seed);
    assert_int_equal(note_key_from_seed(seed, &k), ST_OK);
    return k;
}

struct uuid verify_world_report(const struct verify_world *w)
{
    return w->record.id;
}

void verify_world_log(struct verify_world *w, struct db_txn *t, struct audit_event e)
{
    assert_int_equal(audit_append(t, &e, w->now++, &w->dir.random), ST_OK);
}

struct audit_event verify_world_about(const struct verify_world *w, enum audit_kind kind, const char *partner, uint32_t version)
{
    struct audit_event e = {.kind = kind, .actor = "node", .partner = partner, .version = version};
    e.has_report = version != 0;
    e.report = verify_world_report(w);
    return e;
}

void verify_world_give(struct verify_world *w, struct db_txn *t, const char *partner, enum entry_kind kind,
                       const struct withheld_set *withheld)
{
    struct holding h = {
        .kind = kind, .version = 1, .ever_delivered = true, .onward = ONWARD_CONSENT, .next_change = UTC_MAX};
    struct ledger_entry e = {.kind = kind, .report = verify_world_report(w), .version = 1, .onward = ONWARD_CONSENT};
    struct arena *a = xml_arena_new(w->report.len);
    const struct report *r;
    struct rendition_proof proof;
    struct buf out;
    char place[24], digest[DIGEST_TEXT_LEN + 1];
    buf_init(&out, RENDITION_BYTES_MAX);
    assert_int_equal(rendition_read(buf_bytes(&w->report), a, NULL, &r, &proof), ST_OK);
    h.withheld = *withheld;
    rendition_splice(r, buf_bytes(&w->report), withheld, &out);
    h.digest = e.digest = sha256(buf_bytes(&out));
    assert_int_equal(ledger_append(t, partner, &e, 1000, &w->dir.random, &h.n), ST_OK);
    assert_int_equal(holding_put(t, partner, verify_world_report(w), &h), ST_OK);
    enum audit_kind told = kind == ENTRY_RELEASE ? AUDIT_RELEASE : kind == ENTRY_RECALL ? AUDIT_RECALL : AUDIT_WITHDRAW;
    struct audit_event ev = verify_world_about(w, told, partner, 1);
    snprintf(place, sizeof place, "%d", (int)h.n);
    audit_event_attr(&ev, "position", place);
    if (kind == ENTRY_RELEASE)
        audit_event_attr(&ev, "digest", digest_text(&h.digest, digest));
    verify_world_log(w, t, ev);
    buf_fini(&out);
    arena_free(&a);
}

void verify_world_deliver(struct verify_world *w, struct db_txn *t, const char *partner, uint64_t first, uint64_t last)
{
    char from[24], to[24];
    struct audit_event e = verify_world_about(w, AUDIT_DELIVER, partner, 0);
    snprintf(from, sizeof from, "%llu", (unsigned long long)first);
    snprintf(to, sizeof to, "%llu", (unsigned long long)last);
    audit_event_attr(&e, "first", from);
    audit_event_attr(&e, "last", to);
    audit_event_attr(&e, "bytes", "4000");
    verify_world_log(w, t, e);
    for (uint64_t n = first; n <= last; n++)
        assert_int_equal(delivered_mark(t, partner, n, 1000), ST_OK);
}

void verify_world_sign(struct db_txn *t, const char *origin, const char *log, const struct note_key *k, struct checkpoint *c,
                       struct buf *note)
{
    *c = (struct checkpoint){.size = 0};
    snprintf(c->origin, sizeof c->origin, "%s", origin);
    assert_int_equal(tree_size(t, log, &c->size), ST_OK);
    assert_int_equal(tree_root(t, log, c->size, &c->root), ST_OK);
    buf_init(note, NOTE_BYTES_MAX);
    assert_int_equal(checkpoint_sign(c, k, note), ST_OK);
}

void verify_world_receipt(struct verify_world *w, struct db_txn *t, const struct note_key *cosigner)
{
    struct checkpoint c;
    struct buf note, line;
    char size[24], root[DIGEST_TEXT_LEN + 1];
    verify_world_sign(t, "us.example/release/FRA", "out/FRA", &w->ledger, &c, &note);
    buf_init(&line, 1000);
    assert_int_equal(cosignature_make(buf_bytes(&note), "fra.example", cosigner, 5000, &line), ST_OK);
    buf_span(&note, buf_bytes(&line));
    struct receipt r = {.size = c.size, .root = c.root, .at = 5000, .taken_at = w->now, .note = buf_bytes(&note)};
    assert_int_equal(receipt_put(t, "FRA", &r), ST_OK);
    struct audit_event e = verify_world_about(w, AUDIT_RECEIPT, "FRA", 0);
    snprintf(size, sizeof size, "%d", (int)c.size);
    audit_event_attr(&e, "size", size);
    audit_event_attr(&e, "root", digest_text(&c.root, root));
    verify_world_log(w, t, e);
    buf_fini(&note);
    buf_fini(&line);
}

static void receive(struct verify_world *w, struct db_txn *t)
{
    struct digest bare = merkle_leaf(span_cstr("hidden"));
    for (uint64_t n = 0; n < 5; n++) {
        struct ledger_entry e = {
            .n = n, .kind = ENTRY_HEAD, .at = 1000 + (utc_ms)n, .salt = {(uint8_t)(n + 1)}};
        struct buf b;
        buf_init(&b, 2000);
        ledger_entry_write(&e, &b);
        struct digest leaf = merkle_leaf(buf_bytes(&b));
        assert_int_equal(n == 3 ? source_append(t, "GBR", &bare, span_of(NULL, 0))
                                : source_append(t, "GBR", &leaf, buf_bytes(&b)),
                         ST_OK);
        buf_fini(&b);
    }
    struct checkpoint c;
    struct buf note;
    verify_world_sign(t, "gbr.example/release/DEU", "in/GBR", &w->gbr_ledger, &c, &note);
    struct source_state s = {.size = 5, .checkpoint = buf_bytes(&note)};
    assert_int_equal(source_put(t, "GBR", &s), ST_OK);
    buf_fini(&note);
}

// The `life`-th report.
static void store_report(struct verify_world *w, struct db_txn *t, const struct signing_key *key, uint64_t life)
{
    buf_fini(&w->report);
    buf_init(&w->report, RENDITION_BYTES_MAX);
    sample_finish(sample_draft, key, 0, life + 1, &w->report);
    struct arena *a = xml_arena_new(w->report.len);
    const struct report *r;
    struct rendition_proof proof;
    assert_int_equal(rendition_read(buf_bytes(&w->report), a, NULL, &r, &proof), ST_OK);
    w->record = (struct report_record){.id = r->id, .version = 1, .stored_at = 1000, .nation = "GBR", .type = "INTREP",
                                       .title = "t", .bytes = buf_bytes(&w->report)};
    w->record.digest = sha256(w->record.bytes);
    assert_int_equal(reports_put(t, &w->record), ST_OK);
    arena_free(&a);
}

// A daily head in FRA's ledger, with what it commits to; and the same checkpoint, cosigned by FRA as a witness.
static void commit_head(struct verify_world *w, struct db_txn *t)
{
    struct head_opening opening = {.random = {1, 2, 3}};
    struct checkpoint c;
    struct buf note, cosigned;
    uint64_t n;
    verify_world_sign(t, "us.example/audit", AUDIT_LOG, &w->audit, &c, &note);
    opening.checkpoint = buf_bytes(&note);
    struct ledger_entry head = {.kind = ENTRY_HEAD, .digest = head_digest(opening.random, opening.checkpoint)};
    assert_int_equal(ledger_append(t, "FRA", &head, 1, &w->dir.random, &n), ST_OK);
    assert_int_equal(head_put(t, "FRA", n, &opening), ST_OK);
    buf_init(&cosigned, NOTE_BYTES_MAX);
    buf_span(&cosigned, buf_bytes(&note));
    assert_int_equal(cosignature_make(buf_bytes(&note), "fra.example", &w->fra_cosign, 5000, &cosigned), ST_OK);
    assert_int_equal(cosigned_put(t, c.size, buf_bytes(&cosigned)), ST_OK);
    buf_fini(&cosigned);
    buf_fini(&note);
}

static void live(struct verify_world *w, struct db_txn *t, const struct signing_key *key, uint64_t life)
{
    struct withheld_set none = {.overall = false}, some = {.overall = true};
    uint64_t fra, nato;
    char digest[DIGEST_TEXT_LEN + 1];
    withheld_add(&some, 1);
    withheld_add(&some, 3);
    assert_int_equal(ledger_size(t, "FRA", &fra), ST_OK);
    assert_int_equal(ledger_size(t, "NATO", &nato), ST_OK);
    verify_world_log(w, t, (struct audit_event){.kind = AUDIT_START, .actor = "node"});
    store_report(w, t, key, life);
    struct audit_event published = verify_world_about(w, AUDIT_PUBLISH, NULL, 1);
    audit_event_attr(&published, "digest", digest_text(&w->record.digest, digest));
    verify_world_log(w, t, published);
    verify_world_give(w, t, "FRA", ENTRY_RELEASE, &none);
    verify_world_give(w, t, "NATO", ENTRY_RELEASE, &some);
    verify_world_log(w, t, verify_world_about(w, AUDIT_DECIDE, NULL, 1));
    commit_head(w, t);
    verify_world_deliver(w, t, "FRA", fra, fra + 1);
    verify_world_receipt(w, t, &w->fra_cosign);
    verify_world_give(w, t, "FRA", ENTRY_WITHDRAW, &none);
    verify_world_give(w, t, "FRA", ENTRY_RELEASE, &some);
    verify_world_deliver(w, t, "FRA", fra + 1, fra + 3);
    verify_world_deliver(w, t, "NATO", nato, nato);
    verify_world_receipt(w, t, &w->fra_cosign);
}

static void live_all(struct verify_world *w, uint64_t lives)
{
    struct test_keys *keys = calloc(1, sizeof *keys);
    struct signing_key *key;
    assert_non_null(keys);
    test_keys_make("GBR", keys);
    assert_int_equal(signing_key_load(test_span(keys->report.key), test_span(keys->report.cert), NULL, &key), ST_OK);
    struct db_txn *t = store_dir_write(&w->dir);
    for (uint64_t i = 0; i < lives; i++)
        live(w, t, key, i);
    receive(w, t);
    store_dir_commit(t);
    signing_key_free(&key);
    free(keys);
}

struct verify_world *verify_world_make(uint64_t lives, uint64_t seed)
{
    struct verify_world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    store_dir_make(&w->dir);
    store_dir_open(&w->dir, false);
    w->dir.random = random_from_seed(&w->dir.seed, seed);
    w->now = 1000;
    w->ledger = key_of(1);
    w->fra_cosign = key_of(2);
    w->gbr_ledger = key_of(3);
    w->audit = key_of(4);
    w->peers[0] = (struct verify_peer){.partner = "FRA", .name = "fra.example"};
    memcpy(w->peers[0].cosign_key, w->fra_cosign.pub, ED25519_LEN);
    w->peers[1] = (struct verify_peer){.partner = "GBR", .name = "gbr.example"};
    memcpy(w->peers[1].ledger_key, w->gbr_ledger.pub, ED25519_LEN);
    w->options = (struct verify_options){.nation = "DEU", .node_name = "us.example", .peers = w->peers, .peer_count = 2};
    memcpy(w->options.ledger_key, w->ledger.pub, ED25519_LEN);
    memcpy(w->options.audit_key, w->audit.pub, ED25519_LEN);
    live_all(w, lives);
    return w;
}

void verify_world_free(struct verify_world **w)
{
    store_dir_remove(&(*w)->dir);
    buf_fini(&(*w)->report);
    free(*w);
    *w = NULL;
}
