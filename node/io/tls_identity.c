// TLS contexts and what a connection's verification found (tls_identity.h).
#include "node/io/tls_identity.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/base/bug.h"
#include "formats/pem.h"
#include "node/io/clock.h"
#include "node/io/private_key.h"
#include "node/io/tls_domains.h"

enum {
    PEER_CHAIN_BYTES_MAX = 32 * 1024,
    HANDSHAKE_MESSAGES_MAX = 64, // read on one connection: a handshake has about six, a key update one
};

// How a context verifies; owned by it.
struct verification {
    struct tls_domains *domains;
    enum tls_purpose purpose;
    char expect[65]; // of servers
    char *why;       // of the caller, or NULL: gets the reason of a refusal
    size_t why_cap;
};

// What a connection's verification found; owned by the connection.
struct peer_found {
    bool ok;
    struct principal who;
    utc_ms until;
    char why[DIAG_TEXT_MAX + 128];
    unsigned handshake_messages; // read on this connection
};

static void free_verification(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
    (void)parent, (void)ad, (void)index, (void)argl, (void)argp;
    struct verification *v = ptr;
    if (v)
        tls_domains_free(&v->domains);
    free(v);
}

static void free_found(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
    (void)parent, (void)ad, (void)index, (void)argl, (void)argp;
    free(ptr);
}

static int ctx_index(void)
{
    static int index = -1;
    if (index < 0)
        index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_verification);
    BUG_IF(index < 0);
    return index;
}

static int ssl_index(void)
{
    static int index = -1;
    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_found);
    BUG_IF(index < 0);
    return index;
}

static void note_why(struct peer_found *f, const struct diag *d)
{
    const struct fault *last = d->count ? &d->faults[d->count - 1] : NULL;
    if (last)
        snprintf(f->why, sizeof f->why, "%s: %s", last->element, last->message);
    else
        snprintf(f->why, sizeof f->why, "out of memory");
}

static bool same_principal(const struct principal *a, const struct principal *b)
{
    return a->role == b->role && !strcmp(a->id, b->id) && digest_eq(&a->certificate, &b->certificate);
}

// Find out who the peer is and note it on the connection. `expect` may be NULL.
static bool find_peer(struct peer_found *f, const struct tls_domains *t, X509 *leaf, STACK_OF(X509) *chain,
                      enum tls_purpose purpose, utc_ms now, const char *expect)
{
    struct diag *d = malloc(sizeof *d);
    f->ok = false;
    if (!d)
        return false;
    diag_init(d, NULL);
    enum status st = leaf ? tls_identify_until(t, leaf, chain, purpose, now, d, &f->who, &f->until) : ST_DENIED;
    if (st == ST_OK && expect && strcmp(expect, f->who.id)) {
        diag_add(d, 0, 0, "tls-peer", f->who.id, "another node answered than \"%s\"", *expect ? expect : "our own");
        st = ST_DENIED;
    }
    f->ok = st == ST_OK;
    if (!f->ok)
        note_why(f, d);
    free(d);
    return f->ok;
}

// What is noted on the connection, made when it is first asked for. NULL when memory is out.
static struct peer_found *found_on(SSL *ssl)
{
    struct peer_found *f = SSL_get_ex_data(ssl, ssl_index());
    if (f)
        return f;
    f = calloc(1, sizeof *f);
    if (f && SSL_set_ex_data(ssl, ssl_index(), f) == 1)
        return f;
    free(f);
    return NULL;
}

// OpenSSL works through handshake messages for as long as they come, inside a single call. A peer that sends key
// updates (or a server: tickets) without end would have the whole node to itself.
static void count_message(int writing, int version, int type, const void *bytes, size_t len, SSL *ssl, void *arg)
{
    (void)version, (void)bytes, (void)len, (void)arg;
    if (writing || type != SSL3_RT_HANDSHAKE)
        return;
    struct peer_found *f = found_on(ssl);
    if (!f || ++f->handshake_messages > HANDSHAKE_MESSAGES_MAX)
        SSL_set_shutdown(ssl, SSL_get_shutdown(ssl) | SSL_RECEIVED_SHUTDOWN); // as if the peer had ended it
}

// OpenSSL's verification, replaced as a whole. Whatever the cause, the peer sees one alert.
static int verify_peer(X509_STORE_CTX *ctx, void *arg)
{
    (void)arg;
    SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
    const struct verification *v = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ctx_index());
    struct peer_found *f = found_on(ssl);
    if (!f) {
        X509_STORE_CTX_set_error(ctx, X509_V_ERR_APPLICATION_VERIFICATION);
        return 0;
    }
    bool ok = find_peer(f, v->domains, X509_STORE_CTX_get0_cert(ctx), X509_STORE_CTX_get0_untrusted(ctx), v->purpose,
                        clock_now(), v->purpose == TLS_PEER_IS_SERVER ? v->expect : NULL);
    if (!ok && v->why)
        snprintf(v->why, v->why_cap, "%s", f->why);
    X509_STORE_CTX_set_error(ctx, ok ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
    return ok;
}

