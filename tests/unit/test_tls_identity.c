// node/io/tls_identity: who a certificate makes its holder, and who vouches for that (spec 4.1, 8-14, 8-16).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "formats/base/limits.h"
#include "formats/partner_card.h"
#include "formats/signature.h"
#include "node/io/file.h"
#include "tests/support/tls_world.h"

static int begin(void **state)
{
    struct tls_world *w = malloc(sizeof *w);
    assert_non_null(w);
    tls_world_init(w);
    *state = w;
    return 0;
}

static int end(void **state)
{
    struct tls_world *w = *state;
    tls_world_fini(w);
    free(w);
    return 0;
}

// The rule of the refusal, "" when accepted.
static const char *identify(struct tls_world *w, const struct tls_domains *t, const char *stem, STACK_OF(X509) *chain,
                            enum tls_purpose purpose, utc_ms now, struct principal *who)
{
    X509 *leaf = tls_cert(w, stem);
    diag_init(&w->d, NULL);
    enum status st = tls_identify(t, leaf, chain, purpose, now, &w->d, who);
    X509_free(leaf);
    if (st == ST_OK)
        return "";
    assert_int_equal(st, ST_DENIED);
    assert_int_equal(who->role, ROLE_NONE);
    assert_string_equal(who->id, "");
    assert_int_equal(w->d.count, 1);
    return w->d.faults[0].rule;
}

