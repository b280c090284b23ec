// node/core/restore: a store of yesterday, and what partners give back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/core/daily_head.h"
#include "node/core/restore.h"
#include "store/restoring.h"
#include "store/sources.h"
#include "store/verify.h"
#include "tests/support/flow_support.h"

enum { GBR, FRA, DEU };

#define PARTNERS SIM_PARTNER("FRA") SIM_PARTNER("DEU")
static struct sim *sim;
static size_t restored; // the node whose store is one of yesterday

static int setup(void **state)
{
    const char *const policies[] = {SIM_POLICY("GBR", PARTNERS, "FRA DEU", SIM_TERMS("permitted", "retain")),
                                    SIM_POLICY("FRA", SIM_PARTNER("GBR"), "GBR", SIM_TERMS("forbidden", "retain")),
                                    SIM_POLICY("DEU", SIM_PARTNER("GBR"), "GBR", SIM_TERMS("forbidden", "retain"))};
    sim = calloc(1, sizeof *sim);
    restored = GBR;
    sim_init(sim, 3, policies);
    *state = sim;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sim_fini(sim);
    free(sim);
    return 0;
}

static void copy_store(size_t node, const char *from, const char *to)
{
    char command[700];
    struct sim_node *n = &sim->nodes[node];
    db_close(&n->core.db);
    n->dir.db = NULL;
    snprintf(command, sizeof command, "cp %s/%s %s/%s", n->dir.path, from, n->dir.path, to);
    assert_int_equal(system(command), 0);
    store_dir_open(&n->dir, false);
    n->core.db = n->dir.db;
}

static void pull(size_t node)
{
    assert_int_equal(sim_pull(sim, node, GBR), ST_OK);
}

static const char *const names[] = {"GBR", "FRA", "DEU"};

// Back to the store that was saved, waiting for both partners.
static void bring_back(void)
{
    copy_store(restored, "saved", "data.mdb");
    struct tick *t = sim_tick(sim, restored);
    for (size_t i = GBR; i <= DEU; i++)
        assert_int_equal(i == restored ? ST_OK : restoring_set(t->txn, names[i]), ST_OK);
    sim_commit(t);
}

static void give_back(size_t from, uint64_t n, struct reply *rp)
{
    char target[80];
    snprintf(target, sizeof target, "/v1/ledger/held/entries?from=%llu", (unsigned long long)n);
    sim_request(sim, restored, from, "GET", target, "", span_of(NULL, 0), rp);
}

// One partner, as relto restore asks it; `change` may alter its answer. What failed left nothing.
static enum status restore_from(size_t from, void (*change)(struct buf *answer))
{
    struct restore_pass *p = calloc(1, sizeof *p);
    struct diag *d = store_dir_diag();
    struct reply rp;
    uint64_t n = 0;
    bool more = false;
    diag_init(d, NULL);
    struct tick *t = sim_tick(sim, restored);
    enum status st = restore_begin(t, names[from], "operator:test", p);
    assert_int_equal(restore_next(t, p, &n), ST_OK);
    give_back(from, n, &rp);
    if (change)
        change(&rp.body);
    if (rp.status == 404)
        restore_holds_nothing(p);
    else if (st == ST_OK)
        st = restore_take(t, p, buf_bytes(&rp.body), d, &more);
    if (st == ST_OK)
        st = restore_end(t, p, d);
    assert_true(st == ST_OK || st == ST_NOT_FOUND || d->count > 0);
    reply_fini(&rp);
    if (st == ST_OK) {
        sim_commit(t);
    } else {
        db_abort(&t->txn);
        free(t);
    }
    free(p);
    return st;
}

static size_t finish(enum status expected)
{
    size_t recalls = 0;
    struct tick *t = sim_tick(sim, restored);
    assert_int_equal(restore_finish(t, "operator:test", &recalls), expected);
    sim_commit(t);
    return recalls;
}

// (The simulator's policies are not kept in its stores.)
static void log_finding(void *ctx, const struct verify_finding *f)
{
    if (strcmp(f->rule, "policy-missing") == 0)
        return;
    ++*(size_t *)ctx;
    print_message("%s %s: %s\n", f->rule, f->where, f->text);
}

