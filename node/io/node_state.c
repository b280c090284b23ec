#include "node/io/node_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/token_uri.h"
#include "node/core/policy_work.h"
#include "node/io/clock.h"
#include "node/io/file.h"
#include "node/io/nation_anchors.h"
#include "node/io/pki.h"
#include "node/io/private_key.h"
#include "node/io/spool.h"
#include "node/io/tls_identity.h"
#include "node/io/witness_logs.h"
#include "store/audit_log.h"
#include "store/policies.h"
#include "store/restoring.h"

enum { CONFIG_ARENA_MAX = 64 * 1024 * 1024 };

// ---- keys

// Faults of a reader that knows no file get its name.
static enum status of_file(enum status st, const char *path, struct diag *d)
{
    if (st != ST_OK && d && !d->file[0])
        snprintf(d->file, sizeof d->file, "%s", path);
    return st;
}

// A private key that others may read or change, or a folder that others may write, is not ours alone any more.
static enum status check_mode(const char *path, mode_t refused, const char *remedy, struct diag *d)
{
    struct stat sb;
    if (stat(path, &sb) != 0)
        return ST_OK; // what is not there is said by who reads it
    if (sb.st_uid != geteuid() && sb.st_uid != 0) {
        diag_add(d, 0, 0, "owner", path, "belongs to user %u, not to this one (%u) nor to root; run as the owner, or: chown",
                 (unsigned)sb.st_uid, (unsigned)geteuid());
        return ST_DENIED;
    }
    if ((sb.st_mode & refused) == 0)
        return ST_OK;
    diag_add(d, 0, 0, "mode", path, "mode %04o lets others in; run: chmod %s", (unsigned)(sb.st_mode & 07777), remedy);
    return ST_DENIED;
}

// Of a key in a token: the file with the PIN.
static enum status check_key(const char *where, struct diag *d)
{
    struct token_uri uri;
    const char *why;
    bool in_token = token_uri_is(where) && token_uri_read(where, &uri, &why) == ST_OK;
    return check_mode(in_token ? uri.pin_file : where, 027, "g-w,o=", d);
}

static enum status read_key(struct node_state *n, const char *path, struct diag *d, struct span *ret)
{
    TRY(file_read(path, KEY_FILE_MAX, n->arena, d, ret));
    return check_key(path, d);
}

static enum status load_note_key(struct node_state *n, const char *path, struct diag *d, struct note_key *ret)
{
    struct span pem;
    TRY(read_key(n, path, d, &pem));
    enum status st = note_key_load(pem, ret);
    if (st != ST_OK)
        diag_add(d, 0, 0, "key", path, "expected a PEM private key of type Ed25519");
    return st;
}

static enum status load_cert(struct node_state *n, const char *path, struct diag *d, struct verifying_key **ret)
{
    struct span pem;
    TRY(file_read(path, KEY_FILE_MAX, n->arena, d, &pem));
    return of_file(verifying_key_load(pem, d, ret), path, d);
}

static enum status load_log_keys(struct node_state *n, struct diag *d)
{
    TRY(load_note_key(n, n->config->ledger_key, d, &n->core.ledger_key));
    return load_note_key(n, n->config->audit_key, d, &n->core.audit_key);
}

static enum status load_private_key(const char *where, struct diag *d, EVP_PKEY **ret)
{
    TRY(check_key(where, d));
    return private_key_load(where, d, ret);
}

// A key that signs documents, by a certificate that has been read before: what is wrong is the key, or that it is another's.
static enum status load_signing_key(struct node_state *n, const char *key, const char *cert, struct diag *d,
                                    struct signing_key **ret)
{
    struct span pem;
    EVP_PKEY *pkey;
    TRY(file_read(cert, KEY_FILE_MAX, n->arena, d, &pem));
    TRY(load_private_key(key, d, &pkey));
    enum status st = of_file(signing_key_make(pkey, pem, d, ret), key, d);
    EVP_PKEY_free(pkey);
    return st;
}

static enum status load_report_key(struct node_state *n, struct diag *d)
{
    const struct config *c = n->config;
    return load_signing_key(n, c->report_key, c->report_cert, d, &n->core.report_key);
}

static enum status load_consent_key(struct node_state *n, struct diag *d)
{
    struct verifying_key *public;
    const char *cert = arena_printf(n->arena, "%s/certs/consent.pem", n->config->dir);
    if (!cert)
        return ST_NOMEM;
    TRY(load_cert(n, cert, d, &public));
    verifying_key_free(&public);
    return load_signing_key(n, n->config->consent_key, cert, d, &n->core.consent_key);
}

static enum status load_signing_keys(struct node_state *n, struct diag *d)
{
    TRY(load_report_key(n, d));
    return load_consent_key(n, d);
}

