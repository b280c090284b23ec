// store/export: what is exported proves itself; whatever is changed in it is found, also by one who can sign the list.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/audit_log.h"
#include "store/export.h"
#include "store/heads.h"
#include "store/ledger.h"
#include "store/witness.h"
#include "tests/support/export_files.h"
#include "tests/support/store_dir.h"

// ---- a store in which something happened: an event a second, entries, receipts

struct world {
    struct store_dir dir;
    struct note_key audit, ledger, fra;
    struct note_vkey vkey;
    struct verify_peer peer;
    utc_ms now;
    struct export_files files;
    struct export_summary summary;
    char rules[4096]; // of the findings
};
static struct world *w;

static struct note_key key_of(uint8_t fill)
{
    uint8_t seed[ED25519_LEN];
    struct note_key k;
    memset(seed, fill, sizeof seed);
    assert_int_equal(note_key_from_seed(seed, &k), ST_OK);
    return k;
}

static void log_event(struct db_txn *t, const struct audit_event *e)
{
    w->now += 1000;
    assert_int_equal(audit_append(t, e, w->now, &w->dir.random), ST_OK);
}

static void give(struct db_txn *t, const char *partner, enum entry_kind kind, uint8_t report)
{
    struct ledger_entry entry = {.kind = kind, .report = {{report}}, .version = 1, .onward = ONWARD_CONSENT};
    struct audit_event e = {.actor = "node", .partner = partner, .has_report = true, .report = {{report}}, .version = 1};
    char place[24], digest[DIGEST_TEXT_LEN + 1];
    uint64_t n;
    e.kind = kind == ENTRY_RELEASE ? AUDIT_RELEASE : AUDIT_WITHDRAW;
    entry.digest = sha256(span_of(&report, 1));
    assert_int_equal(ledger_append(t, partner, &entry, w->now, &w->dir.random, &n), ST_OK);
    snprintf(place, sizeof place, "%d", (int)n);
    audit_event_attr(&e, "position", place);
    if (kind == ENTRY_RELEASE)
        audit_event_attr(&e, "digest", digest_text(&entry.digest, digest));
    log_event(t, &e);
}

static void deliver(struct db_txn *t, const char *partner, const char *first, const char *last)
{
    struct audit_event e = {.kind = AUDIT_DELIVER, .actor = "partner:FRA", .partner = partner};
    audit_event_attr(&e, "first", first);
    audit_event_attr(&e, "last", last);
    audit_event_attr(&e, "bytes", "17");
    log_event(t, &e);
}

static void take_receipt(struct db_txn *t)
{
    struct checkpoint c = {.origin = "us.example/release/FRA"};
    struct audit_event e = {.kind = AUDIT_RECEIPT, .actor = "partner:FRA", .partner = "FRA"};
    char size[24], root[DIGEST_TEXT_LEN + 1];
    struct buf note, line;
    buf_init(&note, NOTE_BYTES_MAX);
    buf_init(&line, 1000);
    assert_int_equal(ledger_size(t, "FRA", &c.size), ST_OK);
    assert_int_equal(ledger_root(t, "FRA", c.size, &c.root), ST_OK);
    assert_int_equal(checkpoint_sign(&c, &w->ledger, &note), ST_OK);
    assert_int_equal(cosignature_make(buf_bytes(&note), "fra.example", &w->fra, w->now, &line), ST_OK);
    buf_span(&note, buf_bytes(&line));
    struct receipt r = {.size = c.size, .root = c.root, .at = w->now, .note = buf_bytes(&note)};
    assert_int_equal(receipt_put(t, "FRA", &r), ST_OK);
    snprintf(size, sizeof size, "%d", (int)c.size);
    audit_event_attr(&e, "size", size);
    audit_event_attr(&e, "root", digest_text(&c.root, root));
    log_event(t, &e);
    buf_fini(&note);
    buf_fini(&line);
}