// ---- contexts

static enum status file_fault(struct diag *d, const char *file, const char *expected)
{
    char reason[160];
    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof reason);
    ERR_clear_error();
    diag_add(d, 0, 0, "tls-file", file, "expected %s; %s", expected, reason);
    return ST_INVALID;
}

static enum status use_certificate(SSL_CTX *ctx, const char *cert, const char *key, struct diag *d)
{
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
        return file_fault(d, cert, "our certificate as PEM, then intermediate ones");
    EVP_PKEY *pkey;
    TRY(private_key_load(key, d, &pkey));
    bool fits = SSL_CTX_use_PrivateKey(ctx, pkey) == 1 && SSL_CTX_check_private_key(ctx) == 1;
    EVP_PKEY_free(pkey);
    return fits ? ST_OK : file_fault(d, key, "the private key of our certificate");
}

static enum status use_verification(SSL_CTX *ctx, struct tls_domains *t, enum tls_purpose purpose, const char *expect)
{
    struct verification *v = calloc(1, sizeof *v);
    if (!v)
        return ST_NOMEM;
    v->purpose = purpose;
    snprintf(v->expect, sizeof v->expect, "%s", expect);
    v->domains = tls_domains_ref(t);
    if (SSL_CTX_set_ex_data(ctx, ctx_index(), v) != 1) {
        free_verification(NULL, v, NULL, 0, 0, NULL);
        return ST_NOMEM;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, verify_peer, NULL);
    return ST_OK;
}

// What both sides share: TLS 1.3, nothing that outlives a connection.
static enum status set_up(SSL_CTX *ctx)
{
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1)
        return ST_UNSUPPORTED;
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(ctx, PEER_CHAIN_BYTES_MAX);
    SSL_CTX_set_msg_callback(ctx, count_message);
    return ST_OK;
}

static enum status fill_server_ctx(SSL_CTX *ctx, const struct config *c, struct tls_domains *t, struct diag *d)
{
    static const unsigned char id[] = "relto";
    TRY(set_up(ctx));
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (SSL_CTX_set_num_tickets(ctx, 0) != 1 || SSL_CTX_set_max_early_data(ctx, 0) != 1 ||
        SSL_CTX_set_recv_max_early_data(ctx, 0) != 1 || SSL_CTX_set_session_id_context(ctx, id, sizeof id - 1) != 1)
        return ST_NOMEM;
    TRY(use_certificate(ctx, c->tls_cert, c->tls_key, d));
    return use_verification(ctx, t, TLS_PEER_IS_CLIENT, "");
}

enum status tls_server_ctx(const struct config *c, struct tls_domains *t, struct diag *d, SSL_CTX **ret)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx)
        return ST_NOMEM;
    SSL_CTX_set_default_passwd_cb(ctx, pem_no_passphrase);
    enum status st = fill_server_ctx(ctx, c, t, d);
    if (st == ST_OK)
        *ret = ctx;
    else
        SSL_CTX_free(ctx);
    return st;
}

enum status tls_client_setup(SSL_CTX *ctx, struct tls_domains *t, const char *client_cert, const char *client_key,
                             const char *expect, struct diag *d)
{
    TRY(set_up(ctx));
    TRY(use_certificate(ctx, client_cert, client_key, d));
    return use_verification(ctx, t, TLS_PEER_IS_SERVER, expect);
}

// ---- connections

const struct principal *tls_principal(const SSL *ssl)
{
    const struct peer_found *f = SSL_get_ex_data(ssl, ssl_index());
    return f && f->ok ? &f->who : NULL;
}

void tls_client_tell(SSL_CTX *ctx, char *ret_why, size_t cap)
{
    struct verification *v = SSL_CTX_get_ex_data(ctx, ctx_index());
    BUG_IF(!v || cap == 0);
    ret_why[0] = 0;
    v->why = ret_why;
    v->why_cap = cap;
}

const char *tls_why(const SSL *ssl)
{
    const struct peer_found *f = SSL_get_ex_data(ssl, ssl_index());
    return f && !f->ok ? f->why : "";
}

utc_ms tls_valid_until(const SSL *ssl)
{
    const struct peer_found *f = SSL_get_ex_data(ssl, ssl_index());
    return f && f->ok ? f->until : UTC_MIN;
}

enum status tls_reverify(SSL *ssl, const struct tls_domains *t, enum tls_purpose purpose, utc_ms now)
{
    struct peer_found *f = SSL_get_ex_data(ssl, ssl_index());
    if (!f || !f->ok)
        return ST_DENIED;
    struct principal before = f->who;
    if (!find_peer(f, t, SSL_get0_peer_certificate(ssl), SSL_get_peer_cert_chain(ssl), purpose, now, NULL))
        return ST_DENIED;
    if (same_principal(&before, &f->who))
        return ST_OK;
    f->ok = false;
    snprintf(f->why, sizeof f->why, "%.64s: the certificate names another principal now", before.id);
    return ST_DENIED;
}
