// The domains of trust: each with anchors, CRLs and principals of its own (tls_identity.h).
#include "node/io/tls_domains.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/base/bug.h"
#include "formats/pem.h"
#include "node/io/file.h"

enum { PEM_FILE_MAX = 16 * 1024 * 1024, CHAIN_DEPTH_MAX = 5, SECURITY_LEVEL = 2 };

utc_ms tls_time(const ASN1_TIME *t)
{
    int days, seconds;
    utc_ms ret = UTC_MIN;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    if (epoch && t && ASN1_TIME_diff(&days, &seconds, epoch, t) == 1)
        ret = ((utc_ms)days * 86400 + seconds) * 1000;
    ASN1_TIME_free(epoch);
    return ret;
}

// ---- making

static void domain_free(struct domain *m)
{
    if (!m)
        return;
    X509_STORE_free(m->store);
    free(m);
}

struct tls_domains *tls_domains_new(void)
{
    struct tls_domains *t = calloc(1, sizeof *t);
    if (t)
        t->refs = 1;
    return t;
}

struct tls_domains *tls_domains_ref(struct tls_domains *t)
{
    t->refs++;
    return t;
}

void tls_domains_free(struct tls_domains **t)
{
    if (*t && --(*t)->refs == 0) {
        for (size_t i = 0; i < (*t)->count; i++)
            domain_free((*t)->list[i]);
        free(*t);
    }
    *t = NULL;
}

static enum status fault(struct diag *d, const char *element, const char *what)
{
    ERR_clear_error();
    diag_add(d, 0, 0, "tls", element, "%s", what);
    return ST_INVALID;
}

// Is the reason why reading PEM stopped that there is no more of it?
static bool pem_ended(void)
{
    unsigned long e = ERR_peek_last_error();
    bool ended = ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return ended;
}

static enum status add_anchors(struct domain *m, struct span pem, struct diag *d)
{
    BIO *b = pem_bio(pem);
    if (!b)
        return ST_NOMEM;
    size_t count = 0;
    const char *wrong = NULL;
    X509 *x;
    while (!wrong && (x = PEM_read_bio_X509(b, NULL, pem_no_passphrase, NULL))) {
        utc_ms until = tls_time(X509_get0_notAfter(x));
        if (X509_check_ca(x) == 0)
            wrong = "a trust anchor is no certificate of a certification authority";
        else if (X509_STORE_add_cert(m->store, x) != 1)
            wrong = "a trust anchor cannot be used";
        m->anchors_until = until > m->anchors_until ? until : m->anchors_until;
        X509_free(x);
        count++;
    }
    if (!wrong && (!pem_ended() || count == 0))
        wrong = "expected trust anchors: one or more certificates as PEM";
    BIO_free(b);
    return wrong ? fault(d, m->trust_domain, wrong) : ST_OK;
}

static enum status add_crls(struct domain *m, const char *file, struct span pem, struct diag *d)
{
    BIO *b = pem_bio(pem);
    if (!b)
        return ST_NOMEM;
    size_t count = 0;
    bool ok = true;
    X509_CRL *crl;
    while (ok && (crl = PEM_read_bio_X509_CRL(b, NULL, pem_no_passphrase, NULL))) {
        utc_ms until = tls_time(X509_CRL_get0_nextUpdate(crl));
        if (until < m->crl_until)
            m->crl_until = until;
        ok = X509_STORE_add_crl(m->store, crl) == 1;
        X509_CRL_free(crl);
        count++;
    }
    ok = ok && pem_ended() && count > 0;
    BIO_free(b);
    return ok ? ST_OK : fault(d, file, "expected one or more revocation lists as PEM");
}

// From here on nobody of the domain passes without a valid CRL of each CA in the chain.
static enum status load_crls(struct domain *m, const char *file, struct diag *d)
{
    if (X509_STORE_set_flags(m->store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) != 1)
        return ST_NOMEM;
    struct arena *a = arena_new((size_t)PEM_FILE_MAX + 1024);
    struct span pem;
    if (!a)
        return ST_NOMEM;
    enum status st = file_read(file, PEM_FILE_MAX, a, d, &pem);
    if (st == ST_OK)
        st = add_crls(m, file, pem, d);
    else if (st == ST_NOT_FOUND)
        st = ST_OK; // the fault stays in d: a warning; verification fails closed
    arena_free(&a);
    return st;
}

static enum status check_spec(const struct tls_domains *t, const struct tls_domain_spec *s, struct diag *d)
{
    if (t->count == DOMAINS_MAX || strlen(s->id) > 64 || strlen(s->trust_domain) > TRUST_DOMAIN_MAX ||
        !*s->trust_domain || (s->subject_dn && strlen(s->subject_dn) >= SUBJECT_MAX)) {
        diag_add(d, 0, 0, "tls", s->trust_domain, "too many domains, or a name of this one is empty or too long");
        return ST_LIMIT;
    }
    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(t->list[i]->trust_domain, s->trust_domain) && strcmp(t->list[i]->id, s->id))
            continue;
        diag_add(d, 0, 0, "tls", s->trust_domain, "trust domain or partner \"%s\" is there already", s->id);
        return ST_CONFLICT;
    }
    return ST_OK;
}

