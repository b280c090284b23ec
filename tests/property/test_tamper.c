// Whatever is changed in a store, `audit verify` finds it, and says where and what. 300 changes; RELTO_CHECK_LONG=1: 10,000.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "formats/base/limits.h"
#include "store/audit_index.h"
#include "store/key.h"
#include "store/reports.h"
#include "store/sources.h"
#include "tests/support/verify_world.h"

enum { LIVES = 4, SHORT = 300, LONG = 10000, VALUE_MAX = 64 * 1024 };

static struct verify_world *world;
static struct verify_held held[3]; // what FRA, NATO and an auditor hold
static struct random_seeded seeded;
static struct random_source dice;

static uint64_t below(uint64_t n)
{
    uint64_t v;
    random_fill(&dice, (uint8_t *)&v, sizeof v);
    return v % n;
}

// ---- verifying

static char findings[2000];

static void on_finding(void *ctx, const struct verify_finding *f)
{
    (void)ctx;
    assert_true(*f->rule && *f->where && *f->text);
    size_t len = strlen(findings);
    snprintf(findings + len, sizeof findings - len, "%s [%s]\n", f->rule, f->where);
}

static uint64_t verify(struct db_txn *t, bool with_held)
{
    struct verify_summary s;
    struct verify_options o = world->options;
    o.held = with_held ? held : NULL;
    o.held_count = with_held ? sizeof held / sizeof *held : 0;
    findings[0] = 0;
    assert_int_equal(verify_store(t, &o, on_finding, NULL, &s), ST_OK);
    return s.findings;
}

// ---- places

struct place {
    enum db_table table;
    uint8_t key[KEY_MAX], value[VALUE_MAX];
    size_t key_len, value_len;
};

static uint64_t count(struct db_txn *t, enum db_table table)
{
    struct db_walk w;
    struct span all = span_of(NULL, 0);
    uint64_t n = 0;
    for (bool ok = db_walk_first(t, table, all, all, &w); ok; ok = db_walk_next(&w))
        n++;
    db_walk_end(&w);
    return n;
}

static void load(struct db_txn *t, enum db_table table, uint64_t index, struct place *p)
{
    struct db_walk w;
    struct span all = span_of(NULL, 0);
    bool ok = db_walk_first(t, table, all, all, &w);
    while (ok && index-- > 0)
        ok = db_walk_next(&w);
    assert_true(ok && w.key.len <= sizeof p->key && w.value.len <= sizeof p->value);
    p->table = table;
    p->key_len = w.key.len;
    p->value_len = w.value.len;
    memcpy(p->key, w.key.ptr, w.key.len);
    if (w.value.len)
        memcpy(p->value, w.value.ptr, w.value.len);
    db_walk_end(&w);
}

static void load_any(struct db_txn *t, enum db_table table, struct place *p)
{
    load(t, table, below(count(t, table)), p);
}

static void put(struct db_txn *t, const struct place *p)
{
    assert_int_equal(db_put(t, p->table, span_of(p->key, p->key_len), span_of(p->value, p->value_len)), ST_OK);
}

static void drop(struct db_txn *t, const struct place *p)
{
    assert_int_equal(db_del(t, p->table, span_of(p->key, p->key_len)), ST_OK);
}

// ---- what an insider does: change, then make every tree and index fit again

static void rebuild_tree(struct db_txn *t, const char *log, enum db_table table, struct key prefix)
{
    struct key of_log = {.len = 0}, none = {.len = 0};
    struct db_walk w;
    key_text(&of_log, log);
    while (db_walk_first(t, DB_TREE_BLOCKS, key_span(&of_log), span_of(NULL, 0), &w)) {
        struct key k = none;
        k.len = w.key.len;
        memcpy(k.b, w.key.ptr, w.key.len);
        db_walk_end(&w);
        assert_int_equal(db_del(t, DB_TREE_BLOCKS, key_span(&k)), ST_OK);
    }
    assert_int_equal(db_del(t, DB_TREE_ENDS, key_span(&of_log)), ST_OK);
    for (uint64_t n = 0;; n++) {
        struct key k = prefix;
        struct span leaf;
        key_u64(&k, n);
        if (db_get(t, table, key_span(&k), &leaf) != ST_OK)
            break;
        struct digest h = merkle_leaf(leaf);
        assert_int_equal(tree_append(t, log, &h), ST_OK);
    }
}