// The whole store of a node must be as its logs say.
static void verifies(size_t node)
{
    struct core *c = &sim->nodes[node].core;
    struct verify_peer peers[SIM_NODES_MAX];
    struct verify_options o = {.nation = c->nation, .node_name = c->node_name, .peers = peers};
    struct verify_summary sum;
    size_t findings = 0;
    memcpy(o.ledger_key, c->ledger_key.pub, sizeof o.ledger_key);
    memcpy(o.audit_key, c->audit_key.pub, sizeof o.audit_key);
    for (size_t i = 0; i < c->peer_count; i++) {
        struct verify_peer *p = &peers[o.peer_count++];
        *p = (struct verify_peer){.partner = c->peers[i]->id, .name = c->peers[i]->card.node_name};
        memcpy(p->cosign_key, c->peers[i]->card.cosign_key, sizeof p->cosign_key);
        memcpy(p->ledger_key, c->peers[i]->card.ledger_key, sizeof p->ledger_key);
    }
    struct tick *t = sim_tick(sim, node);
    assert_int_equal(verify_store(t->txn, &o, log_finding, &findings, &sum), ST_OK);
    sim_commit(t);
    assert_int_equal(findings, 0);
}

static void three_and_save(void)
{
    for (uint8_t i = 1; i <= 3; i++)
        sim_publish(sim, GBR, i, 1, SIM_PLAIN);
    pull(FRA);
    pull(DEU);
    copy_store(GBR, "data.mdb", "saved");
}

static void what_was_forgotten_comes_back(void **state)
{
    char before[2][80];
    struct recall_record r;
    (void)state;
    three_and_save();
    sim_publish(sim, GBR, 4, 1, SIM_PLAIN);
    sim_publish(sim, GBR, 1, 2, SIM_PLAIN);
    pull(FRA);
    pull(DEU);
    sim_recall(sim, GBR, 2);
    pull(FRA); // DEU does not know of the recall yet
    snprintf(before[0], sizeof before[0], "%s", flow_ledger(sim, GBR, "FRA"));
    bring_back();
    assert_int_equal(restore_from(FRA, NULL), ST_OK);
    finish(ST_BUSY); // while DEU's entries are not known nothing may be appended to its ledger
    assert_string_equal(flow_ledger(sim, GBR, "DEU"), "R1 R1 R1");
    assert_int_equal(restore_from(DEU, NULL), ST_OK);
    assert_int_equal(restore_from(DEU, NULL), ST_NOT_FOUND); // nobody waits for it any more
    assert_int_equal(finish(ST_OK), 1);
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), before[0]);
    assert_string_equal(flow_ledger(sim, GBR, "DEU"), "R1 R1 R1 R1 R2 X1"); // the recall reaches it now
    assert_null(sim_text(sim, GBR, 2));
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(recalls_get(t->txn, sim_id(2), &r), ST_OK);
    sim_commit(t);
    assert_int_equal(finish(ST_OK), 0);
    // Both go on where they stood, without an alarm.
    sim_publish(sim, GBR, 5, 1, SIM_PLAIN);
    pull(FRA);
    pull(DEU);
    assert_non_null(sim_text(sim, FRA, 5));
    assert_non_null(sim_text(sim, DEU, 5));
    assert_null(sim_text(sim, DEU, 2));
    verifies(GBR);
    for (size_t i = GBR; i <= DEU; i++)
        assert_int_equal(sim_events(sim, i, AUDIT_LOG_FORK), 0);
    // The version that was lost is not served by the older one that came back.
    assert_null(flow_served(sim, GBR, FRA, 1));
    assert_non_null(flow_served(sim, GBR, FRA, 3));
}

