// store/verify: a whole store proves itself; whatever is changed in it is found.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "store/audit_log.h"
#include "store/key.h"
#include "store/ledger.h"
#include "store/sources.h"
#include "store/verify.h"
#include "tests/support/report_samples.h"
#include "tests/support/store_dir.h"
#include "tests/support/test_keys.h"

// ---- a store in which something happened

struct world {
    struct store_dir dir;
    struct note_key ledger, fra_cosign, gbr_ledger;
    struct verify_peer peers[2];
    struct verify_options options;
    struct report_record record;
    struct buf report;
};

static struct world *world;

static struct note_key key_of(uint8_t fill)
{
    uint8_t seed[ED25519_LEN];
    struct note_key k;
    memset(seed, fill, sizeof seed);
    assert_int_equal(note_key_from_seed(seed, &k), ST_OK);
    return k;
}

static struct uuid report_id(void)
{
    return world->record.id;
}

static void log_event(struct db_txn *t, struct audit_event e)
{
    assert_int_equal(audit_append(t, &e, 1000, &world->dir.random), ST_OK);
}

static struct audit_event about(enum audit_kind kind, const char *partner, uint32_t version)
{
    struct audit_event e = {.kind = kind, .actor = "node", .partner = partner, .version = version};
    e.has_report = version != 0;
    e.report = report_id();
    return e;
}

// An entry, its event and what the partner holds by it.
static void give(struct db_txn *t, const char *partner, enum entry_kind kind, const struct withheld_set *w)
{
    struct holding h = {
        .kind = kind, .version = 1, .ever_delivered = true, .onward = ONWARD_CONSENT, .next_change = UTC_MAX};
    struct ledger_entry e = {.kind = kind, .report = report_id(), .version = 1, .onward = ONWARD_CONSENT};
    struct arena *a = xml_arena_new(world->report.len);
    const struct report *r;
    struct rendition_proof proof;
    struct buf out;
    char place[24], digest[DIGEST_TEXT_LEN + 1];
    buf_init(&out, RENDITION_BYTES_MAX);
    assert_int_equal(rendition_read(buf_bytes(&world->report), a, NULL, &r, &proof), ST_OK);
    h.withheld = *w;
    rendition_splice(r, buf_bytes(&world->report), w, &out);
    h.digest = e.digest = sha256(buf_bytes(&out));
    assert_int_equal(ledger_append(t, partner, &e, 1000, &world->dir.random, &h.n), ST_OK);
    assert_int_equal(holding_put(t, partner, report_id(), &h), ST_OK);
    struct audit_event ev = about(kind == ENTRY_RELEASE  ? AUDIT_RELEASE
                                  : kind == ENTRY_RECALL ? AUDIT_RECALL
                                                         : AUDIT_WITHDRAW,
                                  partner, 1);
    snprintf(place, sizeof place, "%d", (int)h.n);
    audit_event_attr(&ev, "position", place);
    if (kind == ENTRY_RELEASE)
        audit_event_attr(&ev, "digest", digest_text(&h.digest, digest));
    log_event(t, ev);
    buf_fini(&out);
    arena_free(&a);
}

static void deliver(struct db_txn *t, const char *partner, const char *first, const char *last)
{
    struct audit_event e = about(AUDIT_DELIVER, partner, 0);
    audit_event_attr(&e, "first", first);
    audit_event_attr(&e, "last", last);
    audit_event_attr(&e, "bytes", "4000");
    log_event(t, e);
    for (int n = atoi(first); n <= atoi(last); n++)
        assert_int_equal(delivered_mark(t, partner, (uint64_t)n, 1000), ST_OK);
}

static void sign_checkpoint(struct db_txn *t, const char *origin, const char *log, const struct note_key *k,
                            struct checkpoint *c, struct buf *note)
{
    *c = (struct checkpoint){.size = 0};
    snprintf(c->origin, sizeof c->origin, "%s", origin);
    assert_int_equal(tree_size(t, log, &c->size), ST_OK);
    assert_int_equal(tree_root(t, log, c->size, &c->root), ST_OK);
    buf_init(note, NOTE_BYTES_MAX);
    assert_int_equal(checkpoint_sign(c, k, note), ST_OK);
}