static void sign_audit(struct db_txn *t, struct checkpoint *c, struct buf *note)
{
    *c = (struct checkpoint){.origin = "us.example/audit"};
    assert_int_equal(audit_size(t, &c->size), ST_OK);
    assert_int_equal(tree_root(t, AUDIT_LOG, c->size, &c->root), ST_OK);
    buf_init(note, NOTE_BYTES_MAX);
    assert_int_equal(checkpoint_sign(c, &w->audit, note), ST_OK);
}

static void commit_head(struct db_txn *t)
{
    struct head_opening opening = {.random = {7}};
    struct checkpoint c;
    struct buf note;
    uint64_t n;
    sign_audit(t, &c, &note);
    opening.checkpoint = buf_bytes(&note);
    struct ledger_entry head = {.kind = ENTRY_HEAD, .digest = head_digest(opening.random, opening.checkpoint)};
    assert_int_equal(ledger_append(t, "FRA", &head, w->now, &w->dir.random, &n), ST_OK);
    assert_int_equal(head_put(t, "FRA", n, &opening), ST_OK);
    buf_fini(&note);
}

static void be_witnessed(struct db_txn *t)
{
    struct checkpoint c;
    struct buf note, line;
    sign_audit(t, &c, &note);
    buf_init(&line, 1000);
    assert_int_equal(cosignature_make(buf_bytes(&note), "fra.example", &w->fra, w->now, &line), ST_OK);
    buf_span(&note, buf_bytes(&line));
    assert_int_equal(cosigned_put(t, c.size, buf_bytes(&note)), ST_OK);
    buf_fini(&note);
    buf_fini(&line);
}

static void live(struct db_txn *t)
{
    log_event(t, &(struct audit_event){.kind = AUDIT_START, .actor = "node"});
    for (uint8_t i = 1; i <= 10; i++) { // events 1 to 20
        give(t, "FRA", ENTRY_RELEASE, i);
        give(t, "DEU", ENTRY_RELEASE, i);
    }
    deliver(t, "FRA", "0", "9"); // 21
    take_receipt(t);             // 22
    commit_head(t);
    give(t, "FRA", ENTRY_WITHDRAW, 3);                             // 23: entry 11
    for (int i = 0; i < 12; i++)                                   // 24 to 35
        log_event(t, &(struct audit_event){.kind = AUDIT_READ, .actor = "operator:a"});
    be_witnessed(t);
    give(t, "FRA", ENTRY_RELEASE, 11); // 36: entry 12
    take_receipt(t);                   // 37
    give(t, "FRA", ENTRY_RELEASE, 12); // 38: entry 13
    deliver(t, "FRA", "9", "13");      // 39
}

static void export_period(utc_ms from, utc_ms until)
{
    struct export_options o = {.nation = "US", .node_name = "us.example", .audit_key = &w->audit, .ledger_key = &w->ledger,
                               .has_from = from != 0, .from = from, .has_until = until != 0, .until = until,
                               .peers = &w->peer, .peer_count = 1};
    struct db_txn *t = store_dir_read(&w->dir);
    struct export_sink sink = export_files_sink(&w->files);
    export_files_fini(&w->files);
    assert_int_equal(export_write(t, &o, &sink, &w->summary), ST_OK);
    db_abort(&t);
}

static int setup(void **state)
{
    (void)state;
    w = calloc(1, sizeof *w);
    w->audit = key_of(1);
    w->ledger = key_of(2);
    w->fra = key_of(3);
    assert_int_equal(note_vkey_make("us.example/audit", NOTE_ED25519, w->audit.pub, &w->vkey), ST_OK);
    w->peer = (struct verify_peer){.partner = "FRA", .name = "fra.example"};
    memcpy(w->peer.cosign_key, w->fra.pub, ED25519_LEN);
    store_dir_make(&w->dir);
    store_dir_open(&w->dir, false);
    struct db_txn *t = store_dir_write(&w->dir);
    live(t);
    store_dir_commit(t);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    export_files_fini(&w->files);
    db_close(&w->dir.db);
    store_dir_remove(&w->dir);
    free(w);
    return 0;
}

