// relto cert: the small built-in certification authority for this nation's own people, cells and node.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/base/limits.h"
#include "node/config.h"
#include "node/io/clock.h"
#include "node/io/file.h"
#include "node/io/pki.h"
#include "tools/relto/cli.h"
#include "tools/relto/cmd_cert.h"
#include "tools/relto/node_files.h"

static const char help[] =
    "usage: relto [-C DIR] cert issue --role cell|officer|auditor|operator --name NAME [--days N]\n"
    "       relto [-C DIR] cert certify --for node|report|consent --key FILE|URI --out FILE [--days N]\n"
    "       relto [-C DIR] cert renew-node [--days N]\n"
    "       relto [-C DIR] cert list\n"
    "       relto [-C DIR] cert revoke SERIAL\n"
    "       relto [-C DIR] cert rotate-report-key [--prepare]\n"
    "       relto [-C DIR] cert compromised SERIAL --from TIME\n\n"
    "issue makes a key and a certificate that lets NAME call the node in this role; they are written to\n"
    "DIR/certs/<role>-<name>.key and .pem. --days: its life (default 365).\n"
    "certify makes a certificate of the node itself (TLS, signing of reports or consents) for a key that is there already:\n"
    "in a PEM file, or in a token, named by a PKCS#11 URI. Then name both in relto.conf, see KEYS IN TOKENS in relto.conf(5).\n"
    "renew-node makes a new TLS key and certificate for the node itself (default 730 days). The earlier one stays good until\n"
    "it ends or is revoked, so partners need nothing: their connections go on.\n"
    "revoke puts a certificate on DIR/ca/crl.pem; a SIGHUP to reltod makes it take effect, also on\n"
    "open connections.\n"
    "rotate-report-key replaces the key that signs reports; the old certificate stays in the card as retired, so that\n"
    "reports signed with it can be verified. --prepare makes the new key and lists it in the card, no more: let partners\n"
    "take that card before the key is used, or they put what it signs in quarantine until they do.\n"
    "compromised marks a retired report-signing certificate in the card: from TIME on it vouches for nothing new.\n";

// The list is made anew with every revocation and read from our own disk: an early end would only lock everyone out.
enum { PEM_MAX = 64 * 1024, REVOKED_MAX = 10000, DAYS_DEFAULT = 365, DAYS_MAX = 3650, CRL_DAYS = 3650 };

static const char *in_dir(const struct cli *cli, const char *name)
{
    return arena_printf(cli->arena, "%s/%s", cli->dir, name);
}

enum status cert_issue(const struct cli *cli, struct span key_pem, const struct pki_request *r, struct buf *out)
{
    struct span ca_key, ca_cert;
    struct pki_facts facts;
    TRY(file_read(in_dir(cli, NODE_CA_KEY), PEM_MAX, cli->arena, cli->diag, &ca_key));
    TRY(file_read(in_dir(cli, NODE_CA_CERT), PEM_MAX, cli->arena, cli->diag, &ca_cert));
    TRY(pki_issue(ca_key, ca_cert, key_pem, r, out, cli->diag));
    TRY(pki_facts(buf_bytes(out), &facts));
    return file_write(in_dir(cli, arena_printf(cli->arena, NODE_CA_ISSUED "/%s.pem", facts.serial)), buf_bytes(out), 0644,
                      cli->diag);
}

enum status cert_write_new(const struct cli *cli, const char *key_file, const char *cert_file,
                           const struct pki_request *r)
{
    struct buf key, cert;
    buf_init(&key, PEM_MAX);
    buf_init(&cert, PEM_MAX);
    enum status st = pki_key(&key);
    if (st == ST_OK)
        st = cert_issue(cli, buf_bytes(&key), r, &cert);
    if (st == ST_OK)
        st = file_write(in_dir(cli, key_file), buf_bytes(&key), 0600, cli->diag);
    if (st == ST_OK)
        st = file_write(in_dir(cli, cert_file), buf_bytes(&cert), 0644, cli->diag);
    explicit_bzero(key.ptr, key.len);
    buf_fini(&key);
    buf_fini(&cert);
    return st;
}

