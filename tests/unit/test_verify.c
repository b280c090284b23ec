// store/verify: a whole store proves itself; whatever is changed in it is found.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "store/audit_index.h"
#include "store/key.h"
#include "store/sources.h"
#include "store/consents.h"
#include "store/grants.h"
#include "store/heads.h"
#include "store/witness.h"
#include "tests/support/verify_world.h"

static struct verify_world *world;

static int world_setup(void **state)
{
    (void)state;
    world = verify_world_make(1, 1);
    return 0;
}

static int world_teardown(void **state)
{
    (void)state;
    verify_world_free(&world);
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
    assert_int_equal(s.heads, 1);
    assert_int_equal(s.cosignatures, 1);
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

// A head must be opened by what is kept; that must be of this log; and so must what a witness cosigned.
static void heads_are_compared(void **state)
{
    (void)state;
    struct head_opening opening;
    struct key k = {.len = 0};
    struct span note;
    uint64_t size;
    struct db_txn *t = store_dir_write(&world->dir);
    assert_int_equal(head_get(t, "FRA", 1, &opening), ST_OK);
    opening.random[31] ^= 1;
    struct buf copy;
    buf_init(&copy, NOTE_BYTES_MAX);
    buf_span(&copy, opening.checkpoint);
    opening.checkpoint = buf_bytes(&copy);
    assert_int_equal(head_put(t, "FRA", 1, &opening), ST_OK);
    expect_rule(t, "head-differs [out/FRA 1");
    key_id(&k, "FRA");
    key_u64(&k, 1);
    assert_int_equal(db_del(t, DB_HEAD_OPENINGS, key_span(&k)), ST_OK);
    expect_rule(t, "head-unopened [out/FRA 1");
    assert_int_equal(head_put(t, "FRA", 0, &opening), ST_OK);
    assert_int_equal(head_put(t, "FRA", 2, &opening), ST_OK);
    expect_rule(t, "orphans [heads");
    db_abort(&t);

    t = store_dir_write(&world->dir); // an event that was not there when the checkpoint was signed, in place of another
    assert_int_equal(cosigned_near(t, 0, &size, &note), ST_OK);
    buf_reset(&copy);
    buf_span(&copy, note);
    assert_int_equal(cosigned_put(t, size + 1, buf_bytes(&copy)), ST_OK);
    expect_rule(t, "cosigned-place [cosigned");
    copy.ptr[copy.len - 10] ^= 1;
    assert_int_equal(cosigned_put(t, size, buf_bytes(&copy)), ST_OK);
    expect_rule(t, "cosign");
    db_abort(&t);
    struct checkpoint c = {.origin = "us.example/audit", .size = size, .root = merkle_empty()};
    t = store_dir_write(&world->dir);
    buf_reset(&copy);
    assert_int_equal(checkpoint_sign(&c, &world->audit, &copy), ST_OK);
    assert_int_equal(cosigned_put(t, size, buf_bytes(&copy)), ST_OK);
    expect_rule(t, "audit-checkpoint [cosigned");
    db_abort(&t);
    buf_fini(&copy);
}

// ---- changes of meaning: each store is consistent in its bytes, yet lies

static void lies_are_found(void **state)
{
    (void)state;
    struct withheld_set none = {.overall = false};
    struct ledger_entry e = {.kind = ENTRY_RELEASE, .report = verify_world_report(world), .version = 1};
    uint64_t n;
    struct db_txn *t = store_dir_write(&world->dir);
    assert_int_equal(ledger_append(t, "FRA", &e, 9000, &world->dir.random, &n), ST_OK);
    expect_rule(t, "entry-unlogged");
    expect_rule(t, "holding-behind");
    db_abort(&t);

    t = store_dir_write(&world->dir); // an event for an entry that is not there
    struct audit_event ev = verify_world_about(world, AUDIT_RELEASE, "FRA", 1);
    audit_event_attr(&ev, "position", "77");
    verify_world_log(world, t, ev);
    expect_rule(t, "event-without-entry");
    db_abort(&t);

    t = store_dir_write(&world->dir); // a second one, and one of another kind
    ev = verify_world_about(world, AUDIT_RECALL, "FRA", 1);
    audit_event_attr(&ev, "position", "2");
    verify_world_log(world, t, ev);
    expect_rule(t, "event-twice");
    expect_rule(t, "event-differs");
    db_abort(&t);

    t = store_dir_write(&world->dir); // another version, never decided, is sent
    world->record.version = 2;
    assert_int_equal(reports_put(t, &world->record), ST_OK);
    world->record.version = 1;
    e.version = 2;
    assert_int_equal(ledger_append(t, "FRA", &e, 9000, &world->dir.random, &n), ST_OK);
    verify_world_deliver(world, t, "FRA", 4, 4);
    expect_rule(t, "delivery-undecided");
    verify_world_log(world, t, verify_world_about(world, AUDIT_DECIDE, NULL, 2)); // deciding afterwards does not help
    expect_rule(t, "delivery-undecided");
    db_abort(&t);

    t = store_dir_write(&world->dir);
    verify_world_deliver(world, t, "FRA", 3, 4);
    expect_rule(t, "delivery-place");
    expect_rule(t, "delivery-unlogged");
    db_abort(&t);

    t = store_dir_write(&world->dir); // sent without a word
    verify_world_give(world, t, "NATO", ENTRY_RELEASE, &none);
    assert_int_equal(delivered_mark(t, "NATO", 1, 2000), ST_OK);
    expect_rule(t, "delivery-unlogged");
    db_abort(&t);

    t = store_dir_write(&world->dir); // a receipt that another key made
    verify_world_receipt(world, t, &world->ledger);
    expect_rule(t, "receipt-cosignature");
    db_abort(&t);
}

static void holdings_must_agree(void **state)
{
    (void)state;
    struct holding h;
    struct db_txn *t = store_dir_write(&world->dir);
    assert_int_equal(holding_get(t, "FRA", verify_world_report(world), &h), ST_OK);
    h.withheld = (struct withheld_set){.overall = false};
    assert_int_equal(holding_put(t, "FRA", verify_world_report(world), &h), ST_OK);
    expect_rule(t, "rendition-differs");
    h.digest.b[0] ^= 1;
    assert_int_equal(holding_put(t, "FRA", verify_world_report(world), &h), ST_OK);
    expect_rule(t, "holding-differs");
    h.n = 50;
    assert_int_equal(holding_put(t, "FRA", verify_world_report(world), &h), ST_OK);
    expect_rule(t, "holding-without-entry");
    db_abort(&t);

    t = store_dir_write(&world->dir); // a recall must reach whoever was given something
    assert_int_equal(holding_get(t, "FRA", verify_world_report(world), &h), ST_OK);
    h.ever_delivered = false;
    assert_int_equal(holding_put(t, "FRA", verify_world_report(world), &h), ST_OK);
    expect_rule(t, "delivery-forgotten [out/FRA 0");
    db_abort(&t);
}

// ---- what was published

static void published_reports_are_here_as_they_were(void **state)
{
    struct report_record r = world->record;
    struct buf other;
    (void)state;
    struct db_txn *t = store_dir_write(&world->dir);
    assert_int_equal(reports_erase(t, r.id, NULL), ST_OK);
    expect_rule(t, "publication-missing [audit 1:");
    expect_rule(t, "copy-missing [holding FRA");
    db_abort(&t);

    t = store_dir_write(&world->dir); // the row alone
    struct key k = {.len = 0};
    key_uuid(&k, r.id);
    key_u32(&k, 1);
    key_id(&k, "");
    assert_int_equal(db_del(t, DB_REPORTS, key_span(&k)), ST_OK);
    expect_rule(t, "current-differs");
    expect_rule(t, "publication-missing");
    db_abort(&t);

    t = store_dir_write(&world->dir); // with its digest, so that it is consistent in itself
    buf_init(&other, RENDITION_BYTES_MAX);
    buf_span(&other, r.bytes);
    other.ptr[other.len / 2] ^= 1;
    r.bytes = buf_bytes(&other);
    r.digest = sha256(r.bytes);
    assert_int_equal(reports_replace(t, &r), ST_OK);
    expect_rule(t, "publication-differs [audit 1:");
    buf_fini(&other);
    db_abort(&t);
}

static void recall(struct db_txn *t, bool logged, bool recorded)
{
    const struct recall_record r = {.at = 1000, .by = "cell:J2", .reason = "wrong", .version = 1};
    struct withheld_set none = {.overall = false};
    if (logged)
        verify_world_log(world, t, verify_world_about(world, AUDIT_RECALL, NULL, 1));
    verify_world_give(world, t, "FRA", ENTRY_RECALL, &none);
    verify_world_give(world, t, "NATO", ENTRY_RECALL, &none);
    assert_int_equal(recorded ? reports_recall(t, world->record.id, &r) : reports_erase(t, world->record.id, NULL), ST_OK);
}

static void recalls_are_recorded_and_logged(void **state)
{
    (void)state;
    struct db_txn *t = store_dir_write(&world->dir);
    recall(t, true, true);
    verify(t);
    assert_string_equal(rules, "");
    db_abort(&t);
    t = store_dir_write(&world->dir);
    recall(t, false, true);
    expect_rule(t, "recalled-unlogged [urn:uuid:");
    db_abort(&t);
    t = store_dir_write(&world->dir);
    recall(t, true, false);
    expect_rule(t, "recall-forgotten [audit ");
    expect_rule(t, "publication-missing [audit 1:");
    db_abort(&t);
}

// Flip the last bit of the only value of the table.
static void damage(struct db_txn *t, enum db_table table)
{
    struct db_walk w;
    struct span all = span_of(NULL, 0);
    struct key k = {.len = 0};
    uint8_t value[400];
    assert_true(db_walk_first(t, table, all, all, &w));
    assert_true(w.value.len <= sizeof value);
    size_t len = w.value.len;
    memcpy(value, w.value.ptr, len);
    memcpy(k.b, w.key.ptr, w.key.len);
    k.len = w.key.len;
    db_walk_end(&w);
    value[len - 1] ^= 1;
    assert_int_equal(db_put(t, table, key_span(&k), span_of(value, len)), ST_OK);
}

static void what_was_said_of_reports_is_proved(void **state)
{
    const struct report_record *r = &world->record;
    const struct approval yes = {.officer = "Smith", .at = 1000};
    struct consent_record c = {.id = r->id, .ours = true, .state = CONSENT_GRANTED, .peer = "FRA", .changed = 1, .expires = 5000,
                               .what = {.report = r->id, .version = 1, .rendition = r->digest, .recipient = "NATO"}};
    (void)state;
    struct db_txn *t = store_dir_write(&world->dir);
    assert_int_equal(approval_put(t, r->id, 1, "FRA", &yes), ST_OK);
    assert_int_equal(consent_put(t, &c), ST_OK);
    verify(t);
    assert_string_equal(rules, "");
    damage(t, DB_CONSENT_REQUESTS);
    expect_rule(t, "consent-damaged [consents");
    damage(t, DB_APPROVALS);
    expect_rule(t, "approval-damaged [approvals");
    db_abort(&t);
}

static void what_is_current_is_proved(void **state)
{
    (void)state;
    struct key id = {.len = 0}, place = {.len = 0};
    key_uuid(&id, world->record.id);
    struct db_txn *t = store_dir_write(&world->dir);
    assert_int_equal(db_del(t, DB_HEADS, key_span(&id)), ST_OK);
    expect_rule(t, "current-missing [reports");
    expect_rule(t, "orphans [timeline");
    db_abort(&t);
    t = store_dir_write(&world->dir);
    key_i64(&place, world->record.stored_at);
    key_uuid(&place, world->record.id);
    assert_int_equal(db_del(t, DB_TIMELINE, key_span(&place)), ST_OK);
    expect_rule(t, "current-differs [urn:uuid:");
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
    verify_world_sign(t, "gbr.example/release/DEU", "in/GBR", &world->ledger, &c, &note_bytes);
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
static const enum db_table proved[] = {DB_AUDIT, DB_LEDGER, DB_TREE_BLOCKS, DB_TREE_ENDS, DB_RECEIVED};

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

// The same where a log has complete blocks, of which one ends several subtrees.
static void every_hash_of_a_block_is_proved(void **state)
{
    (void)state;
    const struct audit_event e = {.kind = AUDIT_READ, .actor = "auditor/ANNE"};
    const struct random_source random = random_system();
    struct place *p = malloc(sizeof *p);
    struct db_txn *t = store_dir_write(&world->dir);
    assert_non_null(p);
    for (int i = 0; i < 5 * TREE_BLOCK; i++)
        assert_int_equal(audit_append(t, &e, world->now, &random), ST_OK);
    verify(t);
    assert_string_equal(rules, "");
    size_t blocks = 0;
    for (; load_place(t, DB_TREE_BLOCKS, blocks, p); blocks++) {
        const struct span key = span_of(p->key, p->key_len);
        for (size_t at = 0; at < p->value_len; at += SHA256_LEN) {
            p->value[at + blocks] ^= 4;
            assert_int_equal(db_put(t, DB_TREE_BLOCKS, key, span_of(p->value, p->value_len)), ST_OK);
            expect_rule(t, "tree-differs");
            p->value[at + blocks] ^= 4;
        }
        assert_int_equal(db_put(t, DB_TREE_BLOCKS, key, span_of(p->value, p->value_len - SHA256_LEN)), ST_OK);
        expect_rule(t, "missing or damaged");
        assert_int_equal(db_put(t, DB_TREE_BLOCKS, key, span_of(p->value, p->value_len)), ST_OK);
        p->key[p->key_len - 1] += 5; // the block that is at work, and those behind the end
        assert_int_equal(db_put(t, DB_TREE_BLOCKS, key, span_of(p->value, p->value_len)), ST_OK);
        expect_rule(t, "tree-nodes");
        assert_int_equal(db_del(t, DB_TREE_BLOCKS, key), ST_OK);
    }
    assert_int_equal(blocks, 5);
    verify(t);
    assert_string_equal(rules, "");
    db_abort(&t);
    free(p);
}

static void every_removal_and_move_is_found(void **state)
{
    (void)state;
    static const enum db_table tables[] = {DB_AUDIT,     DB_LEDGER,          DB_TREE_BLOCKS,
                                           DB_TREE_ENDS, DB_RECEIVED,        DB_HOLDINGS,
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

// Events that were left for later need not be listed, but what is listed must be so; and nothing else may be missing.
static void what_is_left_for_later_is_no_fault(void **state)
{
    (void)state;
    struct db_txn *t = store_dir_write(&world->dir);
    struct key listed = {.len = 0}, wrong = {.len = 0};
    uint64_t size, n;
    bool found = false;
    assert_int_equal(audit_size(t, &size), ST_OK);
    for (n = size - 1; !found;) {
        struct arena *a;
        struct audit_event e;
        assert_int_equal(audit_read(t, --n, &a, &e), ST_OK);
        listed.len = 0;
        found = audit_report_key(&e, &listed) && audit_index_may_wait(&e);
        arena_free(&a);
    }
    assert_int_equal(db_del(t, DB_AUDIT_BY_REPORT, key_span(&listed)), ST_OK);
    expect_rule(t, "event-unlisted [audit ");
    assert_int_equal(audit_index_leave(t, n + 1, size), ST_OK);
    expect_rule(t, "event-unlisted [audit ");
    assert_int_equal(db_del(t, DB_META, span_cstr("audit-behind")), ST_OK);
    assert_int_equal(audit_index_leave(t, n, size), ST_OK);
    verify(t);
    assert_string_equal(rules, "");
    key_uuid(&wrong, (struct uuid){{9}});
    key_u64(&wrong, n);
    assert_int_equal(db_put(t, DB_AUDIT_BY_REPORT, key_span(&wrong), span_of(NULL, 0)), ST_OK);
    expect_rule(t, "index-differs [audit ");
    db_abort(&t);
}

// Whoever says that all may wait hides nothing by it but what may.
static void what_may_not_wait_is_missed(void **state)
{
    (void)state;
    struct db_txn *t = store_dir_write(&world->dir);
    struct key listed = {.len = 0};
    struct arena *a;
    struct audit_event e;
    uint64_t size, n = 0;
    assert_int_equal(audit_size(t, &size), ST_OK);
    for (bool found = false; !found; n++, arena_free(&a)) {
        assert_int_equal(audit_read(t, n, &a, &e), ST_OK);
        listed.len = 0;
        found = e.kind == AUDIT_PUBLISH && audit_report_key(&e, &listed);
    }
    assert_int_equal(db_del(t, DB_AUDIT_BY_REPORT, key_span(&listed)), ST_OK);
    assert_int_equal(audit_index_leave(t, 0, size), ST_OK);
    expect_rule(t, "event-unlisted [audit ");
    db_abort(&t);
    t = store_dir_write(&world->dir);
    assert_int_equal(db_put(t, DB_META, span_cstr("audit-behind"), span_cstr("nonsense")), ST_OK);
    expect_rule(t, "behind-damaged [audit-behind");
    db_abort(&t);
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
    struct digest h[4];
    for (uint64_t n = 0; n < 4; n++) {
        struct span v;
        k.len = 0;
        key_id(&k, "FRA");
        key_u64(&k, n);
        assert_int_equal(db_get(t, DB_LEDGER, key_span(&k), &v), ST_OK);
        h[n] = merkle_leaf(v);
    }
    struct key end = {.len = 0}, row = {.len = 0};
    key_text(&end, "out/FRA");
    key_u64(&row, 4);
    for (uint64_t n = 0; n < 4; n++)
        key_digest(&row, &h[n]);
    assert_int_equal(db_put(t, DB_TREE_ENDS, key_span(&end), key_span(&row)), ST_OK);
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
        cmocka_unit_test(heads_are_compared),
        cmocka_unit_test(lies_are_found),
        cmocka_unit_test(holdings_must_agree),
        cmocka_unit_test(published_reports_are_here_as_they_were),
        cmocka_unit_test(recalls_are_recorded_and_logged),
        cmocka_unit_test(what_was_said_of_reports_is_proved),
        cmocka_unit_test(what_is_current_is_proved),
        cmocka_unit_test(a_forked_source_is_found),
        cmocka_unit_test(every_flipped_bit_is_found),
        cmocka_unit_test(every_hash_of_a_block_is_proved),
        cmocka_unit_test(every_removal_and_move_is_found),
        cmocka_unit_test(an_index_tells_nothing_of_its_own),
        cmocka_unit_test(what_is_left_for_later_is_no_fault),
        cmocka_unit_test(what_may_not_wait_is_missed),
        cmocka_unit_test(other_tables_are_checked_too),
        cmocka_unit_test(a_rewritten_ledger_is_exposed_by_its_receipt),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