static void what_only_partners_hold_can_be_recalled(void **state)
{
    struct purged_copy p;
    struct reply rp;
    (void)state;
    three_and_save();
    sim_publish(sim, GBR, 4, 1, SIM_PLAIN);
    pull(FRA);
    bring_back();
    assert_int_equal(restore_from(FRA, NULL), ST_OK);
    assert_int_equal(restore_from(DEU, NULL), ST_OK);
    finish(ST_OK);
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(reports_purged(t->txn, sim_id(4), "", &p), ST_OK);
    sim_commit(t);
    assert_string_equal(p.nation, "GBR");
    assert_int_equal(p.version, 1);
    flow_ask(sim, GBR, ROLE_OFFICER, "X", "DELETE", "/v1/reports/04000000-0000-4000-8000-000000000000?reason=wrong", "If-Match: \"1\"\r\n",
             span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 204);
    reply_fini(&rp);
    pull(FRA);
    assert_null(sim_text(sim, FRA, 4));
}

static uint32_t correct(uint8_t id, const char *match, const char *draft)
{
    char target[80], urn[UUID_URN_LEN + 1], headers[40];
    struct reply rp;
    unsigned version = 0;
    snprintf(target, sizeof target, "/v1/reports/%s", uuid_urn(sim_id(id), urn) + 9);
    snprintf(headers, sizeof headers, "If-Match: %s\r\n", match);
    flow_ask(sim, GBR, ROLE_CELL, "J2", "PUT", target, headers, span_cstr(draft), &rp);
    if (rp.status == 200)
        assert_int_equal(sscanf(flow_header(&rp, "ETag"), "\"%u\"", &version), 1);
    reply_fini(&rp);
    return version;
}

// Else partners would hold two reports under one number, and take the second for a forgery.
static void the_number_of_a_lost_version_is_not_used_again(void **state)
{
    (void)state;
    three_and_save();
    assert_int_equal(correct(1, "\"1\"", SIM_REPORT("lost", SIM_FOR_ALL, "lost too")), 2);
    pull(FRA);
    bring_back();
    assert_int_equal(restore_from(FRA, NULL), ST_OK);
    assert_int_equal(restore_from(DEU, NULL), ST_OK);
    finish(ST_OK);
    const char *found = SIM_REPORT("found", SIM_FOR_ALL, "found too");
    assert_int_equal(correct(1, "\"1\"", found), 3);
    assert_int_equal(correct(1, "\"1\"", found), 3); // its answer was lost
    assert_int_equal(correct(1, "\"1\"", SIM_REPORT("late", SIM_FOR_ALL, "late too")), 0);
    pull(FRA);
    pull(DEU);
    assert_non_null(strstr(sim_text(sim, FRA, 1), "found too"));
    assert_non_null(strstr(sim_text(sim, DEU, 1), "found too"));
    assert_int_equal(sim_events(sim, FRA, AUDIT_QUARANTINE), 0);
    assert_int_equal(correct(1, "\"3\"", SIM_REPORT("next", SIM_FOR_ALL, "next too")), 4);
}

// The version that came back with the backup is an older one: it is not released in place of what was lost, whose trace would go with it.
static void an_older_version_does_not_take_the_place_of_a_lost_one(void **state)
{
    (void)state;
    three_and_save();
    assert_int_equal(correct(1, "\"1\"", SIM_REPORT("lost", SIM_FOR_ALL, "lost too")), 2);
    pull(FRA);
    bring_back();
    assert_int_equal(restore_from(FRA, NULL), ST_OK);
    assert_int_equal(restore_from(DEU, NULL), ST_OK);
    finish(ST_OK);
    sim_redecide(sim, GBR, 1);
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "R1 R1 R1 R2");
    assert_int_equal(correct(1, "\"1\"", SIM_REPORT("found", SIM_FOR_ALL, "found too")), 3);
    pull(FRA);
    assert_non_null(strstr(sim_text(sim, FRA, 1), "found too"));
    assert_int_equal(sim_events(sim, FRA, AUDIT_QUARANTINE), 0);
    verifies(GBR);
}