static void on_finding(void *ctx, const struct verify_finding *f)
{
    (void)ctx;
    size_t used = strlen(w->rules);
    snprintf(w->rules + used, sizeof w->rules - used, "%s@%s; ", f->rule, f->where);
}

static uint64_t check(void)
{
    struct export_source source = export_files_source(&w->files);
    w->rules[0] = 0;
    assert_int_equal(export_check(&source, &w->vkey, on_finding, NULL, &w->summary), ST_OK);
    return w->summary.findings;
}

static void good(void)
{
    if (check() != 0)
        fail_msg("a good export is called wrong: %s", w->rules);
}

static void bad(const char *finding)
{
    if (check() == 0 || !strstr(w->rules, finding))
        fail_msg("expected %s, found: %s", finding, w->rules);
}

// ---- what is whole is good, for any period

static void an_export_proves_itself(void **state)
{
    (void)state;
    export_period(0, 0);
    assert_int_equal(w->summary.events, 40);
    good();
    assert_int_equal(w->summary.events, 40);
    assert_int_equal(w->summary.entries, 14 + 10);
    assert_int_equal(w->summary.ledgers, 2);
    assert_int_equal(w->summary.receipts, 1);
    assert_int_equal(w->summary.heads, 1);
    assert_int_equal(w->summary.cosignatures, 1);
}

// Event n is at (n + 1) seconds. The neighbours of the period are there, and nothing else.
static void any_period_proves_itself(void **state)
{
    (void)state;
    for (utc_ms from = 0; from <= 42; from += 1)
        for (utc_ms until = from + 1; until <= 43; until += from % 5 + 4) {
            export_period(from * 1000, until * 1000);
            good();
            utc_ms first = from >= 41 ? 39 : from < 3 ? 0 : from - 2, last = until > 40 ? 39 : until - 1;
            assert_int_equal(w->summary.events, last - first + 1);
        }
    export_period(24500, 30000); // reads alone: no ledger is spoken of
    good();
    assert_int_equal(w->summary.ledgers, 1); // the event before tells of a withdrawal
    export_period(30000, 37500); // the receipt at 38 s covers the release, and proves it from behind the period
    good();
    assert_int_equal(w->summary.receipts, 1);
}

static void another_node_is_not_believed(void **state)
{
    (void)state;
    struct note_key other = key_of(9);
    export_period(0, 0);
    assert_int_equal(note_vkey_make("us.example/audit", NOTE_ED25519, other.pub, &w->vkey), ST_OK);
    bad("export-signature@export");
    assert_int_equal(note_vkey_make("us.example/release/FRA", NOTE_ED25519, w->audit.pub, &w->vkey), ST_OK);
    bad("export-signature@export");
    assert_int_equal(note_vkey_make("us.example/audit", NOTE_ED25519, w->audit.pub, &w->vkey), ST_OK);
    good();
}

// ---- without the key, any change at all

static void every_changed_byte_is_found(void **state)
{
    (void)state;
    export_period(10000, 37500);
    for (size_t i = 0; i < w->files.count; i++) {
        struct buf *b = &w->files.files[i].bytes;
        for (size_t at = 0; at < b->len; at += b->len > 2000 ? 97 : 1) {
            b->ptr[at] ^= 1;
            bad(w->files.files[i].path);
            b->ptr[at] ^= 1;
        }
        for (size_t len = 0; len < b->len; len += b->len / 7 + 1) {
            size_t whole = b->len;
            b->len = len;
            bad(w->files.files[i].path);
            b->len = whole;
        }
    }
    good();
}