static void names_make_principals(void **state)
{
    struct tls_world *w = *state;
    static const struct {
        const char *uri;
        bool fra;
        enum tls_purpose purpose;
        const char *refusal;
        enum role role;
        const char *id;
    } cases[] = {
        {"spiffe://gbr.example/cell/J2-NORTH", false, TLS_PEER_IS_CLIENT, "", ROLE_CELL, "J2-NORTH"},
        {"spiffe://gbr.example/officer/jones", false, TLS_PEER_IS_CLIENT, "", ROLE_OFFICER, "jones"},
        {"spiffe://gbr.example/auditor/a.b", false, TLS_PEER_IS_CLIENT, "", ROLE_AUDITOR, "a.b"},
        {"spiffe://gbr.example/operator/o_1", false, TLS_PEER_IS_CLIENT, "", ROLE_OPERATOR, "o_1"},
        {"spiffe://fra.example/node", true, TLS_PEER_IS_CLIENT, "", ROLE_PARTNER, "FRA"},
        {"spiffe://fra.example/node", true, TLS_PEER_IS_SERVER, "", ROLE_PARTNER, "FRA"},
        {"spiffe://gbr.example/node", false, TLS_PEER_IS_SERVER, "", ROLE_NONE, ""},
        {"spiffe://gbr.example/node", false, TLS_PEER_IS_CLIENT, "tls-unknown", ROLE_NONE, ""},
        {"spiffe://gbr.example/cell/J2", false, TLS_PEER_IS_SERVER, "tls-unknown", ROLE_NONE, ""},
        {"spiffe://fra.example/cell/J2", true, TLS_PEER_IS_CLIENT, "tls-unknown", ROLE_NONE, ""},
        {"spiffe://fra.example/officer/x", true, TLS_PEER_IS_CLIENT, "tls-unknown", ROLE_NONE, ""},
        {"spiffe://gbr.example/cell/", false, TLS_PEER_IS_CLIENT, "tls-unknown", ROLE_NONE, ""},
        {"spiffe://gbr.example/cell/a/b", false, TLS_PEER_IS_CLIENT, "tls-unknown", ROLE_NONE, ""},
        {"spiffe://gbr.example/cell/a%20b", false, TLS_PEER_IS_CLIENT, "tls-unknown", ROLE_NONE, ""},
        {"spiffe://gbr.example/cells/a", false, TLS_PEER_IS_CLIENT, "tls-unknown", ROLE_NONE, ""},
        {"spiffe://gbr.example//cell/a", false, TLS_PEER_IS_CLIENT, "tls-unknown", ROLE_NONE, ""},
        {"spiffe://gbr.example", false, TLS_PEER_IS_CLIENT, "tls-unknown", ROLE_NONE, ""},
        {"spiffe://gbr.example.evil/cell/a", false, TLS_PEER_IS_CLIENT, "tls-unknown", ROLE_NONE, ""},
        {"spiffe://usa.example/node", false, TLS_PEER_IS_CLIENT, "tls-unknown", ROLE_NONE, ""},
        {"https://gbr.example/cell/a", false, TLS_PEER_IS_CLIENT, "tls-unknown", ROLE_NONE, ""},
        {NULL, false, TLS_PEER_IS_CLIENT, "tls-unknown", ROLE_NONE, ""},
        // 8-14: another nation's CA certifies the name; either way round
        {"spiffe://fra.example/node", false, TLS_PEER_IS_CLIENT, "tls-verify", ROLE_NONE, ""},
        {"spiffe://fra.example/node", false, TLS_PEER_IS_SERVER, "tls-verify", ROLE_NONE, ""},
        {"spiffe://gbr.example/officer/x", true, TLS_PEER_IS_CLIENT, "tls-verify", ROLE_NONE, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct principal who;
        tls_issue(w, cases[i].fra ? &w->fra : &w->gbr, "case", cases[i].uri, "tls", w->now - TLS_DAY, w->now + TLS_DAY);
        const char *refusal = identify(w, w->domains, "case", NULL, cases[i].purpose, w->now, &who);
        if (strcmp(refusal, cases[i].refusal) || who.role != cases[i].role || strcmp(who.id, cases[i].id))
            fail_msg("case %zu, %s: \"%s\" as %s:%s", i, cases[i].uri, refusal, role_text(who.role), who.id);
    }
}

static void purpose_and_time_are_enforced(void **state)
{
    struct tls_world *w = *state;
    struct principal who;
    const char *uri = "spiffe://fra.example/node";
    tls_issue(w, &w->fra, "client", uri, "client", w->now - TLS_DAY, w->now + TLS_DAY);
    assert_string_equal(identify(w, w->domains, "client", NULL, TLS_PEER_IS_CLIENT, w->now, &who), "");
    assert_string_equal(identify(w, w->domains, "client", NULL, TLS_PEER_IS_SERVER, w->now, &who), "tls-verify");
    tls_issue(w, &w->fra, "report", uri, RELTO_EKU_REPORT, w->now - TLS_DAY, w->now + TLS_DAY);
    assert_string_equal(identify(w, w->domains, "report", NULL, TLS_PEER_IS_CLIENT, w->now, &who), "tls-verify");
    assert_string_equal(identify(w, w->domains, "fra", NULL, TLS_PEER_IS_CLIENT, w->now + 2 * TLS_DAY, &who), "tls-verify");
    assert_non_null(strstr(w->d.faults[0].message, "expired"));
    assert_string_equal(identify(w, w->domains, "fra", NULL, TLS_PEER_IS_CLIENT, w->now - 2 * TLS_DAY, &who), "tls-verify");
    assert_string_equal(identify(w, w->domains, "fra", NULL, TLS_PEER_IS_CLIENT, w->now + 20 * TLS_DAY, &who), "tls-verify");
}

static void revocation_fails_closed(void **state)
{
    struct tls_world *w = *state;
    struct principal who;
    struct tls_domains *t;
    tls_crl(w, &w->fra, "none.crl", NULL, w->now - TLS_DAY, w->now + TLS_DAY);
    tls_crl(w, &w->fra, "fra.crl", "fra", w->now - TLS_DAY, w->now + TLS_DAY);
    tls_crl(w, &w->fra, "old.crl", NULL, w->now - 2 * TLS_DAY, w->now - TLS_DAY);
    tls_crl(w, &w->gbr, "gbr.crl", NULL, w->now - TLS_DAY, w->now + TLS_DAY);
    static const struct {
        const char *file, *refusal, *word;
    } cases[] = {{"none.crl", "", ""},
                 {"fra.crl", "tls-verify", "revoked"},
                 {"old.crl", "tls-verify", "expired"},
                 {"missing.crl", "tls-verify", "unable to get certificate CRL"},
                 {"gbr.crl", "tls-verify", "unable to get certificate CRL"}}; // another domain's
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        t = tls_world_domains(w, NULL, tls_path(w, cases[i].file), NULL, NULL);
        assert_string_equal(identify(w, t, "fra", NULL, TLS_PEER_IS_CLIENT, w->now, &who), cases[i].refusal);
        assert_non_null(strstr(w->d.count ? w->d.faults[0].message : "", cases[i].word));
        assert_string_equal(identify(w, t, "cell", NULL, TLS_PEER_IS_CLIENT, w->now, &who), "");
        tls_domains_free(&t);
    }
    // a list that is none is a fault of the configuration
    t = tls_domains_new();
    struct tls_domain_spec s = {.id = "FRA", .trust_domain = "fra.example", .anchors_pem = buf_bytes(&w->fra.cert),
                                .crl_file = tls_path(w, "fra.pem")};
    assert_int_equal(tls_domains_add(t, &s, &w->d), ST_INVALID);
    tls_domains_free(&t);
}