static void rebuild_audit(struct db_txn *t)
{
    rebuild_tree(t, AUDIT_LOG, DB_AUDIT, (struct key){.len = 0});
}

static void rebuild_ledger(struct db_txn *t, const char *partner)
{
    char log[PARTNER_ID_MAX + 8];
    struct key prefix = {.len = 0};
    key_id(&prefix, partner);
    ledger_log_name(partner, log);
    rebuild_tree(t, log, DB_LEDGER, prefix);
}

// ---- the changes; each names itself

static const char *flip(struct db_txn *t, struct place *p)
{
    static const enum db_table tables[] = {DB_AUDIT, DB_LEDGER, DB_TREE_BLOCKS, DB_TREE_ENDS, DB_RECEIVED, DB_RECEIPTS, DB_REPORTS,
                                           DB_HEADS, DB_HEAD_OPENINGS, DB_COSIGNED};
    load_any(t, tables[below(sizeof tables / sizeof *tables)], p);
    p->value[below(p->value_len)] ^= (uint8_t)(1u << below(8));
    put(t, p);
    return "flip a bit";
}

static const char *flip_checkpoint(struct db_txn *t, struct place *p)
{
    load_any(t, DB_SOURCES, p);
    uint8_t *note = memmem(p->value, p->value_len, "gbr.example", 11);
    assert_non_null(note);
    note[below(60)] ^= (uint8_t)(1u << below(7)); // origin, size and root
    put(t, p);
    return "flip a bit of a partner's checkpoint";
}

static const char *drop_one(struct db_txn *t, struct place *p)
{
    static const enum db_table tables[] = {DB_AUDIT, DB_LEDGER, DB_TREE_BLOCKS, DB_TREE_ENDS, DB_RECEIVED, DB_RECEIPTS, DB_HOLDINGS,
                                           DB_REPORTS, DB_HEADS, DB_TIMELINE, DB_HELD_BY, DB_AUDIT_BY_REPORT, DB_AUDIT_BY_PARTNER, DB_HEAD_OPENINGS};
    load_any(t, tables[below(sizeof tables / sizeof *tables)], p);
    drop(t, p);
    return "drop an entry";
}

static const char *cut(struct db_txn *t, struct place *p)
{
    static const enum db_table tables[] = {DB_AUDIT, DB_LEDGER, DB_TREE_BLOCKS, DB_TREE_ENDS, DB_RECEIVED, DB_RECEIPTS, DB_REPORTS,
                                           DB_HEAD_OPENINGS, DB_COSIGNED};
    load_any(t, tables[below(sizeof tables / sizeof *tables)], p);
    // Of a received entry the leaf hash alone would be left: a partner may have shown no more.
    do
        p->value_len = below(p->value_len);
    while (p->table == DB_RECEIVED && p->value_len == SHA256_LEN);
    put(t, p);
    return "cut a value";
}

static const char *reorder(struct db_txn *t, struct place *p)
{
    static const enum db_table tables[] = {DB_AUDIT, DB_LEDGER, DB_RECEIVED};
    struct place *q = malloc(sizeof *q);
    assert_non_null(q);
    enum db_table table = tables[below(3)];
    do {
        load_any(t, table, p);
        load_any(t, table, q);
    } while (p->key_len == q->key_len && memcmp(p->key, q->key, p->key_len) == 0);
    struct span first = span_of(p->value, p->value_len), second = span_of(q->value, q->value_len);
    assert_int_equal(db_put(t, table, span_of(p->key, p->key_len), second), ST_OK);
    assert_int_equal(db_put(t, table, span_of(q->key, q->key_len), first), ST_OK);
    if (table == DB_AUDIT && below(2))
        rebuild_audit(t);
    free(q);
    return "put two entries in each other's place";
}

static const char *splice(struct db_txn *t, struct place *p)
{
    struct place *q = malloc(sizeof *q);
    assert_non_null(q);
    enum db_table table = below(2) ? DB_AUDIT : DB_LEDGER;
    do {
        load_any(t, table, p);
        load_any(t, table, q);
    } while (span_eq(span_of(p->value, p->value_len), span_of(q->value, q->value_len)));
    memcpy(p->value, q->value, q->value_len);
    p->value_len = q->value_len;
    put(t, p);
    free(q);
    return "copy an entry over another";
}

