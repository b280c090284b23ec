// node/config: relto.conf, its defaults, its faults, and that conf/relto.conf says the same.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "formats/base/limits.h"
#include "node/config.h"
#include "node/io/file.h"

struct world {
    char dir[64];
    struct arena *a;
    struct diag d;
    const struct config *c;
};

static int begin(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    strcpy(w->dir, "/tmp/relto-config-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->a = arena_new(8 * MIB);
    *state = w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/relto.conf", w->dir);
    unlink(path);
    rmdir(w->dir);
    arena_free(&w->a);
    free(w);
    return 0;
}

static enum status read_text(struct world *w, struct span text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/relto.conf", w->dir);
    diag_init(&w->d, NULL);
    assert_int_equal(file_write(path, text, 0600, &w->d), ST_OK);
    return config_read(w->dir, w->a, &w->d, &w->c);
}

#define NODE "[node]\nnation = GBR\nname = gbr.example\n"

static void defaults_fill_in(void **state)
{
    struct world *w = *state;
    assert_int_equal(read_text(w, span_cstr(NODE)), ST_OK);
    const struct config *c = w->c;
    char path[300], *real = realpath(w->dir, NULL);
    assert_non_null(real);
    assert_string_equal(c->dir, real);
    assert_string_equal(c->trust_domain, "gbr.example");
    assert_null(c->address);
    assert_null(c->tls_crl);
    assert_string_equal(c->listen, "127.0.0.1:8443");
    assert_int_equal(c->map_bytes, 256 * MIB);
    assert_int_equal(c->pad, 0);
    assert_int_equal(c->partner_count, 0);
    assert_string_equal(c->log_level, "info");
    snprintf(path, sizeof path, "%s/keys/tls.key", real);
    assert_string_equal(c->tls_key, path);
    free(real);
}

static void values_are_taken(void **state)
{
    struct world *w = *state;
    assert_int_equal(read_text(w, span_cstr(NODE "[listen]\naddress = [::]:0 ; any\nmetrics =\nconnections-max=77\n"
                                                 "[store]\npath = /var/lib/relto\nmap-mib = 1024\n"
                                                 "[partner FRA]\n[partner NATO-1]\npull = no\n"
                                                 "compression = no\nfetch-bytes-per-s = 32000\npush-bytes-per-s = 16384\nhours = 22:00-06:30Z\n"
                                                 "card = x.xml\naddress = relto.nato.example:8443\n"
                                                 "subject-dn = CN=node,O=NATO\n# done\n"
                                                 "[log]\nlevel = debug\n")),
                     ST_OK);
    const struct config *c = w->c;
    assert_string_equal(c->listen, "[::]:0");
    assert_string_equal(c->metrics, "");
    assert_int_equal(c->connections_max, 77);
    assert_string_equal(c->store_path, "/var/lib/relto");
    assert_int_equal(c->map_bytes, 1024 * MIB);
    assert_int_equal(c->partner_count, 2);
    assert_string_equal(c->partners[0].id, "FRA");
    assert_true(c->partners[0].pull);
    assert_non_null(strstr(c->partners[0].card, "/partners/FRA.xml"));
    assert_null(c->partners[0].address);
    assert_string_equal(c->partners[1].id, "NATO-1");
    assert_false(c->partners[1].pull);
    assert_true(c->partners[0].compression);
    assert_int_equal(c->partners[0].fetch_rate, 0);
    assert_int_equal(c->partners[0].hours.from, c->partners[0].hours.to);
    assert_false(c->partners[1].compression);
    assert_int_equal(c->partners[1].fetch_rate, 32000);
    assert_int_equal(c->partners[0].push_rate, 0);
    assert_int_equal(c->partners[1].push_rate, 16384);
    assert_int_equal(c->partners[1].hours.from, 22 * 60);
    assert_int_equal(c->partners[1].hours.to, 6 * 60 + 30);
    assert_ptr_equal(config_partner_of(c, "NATO-1"), &c->partners[1]);
    assert_null(config_partner_of(c, "DEU"));
    assert_string_equal(c->partners[1].subject_dn, "CN=node,O=NATO");
    assert_string_equal(c->log_level, "debug");
}

static void keys_may_be_in_tokens(void **state)
{
    struct world *w = *state;
    assert_int_equal(read_text(w, span_cstr(NODE "[release]\nreport-key = pkcs11:token=GBR;object=r?pin-source=/k/pin\n")), ST_OK);
    assert_string_equal(w->c->report_key, "pkcs11:token=GBR;object=r?pin-source=/k/pin");
    assert_int_equal(read_text(w, span_cstr(NODE "[audit]\nkey = pkcs11:token=GBR;object=a?pin-value=43214321\n")), ST_INVALID);
    assert_non_null(strstr(w->d.faults[0].message, "only the keys of [tls]"));
    assert_null(strstr(w->d.faults[0].message, "4321"));
}

static void every_fault_is_named_with_its_line(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *text;
        uint32_t line; // of the first fault
        const char *rule;
    } bad[] = {
        {"[node]\nname = a\n", 0, "config-missing"},
        {NODE "[nod]\nx = 1\n", 4, "config-section"},
        {NODE "[partner]\n", 4, "config-section"},
        {NODE "[partner A B]\n", 4, "config-section"},
        {NODE "[partner FRA]\n[partner FRA]\n", 5, "config-section"},
        {NODE "[partner GBR]\n", 0, "config-section"},
        {NODE "[partner AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA]\n", 4, "config-section"},
        {NODE "speed = 9\n", 4, "config-key"},
        {NODE "Nation = GBR\n", 4, "config-key"},
        {NODE "nation = FRA\n", 4, "config-key"},
        {"nation = GBR\n" NODE, 1, "config-key"},
        {NODE "[store]\nname = x\n", 5, "config-key"},
        {NODE "[partner FRA]\nspeed = 9\n", 5, "config-key"},
        {NODE "trust-domain = GBR\n", 4, "config-value"},
        {NODE "[listen]\naddress = gbr.example:8443\n", 5, "config-value"},
        {NODE "[listen]\naddress = 127.0.0.1\n", 5, "config-value"},
        {NODE "[listen]\naddress = 127.0.0.1:65536\n", 5, "config-value"},
        {NODE "[listen]\nmetrics = 0.0.0.0:80\n", 5, "config-value"},
        {NODE "[listen]\nconnections-max = 4k\n", 5, "config-value"},
        {NODE "[release]\npad = 65\n", 5, "config-value"},
        {NODE "[release]\npad = -1\n", 5, "config-value"},
        {NODE "[release]\npad =\n", 5, "config-value"},
        {NODE "[store]\nmap-mib = 64\nmap-max-mib = 32\n", 0, "config-value"},
        {NODE "[log]\nlevel = loud\n", 5, "config-value"},
        {NODE "[tls]\nkey = pkcs11:token=GBR;object=tls?pin-value=1234\n", 5, "config-value"},
        {NODE "[tls]\ncert = pkcs11:token=GBR;object=tls\n", 5, "config-value"},
        {NODE "[release]\nledger-key = pkcs11:token=GBR;object=ledger\n", 5, "config-value"},
        {NODE "[partner FRA]\npull = maybe\n", 5, "config-value"},
        {NODE "[partner FRA]\ncompression = zstd\n", 5, "config-value"},
        {NODE "[partner FRA]\ninbox = yes\n", 4, "config-value"},
        {NODE "[partner FRA]\nfetch-bytes-per-s = 16383\n", 5, "config-value"},
        {NODE "[partner FRA]\nfetch-bytes-per-s = 4294967296\n", 5, "config-value"},
        {NODE "[partner FRA]\npush-bytes-per-s = 16383\n", 5, "config-value"},
        {NODE "[partner FRA]\nhours = 22:00-06:00\n", 5, "config-value"},
        {NODE "[partner FRA]\nhours = 22:00-22:00Z\n", 5, "config-value"},
        {NODE "[partner FRA]\npin-sha256 = 00\n", 5, "config-value"},
        {NODE "[partner FRA]\npin-sha256 = 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef 00\n", 5, "config-value"},
        {NODE "[log]\n level = info\n", 5, "config-syntax"},
        {NODE "[log]\nlevel\n", 5, "config-syntax"},
        {NODE "[log\n", 4, "config-section"},
        {NODE "[node2]", 4, "config-section"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        enum status st = read_text(w, span_cstr(bad[i].text));
        const struct fault *f = &w->d.faults[0];
        if (st != ST_INVALID || w->d.count == 0 || f->line != bad[i].line || strcmp(f->rule, bad[i].rule))
            fail_msg("%s: status %d, %u faults, first at line %u: %s: %s", bad[i].text, (int)st, w->d.count, f->line,
                     f->rule, f->message);
    }
}

static void faults_come_all_at_once(void **state)
{
    struct world *w = *state;
    assert_int_equal(read_text(w, span_cstr("[node]\nname = a b\n[log]\nlevel = x\nfoo = 1\n[bar]\nbaz = 1\n")), ST_INVALID);
    assert_int_equal(w->d.count, 5); // name, level, foo, [bar], nation missing
    static const char nul[] = NODE "[log]\nlevel = in\0fo\n";
    assert_int_equal(read_text(w, span_of(nul, sizeof nul - 1)), ST_INVALID);
    assert_int_equal(w->d.faults[0].line, 5);
    char longer[600] = NODE "[node]\naddress = ";
    memset(longer + strlen(longer), 'a', 400);
    assert_int_equal(read_text(w, span_cstr(longer)), ST_INVALID);
    assert_int_equal(w->d.faults[0].line, 5);
    diag_init(&w->d, NULL);
    assert_int_equal(config_read("/nonexistent", w->a, &w->d, &w->c), ST_NOT_FOUND);
    assert_int_equal(w->d.count, 1);
}

// conf/relto.conf as shipped reads well, and so it does with every comment of a key opened; then it says exactly
// the defaults.
static void the_shipped_file_is_true(void **state)
{
    struct world *w = *state;
    struct span shipped;
    diag_init(&w->d, NULL);
    assert_int_equal(file_read(SOURCE_DIR "/conf/relto.conf", MIB, w->a, &w->d, &shipped), ST_OK);
    assert_int_equal(read_text(w, shipped), ST_OK);
    const struct config *plain = w->c;
    char *opened = malloc(shipped.len + 1), *to = opened;
    assert_non_null(opened);
    unsigned keys = 0;
    for (size_t i = 0; i < shipped.len; i++) {
        bool key = shipped.ptr[i] == ';' && i && shipped.ptr[i - 1] == '\n';
        keys += key;
        if (!key)
            *to++ = (char)shipped.ptr[i];
    }
    *to = 0;
    assert_int_equal(keys, 39 + 14 + 1); // keys with a default, a partner's keys, [partner FRA]
    enum status st = read_text(w, span_cstr(opened));
    if (st != ST_OK)
        print_error("line %u: %s\n", w->d.faults[0].line, w->d.faults[0].message);
    assert_int_equal(st, ST_OK);
    free(opened);
    const struct config *all = w->c;
    assert_int_equal(all->partner_count, 1);
    assert_non_null(all->tls_crl);
    assert_null(plain->spool);
    assert_non_null(all->spool);
    assert_null(plain->nation_anchors);
    assert_non_null(all->nation_anchors);
    const char *const pairs[][2] = {
        {plain->trust_domain, all->trust_domain}, {plain->listen, all->listen}, {plain->metrics, all->metrics},
        {plain->tls_key, all->tls_key}, {plain->tls_cert, all->tls_cert}, {plain->tls_anchors, all->tls_anchors},
        {plain->report_key, all->report_key}, {plain->report_cert, all->report_cert}, {plain->ledger_key, all->ledger_key},
        {plain->audit_key, all->audit_key}, {plain->cosign_key, all->cosign_key}, {plain->consent_key, all->consent_key},
        {plain->card_key, all->card_key}, {plain->store_path, all->store_path}, {plain->policy_file, all->policy_file},
        {plain->spif_dir, all->spif_dir}, {plain->vocabulary_file, all->vocabulary_file}, {plain->log_level, all->log_level}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_string_equal(pairs[i][0], pairs[i][1]);
    assert_true(plain->map_bytes == all->map_bytes && plain->map_bytes_max == all->map_bytes_max);
    assert_true(plain->pad == all->pad && plain->poll_wait_s == all->poll_wait_s);
    assert_true(plain->retry_min_ms == all->retry_min_ms && plain->retry_max_ms == all->retry_max_ms);
    assert_true(plain->attachment_bytes_max == all->attachment_bytes_max);
    assert_true(plain->connections_max == all->connections_max);
    assert_int_equal(plain->recall_overdue_min, all->recall_overdue_min);
    assert_int_equal(plain->head_hour, all->head_hour);
    assert_int_equal(plain->witness_minutes, all->witness_minutes);
    assert_true(!all->partners[0].ask_witness && !all->partners[0].be_witness);
    assert_int_equal(plain->keep_days, all->keep_days);
    assert_true(plain->connections_per_address_max == all->connections_per_address_max);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults_fill_in, begin, end),
        cmocka_unit_test_setup_teardown(values_are_taken, begin, end),
        cmocka_unit_test_setup_teardown(keys_may_be_in_tokens, begin, end),
        cmocka_unit_test_setup_teardown(every_fault_is_named_with_its_line, begin, end),
        cmocka_unit_test_setup_teardown(faults_come_all_at_once, begin, end),
        cmocka_unit_test_setup_teardown(the_shipped_file_is_true, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
