#include "tools/relto/own_card.h"

#include <unistd.h>

#include "formats/partner_card.h"
#include "node/io/clock.h"
#include "node/io/file.h"
#include "node/io/pki.h"
#include "tools/relto/node_files.h"

static const char *in_dir(const struct cli *cli, const char *name)
{
    return arena_printf(cli->arena, "%s/%s", cli->dir, name);
}

const char *prepared_report_key(const struct cli *cli, const struct config *c)
{
    return arena_printf(cli->arena, "%s.next", c->report_key);
}

const char *prepared_report_cert(const struct cli *cli, const struct config *c)
{
    return arena_printf(cli->arena, "%s.next", c->report_cert);
}

// ---- what it says

static enum status read_key(const struct cli *cli, const char *path, struct note_key *ret)
{
    struct span pem;
    TRY(file_read(path, 64 * KIB, cli->arena, cli->diag, &pem));
    return note_key_load(pem, ret);
}

static enum status read_pem(const struct cli *cli, const char *path, const char **ret)
{
    struct span pem;
    TRY(file_read(path, MIB, cli->arena, cli->diag, &pem));
    *ret = (const char *)pem.ptr;
    return ST_OK;
}

static struct card_certificate *find_certificate(struct partner_card *card, const char *pem)
{
    for (size_t i = 0; i < card->report_cert_count; i++)
        if (strcmp(card->report_certs[i].pem, pem) == 0)
            return &card->report_certs[i];
    return NULL;
}

// The one in use first, then the one that is prepared, if there is one.
static enum status gather_certificates(const struct cli *cli, const struct config *c, struct partner_card *card)
{
    const char *prepared = prepared_report_cert(cli, c), *pem;
    TRY(read_pem(cli, c->report_cert, &card->report_certs[0].pem));
    card->report_cert_count = 1;
    if (!prepared)
        return arena_status(cli->arena);
    if (access(prepared, F_OK) != 0)
        return ST_OK;
    TRY(read_pem(cli, prepared, &pem));
    if (!find_certificate(card, pem))
        card->report_certs[card->report_cert_count++].pem = pem;
    return ST_OK;
}

// What the last card listed stays listed: reports that were signed with it are to be verified for as long as they live.
static enum status keep_retired(const struct cli *cli, const struct partner_card *old, struct partner_card *card)
{
    for (size_t i = 0; i < old->report_cert_count; i++) {
        const struct card_certificate *was = &old->report_certs[i];
        struct card_certificate *is = find_certificate(card, was->pem);
        if (!is && card->report_cert_count == CARD_CERTS_MAX) {
            diag_add(cli->diag, 0, 0, "report-certificate", NODE_CARD,
                     "a card lists at most %d report-signing certificates, retired ones included", CARD_CERTS_MAX);
            return ST_LIMIT;
        }
        if (!is) {
            is = &card->report_certs[card->report_cert_count++];
            *is = (struct card_certificate){.pem = was->pem, .retired = true};
        }
        is->has_compromised_from = was->has_compromised_from;
        is->compromised_from = was->compromised_from;
    }
    return ST_OK;
}

static enum status gather(const struct cli *cli, const struct config *c, struct partner_card *card)
{
    struct note_key ledger, audit, cosign, own;
    *card = (struct partner_card){.nation = c->nation, .node_name = c->name, .trust_domain = c->trust_domain,
                                  .address = c->address ? c->address : c->listen, .serial = 1,
                                  .issued = clock_now() / 1000 * 1000};
    TRY(read_key(cli, c->ledger_key, &ledger));
    TRY(read_key(cli, c->audit_key, &audit));
    TRY(read_key(cli, c->cosign_key, &cosign));
    TRY(read_key(cli, c->card_key, &own));
    memcpy(card->ledger_key, ledger.pub, ED25519_LEN);
    memcpy(card->audit_key, audit.pub, ED25519_LEN);
    memcpy(card->cosign_key, cosign.pub, ED25519_LEN);
    memcpy(card->card_key, own.pub, ED25519_LEN);
    TRY(read_pem(cli, c->tls_anchors, &card->anchors_pem));
    TRY(read_pem(cli, in_dir(cli, NODE_CONSENT_CERT), &card->consent_cert_pem));
    return gather_certificates(cli, c, card);
}