static void take_receipt(struct db_txn *t, const struct note_key *cosigner)
{
    struct checkpoint c;
    struct buf note, line;
    char size[24], root[DIGEST_TEXT_LEN + 1];
    sign_checkpoint(t, "us.example/release/FRA", "out/FRA", &world->ledger, &c, &note);
    buf_init(&line, 1000);
    assert_int_equal(cosignature_make(buf_bytes(&note), "fra.example", cosigner, 5000, &line), ST_OK);
    buf_span(&note, buf_bytes(&line));
    struct receipt r = {.size = c.size, .root = c.root, .at = 5000, .note = buf_bytes(&note)};
    assert_int_equal(receipt_put(t, "FRA", &r), ST_OK);
    struct audit_event e = about(AUDIT_RECEIPT, "FRA", 0);
    snprintf(size, sizeof size, "%d", (int)c.size);
    audit_event_attr(&e, "size", size);
    audit_event_attr(&e, "root", digest_text(&c.root, root));
    log_event(t, e);
    buf_fini(&note);
    buf_fini(&line);
}

static void receive(struct db_txn *t)
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
    sign_checkpoint(t, "gbr.example/release/DEU", "in/GBR", &world->gbr_ledger, &c, &note);
    struct source_state s = {.size = 5, .checkpoint = buf_bytes(&note)};
    assert_int_equal(source_put(t, "GBR", &s), ST_OK);
    buf_fini(&note);
}

static void store_report(struct db_txn *t)
{
    struct test_keys *keys = calloc(1, sizeof *keys);
    struct signing_key *key;
    test_keys_make("GBR", keys);
    assert_int_equal(signing_key_load(test_span(keys->report.key), test_span(keys->report.cert), NULL, &key),
                     ST_OK);
    buf_init(&world->report, RENDITION_BYTES_MAX);
    sample_finish(sample_draft, key, 0, 1, &world->report);
    struct arena *a = xml_arena_new(world->report.len);
    const struct report *r;
    struct rendition_proof proof;
    assert_int_equal(rendition_read(buf_bytes(&world->report), a, NULL, &r, &proof), ST_OK);
    world->record = (struct report_record){.id = r->id,
                                           .version = 1,
                                           .stored_at = 1000,
                                           .nation = "GBR",
                                           .type = "INTREP",
                                           .title = "t",
                                           .bytes = buf_bytes(&world->report)};
    world->record.digest = sha256(world->record.bytes);
    assert_int_equal(reports_put(t, &world->record), ST_OK);
    arena_free(&a);
    signing_key_free(&key);
    free(keys);
}

static void live(struct db_txn *t)
{
    struct withheld_set none = {.overall = false}, some = {.overall = true};
    struct ledger_entry head = {.kind = ENTRY_HEAD};
    uint64_t n;
    withheld_add(&some, 1);
    withheld_add(&some, 3);
    log_event(t, (struct audit_event){.kind = AUDIT_START, .actor = "node"});
    store_report(t);
    log_event(t, about(AUDIT_PUBLISH, NULL, 1));
    give(t, "FRA", ENTRY_RELEASE, &none);
    give(t, "NATO", ENTRY_RELEASE, &some);
    log_event(t, about(AUDIT_DECIDE, NULL, 1));
    assert_int_equal(ledger_append(t, "FRA", &head, 1, &world->dir.random, &n), ST_OK);
    deliver(t, "FRA", "0", "1");
    take_receipt(t, &world->fra_cosign);
    give(t, "FRA", ENTRY_WITHDRAW, &none);
    give(t, "FRA", ENTRY_RELEASE, &some);
    deliver(t, "FRA", "1", "3");
    deliver(t, "NATO", "0", "0");
    take_receipt(t, &world->fra_cosign);
    receive(t);
}