static void other_names_identify_too(void **state)
{
    struct tls_world *w = *state;
    struct principal who;
    struct pki_facts f;
    struct arena *a = arena_new(MIB);
    struct span pem;
    tls_issue(w, &w->fra, "plain", NULL, "tls", w->now - TLS_DAY, w->now + TLS_DAY);
    assert_int_equal(file_read(tls_path(w, "plain.pem"), 65536, a, &w->d, &pem), ST_OK);
    assert_int_equal(pki_facts(pem, &f), ST_OK);
    struct tls_domains *dn = tls_world_domains(w, NULL, NULL, "CN=plain", NULL);
    struct tls_domains *pin = tls_world_domains(w, NULL, NULL, NULL, f.sha256);
    assert_string_equal(identify(w, w->domains, "plain", NULL, TLS_PEER_IS_CLIENT, w->now, &who), "tls-unknown");
    assert_string_equal(identify(w, dn, "plain", NULL, TLS_PEER_IS_CLIENT, w->now, &who), "");
    assert_string_equal(who.id, "FRA");
    assert_string_equal(identify(w, pin, "plain", NULL, TLS_PEER_IS_CLIENT, w->now, &who), "");
    assert_string_equal(identify(w, dn, "fra", NULL, TLS_PEER_IS_CLIENT, w->now, &who), ""); // SPIFFE still does
    // the name alone is nothing: another CA's certificate with that subject, or a pin of one, is refused
    tls_issue(w, &w->gbr, "plain", NULL, "tls", w->now - TLS_DAY, w->now + TLS_DAY);
    assert_string_equal(identify(w, dn, "plain", NULL, TLS_PEER_IS_CLIENT, w->now, &who), "tls-verify");
    // one certificate, two principals: FRA's by subject, ours by its SPIFFE id
    tls_issue(w, &w->gbr, "plain", "spiffe://gbr.example/cell/x", "tls", w->now - TLS_DAY, w->now + TLS_DAY);
    assert_string_equal(identify(w, dn, "plain", NULL, TLS_PEER_IS_CLIENT, w->now, &who), "tls-ambiguous");
    tls_domains_free(&dn);
    tls_domains_free(&pin);
    arena_free(&a);
}

static void two_pins_are_good_at_once(void **state)
{
    struct tls_world *w = *state;
    struct principal who;
    struct pki_facts f[2];
    struct arena *a = arena_new(MIB);
    static const char *const stems[] = {"plain", "next"};
    for (size_t i = 0; i < 2; i++) {
        struct span pem;
        tls_issue(w, &w->fra, stems[i], NULL, "tls", w->now - TLS_DAY, w->now + TLS_DAY);
        assert_int_equal(file_read(tls_path(w, i ? "next.pem" : "plain.pem"), 65536, a, &w->d, &pem), ST_OK);
        assert_int_equal(pki_facts(pem, &f[i]), ST_OK);
    }
    struct tls_domains *t = tls_world_domains(w, NULL, NULL, NULL, arena_printf(a, "%s %s", f[0].sha256, f[1].sha256));
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(identify(w, t, stems[i], NULL, TLS_PEER_IS_CLIENT, w->now, &who), "");
    tls_domains_free(&t);
    arena_free(&a);
}

// ---- certificates that our own CA would not make

static EVP_PKEY *key_of(const struct buf *pem)
{
    BIO *b = BIO_new_mem_buf(pem->ptr, (int)pem->len);
    EVP_PKEY *k = PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);
    BIO_free(b);
    assert_non_null(k);
    return k;
}