enum status cert_write_crl(const struct cli *cli)
{
    struct span ca_key, ca_cert, list = {0};
    TRY(file_read(in_dir(cli, NODE_CA_KEY), PEM_MAX, cli->arena, cli->diag, &ca_key));
    TRY(file_read(in_dir(cli, NODE_CA_CERT), PEM_MAX, cli->arena, cli->diag, &ca_cert));
    enum status st = file_read(in_dir(cli, NODE_CA_REVOKED), MIB, cli->arena, NULL, &list);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    const char **serials = arena_array(cli->arena, REVOKED_MAX, sizeof *serials);
    if (!serials)
        return ST_NOMEM;
    size_t count = 0, from = 0;
    for (size_t i = 0; i < list.len && count < REVOKED_MAX; i++)
        if (list.ptr[i] == '\n') {
            serials[count++] = arena_str(cli->arena, span_sub(list, from, i));
            from = i + 1;
        }
    struct buf crl;
    buf_init(&crl, 4 * MIB);
    utc_ms now = clock_now();
    st = pki_crl(ca_key, ca_cert, serials, count, now, utc_add(now, CRL_DAYS * 86400000LL), &crl, cli->diag);
    if (st == ST_OK)
        st = file_write(in_dir(cli, NODE_CA_CRL), buf_bytes(&crl), 0644, cli->diag);
    buf_fini(&crl);
    return st;
}

// ---- issue

static bool name_is_plain(const char *name)
{
    size_t n = strlen(name);
    return n >= 1 && n <= 64 &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == n;
}

static bool is_revoked(const struct cli *cli, const char *serial);

// A new certificate of a name takes the place of the old one's files, and of nothing else: whoever has the old ones may
// still call with them.
static void tell_of_earlier(const struct cli *cli, const char *cert_file)
{
    struct span pem;
    struct pki_facts f;
    char until[UTC_TEXT_MAX];
    if (file_read(in_dir(cli, cert_file), PEM_MAX, cli->arena, NULL, &pem) != ST_OK || pki_facts(pem, &f) != ST_OK ||
        f.until < clock_now() || is_revoked(cli, f.serial))
        return;
    cli_fail(0, cert_file, "the earlier certificate of this name stays valid until %s; 'relto cert revoke %s' ends it",
             utc_format_s(f.until, until), f.serial);
}

static int issue_cert(const struct cli *cli, const char *role, const char *name, const char *days_text)
{
    static const char *const roles[] = {"cell", "officer", "auditor", "operator"};
    bool known = false;
    for (size_t i = 0; role && i < sizeof roles / sizeof *roles; i++)
        known |= strcmp(role, roles[i]) == 0;
    if (!known)
        return cli_usage("cert", "--role must be cell, officer, auditor or operator");
    if (!name || !name_is_plain(name))
        return cli_usage("cert", "--name must be 1 to 64 letters, digits, '-', '_' or '.'");
    long days = DAYS_DEFAULT;
    if (days_text && !cli_number(days_text, 1, DAYS_MAX, &days))
        return cli_usage("cert", "--days: '%s' is not a number of days from 1 to %d", days_text, DAYS_MAX);
    const struct config *c;
    enum status st = config_read(cli->dir, cli->arena, cli->diag, &c);
    if (st != ST_OK)
        return cli_fail_status(cli, cli->dir, st);
    utc_ms now = clock_now();
    struct pki_request r = {
        .common_name = name,
        .uri = arena_printf(cli->arena, "spiffe://%s/%s/%s", c->trust_domain, role, name),
        .eku = "client",
        .from = now - 60000,
        .until = utc_add(now, days * 86400000LL),
    };
    const char *stem = arena_printf(cli->arena, "certs/%s-%s", role, name);
    const char *cert = arena_printf(cli->arena, "%s.pem", stem);
    tell_of_earlier(cli, cert);
    st = cert_write_new(cli, arena_printf(cli->arena, "%s.key", stem), cert, &r);
    if (st != ST_OK)
        return cli_fail_status(cli, "cert issue", st);
    printf("%s/%s\n", cli->dir, cert);
    return EXIT_DONE;
}

// ---- renew-node

static int renew_node(const struct cli *cli, const char *days_text)
{
    const struct config *c;
    long days = 0;
    if (days_text && !cli_number(days_text, 1, DAYS_MAX, &days))
        return cli_usage("cert", "--days: '%s' is not a number of days from 1 to %d", days_text, DAYS_MAX);
    enum status st = config_read(cli->dir, cli->arena, cli->diag, &c);
    if (st != ST_OK)
        return cli_fail_status(cli, cli->dir, st);
    const char *key = config_below_dir(c, c->tls_key), *cert = config_below_dir(c, c->tls_cert);
    if (!key || !cert)
        return cli_fail(EXIT_REFUSED, c->tls_cert, "key and certificate lie outside the node directory; replace them where they are made, then 'relto reload'");
    struct pki_request r = cert_own_request(cli, OWN_NODE, c->nation, c->name, c->trust_domain);
    if (days_text)
        r.until = utc_add(clock_now(), days * 86400000LL);
    tell_of_earlier(cli, cert);
    st = cert_write_new(cli, key, cert, &r);
    if (st != ST_OK)
        return cli_fail_status(cli, "cert renew-node", st);
    printf("%s/%s; 'relto reload' takes it into use\n", cli->dir, cert);
    return EXIT_DONE;
}