static int world_setup(void **state)
{
    (void)state;
    world = calloc(1, sizeof *world);
    store_dir_make(&world->dir);
    store_dir_open(&world->dir, false);
    world->ledger = key_of(1);
    world->fra_cosign = key_of(2);
    world->gbr_ledger = key_of(3);
    world->peers[0] = (struct verify_peer){.partner = "FRA", .name = "fra.example"};
    memcpy(world->peers[0].cosign_key, world->fra_cosign.pub, ED25519_LEN);
    world->peers[1] = (struct verify_peer){.partner = "GBR", .name = "gbr.example"};
    memcpy(world->peers[1].ledger_key, world->gbr_ledger.pub, ED25519_LEN);
    world->options = (struct verify_options){
        .nation = "DEU", .node_name = "us.example", .peers = world->peers, .peer_count = 2};
    memcpy(world->options.ledger_key, world->ledger.pub, ED25519_LEN);
    struct db_txn *t = store_dir_write(&world->dir);
    live(t);
    store_dir_commit(t);
    return 0;
}

static int world_teardown(void **state)
{
    (void)state;
    store_dir_remove(&world->dir);
    buf_fini(&world->report);
    free(world);
    return 0;
}

// ---- verifying

static char rules[4000];

static void note(void *ctx, const struct verify_finding *f)
{
    (void)ctx;
    size_t len = strlen(rules);
    snprintf(rules + len, sizeof rules - len, "%s [%s: %s]\n", f->rule, f->where, f->text);
}

static struct verify_summary verify(struct db_txn *t)
{
    struct verify_summary s;
    rules[0] = 0;
    assert_int_equal(verify_store(t, &world->options, note, NULL, &s), ST_OK);
    assert_int_equal(s.findings > 0, rules[0] != 0);
    return s;
}

static void expect_rule(struct db_txn *t, const char *rule)
{
    verify(t);
    if (!strstr(rules, rule))
        fail_msg("expected %s, found: %s", rule, *rules ? rules : "nothing");
}

static void a_whole_store_is_proved(void **state)
{
    (void)state;
    struct db_txn *t = store_dir_read(&world->dir);
    struct verify_summary s = verify(t);
    assert_string_equal(rules, "");
    assert_int_equal(s.events, 12);
    assert_int_equal(s.ledgers, 2);
    assert_int_equal(s.entries, 5);
    assert_int_equal(s.received_ledgers, 1);
    assert_int_equal(s.received_entries, 5);
    assert_int_equal(s.deliveries, 3);
    assert_int_equal(s.receipts, 2);
    assert_int_equal(s.checkpoints, 1);
    assert_int_equal(s.reports, 1);
    assert_int_equal(s.renditions, 2);
    assert_int_equal(s.renditions_absent, 0);
    db_abort(&t);
}

static void an_empty_store_is_proved(void **state)
{
    (void)state;
    struct store_dir empty;
    store_dir_make(&empty);
    store_dir_open(&empty, false);
    struct db_txn *t = store_dir_read(&empty);
    struct verify_summary s = verify(t);
    assert_string_equal(rules, "");
    assert_int_equal(s.events, 0);
    db_abort(&t);
    store_dir_remove(&empty);
}

// ---- changes of meaning: each store is consistent in its bytes, yet lies

static void lies_are_found(void **state)
{
    (void)state;
    struct withheld_set none = {.overall = false};
    struct ledger_entry e = {.kind = ENTRY_RELEASE, .report = report_id(), .version = 1};
    uint64_t n;
    struct db_txn *t = store_dir_write(&world->dir);
    assert_int_equal(ledger_append(t, "FRA", &e, 9000, &world->dir.random, &n), ST_OK);
    expect_rule(t, "entry-unlogged");
    expect_rule(t, "holding-behind");
    db_abort(&t);

    t = store_dir_write(&world->dir); // an event for an entry that is not there
    struct audit_event ev = about(AUDIT_RELEASE, "FRA", 1);
    audit_event_attr(&ev, "position", "77");
    log_event(t, ev);
    expect_rule(t, "event-without-entry");
    db_abort(&t);

    t = store_dir_write(&world->dir); // a second one, and one of another kind
    ev = about(AUDIT_RECALL, "FRA", 1);
    audit_event_attr(&ev, "position", "2");
    log_event(t, ev);
    expect_rule(t, "event-twice");
    expect_rule(t, "event-differs");
    db_abort(&t);

    t = store_dir_write(&world->dir); // another version, never decided, is sent
    world->record.version = 2;
    assert_int_equal(reports_put(t, &world->record), ST_OK);
    world->record.version = 1;
    e.version = 2;
    assert_int_equal(ledger_append(t, "FRA", &e, 9000, &world->dir.random, &n), ST_OK);
    deliver(t, "FRA", "4", "4");
    expect_rule(t, "delivery-undecided");
    log_event(t, about(AUDIT_DECIDE, NULL, 2)); // deciding afterwards does not help
    expect_rule(t, "delivery-undecided");
    db_abort(&t);

    t = store_dir_write(&world->dir);
    deliver(t, "FRA", "3", "4");
    expect_rule(t, "delivery-place");
    expect_rule(t, "delivery-unlogged");
    db_abort(&t);

    t = store_dir_write(&world->dir); // sent without a word
    give(t, "NATO", ENTRY_RELEASE, &none);
    assert_int_equal(delivered_mark(t, "NATO", 1, 2000), ST_OK);
    expect_rule(t, "delivery-unlogged");
    db_abort(&t);

    t = store_dir_write(&world->dir); // a receipt that another key made
    take_receipt(t, &world->ledger);
    expect_rule(t, "receipt-cosignature");
    db_abort(&t);
}