// One or two digests, a space between.
static enum status add_pins(struct domain *m, const char *pins, struct diag *d)
{
    const char *at = pins;
    for (; m->pin_count < PINS_MAX; at++) {
        struct span hex = span_of((const uint8_t *)at, strcspn(at, " "));
        if (hex_get(hex, m->pins[m->pin_count].b, sizeof m->pins->b) != ST_OK)
            break;
        m->pin_count++;
        at += hex.len;
        if (!*at)
            return ST_OK;
    }
    return fault(d, m->id, "expected a certificate's SHA-256, 64 hexadecimal digits in lower case, or two of them and a space between");
}

static enum status fill(struct domain *m, const struct tls_domain_spec *s, struct diag *d)
{
    snprintf(m->id, sizeof m->id, "%s", s->id);
    snprintf(m->trust_domain, sizeof m->trust_domain, "%s", s->trust_domain);
    snprintf(m->subject_dn, sizeof m->subject_dn, "%s", s->subject_dn ? s->subject_dn : "");
    m->crl_until = UTC_MAX;
    m->store = X509_STORE_new();
    if (!m->store)
        return ST_NOMEM;
    X509_VERIFY_PARAM *p = X509_STORE_get0_param(m->store);
    X509_VERIFY_PARAM_set_depth(p, CHAIN_DEPTH_MAX);
    X509_VERIFY_PARAM_set_auth_level(p, SECURITY_LEVEL);
    if (X509_STORE_set_flags(m->store, X509_V_FLAG_X509_STRICT) != 1)
        return ST_NOMEM;
    if (s->pin_sha256)
        TRY(add_pins(m, s->pin_sha256, d));
    TRY(add_anchors(m, s->anchors_pem, d));
    return s->crl_file ? load_crls(m, s->crl_file, d) : ST_OK;
}

enum status tls_domains_add(struct tls_domains *t, const struct tls_domain_spec *s, struct diag *d)
{
    TRY(check_spec(t, s, d));
    struct domain *m = calloc(1, sizeof *m);
    if (!m)
        return ST_NOMEM;
    enum status st = fill(m, s, d);
    if (st == ST_OK)
        t->list[t->count++] = m;
    else
        domain_free(m);
    return st;
}

bool tls_domains_life(const struct tls_domains *t, size_t i, struct tls_domain_life *ret)
{
    if (i >= t->count)
        return false;
    const struct domain *m = t->list[i];
    *ret = (struct tls_domain_life){m->id, m->anchors_until, m->crl_until};
    return true;
}

// ---- verifying

static enum status deny(struct diag *d, const char *rule, const char *who, const char *why)
{
    ERR_clear_error();
    diag_add(d, 0, 0, rule, who, "%s", why);
    return ST_DENIED;
}

// End of validity of what was verified: the first certificate or CRL to end.
static utc_ms chain_until(X509_STORE_CTX *ctx, const struct domain *m)
{
    utc_ms until = m->crl_until;
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    for (int i = 0; i < sk_X509_num(chain); i++) {
        utc_ms end = tls_time(X509_get0_notAfter(sk_X509_value(chain, i)));
        if (end < until)
            until = end;
    }
    return until;
}

static enum status verify(const struct domain *m, X509 *leaf, STACK_OF(X509) *chain, enum tls_purpose purpose,
                          utc_ms now, const char *who, struct diag *d, utc_ms *ret_until)
{
    enum status st = ST_NOMEM;
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    if (!ctx || X509_STORE_CTX_init(ctx, m->store, leaf, chain) != 1)
        goto out;
    X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);
    if (X509_VERIFY_PARAM_set_purpose(p, purpose == TLS_PEER_IS_CLIENT ? X509_PURPOSE_SSL_CLIENT
                                                                       : X509_PURPOSE_SSL_SERVER) != 1)
        goto out;
    X509_VERIFY_PARAM_set_time(p, (time_t)(now / 1000));
    if (X509_verify_cert(ctx) == 1) {
        *ret_until = chain_until(ctx, m);
        st = ST_OK;
    } else {
        st = deny(d, "tls-verify", who, X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
    }
out:
    ERR_clear_error();
    X509_STORE_CTX_free(ctx);
    return st;
}

// ---- identifying

// The only URI SAN into out; false when there is none, more than one, or it is no plain text that fits.
static bool only_uri(const X509 *leaf, char *out, size_t cap)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    int count = 0;
    bool ok = true;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *gn = sk_GENERAL_NAME_value(names, i);
        if (gn->type != GEN_URI)
            continue;
        count++;
        const unsigned char *text = ASN1_STRING_get0_data(gn->d.uniformResourceIdentifier);
        size_t n = (size_t)ASN1_STRING_length(gn->d.uniformResourceIdentifier);
        ok = ok && n < cap;
        for (size_t k = 0; ok && k < n; k++)
            ok = text[k] > 0x20 && text[k] < 0x7f;
        if (ok) {
            memcpy(out, text, n);
            out[n] = 0;
        }
    }
    GENERAL_NAMES_free(names);
    ERR_clear_error();
    if (ok && count == 1)
        return true;
    out[0] = 0;
    return false;
}

