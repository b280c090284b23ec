// node/io/card_update: a newer card takes the place of the one held when that vouches for it and the node could use it; every
// other leaves the file as it is.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "formats/base/limits.h"
#include "node/io/card_update.h"
#include "node/io/file.h"
#include "tests/support/test_keys.h"
#include "tests/support/tls_world.h"

struct world {
    struct tls_world t;
    struct test_keys keys;
    struct note_key now, next, other; // keys of cards: FRA's, the one that it announces, another
    struct config_partner partners[2];
    struct partner_card card; // FRA's; the one held has serial 5
    struct buf held, fresh;
    char path[128];
    struct arena *a;
    struct card_update u;
};

static void write_card(struct world *w, const struct note_key *key, struct buf *out)
{
    memcpy(w->card.card_key, key->pub, ED25519_LEN);
    buf_reset(out);
    assert_int_equal(partner_card_write(&w->card, key, out), ST_OK);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    tls_world_init(&w->t);
    test_keys_make("FRA", &w->keys);
    test_note_key(&w->now);
    test_note_key(&w->next);
    test_note_key(&w->other);
    buf_init(&w->held, CARD_BYTES_MAX);
    buf_init(&w->fresh, CARD_BYTES_MAX);
    w->a = arena_new(256 * (size_t)CARD_BYTES_MAX);
    w->card = (struct partner_card){.nation = "FRA",
                                    .node_name = "fra.example",
                                    .trust_domain = "fra.example",
                                    .address = "fra.example:8443",
                                    .serial = 5,
                                    .issued = 1790000000000,
                                    .anchors_pem = buf_cstr(&w->t.fra.cert),
                                    .has_next_card_key = true,
                                    .consent_cert_pem = w->keys.report.cert,
                                    .report_certs = {{.pem = w->keys.report.cert}},
                                    .report_cert_count = 1};
    memcpy(w->card.next_card_key, w->next.pub, ED25519_LEN);
    memset(w->card.ledger_key, 1, ED25519_LEN);
    memset(w->card.audit_key, 2, ED25519_LEN);
    memset(w->card.cosign_key, 3, ED25519_LEN);
    write_card(w, &w->now, &w->held);
    snprintf(w->path, sizeof w->path, "%s/FRA.xml", w->t.dir);
    assert_int_equal(file_write(w->path, buf_bytes(&w->held), 0644, &w->t.d), ST_OK);
    w->partners[0] = (struct config_partner){.id = "FRA", .card = w->path, .pull = true};
    w->t.config.partners = w->partners;
    w->t.config.partner_count = 1;
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    buf_fini(&w->held);
    buf_fini(&w->fresh);
    arena_free(&w->a);
    tls_world_fini(&w->t);
    free(w);
    return 0;
}

static enum status update(struct world *w, struct span bytes)
{
    diag_init(&w->t.d, NULL);
    memset(&w->u, 0xff, sizeof w->u);
    return card_update(&w->t.config, "FRA", bytes, "/v1/card", w->a, &w->t.d, &w->u);
}

// Is this what FRA's file holds now, and no trial of another left beside it?
static bool holds(struct world *w, struct span bytes)
{
    char trial[160];
    struct span now;
    snprintf(trial, sizeof trial, "%s.new", w->path);
    assert_int_equal(access(trial, F_OK), -1);
    assert_int_equal(file_read(w->path, CARD_BYTES_MAX, w->a, &w->t.d, &now), ST_OK);
    return span_eq(now, bytes);
}

static void expect_held(struct world *w, enum card_fate fate, uint64_t serial)
{
    assert_int_equal(update(w, buf_bytes(&w->fresh)), ST_OK);
    assert_int_equal(w->u.fate, fate);
    assert_int_equal(w->u.serial, serial);
    assert_true(holds(w, buf_bytes(&w->held)));
}

static void expect_taken(struct world *w)
{
    assert_int_equal(update(w, buf_bytes(&w->fresh)), ST_OK);
    assert_int_equal(w->u.fate, CARD_TAKEN);
    assert_null(w->u.objection);
    assert_true(holds(w, buf_bytes(&w->fresh)));
}

static void a_newer_one_of_the_same_key_is_taken(void **state)
{
    struct world *w = *state;
    w->card.serial = 6;
    w->card.address = "elsewhere.example:8443";
    write_card(w, &w->now, &w->fresh);
    expect_taken(w);
}