static X509 *cert_of(const struct buf *pem)
{
    BIO *b = BIO_new_mem_buf(pem->ptr, (int)pem->len);
    X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);
    BIO_free(b);
    assert_non_null(x);
    return x;
}

static void ext(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
}

// A certificate with these SAN and basic constraints, signed by (issuer, issuer_key).
static X509 *forge(struct tls_world *w, X509 *issuer, EVP_PKEY *issuer_key, EVP_PKEY *key, const char *cn,
                   const char *san, const char *basic, const char *usage)
{
    X509 *x = X509_new();
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 77);
    X509_NAME *n = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer));
    ASN1_TIME_set(X509_getm_notBefore(x), (time_t)((w->now - TLS_DAY) / 1000));
    ASN1_TIME_set(X509_getm_notAfter(x), (time_t)((w->now + TLS_DAY) / 1000));
    X509_set_pubkey(x, key);
    ext(x, issuer, NID_basic_constraints, basic);
    ext(x, issuer, NID_key_usage, usage);
    ext(x, issuer, NID_subject_key_identifier, "hash");
    ext(x, issuer, NID_authority_key_identifier, "keyid:always");
    if (san)
        ext(x, issuer, NID_subject_alt_name, san);
    assert_true(X509_sign(x, issuer_key, EVP_sha256()) > 0);
    return x;
}

static const char *identify_x509(struct tls_world *w, X509 *leaf, STACK_OF(X509) *chain)
{
    struct principal who;
    diag_init(&w->d, NULL);
    return tls_identify(w->domains, leaf, chain, TLS_PEER_IS_CLIENT, w->now, &w->d, &who) == ST_OK ? "" : w->d.faults[0].rule;
}