static void missing_and_foreign_files_are_found(void **state)
{
    (void)state;
    export_period(0, 0);
    struct export_sink sink = export_files_sink(&w->files);
    assert_int_equal(sink.begin(sink.ctx, "audit/notes"), ST_OK);
    bad("file-unlisted@audit/notes");
    export_files_remove(&w->files, "audit/notes");
    export_files_remove(&w->files, "release/FRA/receipt");
    bad("file-missing@release/FRA/receipt");
    export_files_remove(&w->files, "audit/events");
    bad("bundle@audit");
    export_files_remove(&w->files, "export");
    bad("file-missing@export");
}

// ---- with the key of the list: what the logs themselves say against it

static void resign(const char *from, const char *to)
{
    export_files_sign(&w->files, "us.example/audit", &w->audit, from, to);
}

// Where leaf n of a bundle begins.
static size_t leaf_at(const struct buf *b, size_t n)
{
    size_t at = 0;
    while (n--)
        at += 2 + ((size_t)b->ptr[at] << 8 | b->ptr[at + 1]);
    return at;
}

static void edited_events_are_found(void **state)
{
    (void)state;
    export_period(0, 0);
    struct buf *events = export_files_of(&w->files, "audit/events");
    events->ptr[events->len - 1]--;
    resign(NULL, NULL);
    bad("event-damaged@audit 39");
    export_period(0, 0);
    events = export_files_of(&w->files, "audit/events");
    uint8_t *actor = memmem(events->ptr, events->len, "operator:a", 10);
    actor[9] = 'b';
    resign(NULL, NULL);
    bad("checkpoint@audit checkpoint");
    export_period(0, 0);
    events = export_files_of(&w->files, "audit/events");
    uint8_t *position = memmem(events->ptr + leaf_at(events, 5), 800, "position=\"2", 11);
    position[10] = '3';
    resign(NULL, NULL);
    bad("event-differs@audit 5");
    bad("event-twice@audit 7");
    bad("entry-unlogged@release/FRA 2");
}

static void dropped_and_reordered_leaves_are_found(void **state)
{
    (void)state;
    export_period(0, 0);
    struct buf *events = export_files_of(&w->files, "audit/events");
    size_t a = leaf_at(events, 10), b = leaf_at(events, 11);
    memmove(events->ptr + a, events->ptr + b, events->len - b);
    events->len -= b - a;
    resign(NULL, NULL);
    bad("bundle@audit 39");
    resign("log audit 0 40", "log audit 0 39");
    bad("event-place@audit 10");
    bad("checkpoint@audit");
    bad("period@audit 38");

    export_period(0, 0);
    struct buf *entries = export_files_of(&w->files, "release/FRA/entries");
    uint8_t copy[1000];
    a = leaf_at(entries, 4), b = leaf_at(entries, 5);
    size_t c = leaf_at(entries, 6);
    assert_int_equal(b - a, c - b);
    memcpy(copy, entries->ptr + a, b - a);
    memcpy(entries->ptr + a, entries->ptr + b, b - a);
    memcpy(entries->ptr + b, copy, b - a);
    resign(NULL, NULL);
    bad("entry-place@release/FRA 4");
    bad("checkpoint@release/FRA checkpoint");
    bad("checkpoint@release/FRA receipt");
    bad("event-receipt@audit 22");
}

// What a head commits to: of another log, or put in place of another's.
static void changed_heads_are_found(void **state)
{
    (void)state;
    export_period(0, 0);
    struct buf *heads = export_files_of(&w->files, "release/FRA/heads");
    uint8_t *random = memmem(heads->ptr, heads->len, "random ", 7);
    random[9] = random[9] == 'A' ? 'B' : 'A';
    resign(NULL, NULL);
    bad("head-differs@release/FRA 10");
    export_period(0, 0);
    export_files_of(&w->files, "release/FRA/heads")->len = 0;
    resign(NULL, NULL);
    bad("head-unopened@release/FRA 10");
    export_period(0, 0);
    export_files_remove(&w->files, "release/FRA/heads");
    resign(NULL, NULL);
    bad("head-unopened@release/FRA 10");
    export_period(0, 0);
    struct buf *events = export_files_of(&w->files, "audit/events");
    uint8_t *actor = memmem(events->ptr, events->len, "partner:FRA", 11);
    actor[8] = 'G';
    resign(NULL, NULL);
    bad("checkpoint@release/FRA 10");
    bad("checkpoint@audit witnessed");
    export_period(30000, 0); // the head lies before these events, and is joined to them
    good();
    assert_int_equal(w->summary.heads, 1);
    export_period(37500, 38500); // FRA's ledger from entry 12 on: no head
    good();
    assert_int_equal(w->summary.heads, 0);
}