static void the_announced_key_takes_over(void **state)
{
    struct world *w = *state;
    w->card.serial = 6;
    w->card.has_next_card_key = false;
    write_card(w, &w->next, &w->fresh);
    expect_taken(w);
    // From now on the former key does not count.
    buf_reset(&w->held);
    buf_span(&w->held, buf_bytes(&w->fresh));
    w->card.serial = 7;
    write_card(w, &w->now, &w->fresh);
    expect_held(w, CARD_REFUSED, 7);
}

static void the_same_and_older_ones_change_nothing(void **state)
{
    struct world *w = *state;
    buf_span(&w->fresh, buf_bytes(&w->held));
    expect_held(w, CARD_SAME, 5);
    w->card.serial = 4;
    write_card(w, &w->now, &w->fresh);
    expect_held(w, CARD_OLDER, 4);
    w->card.serial = 5; // of the same serial, and another one
    w->card.address = "elsewhere.example:8443";
    write_card(w, &w->now, &w->fresh);
    expect_held(w, CARD_REFUSED, 5);
}

static void a_card_of_another_signer_is_refused(void **state)
{
    struct world *w = *state;
    w->card.serial = 6;
    write_card(w, &w->other, &w->fresh);
    expect_held(w, CARD_REFUSED, 6);
    assert_non_null(w->u.objection);
    w->card.serial = 1; // older, but not by the one who made the one held
    write_card(w, &w->other, &w->fresh);
    expect_held(w, CARD_REFUSED, 1);
}

static void a_card_of_another_node_is_refused(void **state)
{
    struct world *w = *state;
    w->card.serial = 6;
    w->card.trust_domain = "gbr.example";
    write_card(w, &w->now, &w->fresh);
    expect_held(w, CARD_REFUSED, 6);
    w->card.trust_domain = "fra.example";
    w->card.nation = "DEU";
    write_card(w, &w->now, &w->fresh);
    expect_held(w, CARD_REFUSED, 6);
}

static void what_is_no_card_changes_nothing(void **state)
{
    struct world *w = *state;
    w->card.serial = 6;
    write_card(w, &w->now, &w->fresh);
    char *at = strstr((char *)w->fresh.ptr, "fra.example:8443");
    assert_non_null(at);
    *at = 'F';
    assert_int_equal(update(w, buf_bytes(&w->fresh)), ST_BAD_SIGNATURE);
    assert_int_equal(w->t.d.count, 1);
    assert_true(holds(w, buf_bytes(&w->held)));
    assert_int_not_equal(update(w, span_cstr("nonsense")), ST_OK);
    assert_int_not_equal(update(w, span_of(NULL, 0)), ST_OK);
    assert_true(holds(w, buf_bytes(&w->held)));
}

// The node would not start with it.
static void a_card_that_cannot_be_used_is_not_taken(void **state)
{
    struct world *w = *state;
    struct test_pair large;
    const struct test_cert_options o = {.common_name = "FRA report", .curve = "P-384"};
    test_keys_issue(&w->keys.ca, &o, &large);
    w->card.serial = 6;
    w->card.report_certs[0].pem = large.cert;
    write_card(w, &w->now, &w->fresh);
    assert_int_not_equal(update(w, buf_bytes(&w->fresh)), ST_OK);
    assert_true(w->t.d.count > 0);
    assert_true(holds(w, buf_bytes(&w->held)));
}

static void who_is_not_configured_has_none(void **state)
{
    struct world *w = *state;
    w->card.serial = 6;
    write_card(w, &w->now, &w->fresh);
    diag_init(&w->t.d, NULL);
    assert_int_equal(card_update(&w->t.config, "DEU", buf_bytes(&w->fresh), "/v1/card", w->a, &w->t.d, &w->u), ST_NOT_FOUND);
    assert_int_equal(unlink(w->path), 0);
    assert_int_equal(update(w, buf_bytes(&w->fresh)), ST_NOT_FOUND);
    assert_int_equal(access(w->path, F_OK), -1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_newer_one_of_the_same_key_is_taken),
        T(the_announced_key_takes_over),
        T(the_same_and_older_ones_change_nothing),
        T(a_card_of_another_signer_is_refused),
        T(a_card_of_another_node_is_refused),
        T(what_is_no_card_changes_nothing),
        T(a_card_that_cannot_be_used_is_not_taken),
        T(who_is_not_configured_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