#define FRA_PASSES_ON SIM_POLICY("FRA", SIM_PARTNER("GBR") SIM_PARTNER("DEU"), "DEU", SIM_TERMS("permitted", "retain"))
#define DENIES_FRA                                                                                                        \
    "<policy xmlns='urn:relto:policy:1' nation='GBR' serial='1'>" W_SECURITY "<partners>" PARTNERS "</partners><denials>"       \
    "<deny id='D' partners='FRA' withdraw='true'><when><type any-of='INTREP'/></when></deny></denials><agreements>"            \
    W_AGREEMENT("A", "FRA DEU", SIM_TERMS("permitted", "retain")) "</agreements></policy>"

// FRA passes a report of GBR's on to DEU; then its store is one of before, that knows of it by DEU alone.
static void pass_on_and_forget(void)
{
    restored = FRA;
    sim_policy(sim, FRA, FRA_PASSES_ON);
    copy_store(FRA, "data.mdb", "saved");
    sim_publish(sim, GBR, 9, 1, SIM_PLAIN);
    pull(FRA);
    assert_int_equal(sim_pull(sim, DEU, FRA), ST_OK);
    assert_non_null(sim_text(sim, DEU, 9));
    bring_back();
    assert_int_equal(restore_from(GBR, NULL), ST_OK);
    assert_int_equal(restore_from(DEU, NULL), ST_OK);
    finish(ST_OK);
    assert_null(sim_text(sim, FRA, 9));
    assert_string_equal(flow_ledger(sim, FRA, "DEU"), "R1");
}

// Its source ends it before it came again: whoever it was given to is told all the same.
static void the_source_ends_what_was_passed_on_and_forgotten(void **state)
{
    for (int recall = 0; recall < 2; recall++) {
        if (recall) {
            teardown(NULL);
            setup(state);
        }
        pass_on_and_forget();
        if (recall) {
            sim_recall(sim, GBR, 9);
        } else {
            sim_policy(sim, GBR, DENIES_FRA);
            sim_redecide(sim, GBR, 9);
        }
        pull(FRA);
        assert_string_equal(flow_ledger(sim, FRA, "DEU"), "R1 W1");
        assert_int_equal(sim_pull(sim, DEU, FRA), ST_OK);
        assert_null(sim_text(sim, DEU, 9));
        verifies(FRA);
    }
}

static void a_partner_that_holds_no_more_is_done(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    pull(FRA); // DEU never asked
    sim_publish(sim, GBR, 2, 1, SIM_PLAIN);
    copy_store(GBR, "data.mdb", "saved");
    bring_back();
    assert_int_equal(restore_from(FRA, NULL), ST_OK);
    assert_int_equal(restore_from(DEU, NULL), ST_OK);
    assert_int_equal(finish(ST_OK), 0);
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "R1 R1");
    assert_string_equal(flow_ledger(sim, GBR, "DEU"), "R1 R1");
    pull(FRA);
    pull(DEU);
    assert_non_null(sim_text(sim, DEU, 2));
}

static void an_entry_known_by_its_hash_cannot_come_back(void **state)
{
    (void)state;
    three_and_save();
    sim_publish(sim, GBR, 4, 1, SIM_PLAIN);
    sim_publish(sim, GBR, 4, 2, SIM_PLAIN); // version 1 never left
    pull(FRA);
    bring_back();
    assert_int_equal(restore_from(FRA, NULL), ST_UNSUPPORTED);
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "R1 R1 R1");
}

// ---- answers that are not believed

static void drop_last_line(struct buf *b)
{
    for (b->len--; b->len && b->ptr[b->len - 1] != '\n'; b->len--)
        ;
}

static void swap_letter(struct buf *b)
{
    b->ptr[b->len - 40] = b->ptr[b->len - 40] == 'A' ? 'B' : 'A';
}

static void raise_size(struct buf *b)
{
    char *at = strstr((char *)b->ptr, "\n5\n");
    assert_non_null(at);
    at[1] = '6';
}

static void spoil_cosignature(struct buf *b)
{
    char *at = strstr((char *)b->ptr, "fra.example ");
    assert_non_null(at);
    at[40] = at[40] == 'A' ? 'B' : 'A';
}

static void empty(struct buf *b)
{
    b->len = 0;
}