// ---- list

static bool is_revoked(const struct cli *cli, const char *serial)
{
    struct span list;
    if (file_read(in_dir(cli, NODE_CA_REVOKED), MIB, cli->arena, NULL, &list) != ST_OK)
        return false;
    const char *line = arena_printf(cli->arena, "%s\n", serial), *text = (const char *)list.ptr;
    const char *at = line ? strstr(text, line) : NULL;
    return at && (at == text || at[-1] == '\n');
}

static void print_cert(const struct cli *cli, const char *file)
{
    struct span pem;
    struct pki_facts f;
    char until[UTC_TEXT_MAX];
    if (file_read(file, PEM_MAX, cli->arena, cli->diag, &pem) != ST_OK || pki_facts(pem, &f) != ST_OK) {
        cli_fail(0, file, "not a certificate; skipped");
        return;
    }
    const char *state = is_revoked(cli, f.serial) ? "revoked" : f.until < clock_now() ? "expired" : "valid";
    printf("%s\t%s\t%s\t%s\n", f.serial, state, utc_format_s(f.until, until), *f.uri ? f.uri : f.subject);
}

static int list_certs(const struct cli *cli)
{
    DIR *folder = opendir(in_dir(cli, NODE_CA_ISSUED));
    if (!folder)
        return cli_fail(EXIT_NO, cli->dir, "no certificates issued here; is this a node directory made by relto init?");
    for (struct dirent *e; (e = readdir(folder));)
        if (strstr(e->d_name, ".pem"))
            print_cert(cli, in_dir(cli, arena_printf(cli->arena, NODE_CA_ISSUED "/%s", e->d_name)));
    closedir(folder);
    return EXIT_DONE;
}

// ---- revoke

static int revoke_cert(const struct cli *cli, const char *serial)
{
    const char *cert = in_dir(cli, arena_printf(cli->arena, NODE_CA_ISSUED "/%s.pem", serial));
    struct span list = {0};
    if (strchr(serial, '/') || access(cert, R_OK) != 0)
        return cli_fail(EXIT_NO, serial, "no certificate with this serial; 'relto cert list' shows them");
    if (is_revoked(cli, serial))
        return cli_fail(EXIT_NO, serial, "already revoked");
    enum status st = file_read(in_dir(cli, NODE_CA_REVOKED), MIB, cli->arena, NULL, &list);
    struct buf b;
    buf_init(&b, 2 * MIB);
    buf_span(&b, list);
    buf_printf(&b, "%s\n", serial);
    if (st == ST_OK || st == ST_NOT_FOUND)
        st = file_write(in_dir(cli, NODE_CA_REVOKED), buf_bytes(&b), 0644, cli->diag);
    buf_fini(&b);
    if (st == ST_OK)
        st = cert_write_crl(cli);
    if (st != ST_OK)
        return cli_fail_status(cli, "cert revoke", st);
    printf("%s revoked; send SIGHUP to a running reltod to make it obey\n", serial);
    return EXIT_DONE;
}

int cmd_cert(const struct cli *cli, int argc, char **argv)
{
    const char *role = NULL, *name = NULL, *days = NULL, *from = NULL, *use = NULL, *key = NULL, *out = NULL;
    bool prepare = false;
    const struct cli_option options[] = {{"role", &role, NULL}, {"name", &name, NULL}, {"days", &days, NULL},
                                         {"from", &from, NULL}, {"prepare", NULL, &prepare}, {"for", &use, NULL},
                                         {"key", &key, NULL},   {"out", &out, NULL}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    if (argc == 2 && strcmp(argv[1], "issue") == 0)
        return issue_cert(cli, role, name, days);
    if (argc == 2 && strcmp(argv[1], "certify") == 0)
        return cert_certify(cli, use, key, out, days);
    if (argc == 2 && strcmp(argv[1], "renew-node") == 0)
        return renew_node(cli, days);
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        return list_certs(cli);
    if (argc == 3 && strcmp(argv[1], "revoke") == 0)
        return revoke_cert(cli, argv[2]);
    if (argc == 2 && strcmp(argv[1], "rotate-report-key") == 0)
        return cert_rotate_report_key(cli, prepare);
    if (argc == 3 && strcmp(argv[1], "compromised") == 0)
        return cert_mark_compromised(cli, argv[2], from);
    return cli_usage("cert", "expected: cert issue, certify, renew-node, list, revoke SERIAL, rotate-report-key or compromised SERIAL");
}