// The end of the log goes without a trace: events, indexes, tree.
static const char *truncate_log(struct db_txn *t, struct place *p)
{
    uint64_t size;
    assert_int_equal(audit_size(t, &size), ST_OK);
    for (uint64_t gone = 1 + below(5); gone-- > 0; size--) {
        struct audit_event e;
        struct arena *a = NULL;
        struct key k;
        assert_int_equal(audit_read(t, size - 1, &a, &e), ST_OK);
        k.len = 0;
        if (audit_report_key(&e, &k))
            assert_int_equal(db_del(t, DB_AUDIT_BY_REPORT, key_span(&k)), ST_OK);
        k.len = 0;
        if (audit_partner_key(&e, &k))
            assert_int_equal(db_del(t, DB_AUDIT_BY_PARTNER, key_span(&k)), ST_OK);
        arena_free(&a);
        load(t, DB_AUDIT, size - 1, p);
        drop(t, p);
    }
    rebuild_audit(t);
    return "cut the end of the log, with its tree and indexes";
}

static const char *rewrite_event(struct db_txn *t, struct place *p)
{
    struct audit_event e;
    struct arena *a = NULL;
    struct buf b;
    load_any(t, DB_AUDIT, p);
    struct key_reader r = key_reader_of(span_of(p->key, p->key_len));
    assert_int_equal(audit_read(t, key_get_u64(&r), &a, &e), ST_OK);
    switch (below(4)) {
    case 0:
        e.actor = "cell:SOMEBODY-ELSE";
        break;
    case 1:
        e.salt[below(SALT_LEN)] ^= 1;
        break;
    case 2:
        e.at--;
        break;
    default:
        if (e.attr_count)
            e.attrs[0].value = "1";
        else
            e.actor = "nobody";
        break;
    }
    buf_init(&b, AUDIT_EVENT_BYTES_MAX);
    audit_event_write(&e, &b);
    bool same = span_eq(buf_bytes(&b), span_of(p->value, p->value_len));
    if (same)
        p->value[p->value_len - 10] ^= 1;
    else
        assert_int_equal(db_put(t, DB_AUDIT, span_of(p->key, p->key_len), buf_bytes(&b)), ST_OK);
    if (same)
        put(t, p);
    buf_fini(&b);
    arena_free(&a);
    rebuild_audit(t);
    return "rewrite an event and build the tree anew";
}

// A receipt is what a partner said; with our own key alone another can only be made without its word.
static void forge_receipts(struct db_txn *t)
{
    struct checkpoint c;
    struct buf note;
    verify_world_sign(t, "us.example/release/FRA", "out/FRA", &world->ledger, &c, &note);
    struct receipt r = {.size = c.size, .root = c.root, .at = 5000, .note = buf_bytes(&note)};
    assert_int_equal(receipt_put(t, "FRA", &r), ST_OK);
    buf_fini(&note);
}

static const char *rewrite_entry(struct db_txn *t, struct place *p)
{
    struct ledger_entry e;
    struct buf b;
    load_any(t, DB_LEDGER, p);
    assert_int_equal(ledger_entry_parse(span_of(p->value, p->value_len), &e), ST_OK);
    struct key_reader r = key_reader_of(span_of(p->key, p->key_len));
    char partner[PARTNER_ID_MAX + 1];
    key_get_id(&r, partner);
    switch (below(3)) {
    case 0:
        e.at++;
        break;
    case 1:
        e.salt[below(SALT_LEN)] ^= 1;
        break;
    default:
        if (e.kind == ENTRY_HEAD)
            e.at++;
        else
            e.version++;
        break;
    }
    buf_init(&b, 4096);
    ledger_entry_write(&e, &b);
    assert_int_equal(db_put(t, DB_LEDGER, span_of(p->key, p->key_len), buf_bytes(&b)), ST_OK);
    buf_fini(&b);
    rebuild_ledger(t, partner);
    if (below(2) && strcmp(partner, "FRA") == 0)
        forge_receipts(t);
    return "rewrite a ledger entry and build its tree anew";
}