static void holdings_must_agree(void **state)
{
    (void)state;
    struct holding h;
    struct db_txn *t = store_dir_write(&world->dir);
    assert_int_equal(holding_get(t, "FRA", report_id(), &h), ST_OK);
    h.withheld = (struct withheld_set){.overall = false};
    assert_int_equal(holding_put(t, "FRA", report_id(), &h), ST_OK);
    expect_rule(t, "rendition-differs");
    h.digest.b[0] ^= 1;
    assert_int_equal(holding_put(t, "FRA", report_id(), &h), ST_OK);
    expect_rule(t, "holding-differs");
    h.n = 50;
    assert_int_equal(holding_put(t, "FRA", report_id(), &h), ST_OK);
    expect_rule(t, "holding-without-entry");
    db_abort(&t);

    t = store_dir_write(&world->dir); // a lapsed holding is not served: its copy may go
    assert_int_equal(reports_erase(t, report_id(), NULL), ST_OK);
    struct verify_summary s = verify(t);
    assert_string_equal(rules, "");
    assert_int_equal(s.renditions_absent, 2);
    db_abort(&t);
}

static void a_forked_source_is_found(void **state)
{
    (void)state;
    struct digest other = merkle_leaf(span_cstr("another"));
    struct source_state s;
    struct checkpoint c;
    struct buf note_bytes;
    struct db_txn *t = store_dir_write(&world->dir);
    assert_int_equal(source_append(t, "GBR", &other, span_of(NULL, 0)), ST_OK);
    verify(t);
    assert_string_equal(rules, ""); // further leaves do not contradict it
    sign_checkpoint(t, "gbr.example/release/DEU", "in/GBR", &world->ledger, &c, &note_bytes);
    assert_int_equal(source_get(t, "GBR", &s), ST_OK);
    s.checkpoint = buf_bytes(&note_bytes);
    assert_int_equal(source_put(t, "GBR", &s), ST_OK);
    expect_rule(t, "checkpoint [in/GBR"); // not their key
    buf_fini(&note_bytes);
    c.root.b[0] ^= 1;
    buf_init(&note_bytes, NOTE_BYTES_MAX);
    assert_int_equal(checkpoint_sign(&c, &world->gbr_ledger, &note_bytes), ST_OK);
    s.checkpoint = buf_bytes(&note_bytes);
    assert_int_equal(source_put(t, "GBR", &s), ST_OK);
    expect_rule(t, "is not of the ledger stored here");
    buf_fini(&note_bytes);
    db_abort(&t);
}

// ---- changes of bytes: every value, flipped here and there, cut, lengthened, or removed

struct place {
    uint8_t key[600], value[40000];
    size_t key_len, value_len;
};

