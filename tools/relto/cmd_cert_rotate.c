// relto cert rotate-report-key, relto cert compromised: the report-signing key over time (spec 4.6).
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "formats/signature.h"
#include "formats/token_uri.h"
#include "node/config.h"
#include "node/io/clock.h"
#include "node/io/file.h"
#include "tools/relto/cmd_cert.h"
#include "tools/relto/node_files.h"
#include "tools/relto/own_card.h"

enum { PEM_MAX = 64 * 1024 };

struct rotation {
    const struct cli *cli;
    const struct config *c;
    const char *next_key, *next_cert;
};

static enum status make_next(const struct rotation *x)
{
    const char *key = config_below_dir(x->c, x->next_key), *cert = config_below_dir(x->c, x->next_cert);
    struct pki_request r = cert_own_request(x->cli, OWN_REPORT, x->c->nation, x->c->name, x->c->trust_domain);
    if (!key || !cert) {
        diag_add(x->cli->diag, 0, 0, "report-key", x->c->report_key,
                 "key and certificate lie outside the node directory; replace them where they are made, then 'relto "
                 "partner card' and restart or reload");
        return ST_UNSUPPORTED;
    }
    return cert_write_new(x->cli, key, cert, &r);
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

// Do the prepared key and certificate, where there is one, and those in use where there is none, belong together?
// Also half way through taking them into use, which a power failure may have ended.
static bool is_prepared(const struct rotation *x)
{
    bool new_key = is_there(x->next_key), new_cert = is_there(x->next_cert);
    struct span key, cert;
    struct signing_key *pair = NULL;
    if ((!new_key && !new_cert) ||
        file_read(new_key ? x->next_key : x->c->report_key, PEM_MAX, x->cli->arena, NULL, &key) != ST_OK ||
        file_read(new_cert ? x->next_cert : x->c->report_cert, PEM_MAX, x->cli->arena, NULL, &cert) != ST_OK)
        return false;
    bool good = signing_key_load(key, cert, NULL, &pair) == ST_OK;
    signing_key_free(&pair);
    return good;
}

// Written anew rather than renamed, so that what is in use is on the disk before the prepared file goes.
static enum status take_file(const struct rotation *x, const char *from, const char *to, unsigned mode)
{
    struct span bytes;
    if (!is_there(from))
        return ST_OK;
    TRY(file_read(from, PEM_MAX, x->cli->arena, x->cli->diag, &bytes));
    TRY(file_write(to, bytes, mode, x->cli->diag));
    if (unlink(from) == 0)
        return ST_OK;
    diag_add(x->cli->diag, 0, 0, "file", from, "cannot remove: %s", strerror(errno));
    return ST_IO;
}

static enum status rotation_start(const struct cli *cli, struct rotation *x)
{
    *x = (struct rotation){.cli = cli};
    TRY(config_read(cli->dir, cli->arena, cli->diag, &x->c));
    if (token_uri_is(x->c->report_key)) {
        diag_add(cli->diag, 0, 0, "report-key", NULL,
                 "the key is in a token, where only its owner makes keys: make the next one there, certify it ('relto cert "
                 "certify') and name both in relto.conf, as KEYS IN TOKENS in relto.conf(5) tells");
        return ST_DENIED;
    }
    x->next_key = prepared_report_key(cli, x->c);
    x->next_cert = prepared_report_cert(cli, x->c);
    return arena_status(cli->arena);
}

static enum status prepare(const struct rotation *x)
{
    struct span card;
    TRY(make_next(x));
    return partner_card_refresh(x->cli, &card);
}

// The card lists both before the first of them goes: whatever ends this, no certificate is forgotten.
static enum status take_into_use(const struct rotation *x)
{
    struct span card;
    if (!is_prepared(x))
        TRY(make_next(x));
    TRY(partner_card_refresh(x->cli, &card));
    TRY(take_file(x, x->next_cert, x->c->report_cert, 0644));
    TRY(take_file(x, x->next_key, x->c->report_key, 0600));
    return partner_card_refresh(x->cli, &card);
}

static const char *serial_of(const struct cli *cli, const char *path, struct pki_facts *f)
{
    struct span pem;
    f->serial[0] = 0;
    if (file_read(path, PEM_MAX, cli->arena, NULL, &pem) == ST_OK && pki_facts(pem, f) != ST_OK)
        f->serial[0] = 0;
    return f->serial;
}

int cert_rotate_report_key(const struct cli *cli, bool prepare_only)
{
    struct rotation x;
    struct pki_facts old, now;
    enum status st = rotation_start(cli, &x);
    if (st != ST_OK)
        return cli_fail_status(cli, "cert rotate-report-key", st);
    if (prepare_only && is_prepared(&x))
        return cli_fail(EXIT_REFUSED, x.next_cert, "a key is prepared already; 'relto cert rotate-report-key' takes it into use");
    serial_of(cli, x.c->report_cert, &old);
    st = prepare_only ? prepare(&x) : take_into_use(&x);
    if (st != ST_OK)
        return cli_fail_status(cli, "cert rotate-report-key", st);
    serial_of(cli, prepare_only ? x.next_cert : x.c->report_cert, &now);
    if (prepare_only)
        printf("%s prepared and in the card; 'relto reload' shows the card to partners. When they have taken it ('relto "
               "partner update'), 'relto cert rotate-report-key' takes the key into use\n", now.serial);
    else
        printf("%s in use, %s retired; 'relto reload' makes a running reltod sign with it\n", now.serial, old.serial);
    return EXIT_DONE;
}

int cert_mark_compromised(const struct cli *cli, const char *serial, const char *from_text)
{
    utc_ms from;
    if (!from_text || utc_parse(span_cstr(from_text), UTC_ZONE_Z, &from) != ST_OK || from > clock_now())
        return cli_usage("cert", "--from is needed: a time in UTC that has passed, such as 2027-01-01T00:00:00Z");
    enum status st = partner_card_mark_compromised(cli, serial, from / 1000 * 1000);
    if (st == ST_NOT_FOUND && cli->diag->count == 0)
        return cli_fail(EXIT_NO, serial, "our card lists no report-signing certificate with this serial");
    if (st == ST_CONFLICT)
        return cli_fail(EXIT_REFUSED, serial, "still in use (first 'relto cert rotate-report-key'), or marked from an earlier time already");
    if (st != ST_OK)
        return cli_fail_status(cli, "cert compromised", st);
    printf("%s is marked as compromised in the card; 'relto reload', then tell partners to take it ('relto partner update')\n", serial);
    return EXIT_DONE;
}