static const char *rewrite_report(struct db_txn *t, struct place *p)
{
    struct report_record r;
    struct key_reader k;
    load_any(t, DB_REPORTS, p);
    k = key_reader_of(span_of(p->key, p->key_len));
    struct uuid id = key_get_uuid(&k);
    assert_int_equal(reports_get(t, id, 1, "", &r), ST_OK);
    memcpy(p->value, r.bytes.ptr, r.bytes.len);
    uint8_t *word = memmem(p->value, r.bytes.len, "Lagos", 5);
    assert_non_null(word);
    word[below(5)] = (uint8_t)('a' + below(26));
    if (memcmp(word, "Lagos", 5) == 0)
        word[0] = 'x';
    r.bytes = span_of(p->value, r.bytes.len);
    r.digest = sha256(r.bytes);
    assert_int_equal(reports_replace(t, &r), ST_OK);
    if (below(2)) { // and what the partner is said to hold
        struct holding h;
        assert_int_equal(holding_get(t, "FRA", id, &h), ST_OK);
        h.digest = r.digest;
        assert_int_equal(holding_put(t, "FRA", id, &h), ST_OK);
    }
    return "rewrite a stored report and its digest";
}

static const char *(*const changes[])(struct db_txn *t, struct place *p) = {
    flip, flip_checkpoint, drop_one, cut, reorder, splice, truncate_log, rewrite_event, rewrite_entry, rewrite_report,
};
enum { CHANGES = sizeof changes / sizeof *changes };

static void every_change_is_found(void **state)
{
    (void)state;
    const char *asked = getenv("RELTO_CHECK_LONG");
    int rounds = asked && strcmp(asked, "1") == 0 ? LONG : SHORT;
    struct place *p = malloc(sizeof *p);
    const char *names[CHANGES] = {0};
    int done[CHANGES] = {0}, by_others[CHANGES] = {0};
    assert_non_null(p);
    for (int i = 0; i < rounds; i++) {
        struct db_txn *t = store_dir_write(&world->dir);
        size_t kind = below(CHANGES);
        names[kind] = changes[kind](t, p);
        if (verify(t, true) == 0)
            fail_msg("change %d was not found: %s (table %d)", i, names[kind], (int)p->table);
        // How many only those find who hold a checkpoint?
        by_others[kind] += verify(t, false) == 0;
        done[kind]++;
        db_abort(&t);
    }
    for (size_t k = 0; k < CHANGES; k++)
        print_message("%6d %s: all found, %d of them only by checkpoints held elsewhere\n", done[k], names[k] ? names[k] : "-",
                      by_others[k]);
    free(p);
}

// All of it anew with our own keys: another history, whole in itself.
static void a_store_made_anew_is_found_by_others(void **state)
{
    (void)state;
    struct verify_world *own = world;
    world = verify_world_make(LIVES, 99); // the same life with other salts
    struct db_txn *t = store_dir_read(&world->dir);
    assert_int_equal(verify(t, false), 0);
    assert_true(verify(t, true) > 0);
    assert_non_null(strstr(findings, "held-root [of FRA]"));
    assert_non_null(strstr(findings, "held-root [of an auditor]"));
    db_abort(&t);
    verify_world_free(&world);
    world = own;
}

static struct buf notes[3];

static int setup(void **state)
{
    struct checkpoint c;
    (void)state;
    dice = random_from_seed(&seeded, 20261122);
    world = verify_world_make(LIVES, 1);
    struct db_txn *t = store_dir_read(&world->dir);
    verify_world_sign(t, "us.example/release/FRA", "out/FRA", &world->ledger, &c, &notes[0]);
    verify_world_sign(t, "us.example/audit", AUDIT_LOG, &world->audit, &c, &notes[1]);
    verify_world_sign(t, "us.example/release/NATO", "out/NATO", &world->ledger, &c, &notes[2]);
    db_abort(&t);
    held[2] = (struct verify_held){"of NATO", buf_bytes(&notes[2])};
    held[0] = (struct verify_held){"of FRA", buf_bytes(&notes[0])};
    held[1] = (struct verify_held){"of an auditor", buf_bytes(&notes[1])};
    t = store_dir_read(&world->dir);
    assert_int_equal(verify(t, true), 0);
    db_abort(&t);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    verify_world_free(&world);
    buf_fini(&notes[0]);
    buf_fini(&notes[1]);
    buf_fini(&notes[2]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_is_found),
        cmocka_unit_test(a_store_made_anew_is_found_by_others),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