static bool subject(const X509 *leaf, char *out, size_t cap)
{
    BIO *b = BIO_new(BIO_s_mem());
    char *text = NULL;
    bool ok = b && X509_NAME_print_ex(b, X509_get_subject_name(leaf), 0,
                                      XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0;
    long n = ok ? BIO_get_mem_data(b, &text) : 0;
    ok = ok && n > 0 && (size_t)n < cap;
    if (ok)
        memcpy(out, text, (size_t)n);
    out[ok ? n : 0] = 0;
    BIO_free(b);
    ERR_clear_error();
    return ok;
}

static bool name_ok(const char *s)
{
    size_t n = strlen(s);
    return n >= 1 && n <= 64 &&
           strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

// Roles of our own domain: /cell/<name> and so on; our own node only as a server, people only as clients.
static bool own_principal(const char *path, enum tls_purpose purpose, struct principal *ret)
{
    if (purpose == TLS_PEER_IS_SERVER)
        return !strcmp(path, "/node");
    static const enum role roles[] = {ROLE_CELL, ROLE_OFFICER, ROLE_AUDITOR, ROLE_OPERATOR};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        size_t n = strlen(role_text(roles[i]));
        if (path[0] != '/' || strncmp(path + 1, role_text(roles[i]), n) || path[n + 1] != '/' || !name_ok(path + n + 2))
            continue;
        ret->role = roles[i];
        snprintf(ret->id, sizeof ret->id, "%s", path + n + 2);
        return true;
    }
    return false;
}

// What the leaf says of itself.
struct claim {
    char uri[512]; // "" = not exactly one
    char subject[SUBJECT_MAX];
    struct digest digest;
};

static bool is_pinned(const struct domain *m, const struct digest *certificate)
{
    for (size_t i = 0; i < m->pin_count; i++)
        if (digest_eq(&m->pins[i], certificate))
            return true;
    return false;
}

// Does this leaf name a principal of domain m?
static bool matches(const struct domain *m, const struct claim *c, enum tls_purpose purpose, struct principal *ret)
{
    static const char scheme[] = "spiffe://";
    size_t n = strlen(m->trust_domain);
    const char *rest = c->uri + sizeof scheme - 1;
    bool own = !m->id[0];
    const char *path = !strncmp(c->uri, scheme, sizeof scheme - 1) && !strncmp(rest, m->trust_domain, n) ? rest + n : "";
    if (own)
        return own_principal(path, purpose, ret);
    if (strcmp(path, "/node") && !(m->subject_dn[0] && !strcmp(m->subject_dn, c->subject)) &&
        !is_pinned(m, &c->digest))
        return false;
    ret->role = ROLE_PARTNER;
    snprintf(ret->id, sizeof ret->id, "%s", m->id);
    return true;
}

static bool read_claim(const X509 *leaf, struct claim *c)
{
    unsigned len = 0;
    only_uri(leaf, c->uri, sizeof c->uri);
    subject(leaf, c->subject, sizeof c->subject);
    return X509_digest(leaf, EVP_sha256(), c->digest.b, &len) == 1 && len == sizeof c->digest.b;
}

enum status tls_identify_until(const struct tls_domains *t, X509 *leaf, STACK_OF(X509) *chain,
                               enum tls_purpose purpose, utc_ms now, struct diag *d, struct principal *ret,
                               utc_ms *ret_until)
{
    struct claim c;
    struct principal who = {0};
    const struct domain *domain = NULL;
    size_t found = 0;
    *ret = (struct principal){0};
    if (!read_claim(leaf, &c))
        return ST_NOMEM;
    for (size_t i = 0; i < t->count; i++) {
        struct principal p = {.certificate = c.digest};
        if (matches(t->list[i], &c, purpose, &p)) {
            found++;
            who = p;
            domain = t->list[i];
        }
    }
    const char *name = c.uri[0] ? c.uri : c.subject;
    utc_ms until = UTC_MIN;
    bool known = found == 1 && X509_check_ca(leaf) == 0;
    if (!known && t->count > 0) // as much work as for a known one, so that the time taken does not tell
        (void)!verify(t->list[0], leaf, chain, purpose, now, name, NULL, &until);
    if (found == 0)
        return deny(d, "tls-unknown", name, "the certificate names no principal of ours");
    if (found > 1)
        return deny(d, "tls-ambiguous", name, "the certificate names more than one principal");
    if (!known)
        return deny(d, "tls-ca", name, "a certificate of a certification authority cannot name a peer");
    TRY(verify(domain, leaf, chain, purpose, now, name, d, &until));
    *ret = who;
    *ret_until = until;
    return ST_OK;
}

enum status tls_identify(const struct tls_domains *t, X509 *leaf, STACK_OF(X509) *chain, enum tls_purpose purpose,
                         utc_ms now, struct diag *d, struct principal *ret)
{
    utc_ms until;
    return tls_identify_until(t, leaf, chain, purpose, now, d, ret, &until);
}