static void odd_certificates_are_refused(void **state)
{
    struct tls_world *w = *state;
    X509 *ca = cert_of(&w->fra.cert);
    EVP_PKEY *ca_key = key_of(&w->fra.key), *key = EVP_EC_gen("P-256");
    static const struct {
        const char *san, *basic, *usage, *refusal;
    } cases[] = {
        {"URI:spiffe://fra.example/node", "CA:FALSE", "critical,digitalSignature", ""},
        {"URI:spiffe://fra.example/node,DNS:node.fra.example", "CA:FALSE", "critical,digitalSignature", ""},
        {"URI:spiffe://fra.example/node,URI:spiffe://fra.example/other", "CA:FALSE", "digitalSignature", "tls-unknown"},
        {"URI:spiffe://fra.example/node,URI:spiffe://fra.example/node", "CA:FALSE", "digitalSignature", "tls-unknown"},
        {"DNS:spiffe://fra.example/node", "CA:FALSE", "digitalSignature", "tls-unknown"},
        {"URI:spiffe://fra.example/node", "critical,CA:TRUE", "digitalSignature,keyCertSign", "tls-ca"},
        {"URI:spiffe://fra.example/node", "CA:FALSE", "critical,keyEncipherment", "tls-verify"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        X509 *x = forge(w, ca, ca_key, key, "odd", cases[i].san, cases[i].basic, cases[i].usage);
        const char *refusal = identify_x509(w, x, NULL);
        if (strcmp(refusal, cases[i].refusal))
            fail_msg("case %zu: \"%s\": %s", i, refusal, w->d.faults[0].message);
        X509_free(x);
    }
    // Path length 0: an intermediate below the CA vouches for nobody, and a leaf is no intermediate.
    STACK_OF(X509) *chain = sk_X509_new_null();
    EVP_PKEY *mid_key = EVP_EC_gen("P-256");
    X509 *mid = forge(w, ca, ca_key, mid_key, "mid", NULL, "critical,CA:TRUE", "critical,keyCertSign,cRLSign");
    X509 *leaf = forge(w, mid, mid_key, key, "leaf", "URI:spiffe://fra.example/node", "CA:FALSE", "digitalSignature");
    sk_X509_push(chain, mid);
    assert_string_equal(identify_x509(w, leaf, chain), "tls-verify");
    // Self-signed, and presenting a foreign root along: neither helps.
    X509 *self = forge(w, leaf, key, key, "leaf", "URI:spiffe://fra.example/node", "CA:FALSE", "digitalSignature");
    assert_string_equal(identify_x509(w, self, NULL), "tls-verify");
    X509 *gbr = cert_of(&w->gbr.cert);
    sk_X509_push(chain, gbr);
    tls_issue(w, &w->gbr, "evil", "spiffe://fra.example/node", "tls", w->now - TLS_DAY, w->now + TLS_DAY);
    X509 *evil = tls_cert(w, "evil");
    assert_string_equal(identify_x509(w, evil, chain), "tls-verify");
    X509_free(evil);
    sk_X509_pop_free(chain, X509_free);
    X509_free(self);
    X509_free(leaf);
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(mid_key);
    EVP_PKEY_free(key);
}

static void domains_are_checked_when_made(void **state)
{
    struct tls_world *w = *state;
    struct tls_domain_spec s = {.id = "USA", .trust_domain = "fra.example", .anchors_pem = buf_bytes(&w->fra.cert)};
    assert_int_equal(tls_domains_add(w->domains, &s, &w->d), ST_CONFLICT);
    s = (struct tls_domain_spec){.id = "FRA", .trust_domain = "usa.example", .anchors_pem = buf_bytes(&w->fra.cert)};
    assert_int_equal(tls_domains_add(w->domains, &s, &w->d), ST_CONFLICT);
    s = (struct tls_domain_spec){.id = "USA", .trust_domain = "usa.example", .anchors_pem = span_cstr("none")};
    assert_int_equal(tls_domains_add(w->domains, &s, &w->d), ST_INVALID);
    struct arena *a = arena_new(MIB);
    assert_int_equal(file_read(tls_path(w, "node.pem"), 65536, a, &w->d, &s.anchors_pem), ST_OK);
    assert_int_equal(tls_domains_add(w->domains, &s, &w->d), ST_INVALID); // a leaf is no anchor
    s.anchors_pem = buf_bytes(&w->gbr.cert);
    static const char hex[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const char *const bad[] = {"00", "", arena_printf(a, "%s ", hex), arena_printf(a, "%s,%s", hex, hex),
                               arena_printf(a, "%s %s %s", hex, hex, hex), arena_printf(a, "%s0", hex)};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        s.pin_sha256 = bad[i];
        assert_int_equal(tls_domains_add(w->domains, &s, &w->d), ST_INVALID);
    }
    s.pin_sha256 = NULL;
    assert_int_equal(tls_domains_add(w->domains, &s, &w->d), ST_OK);
    arena_free(&a);
}

static void a_domain_tells_how_long_it_lasts(void **state)
{
    struct tls_world *w = *state;
    struct tls_domain_life l;
    tls_crl(w, &w->fra, "fra.crl", NULL, w->now - TLS_DAY, w->now + 3 * TLS_DAY);
    struct tls_domains *t = tls_domains_new();
    struct tls_domain_spec s = {.id = "FRA", .trust_domain = "fra.example", .anchors_pem = buf_bytes(&w->fra.cert),
                                .crl_file = tls_path(w, "fra.crl")};
    assert_false(tls_domains_life(t, 0, &l));
    assert_int_equal(tls_domains_add(t, &s, &w->d), ST_OK);
    assert_true(tls_domains_life(t, 0, &l));
    assert_string_equal(l.id, "FRA");
    assert_true(l.crl_until > w->now + 3 * TLS_DAY - 1000 && l.crl_until <= w->now + 3 * TLS_DAY);
    assert_true(l.anchors_until > w->now && l.anchors_until < UTC_MAX);
    assert_false(tls_domains_life(t, 1, &l));
    tls_domains_free(&t);
}

// FRA's card as DIR/FRA.xml; `nation` is what it says of itself.
static void write_card(struct tls_world *w, const char *nation, const char *trust_domain)
{
    static const uint8_t seed[ED25519_LEN] = {1};
    struct note_key key;
    struct buf anchors, out;
    struct arena *a = arena_new(MIB);
    struct span leaf;
    buf_init(&anchors, MIB);
    buf_init(&out, MIB);
    buf_span(&anchors, buf_bytes(&w->fra.cert));
    assert_int_equal(file_read(tls_path(w, "fra.pem"), 65536, a, &w->d, &leaf), ST_OK);
    assert_int_equal(note_key_from_seed(seed, &key), ST_OK);
    struct partner_card *card = calloc(1, sizeof *card);
    assert_non_null(card);
    *card = (struct partner_card){.nation = nation, .node_name = "fra.example", .trust_domain = trust_domain,
                                  .address = "127.0.0.1:8443", .serial = 1, .issued = w->now / 1000 * 1000,
                                  .anchors_pem = buf_cstr(&anchors), .consent_cert_pem = arena_str(a, leaf),
                                  .report_cert_count = 1};
    card->report_certs[0].pem = card->consent_cert_pem;
    memcpy(card->card_key, key.pub, sizeof key.pub);
    assert_int_equal(partner_card_write(card, &key, &out), ST_OK);
    assert_int_equal(file_write(tls_path(w, "FRA.xml"), buf_bytes(&out), 0600, &w->d), ST_OK);
    buf_fini(&anchors);
    buf_fini(&out);
    free(card);
    arena_free(&a);
}

static void configurations_load_with_their_cards(void **state)
{
    struct tls_world *w = *state;
    struct principal who;
    struct tls_domains *t = NULL;
    struct config_partner fra = {.id = "FRA", .card = tls_path(w, "FRA.xml")};
    struct config c = w->config;
    c.partners = &fra;
    c.partner_count = 1;
    write_card(w, "FRA", "fra.example");
    assert_int_equal(tls_domains_load(&c, &w->d, &t), ST_OK);
    assert_string_equal(identify(w, t, "fra", NULL, TLS_PEER_IS_CLIENT, w->now, &who), "");
    assert_string_equal(who.id, "FRA");
    assert_string_equal(identify(w, t, "cell", NULL, TLS_PEER_IS_CLIENT, w->now, &who), "");
    tls_domains_free(&t);
    static const struct {
        const char *nation, *domain;
        enum status st;
    } bad[] = {{"USA", "fra.example", ST_INVALID}, {"FRA", "gbr.example", ST_CONFLICT}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_card(w, bad[i].nation, bad[i].domain);
        diag_init(&w->d, NULL);
        assert_int_equal(tls_domains_load(&c, &w->d, &t), bad[i].st);
        assert_int_equal(w->d.count, 1);
        assert_null(t);
    }
    fra.card = tls_path(w, "absent.xml");
    assert_int_equal(tls_domains_load(&c, &w->d, &t), ST_NOT_FOUND);
}

static void contexts_name_the_broken_file(void **state)
{
    struct tls_world *w = *state;
    SSL_CTX *ctx = NULL;
    assert_int_equal(tls_server_ctx(&w->config, w->domains, &w->d, &ctx), ST_OK);
    SSL_CTX_free(ctx);
    struct config c = w->config;
    c.tls_key = tls_path(w, "fra.key");
    diag_init(&w->d, NULL);
    assert_int_equal(tls_server_ctx(&c, w->domains, &w->d, &ctx), ST_INVALID);
    assert_non_null(strstr(w->d.faults[0].element, "fra.key"));
    c.tls_cert = tls_path(w, "absent.pem");
    diag_init(&w->d, NULL);
    assert_int_equal(tls_server_ctx(&c, w->domains, &w->d, &ctx), ST_INVALID);
    assert_non_null(strstr(w->d.faults[0].element, "absent.pem"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_make_principals, begin, end),
        cmocka_unit_test_setup_teardown(purpose_and_time_are_enforced, begin, end),
        cmocka_unit_test_setup_teardown(revocation_fails_closed, begin, end),
        cmocka_unit_test_setup_teardown(other_names_identify_too, begin, end),
        cmocka_unit_test_setup_teardown(two_pins_are_good_at_once, begin, end),
        cmocka_unit_test_setup_teardown(odd_certificates_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(domains_are_checked_when_made, begin, end),
        cmocka_unit_test_setup_teardown(a_domain_tells_how_long_it_lasts, begin, end),
        cmocka_unit_test_setup_teardown(configurations_load_with_their_cards, begin, end),
        cmocka_unit_test_setup_teardown(contexts_name_the_broken_file, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
