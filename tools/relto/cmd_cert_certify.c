// relto cert certify: a certificate of the node itself for a key that was made elsewhere, in a token above all.
#include <stdio.h>
#include <unistd.h>

#include "formats/signature.h"
#include "formats/token_uri.h"
#include "node/config.h"
#include "node/io/clock.h"
#include "node/io/file.h"
#include "node/io/private_key.h"
#include "tools/relto/cmd_cert.h"

enum { NODE_DAYS = 730, SIGNING_DAYS = 1095, DAYS_MAX = 3650 };

struct pki_request cert_own_request(const struct cli *cli, enum own_use use, const char *nation, const char *name,
                                    const char *trust_domain)
{
    utc_ms now = clock_now();
    struct pki_request r = {.from = now - 60000};
    switch (use) {
    case OWN_NODE:
        r.common_name = name;
        r.uri = arena_printf(cli->arena, "spiffe://%s/node", trust_domain);
        r.eku = "tls";
        break;
    case OWN_REPORT:
        r.common_name = arena_printf(cli->arena, "%s report signing", nation);
        r.eku = RELTO_EKU_REPORT;
        break;
    case OWN_CONSENT:
        r.common_name = arena_printf(cli->arena, "%s consent signing", nation);
        r.eku = RELTO_EKU_CONSENT;
        break;
    }
    r.until = utc_add(now, (use == OWN_NODE ? NODE_DAYS : SIGNING_DAYS) * 86400000LL);
    return r;
}

static bool use_of(const char *text, enum own_use *ret)
{
    static const char *const names[] = {[OWN_NODE] = "node", [OWN_REPORT] = "report", [OWN_CONSENT] = "consent"};
    for (size_t i = 0; text && i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) {
            *ret = (enum own_use)i;
            return true;
        }
    return false;
}

// The key as PEM: of a token its public half, of a file what it holds.
static enum status read_key(const struct cli *cli, const char *key, struct buf *b, struct span *ret)
{
    if (!token_uri_is(key))
        return file_read(key, KEY_FILE_MAX, cli->arena, cli->diag, ret);
    TRY(private_key_public(key, cli->diag, b));
    *ret = buf_bytes(b);
    return ST_OK;
}

static enum status certify(const struct cli *cli, const struct pki_request *r, const char *key, const char *out)
{
    struct buf pem, cert;
    struct span key_pem;
    buf_init(&pem, KEY_FILE_MAX);
    buf_init(&cert, KEY_FILE_MAX);
    enum status st = read_key(cli, key, &pem, &key_pem);
    if (st == ST_OK)
        st = cert_issue(cli, key_pem, r, &cert);
    if (st == ST_OK)
        st = file_write(out, buf_bytes(&cert), 0644, cli->diag);
    buf_fini(&pem);
    buf_fini(&cert);
    return st;
}

int cert_certify(const struct cli *cli, const char *use_text, const char *key, const char *out, const char *days_text)
{
    const struct config *c;
    enum own_use use;
    long days;
    if (!use_of(use_text, &use))
        return cli_usage("cert", "--for must be node, report or consent");
    if (!key || !out)
        return cli_usage("cert", "--key (a PEM file or a PKCS#11 URI) and --out (the file of the certificate) are needed");
    if (days_text && !cli_number(days_text, 1, DAYS_MAX, &days))
        return cli_usage("cert", "--days: '%s' is not a number of days from 1 to %d", days_text, DAYS_MAX);
    if (access(out, F_OK) == 0)
        return cli_fail(EXIT_REFUSED, out, "there is a file already; choose another, or move it away");
    enum status st = config_read(cli->dir, cli->arena, cli->diag, &c);
    if (st != ST_OK)
        return cli_fail_status(cli, cli->dir, st);
    struct pki_request r = cert_own_request(cli, use, c->nation, c->name, c->trust_domain);
    if (days_text)
        r.until = utc_add(clock_now(), days * 86400000LL);
    st = certify(cli, &r, key, out);
    if (st != ST_OK)
        return cli_fail_status(cli, "cert certify", st);
    printf("%s\n", out);
    return EXIT_DONE;
}