static enum status load_private_keys(struct node_state *n, struct diag *d)
{
    const struct config *c = n->config;
    EVP_PKEY *tls;
    TRY(check_mode(c->dir, 022, "go-w", d));
    TRY(check_key(c->card_key, d)); // the daemon does not use it
    TRY(load_log_keys(n, d));
    TRY(load_note_key(n, c->cosign_key, d, &n->core.cosign_key));
    TRY(load_private_key(c->tls_key, d, &tls)); // TLS will load it again; what is wrong with it is said before anything is written
    EVP_PKEY_free(tls);
    return load_signing_keys(n, d);
}

static enum status check_life(const char *path, struct span pem, struct diag *d)
{
    struct pki_facts f;
    char until[UTC_TEXT_MAX];
    if (pki_facts(pem, &f) != ST_OK || f.until >= clock_now())
        return ST_OK; // what is no certificate is said by TLS
    diag_add(d, 0, 0, "certificate", path, "expired %s; nobody will talk to this node: make a new one, or correct the clock",
             utc_format_s(f.until, until));
    return ST_INVALID;
}

// What else a daemon or the command line will need of this directory: told now rather than at night.
static enum status check_tls(struct node_state *n, struct diag *d)
{
    const struct config *c = n->config;
    struct tls_domains *domains;
    struct note_key card;
    struct span cert;
    SSL_CTX *ctx = NULL;
    TRY(load_note_key(n, c->card_key, d, &card));
    explicit_bzero(&card, sizeof card);
    TRY(file_read(c->tls_cert, KEY_FILE_MAX, n->arena, d, &cert));
    TRY(check_life(c->tls_cert, cert, d));
    TRY(tls_domains_load(c, d, &domains));
    enum status st = tls_server_ctx(c, domains, d, &ctx);
    if (st == ST_OK && d->count > 0)
        st = ST_NOT_FOUND; // a revocation list that is missing: the daemon would run, and let nobody of its domain in
    SSL_CTX_free(ctx);
    tls_domains_free(&domains);
    return st;
}

// ---- partners

void peer_free(struct peer **p)
{
    if (!*p)
        return;
    for (size_t i = 0; i < CARD_CERTS_MAX; i++)
        verifying_key_free(&(*p)->report_keys[i]);
    verifying_key_free(&(*p)->consent_key);
    arena_free(&(*p)->arena);
    free(*p);
    *p = NULL;
}

static enum status fill_peer(struct peer *p, const struct config_partner *conf, struct diag *d)
{
    struct span bytes;
    p->arena = arena_new(64 * (size_t)CARD_BYTES_MAX);
    if (!p->arena)
        return ST_NOMEM;
    TRY(file_read(conf->card, CARD_BYTES_MAX, p->arena, d, &bytes));
    TRY(partner_card_read(bytes, conf->card, p->arena, d, &p->card));
    if (strcmp(p->card.nation, conf->id) != 0) {
        diag_add(d, 0, 0, "card", conf->card, "this is the card of \"%s\", not of \"%s\"", p->card.nation, conf->id);
        return ST_INVALID;
    }
    for (size_t i = 0; i < p->card.report_cert_count; i++)
        TRY(of_file(verifying_key_load(span_cstr(p->card.report_certs[i].pem), d, &p->report_keys[i]), conf->card, d));
    TRY(of_file(verifying_key_load(span_cstr(p->card.consent_cert_pem), d, &p->consent_key), conf->card, d));
    snprintf(p->id, sizeof p->id, "%s", conf->id);
    p->pull = conf->pull;
    p->inbox = conf->inbox;
    p->push = conf->push;
    p->witness = conf->ask_witness;
    return ST_OK;
}

enum status peer_load(const struct config_partner *conf, struct diag *d, struct peer **ret)
{
    struct peer *p = calloc(1, sizeof *p);
    if (!p)
        return ST_NOMEM;
    enum status st = fill_peer(p, conf, d);
    if (st == ST_OK)
        *ret = p;
    else
        peer_free(&p);
    return st;
}

static enum status load_peers(struct node_state *n, struct diag *d)
{
    for (size_t i = 0; i < n->config->partner_count; i++) {
        if (n->core.peer_count == PEERS_MAX) {
            diag_add(d, 0, 0, "partners", NULL, "more than %d partners", PEERS_MAX);
            return ST_LIMIT;
        }
        TRY(peer_load(&n->config->partners[i], d, &n->core.peers[n->core.peer_count]));
        n->core.peer_count++;
    }
    return ST_OK;
}