// A recall that we never wrote, behind all that our signature covers.
static void add_recall(struct buf *b)
{
    const struct ledger_entry e = {.n = 3, .kind = ENTRY_RECALL, .report = sim_id(1), .version = 1, .at = UTC_MAX / 2};
    struct buf leaf;
    buf_init(&leaf, 4096);
    ledger_entry_write(&e, &leaf);
    buf_puts(b, "entry GBR ");
    base64_put(b, buf_bytes(&leaf));
    buf_putc(b, '\n');
    buf_fini(&leaf);
}

static void entries_that_we_did_not_sign_are_refused(void **state)
{
    (void)state;
    three_and_save();
    bring_back();
    assert_int_equal(restore_from(FRA, add_recall), ST_BAD_PROOF);
    assert_int_equal(restore_from(FRA, NULL), ST_OK);
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "R1 R1 R1");
}

static void false_answers_leave_nothing(void **state)
{
    static void (*const changes[])(struct buf *) = {drop_last_line, swap_letter, raise_size, spoil_cosignature, empty};
    (void)state;
    three_and_save();
    sim_publish(sim, GBR, 4, 1, SIM_PLAIN);
    sim_publish(sim, GBR, 5, 1, SIM_PLAIN);
    pull(FRA);
    bring_back();
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        enum status st = restore_from(FRA, changes[i]);
        if (i == 0) // the rest is asked for; the test asks once
            assert_int_equal(st, ST_BAD_PROOF);
        assert_int_not_equal(st, ST_OK);
        assert_string_equal(flow_ledger(sim, GBR, "FRA"), "R1 R1 R1");
        finish(ST_BUSY);
    }
    assert_int_equal(restore_from(FRA, NULL), ST_OK);
}

static void a_backup_of_another_history_is_not_completed(void **state)
{
    (void)state;
    three_and_save();
    sim_publish(sim, GBR, 4, 1, SIM_PLAIN);
    sim_publish(sim, GBR, 5, 1, SIM_PLAIN);
    pull(FRA);
    copy_store(GBR, "saved", "data.mdb"); // went on by itself …
    sim_publish(sim, GBR, 6, 1, SIM_PLAIN);
    copy_store(GBR, "data.mdb", "saved");
    bring_back();
    assert_int_equal(restore_from(FRA, NULL), ST_BAD_PROOF);
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "R1 R1 R1 R1");
}