static bool load_place(struct db_txn *t, enum db_table table, size_t index, struct place *p)
{
    struct db_walk w;
    struct span all = span_of(NULL, 0);
    bool ok = db_walk_first(t, table, all, all, &w);
    for (size_t i = 0; ok && i < index; i++)
        ok = db_walk_next(&w);
    if (ok) {
        assert_true(w.key.len < sizeof p->key && w.value.len < sizeof p->value);
        p->key_len = w.key.len;
        p->value_len = w.value.len;
        memcpy(p->key, w.key.ptr, w.key.len);
        if (w.value.len)
            memcpy(p->value, w.value.ptr, w.value.len);
    }
    db_walk_end(&w);
    return ok;
}

static void must_find(struct db_txn *t, const char *what, enum db_table table, size_t index, size_t at)
{
    struct verify_summary s = verify(t);
    if (s.findings == 0)
        fail_msg("%s of table %d, key %d, byte %d was not found", what, (int)table, (int)index, (int)at);
}

// Tables of which every byte is proved.
static const enum db_table proved[] = {DB_AUDIT, DB_LEDGER, DB_TREE, DB_TREE_SIZE, DB_RECEIVED};

static void every_flipped_bit_is_found(void **state)
{
    (void)state;
    struct place *p = malloc(sizeof *p);
    uint64_t dice = 12345;
    for (size_t k = 0; k < sizeof proved / sizeof *proved; k++) {
        enum db_table table = proved[k];
        struct db_txn *t = store_dir_write(&world->dir);
        for (size_t i = 0; load_place(t, table, i, p); i++) {
            struct span key = span_of(p->key, p->key_len);
            for (int tries = 0; tries < 8; tries++) {
                dice = dice * 6364136223846793005ull + 1442695040888963407ull;
                size_t at = (size_t)(dice >> 33) % p->value_len;
                uint8_t bit = (uint8_t)(1u << (dice >> 60) % 8);
                p->value[at] ^= bit;
                assert_int_equal(db_put(t, table, key, span_of(p->value, p->value_len)), ST_OK);
                must_find(t, "a bit", table, i, at);
                p->value[at] ^= bit;
            }
            assert_int_equal(db_put(t, table, key, span_of(p->value, p->value_len)), ST_OK);
        }
        verify(t);
        assert_string_equal(rules, "");
        db_abort(&t);
    }
    free(p);
}

static void every_removal_and_move_is_found(void **state)
{
    (void)state;
    static const enum db_table tables[] = {DB_AUDIT,     DB_LEDGER,          DB_TREE,
                                           DB_TREE_SIZE, DB_RECEIVED,        DB_HOLDINGS,
                                           DB_HELD_BY,   DB_AUDIT_BY_REPORT, DB_AUDIT_BY_PARTNER};
    struct place *p = malloc(sizeof *p);
    for (size_t k = 0; k < sizeof tables / sizeof *tables; k++)
        for (size_t i = 0;; i++) {
            struct db_txn *t = store_dir_write(&world->dir);
            bool there = load_place(t, tables[k], i, p);
            if (there) {
                assert_int_equal(db_del(t, tables[k], span_of(p->key, p->key_len)), ST_OK);
                must_find(t, "the removal", tables[k], i, 0);
                if (k < 5) {
                    p->key[p->key_len - 1] ^= 0x40; // the same value at a place far off
                    assert_int_equal(
                        db_put(t, tables[k], span_of(p->key, p->key_len), span_of(p->value, p->value_len)),
                        ST_OK);
                    must_find(t, "the move", tables[k], i, 0);
                }
            }
            db_abort(&t);
            if (!there)
                break;
        }
    free(p);
}

// An index that lists what is not so would show people a history that never was.
static void an_index_tells_nothing_of_its_own(void **state)
{
    (void)state;
    struct key by_report = {.len = 0}, by_partner = {.len = 0}, odd = {.len = 0};
    key_uuid(&by_report, (struct uuid){{9}});
    key_u64(&by_report, 3);
    key_text(&by_partner, "FRA");
    key_u64(&by_partner, 1000); // behind the end
    key_u8(&odd, 7);
    struct {
        enum db_table table;
        struct key *key;
    } cases[] = {{DB_AUDIT_BY_REPORT, &by_report}, {DB_AUDIT_BY_PARTNER, &by_partner}, {DB_AUDIT_BY_REPORT, &odd}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct db_txn *t = store_dir_write(&world->dir);
        assert_int_equal(db_put(t, cases[i].table, key_span(cases[i].key), span_of(NULL, 0)), ST_OK);
        expect_rule(t, "index-differs [audit ");
        db_abort(&t);
    }
}