// A node without a card works; it only has none to show. What is no card is not shown for one.
static enum status load_own_card(struct node_state *n, struct diag *d)
{
    struct partner_card card;
    const char *path = arena_printf(n->arena, "%s/card.xml", n->config->dir);
    n->core.card = span_of(NULL, 0);
    if (!path || file_read(path, CARD_BYTES_MAX, n->arena, NULL, &n->core.card) != ST_OK)
        return ST_OK;
    enum status st = partner_card_read(n->core.card, path, n->arena, d, &card);
    if (st != ST_OK)
        diag_add(d, 0, 0, "card", path, "our own card; 'relto partner card' makes it anew");
    return st;
}

// ---- policy

static enum status log_activation(struct node_state *n, struct db_txn *t, const struct digest *digest)
{
    char text[DIGEST_TEXT_LEN + 1], serial[24];
    struct audit_event ev = {.kind = AUDIT_POLICY, .actor = "operator"};
    audit_event_attr(&ev, "digest", digest_text(digest, text));
    snprintf(serial, sizeof serial, "%llu", (unsigned long long)ruleset_document(n->core.rules)->serial);
    audit_event_attr(&ev, "serial", serial);
    return audit_append(t, &ev, clock_now(), &n->core.random);
}

// The policy that the configuration names, compiled: it must be this nation's.
static enum status load_policy_files(struct node_state *n, struct diag *d, struct policy_bundle *ret)
{
    TRY(config_policy_bundle(n->config, n->arena, d, ret));
    TRY(ruleset_load(ret, d, &n->core.rules));
    const char *nation = ruleset_document(n->core.rules)->nation;
    if (strcmp(nation, n->core.nation) == 0)
        return ST_OK;
    diag_init(d, n->config->policy_file); // compiling left the name of the last file read
    diag_add(d, 0, 0, "policy", "nation", "this is the policy of \"%s\", the node is \"%s\"; correct the policy, or [node] nation",
             nation, n->core.nation);
    return ST_INVALID;
}

// The first start of a node activates the policy that its configuration names.
static enum status activate_first(struct node_state *n, struct db_txn *t, struct diag *d)
{
    struct policy_bundle b;
    struct buf bytes;
    struct digest digest;
    TRY(load_policy_files(n, d, &b));
    buf_init(&bytes, 2 * BUNDLE_SPIFS_MAX * POLICY_BYTES_MAX);
    policy_bundle_write(&b, &bytes);
    enum status st = buf_status(&bytes);
    if (st == ST_OK)
        st = policies_activate(t, buf_bytes(&bytes), clock_now(), &digest);
    if (st == ST_OK)
        st = log_activation(n, t, &digest);
    buf_fini(&bytes);
    return st;
}

static enum status check_policy(struct node_state *n, struct diag *d)
{
    struct policy_bundle b;
    return load_policy_files(n, d, &b);
}

static enum status load_policy(struct node_state *n, enum node_use use, struct diag *d)
{
    struct db_txn *t;
    struct digest digest;
    struct span bundle;
    TRY(db_begin(n->core.db, use == NODE_DAEMON, &t));
    enum status st = policies_active(t, &digest, &bundle);
    if (st == ST_OK)
        st = ruleset_load_bytes(bundle, d, &n->core.rules);
    else if (st == ST_NOT_FOUND && use == NODE_DAEMON)
        st = activate_first(n, t, d);
    else if (st == ST_NOT_FOUND)
        diag_add(d, 0, 0, "policy", NULL, "no policy is active yet; start reltod once");
    if (st == ST_OK && use == NODE_DAEMON)
        return db_commit(&t);
    db_abort(&t);
    return st;
}

// ---- a store that was brought back

static enum status tell_missing(void *ctx, const char *partner)
{
    diag_add(ctx, 0, 0, "restore-pending", partner,
             "has not given back yet what it holds of our ledger, of which this backup knows only the beginning; see 'relto restore --help'");
    return ST_OK;
}

// What is appended to a ledger before it is whole again would be another story than the partner holds.
static enum status check_restored(struct node_state *n, struct diag *d)
{
    struct db_txn *t;
    bool pending = false, held, recalls_due = false;
    TRY(db_begin(n->core.db, false, &t));
    enum status st = restoring_each(t, tell_missing, d);
    if (st == ST_OK)
        st = restoring_pending(t, &pending);
    if (st == ST_OK)
        st = restoring_held(t, &held, &recalls_due);
    db_abort(&t);
    if (st == ST_OK && recalls_due && !pending)
        diag_add(d, 0, 0, "restore-pending", NULL, "what partners were told is recalled is not recalled here again yet; run: relto restore --continue");
    return st == ST_OK && (pending || recalls_due) ? ST_BUSY : st;
}

// ---- all of it