// ---- making it

static enum status sign_card(const struct cli *cli, const struct config *c, const struct partner_card *card)
{
    struct note_key key;
    struct buf b;
    TRY(read_key(cli, c->card_key, &key));
    buf_init(&b, CARD_BYTES_MAX);
    enum status st = partner_card_write(card, &key, &b);
    if (st == ST_OK)
        st = file_write(in_dir(cli, NODE_CARD), buf_bytes(&b), 0644, cli->diag);
    buf_fini(&b);
    explicit_bzero(&key, sizeof key);
    return st;
}

static bool same_certificates(const struct partner_card *a, const struct partner_card *b)
{
    if (a->report_cert_count != b->report_cert_count)
        return false;
    for (size_t i = 0; i < a->report_cert_count; i++) {
        const struct card_certificate *x = &a->report_certs[i], *y = &b->report_certs[i];
        if (strcmp(x->pem, y->pem) != 0 || x->retired != y->retired || x->has_compromised_from != y->has_compromised_from ||
            x->compromised_from != y->compromised_from)
            return false;
    }
    return true;
}

// Would a new card say the same as this one, but for its serial and time?
static bool says_the_same(const struct partner_card *a, const struct partner_card *b)
{
    return strcmp(a->nation, b->nation) == 0 && strcmp(a->node_name, b->node_name) == 0 &&
           strcmp(a->trust_domain, b->trust_domain) == 0 && strcmp(a->address, b->address) == 0 &&
           strcmp(a->anchors_pem, b->anchors_pem) == 0 && strcmp(a->consent_cert_pem, b->consent_cert_pem) == 0 &&
           memcmp(a->ledger_key, b->ledger_key, ED25519_LEN) == 0 && memcmp(a->audit_key, b->audit_key, ED25519_LEN) == 0 &&
           memcmp(a->cosign_key, b->cosign_key, ED25519_LEN) == 0 && memcmp(a->card_key, b->card_key, ED25519_LEN) == 0 &&
           same_certificates(a, b);
}

enum status partner_card_refresh(const struct cli *cli, struct span *ret)
{
    const struct config *c;
    struct partner_card fresh, old;
    TRY(config_read(cli->dir, cli->arena, cli->diag, &c));
    TRY(gather(cli, c, &fresh));
    if (file_read(in_dir(cli, NODE_CARD), CARD_BYTES_MAX, cli->arena, NULL, ret) == ST_OK) {
        TRY(partner_card_read(*ret, NODE_CARD, cli->arena, cli->diag, &old));
        TRY(keep_retired(cli, &old, &fresh));
        if (says_the_same(&fresh, &old))
            return ST_OK;
        fresh.serial = old.serial + 1;
    }
    TRY(sign_card(cli, c, &fresh));
    return file_read(in_dir(cli, NODE_CARD), CARD_BYTES_MAX, cli->arena, cli->diag, ret);
}

enum status partner_card_mark_compromised(const struct cli *cli, const char *serial, utc_ms from)
{
    const struct config *c;
    struct partner_card card;
    struct card_certificate *x = NULL;
    struct span bytes;
    TRY(config_read(cli->dir, cli->arena, cli->diag, &c));
    TRY(partner_card_refresh(cli, &bytes));
    TRY(partner_card_read(bytes, NODE_CARD, cli->arena, cli->diag, &card));
    for (size_t i = 0; i < card.report_cert_count && !x; i++) {
        struct pki_facts f;
        if (pki_facts(span_cstr(card.report_certs[i].pem), &f) == ST_OK && strcmp(f.serial, serial) == 0)
            x = &card.report_certs[i];
    }
    if (!x)
        return ST_NOT_FOUND;
    if (!x->retired || (x->has_compromised_from && x->compromised_from < from))
        return ST_CONFLICT;
    x->has_compromised_from = true;
    x->compromised_from = from;
    card.serial++;
    card.issued = clock_now() / 1000 * 1000;
    return sign_card(cli, c, &card);
}