// The script in another language finds the same, heads and all.
static void the_script_agrees(void **state)
{
    (void)state;
    static const char script[] = SOURCE_DIR "/tools/examples/verify_export.py";
    static const utc_ms periods[][2] = {{0, 0}, {30000, 0}, {10000, 20000}, {37500, 38500}, {39500, 0}, {30000, 37500}};
    for (size_t i = 0; i < sizeof periods / sizeof *periods; i++) {
        export_period(periods[i][0], periods[i][1]);
        int code = export_files_script(&w->files, script, &w->vkey);
        if (code == -1)
            skip();
        if (code != 0)
            fail_msg("the script calls the export from %d wrong: %d", (int)periods[i][0], code);
    }
    static const char *const files[] = {"audit/events", "release/FRA/heads", "release/FRA/entries", "audit/peaks", "release/FRA/receipt", "audit/witnessed"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        export_period(30000, 0);
        struct buf *b = export_files_of(&w->files, files[i]);
        b->ptr[b->len / 2] ^= 2;
        resign(NULL, NULL);
        if (export_files_script(&w->files, script, &w->vkey) != 1)
            fail_msg("the script misses a change in %s", files[i]);
        assert_true(check() > 0);
    }
    export_period(10000, 20000);
    resign("from 1970-01-01T00:00:10.000Z", "from 1970-01-01T00:00:08.000Z");
    assert_int_equal(export_files_script(&w->files, script, &w->vkey), 1);
}

// The beginning or the end of a period left out, with everything else made to fit.
static void a_shortened_period_is_found(void **state)
{
    (void)state;
    export_period(10000, 20000);
    resign("from 1970-01-01T00:00:10.000Z", "from 1970-01-01T00:00:08.000Z");
    bad("period@audit 8");
    export_period(10000, 20000);
    resign("until 1970-01-01T00:00:20.000Z", "until 1970-01-01T00:00:21.000Z");
    bad("period@audit 19");
    export_period(10000, 20000);
    resign("from 1970-01-01T00:00:10.000Z", "from -");
    bad("period@audit 8");
    export_period(10000, 20000);
    resign("log audit 8 20", "log audit 7 20");
    bad("bundle@audit");
}

static void lists_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        {"relto-export@v1", "relto-export@v2"}, {"node us.example", "node other.example"}, {"log audit 0 40", "log audit 40 0"},
        {"log audit 0 40\n", ""},               {"log release/FRA", "log release/../FRA"}, {"log release/FRA", "log audit"},
        {"ledger-key ", "ledger-key A"},        {"cosigner FRA ", "cosigner /FRA "},       {"size 40", "size x"},
        {"log audit", "log release/GBR 0 0\nlog audit"}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        export_period(0, 0);
        resign(changes[i][0], changes[i][1]);
        bad("export-form@export");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_export_proves_itself),
        cmocka_unit_test(any_period_proves_itself),
        cmocka_unit_test(another_node_is_not_believed),
        cmocka_unit_test(every_changed_byte_is_found),
        cmocka_unit_test(missing_and_foreign_files_are_found),
        cmocka_unit_test(edited_events_are_found),
        cmocka_unit_test(dropped_and_reordered_leaves_are_found),
        cmocka_unit_test(changed_heads_are_found),
        cmocka_unit_test(the_script_agrees),
        cmocka_unit_test(a_shortened_period_is_found),
        cmocka_unit_test(lists_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