static enum status open_all(struct node_state *n, const char *dir, enum node_use use, struct diag *d)
{
    n->arena = arena_new(CONFIG_ARENA_MAX);
    if (!n->arena)
        return ST_NOMEM;
    n->core.random = random_system();
    TRY(config_read(dir, n->arena, d, &n->config));
    snprintf(n->core.nation, sizeof n->core.nation, "%s", n->config->nation);
    snprintf(n->core.node_name, sizeof n->core.node_name, "%s", n->config->name);
    n->core.keep_days = n->config->keep_days;
    n->core.policy_approval = n->config->policy_approval;
    n->core.attachment_bytes_max = n->config->attachment_bytes_max;
    TRY(load_peers(n, d));
    TRY(load_own_card(n, d));
    TRY(nation_anchors_load(n->config, n->arena, d, &n->core));
    n->core.head_hour = n->config->head_hour;
    TRY(witness_logs_load(n->config, n->arena, d, &n->core));
    TRY(load_cert(n, n->config->report_cert, d, &n->core.own_report_cert));
    if (use == NODE_PARTS)
        return load_signing_keys(n, d);
    if (use == NODE_DAEMON || use == NODE_CHECK)
        TRY(load_private_keys(n, d));
    if (use == NODE_LOGS)
        TRY(load_log_keys(n, d));
    if (use == NODE_CHECK) {
        TRY(check_policy(n, d));
        TRY(spool_check(n->config, d));
        d->file[0] = 0; // compiling left the name of the last file read
        return check_tls(n, d);
    }
    if (use == NODE_DAEMON)
        TRY(db_lock_daemon(n->config->store_path, d, &n->lock_fd));
    struct db_options o = {.read_only = use == NODE_READER, .map_bytes = (size_t)n->config->map_bytes,
                           .map_bytes_max = (size_t)n->config->map_bytes_max};
    TRY(db_open(n->config->store_path, &o, d, &n->core.db));
    if (use == NODE_DAEMON || use == NODE_WRITER)
        TRY(check_restored(n, d));
    return load_policy(n, use, d);
}

enum status node_open(const char *dir, enum node_use use, struct diag *d, struct node_state **ret)
{
    struct node_state *n = calloc(1, sizeof *n);
    if (!n)
        return ST_NOMEM;
    n->lock_fd = -1;
    enum status st = open_all(n, dir, use, d);
    if (st == ST_OK) {
        d->file[0] = 0; // of the last file read
        *ret = n;
    } else {
        node_close(&n);
    }
    return st;
}

void node_swap_parts(struct node_state *n, struct node_state *fresh)
{
    struct node_state old = *n;
    n->arena = fresh->arena;
    n->config = fresh->config;
    n->core.keep_days = fresh->core.keep_days;
    n->core.policy_approval = fresh->core.policy_approval;
    n->core.attachment_bytes_max = fresh->core.attachment_bytes_max;
    n->core.head_hour = fresh->core.head_hour;
    n->core.witness_logs = fresh->core.witness_logs;
    n->core.witness_log_count = fresh->core.witness_log_count;
    n->core.nation_anchors = fresh->core.nation_anchors;
    n->core.nation_anchor_count = fresh->core.nation_anchor_count;
    n->core.card = fresh->core.card;
    n->core.report_key = fresh->core.report_key;
    n->core.consent_key = fresh->core.consent_key;
    n->core.own_report_cert = fresh->core.own_report_cert;
    n->core.peer_count = fresh->core.peer_count;
    memcpy(n->core.peers, fresh->core.peers, sizeof n->core.peers);
    fresh->arena = old.arena;
    fresh->config = old.config;
    fresh->core.witness_logs = old.core.witness_logs;
    fresh->core.witness_log_count = old.core.witness_log_count;
    fresh->core.nation_anchors = old.core.nation_anchors;
    fresh->core.nation_anchor_count = old.core.nation_anchor_count;
    fresh->core.card = old.core.card;
    fresh->core.report_key = old.core.report_key;
    fresh->core.consent_key = old.core.consent_key;
    fresh->core.own_report_cert = old.core.own_report_cert;
    fresh->core.peer_count = old.core.peer_count;
    memcpy(fresh->core.peers, old.core.peers, sizeof old.core.peers);
}

void node_close(struct node_state **n)
{
    if (!*n)
        return;
    struct core *c = &(*n)->core;
    policy_work_forget(c);
    ruleset_free(&c->rules);
    db_close(&c->db);
    db_unlock_daemon(&(*n)->lock_fd);
    signing_key_free(&c->report_key);
    signing_key_free(&c->consent_key);
    verifying_key_free(&c->own_report_cert);
    nation_anchors_free(c);
    for (size_t i = 0; i < PEERS_MAX; i++)
        peer_free(&c->peers[i]);
    explicit_bzero(&c->ledger_key, sizeof c->ledger_key);
    explicit_bzero(&c->audit_key, sizeof c->audit_key);
    explicit_bzero(&c->cosign_key, sizeof c->cosign_key);
    arena_free(&(*n)->arena);
    free(*n);
    *n = NULL;
}