static void other_tables_are_checked_too(void **state)
{
    (void)state;
    struct place *p = malloc(sizeof *p);
    static const enum db_table tables[] = {DB_RECEIPTS, DB_SOURCES, DB_HOLDINGS, DB_REPORTS};
    for (size_t k = 0; k < 4; k++) { // cut values: never a crash, always told
        struct db_txn *t = store_dir_write(&world->dir);
        for (size_t i = 0; load_place(t, tables[k], i, p); i++) {
            struct span key = span_of(p->key, p->key_len);
            for (size_t cut = 0; cut < p->value_len; cut += 1 + p->value_len / 10) {
                assert_int_equal(db_put(t, tables[k], key, span_of(p->value, cut)), ST_OK);
                must_find(t, "a cut", tables[k], i, cut);
            }
            assert_int_equal(db_put(t, tables[k], key, span_of(p->value, p->value_len)), ST_OK);
        }
        db_abort(&t);
    }
    struct db_txn *t = store_dir_write(&world->dir); // a bit of the stored report
    assert_true(load_place(t, DB_REPORTS, 0, p));
    p->value[p->value_len - 50] ^= 1;
    assert_int_equal(db_put(t, DB_REPORTS, span_of(p->key, p->key_len), span_of(p->value, p->value_len)),
                     ST_OK);
    expect_rule(t, "copy-differs");
    db_abort(&t);
    free(p);
}

// A history rewritten with care: trees and events all fit each other, but a partner's receipt remembers.
static void a_rewritten_ledger_is_exposed_by_its_receipt(void **state)
{
    (void)state;
    struct place *p = malloc(sizeof *p);
    struct db_txn *t = store_dir_write(&world->dir);
    struct ledger_entry e;
    struct key k = {.len = 0};
    struct buf leaf;
    assert_int_equal(ledger_get(t, "FRA", 0, &e), ST_OK);
    e.salt[0] ^= 1;
    key_id(&k, "FRA");
    key_u64(&k, 0);
    buf_init(&leaf, 2000);
    ledger_entry_write(&e, &leaf);
    assert_int_equal(db_put(t, DB_LEDGER, key_span(&k), buf_bytes(&leaf)), ST_OK);
    buf_fini(&leaf);
    // rebuild the tree of 4 leaves from the bytes
    struct digest h[4], l, r;
    for (uint64_t n = 0; n < 4; n++) {
        struct span v;
        k.len = 0;
        key_id(&k, "FRA");
        key_u64(&k, n);
        assert_int_equal(db_get(t, DB_LEDGER, key_span(&k), &v), ST_OK);
        h[n] = merkle_leaf(v);
    }
    l = merkle_parent(&h[0], &h[1]);
    r = merkle_parent(&h[2], &h[3]);
    const struct digest root = merkle_parent(&l, &r), *nodes[3] = {&h[0], &l, &root};
    for (unsigned level = 0; level < 3; level++) {
        struct key node = {.len = 0};
        key_text(&node, "out/FRA");
        key_u8(&node, (uint8_t)level);
        key_u64(&node, 0);
        assert_int_equal(db_put(t, DB_TREE, key_span(&node), span_of(nodes[level]->b, SHA256_LEN)), ST_OK);
    }
    verify(t);
    assert_null(strstr(rules, "tree-"));
    assert_non_null(strstr(rules, "receipt-root"));
    assert_non_null(strstr(rules, "event-receipt"));
    db_abort(&t);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_store_is_proved),
        cmocka_unit_test(an_empty_store_is_proved),
        cmocka_unit_test(lies_are_found),
        cmocka_unit_test(holdings_must_agree),
        cmocka_unit_test(a_forked_source_is_found),
        cmocka_unit_test(every_flipped_bit_is_found),
        cmocka_unit_test(every_removal_and_move_is_found),
        cmocka_unit_test(an_index_tells_nothing_of_its_own),
        cmocka_unit_test(other_tables_are_checked_too),
        cmocka_unit_test(a_rewritten_ledger_is_exposed_by_its_receipt),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