static void only_the_owner_is_given_its_entries(void **state)
{
    struct reply rp;
    (void)state;
    three_and_save();
    give_back(FRA, 3, &rp); // the end: nothing more, but the head
    assert_int_equal(rp.status, 200);
    assert_null(strstr(buf_cstr(&rp.body), "\nentry "));
    reply_fini(&rp);
    give_back(FRA, 4, &rp);
    assert_int_equal(rp.status, 404);
    reply_fini(&rp);
    sim_request(sim, DEU, FRA, "GET", "/v1/ledger/held/entries?from=0", "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 404); // of DEU's own ledger there is nothing
    reply_fini(&rp);
}

// A partner could say of another's report, which this store has forgotten, that it is ours.
static void the_word_of_a_partner_keeps_no_report_out(void **state)
{
    const struct purged_copy ours = {.at = 1, .version = 3, .nation = "FRA"};
    (void)state;
    struct tick *t = sim_tick(sim, FRA);
    assert_int_equal(reports_note_purged(t->txn, sim_id(7), &ours), ST_OK);
    sim_commit(t);
    sim_publish(sim, GBR, 7, 1, SIM_PLAIN);
    pull(FRA);
    assert_non_null(sim_text(sim, FRA, 7));
}

static void recalls_are_due_until_they_are_applied(void **state)
{
    bool held, due;
    (void)state;
    three_and_save();
    bring_back();
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(restoring_hold(t->txn, true), ST_OK);
    sim_commit(t);
    assert_int_equal(restore_from(FRA, NULL), ST_OK);
    assert_int_equal(restore_from(DEU, NULL), ST_OK);
    for (int i = 0; i < 2; i++) {
        t = sim_tick(sim, GBR);
        assert_int_equal(restoring_held(t->txn, &held, &due), ST_OK);
        assert_true(held);
        assert_int_equal(due, i == 0);
        sim_commit(t);
        finish(ST_OK);
    }
    t = sim_tick(sim, GBR);
    assert_int_equal(restoring_confirm(t->txn), ST_OK);
    assert_int_equal(restoring_held(t->txn, &held, &due), ST_OK);
    assert_false(held);
    sim_commit(t);
}

// ---- a ledger that begins anew

static struct source_state source_of(size_t node)
{
    struct source_state s;
    struct tick *t = sim_tick(sim, node);
    assert_int_equal(source_get(t->txn, "GBR", &s), ST_OK);
    sim_commit(t);
    s.checkpoint = span_of(NULL, 0);
    return s;
}

static void begin_anew(const char *partner)
{
    uint64_t entries;
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(restore_new_epoch(t, partner, "operator:test", "it is gone", &entries), ST_OK);
    sim_commit(t);
}

static void agree(size_t node)
{
    bool resumed;
    struct tick *t = sim_tick(sim, node);
    assert_int_equal(sync_resume(t, "GBR", "operator", "told by voice", &resumed), ST_OK);
    assert_true(resumed);
    sim_commit(t);
}

static void a_ledger_begins_anew_when_its_operators_agree(void **state)
{
    struct holding h;
    (void)state;
    three_and_save();
    sim_recall(sim, GBR, 2);
    pull(FRA);
    pull(DEU);
    copy_store(GBR, "data.mdb", "saved");
    sim_publish(sim, GBR, 4, 1, SIM_PLAIN);
    sim_publish(sim, GBR, 4, 2, SIM_PLAIN); // version 1 never left: FRA knows it by its hash alone
    pull(FRA);
    bring_back();
    assert_int_equal(restore_from(FRA, NULL), ST_UNSUPPORTED);
    assert_int_equal(restore_from(DEU, NULL), ST_OK);
    begin_anew("FRA");
    finish(ST_OK);
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "H0 R1 X1 R1");
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_BAD_PROOF);
    assert_int_equal(source_of(FRA).offered[0] != 0, 1);
    assert_int_equal(source_of(FRA).size, 6);
    assert_non_null(strstr(source_of(FRA).error, "after the first 4 of the 6 entries"));
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_BAD_PROOF); // it stays stopped
    assert_int_equal(sim_events(sim, FRA, AUDIT_PARTNER), 1);
    assert_non_null(sim_text(sim, FRA, 4));
    agree(FRA);
    pull(FRA);
    assert_string_equal(source_of(FRA).offered, "");
    assert_int_equal(source_of(FRA).size, 4);
    assert_int_equal(source_of(FRA).quarantined, 0);
    static const bool held[] = {true, false, true, true}; // what GBR has forgotten stays, too
    for (uint8_t i = 1; i <= 4; i++)
        assert_int_equal(sim_text(sim, FRA, i) != NULL, held[i - 1]);
    // It is the ledger that both go on with, under a receipt of its own.
    sim_publish(sim, GBR, 5, 1, SIM_PLAIN);
    sim_recall(sim, GBR, 3);
    pull(FRA);
    assert_non_null(sim_text(sim, FRA, 5));
    assert_null(sim_text(sim, FRA, 3));
    struct tick *t = sim_tick(sim, GBR);
    struct receipt r;
    assert_int_equal(receipt_latest(t->txn, "FRA", &r), ST_OK);
    assert_int_equal(r.size, 6);
    assert_int_equal(holding_get(t->txn, "FRA", sim_id(1), &h), ST_OK);
    sim_commit(t);
    verifies(GBR);
    verifies(FRA);
    verifies(DEU);
    for (size_t i = GBR; i <= DEU; i++)
        assert_int_equal(sim_events(sim, i, AUDIT_LOG_FORK), 0);
}

static void the_ledger_of_before_does_not_come_back(void **state)
{
    (void)state;
    three_and_save();
    bring_back();
    begin_anew("FRA");
    begin_anew("DEU");
    finish(ST_OK);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_BAD_PROOF);
    agree(FRA);
    pull(FRA);
    assert_int_equal(source_of(FRA).size, 4);
    copy_store(GBR, "saved", "data.mdb"); // as if it had never begun anew
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_BAD_PROOF);
    assert_int_equal(sim_events(sim, FRA, AUDIT_LOG_FORK), 1);
    assert_string_equal(source_of(FRA).offered, "");
    assert_int_equal(source_of(FRA).size, 4);
}

static void who_holds_nothing_takes_it_without_asking(void **state)
{
    (void)state;
    copy_store(FRA, "data.mdb", "empty");
    three_and_save();
    bring_back();
    begin_anew("FRA");
    copy_store(FRA, "empty", "data.mdb");
    pull(FRA);
    assert_int_equal(source_of(FRA).size, 4);
    assert_int_equal(strlen(source_of(FRA).epoch), 16);
    for (uint8_t i = 1; i <= 3; i++)
        assert_non_null(sim_text(sim, FRA, i));
    verifies(FRA);
}

static void it_can_begin_anew_again(void **state)
{
    (void)state;
    three_and_save();
    for (int i = 0; i < 2; i++) {
        struct tick *t = sim_tick(sim, GBR);
        assert_int_equal(restoring_set(t->txn, "FRA"), ST_OK);
        sim_commit(t);
        begin_anew("FRA");
        sim_publish(sim, GBR, (uint8_t)(10 + i), 1, SIM_PLAIN);
        assert_int_equal(sim_pull(sim, FRA, GBR), ST_BAD_PROOF);
        agree(FRA);
        pull(FRA);
        assert_non_null(sim_text(sim, FRA, (uint8_t)(10 + i)));
        verifies(GBR);
        verifies(FRA);
    }
    uint64_t n;
    struct tick *t = sim_tick(sim, GBR); // only who is waited for
    assert_int_equal(restore_new_epoch(t, "FRA", "operator:test", "x", &n), ST_NOT_FOUND);
    sim_commit(t);
}

static void lost_heads_are_told_by_the_restore(void **state)
{
    utc_ms next;
    (void)state;
    sim->nodes[GBR].core.head_hour = 0;
    for (int day = 0; day < 3; day++) {
        sim_publish(sim, GBR, (uint8_t)(1 + day), 1, SIM_PLAIN);
        struct tick *t = sim_tick(sim, GBR);
        assert_int_equal(daily_head_due(t, &next), ST_OK);
        sim_commit(t);
        pull(FRA);
        pull(DEU);
        if (day == 1)
            copy_store(GBR, "data.mdb", "saved");
        sim->now += 24 * 3600 * 1000;
    }
    assert_non_null(strstr(flow_ledger(sim, GBR, "FRA"), "H"));
    bring_back();
    assert_int_equal(restore_from(FRA, NULL), ST_OK);
    assert_int_equal(restore_from(DEU, NULL), ST_OK);
    finish(ST_OK);
    verifies(GBR);
    verifies(FRA);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_was_forgotten_comes_back),
        T(what_only_partners_hold_can_be_recalled),
        T(the_number_of_a_lost_version_is_not_used_again),
        T(an_older_version_does_not_take_the_place_of_a_lost_one),
        T(the_source_ends_what_was_passed_on_and_forgotten),
        T(a_partner_that_holds_no_more_is_done),
        T(an_entry_known_by_its_hash_cannot_come_back),
        T(entries_that_we_did_not_sign_are_refused), T(false_answers_leave_nothing),
        T(a_backup_of_another_history_is_not_completed),
        T(only_the_owner_is_given_its_entries),
        T(the_word_of_a_partner_keeps_no_report_out),
        T(recalls_are_due_until_they_are_applied),
        T(a_ledger_begins_anew_when_its_operators_agree),
        T(the_ledger_of_before_does_not_come_back),
        T(who_holds_nothing_takes_it_without_asking),
        T(it_can_begin_anew_again),
        T(lost_heads_are_told_by_the_restore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
