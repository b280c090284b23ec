// relto init: a new node directory. Everything in it is this nation's own; nothing is shared with anyone yet.
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/base/limits.h"
#include "formats/base/random.h"
#include "formats/note.h"
#include "formats/partner_card.h"
#include "node/config.h"
#include "node/io/clock.h"
#include "node/io/file.h"
#include "node/io/free_port.h"
#include "node/io/node_state.h"
#include "tools/relto/cmd_cert.h"
#include "tools/relto/node_files.h"
#include "tools/relto/own_card.h"

static const char help[] =
    "usage: relto [-C DIR] init --nation ID [--name NODE-NAME] [--listen HOST:PORT] [--metrics HOST:PORT]\n"
    "                 [--policy FILE]\n\n"
    "Make a new node in DIR: its keys, a small certification authority, certificates, configuration, vocabulary,\n"
    "example security policies, and a policy. DIR must not hold a node yet.\n"
    "  --nation ID     the node's id in policies, e.g. GBR\n"
    "  --name NAME     the node's name, e.g. gbr.example (default: the id in lower case, then .example)\n"
    "  --listen H:P    numeric address and port of the HTTPS service (default: 127.0.0.1:8443); 127.0.0.1:0 takes\n"
    "                  a port that is free now\n"
    "  --metrics H:P   plain loopback listener of /metrics (default: 127.0.0.1:8444); port 0 likewise\n"
    "  --policy FILE   start with this policy instead of one that releases nothing to anyone\n";

enum { CA_DAYS = 3650 };

struct init {
    const struct cli *cli;
    const char *nation, *name, *listen, *metrics, *policy;
};

static const char *in_dir(const struct init *x, const char *name)
{
    return arena_printf(x->cli->arena, "%s/%s", x->cli->dir, name);
}

// Where the files stand that come with the program: $RELTO_SHARE, or ../share/relto beside the program's folder.
static const char *share_dir(const struct init *x)
{
    char exe[1024];
    const char *env = getenv("RELTO_SHARE");
    if (env && *env)
        return env;
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0)
        return ".";
    exe[n] = 0;
    return arena_printf(x->cli->arena, "%s/../share/relto", dirname(exe));
}

// The folders above DIR, as in mkdir -p: an operator's own umask holds for them.
static enum status make_parents(const struct init *x)
{
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s", x->cli->dir) >= sizeof path || !*path) {
        diag_add(x->cli->diag, 0, 0, "folder", NULL, "expected a path of 1 to %d bytes behind -C", PATH_MAX - 1);
        return ST_INVALID;
    }
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(path, 0777) != 0 && errno != EEXIST) {
            diag_add(x->cli->diag, 0, 0, "folder", path, "cannot make: %s", strerror(errno));
            return ST_IO;
        }
        *slash = '/';
    }
    return ST_OK;
}

static enum status make_folders(const struct init *x)
{
    static const char *const private[] = {"", "keys", "ca", "store"};
    static const char *const shared[] = {"ca/issued", "certs", "partners", "policy", "policy/spif", "run"};
    for (size_t i = 0; i < sizeof private / sizeof *private; i++)
        if (mkdir(in_dir(x, private[i]), 0700) != 0 && errno != EEXIST) {
            diag_add(x->cli->diag, 0, 0, "folder", in_dir(x, private[i]), "cannot make: %s", strerror(errno));
            return ST_IO;
        }
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        if (mkdir(in_dir(x, shared[i]), 0755) != 0 && errno != EEXIST) {
            diag_add(x->cli->diag, 0, 0, "folder", in_dir(x, shared[i]), "cannot make: %s", strerror(errno));
            return ST_IO;
        }
    return ST_OK;
}

// ---- keys and certificates

static enum status make_note_key(const struct init *x, const char *file)
{
    uint8_t seed[ED25519_LEN];
    struct note_key key;
    struct buf pem;
    struct random_source random = random_system();
    random_fill(&random, seed, sizeof seed);
    buf_init(&pem, 4 * KIB);
    enum status st = note_key_from_seed(seed, &key);
    if (st == ST_OK)
        st = note_key_pem(&key, &pem);
    if (st == ST_OK)
        st = file_write(in_dir(x, file), buf_bytes(&pem), 0600, x->cli->diag);
    explicit_bzero(seed, sizeof seed);
    explicit_bzero(&key, sizeof key);
    if (pem.ptr)
        explicit_bzero(pem.ptr, pem.len);
    buf_fini(&pem);
    return st;
}

static enum status make_ca(const struct init *x)
{
    struct buf key, cert;
    utc_ms now = clock_now();
    buf_init(&key, 64 * KIB);
    buf_init(&cert, 64 * KIB);
    enum status st = pki_key(&key);
    if (st == ST_OK)
        st = pki_ca(buf_bytes(&key), arena_printf(x->cli->arena, "%s Relto CA", x->nation), x->name, now - 60000,
                    utc_add(now, CA_DAYS * 86400000LL), &cert, x->cli->diag);
    if (st == ST_OK)
        st = file_write(in_dir(x, NODE_CA_KEY), buf_bytes(&key), 0600, x->cli->diag);
    if (st == ST_OK)
        st = file_write(in_dir(x, NODE_CA_CERT), buf_bytes(&cert), 0644, x->cli->diag);
    if (key.ptr)
        explicit_bzero(key.ptr, key.len);
    buf_fini(&key);
    buf_fini(&cert);
    return st;
}

static enum status make_certificates(const struct init *x)
{
    struct pki_request node = cert_own_request(x->cli, OWN_NODE, x->nation, x->name, x->name);
    struct pki_request report = cert_own_request(x->cli, OWN_REPORT, x->nation, x->name, x->name);
    struct pki_request consent = cert_own_request(x->cli, OWN_CONSENT, x->nation, x->name, x->name);
    TRY(make_ca(x));
    TRY(cert_write_new(x->cli, NODE_TLS_KEY, NODE_TLS_CERT, &node));
    TRY(cert_write_new(x->cli, NODE_REPORT_KEY, NODE_REPORT_CERT, &report));
    TRY(cert_write_new(x->cli, NODE_CONSENT_KEY, NODE_CONSENT_CERT, &consent));
    TRY(cert_write_crl(x->cli));
    TRY(make_note_key(x, "keys/ledger.key"));
    TRY(make_note_key(x, "keys/audit.key"));
    TRY(make_note_key(x, "keys/cosign.key"));
    return make_note_key(x, "keys/card.key");
}

// ---- files that come with the program

static enum status copy_file(const struct init *x, const char *from, const char *to)
{
    struct span bytes;
    TRY(file_read(from, POLICY_BYTES_MAX, x->cli->arena, x->cli->diag, &bytes));
    return file_write(in_dir(x, to), bytes, 0644, x->cli->diag);
}

static enum status write_policy(const struct init *x)
{
    if (x->policy)
        return copy_file(x, x->policy, "policy/policy.xml");
    struct buf b;
    buf_init(&b, 64 * KIB);
    buf_puts(&b, "<!-- Releases nothing to anyone. Name partners and agreements; see the examples that come with Relto. -->\n"
                 "<policy xmlns=\"urn:relto:policy:1\"");
    buf_xml_attr(&b, "nation", x->nation);
    buf_puts(&b, " serial=\"1\">\n  <security-policies>\n"
                 "    <security-policy spif=\"spif/nato.xml\" release-tag-set=\"Releasable To\"/>\n"
                 "  </security-policies>\n  <communities/>\n  <partners/>\n  <denials/>\n  <agreements/>\n</policy>\n");
    enum status st = file_write(in_dir(x, "policy/policy.xml"), buf_bytes(&b), 0644, x->cli->diag);
    buf_fini(&b);
    return st;
}

static enum status copy_policies(const struct init *x)
{
    static const char *const spifs[] = {"nato.xml", "gbr.xml", "fra.xml"};
    const char *share = share_dir(x);
    for (size_t i = 0; i < sizeof spifs / sizeof *spifs; i++)
        TRY(copy_file(x, arena_printf(x->cli->arena, "%s/spif/%s", share, spifs[i]),
                      arena_printf(x->cli->arena, "policy/spif/%s", spifs[i])));
    TRY(copy_file(x, arena_printf(x->cli->arena, "%s/vocabulary.xml", share), "policy/vocabulary.xml"));
    return write_policy(x);
}

// The commented configuration that comes with the program, with this node's values in place of the examples.
static void put_conf_line(const struct init *x, struct span line, const char *section, struct buf *out)
{
    if (span_starts(line, "nation = "))
        buf_printf(out, "nation = %s\n", x->nation);
    else if (span_starts(line, "name = "))
        buf_printf(out, "name = %s\n", x->name);
    else if (x->listen && strcmp(section, "[listen]") == 0 && span_starts(line, ";address = "))
        buf_printf(out, "address = %s\n", x->listen);
    else if (x->metrics && strcmp(section, "[listen]") == 0 && span_starts(line, ";metrics = "))
        buf_printf(out, "metrics = %s\n", x->metrics);
    else if (strcmp(section, "[tls]") == 0 && span_starts(line, ";crl = "))
        buf_puts(out, "crl = " NODE_CA_CRL "\n");
    else
        buf_span(out, line);
}

static enum status write_conf(const struct init *x)
{
    struct span conf;
    struct buf b;
    char section[32] = "";
    TRY(file_read(arena_printf(x->cli->arena, "%s/relto.conf", share_dir(x)), MIB, x->cli->arena, x->cli->diag, &conf));
    buf_init(&b, 2 * MIB);
    for (size_t at = 0; at < conf.len;) {
        const uint8_t *end = memchr(conf.ptr + at, '\n', conf.len - at);
        size_t next = end ? (size_t)(end - conf.ptr) + 1 : conf.len;
        struct span line = span_sub(conf, at, next);
        if (span_starts(line, "["))
            snprintf(section, sizeof section, "%.*s", (int)strcspn((const char *)line.ptr, "\n"), (const char *)line.ptr);
        put_conf_line(x, line, section, &b);
        at = next;
    }
    enum status st = file_write(in_dir(x, "relto.conf"), buf_bytes(&b), 0644, x->cli->diag);
    buf_fini(&b);
    return st;
}

// All that was made and given, read as reltod will read it.
static enum status check_node(const struct init *x)
{
    struct node_state *node;
    struct span card;
    TRY(partner_card_refresh(x->cli, &card));
    TRY(node_open(x->cli->dir, NODE_CHECK, x->cli->diag, &node));
    node_close(&node);
    return ST_OK;
}

// relto.conf comes last, and stays only if all is good: a directory without it is not a node yet, and init can be
// run again.
static enum status make_node(const struct init *x)
{
    TRY(make_parents(x));
    TRY(make_folders(x));
    TRY(copy_policies(x));
    TRY(make_certificates(x));
    TRY(write_conf(x));
    enum status st = check_node(x);
    if (st != ST_OK)
        unlink(in_dir(x, "relto.conf"));
    return st;
}

static const char *lower_case(const struct init *x, const char *s)
{
    char out[128];
    size_t n = 0;
    for (; n < sizeof out - 1 && s[n]; n++)
        out[n] = (char)(s[n] >= 'A' && s[n] <= 'Z' ? s[n] + 32 : s[n]);
    out[n] = 0;
    return arena_printf(x->cli->arena, "%s.example", out);
}

// host:0 becomes host and a port that is free now: a card needs a port that can be told to partners.
static const char *settle_port(const struct init *x, const char *address)
{
    size_t n = address ? strlen(address) : 0;
    if (n < 2 || strcmp(address + n - 2, ":0") != 0)
        return address;
    return arena_printf(x->cli->arena, "%.*s:%u", (int)(n - 2), address, free_port());
}

static bool id_is_good(const char *id, size_t max, const char *allowed)
{
    size_t n = strlen(id);
    return n >= 1 && n <= max && strspn(id, allowed) == n;
}

int cmd_init(const struct cli *cli, int argc, char **argv)
{
    struct init x = {.cli = cli};
    const struct cli_option options[] = {{"nation", &x.nation, NULL},   {"name", &x.name, NULL},
                                         {"listen", &x.listen, NULL},   {"metrics", &x.metrics, NULL},
                                         {"policy", &x.policy, NULL}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    if (argc > 1)
        return cli_usage(argv[0], "'%s' is not expected; -C DIR before the command names the directory", argv[1]);
    if (!x.nation)
        return cli_usage(argv[0], "--nation is needed, e.g. --nation GBR");
    if (!id_is_good(x.nation, 41, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"))
        return cli_usage(argv[0], "--nation must be 1 to 41 letters, digits, '-' or '_'");
    if (!x.name)
        x.name = lower_case(&x, x.nation);
    if (!id_is_good(x.name, CARD_NODE_NAME_MAX, "abcdefghijklmnopqrstuvwxyz0123456789.-"))
        return cli_usage(argv[0], "--name must be 1 to %d lower-case letters, digits, '.' or '-'", CARD_NODE_NAME_MAX);
    if (access(in_dir(&x, "relto.conf"), F_OK) == 0)
        return cli_fail(EXIT_REFUSED, cli->dir, "there is a node in this directory already; choose another");
    x.listen = settle_port(&x, x.listen);
    x.metrics = settle_port(&x, x.metrics);
    enum status st = make_node(&x);
    if (st != ST_OK)
        return cli_fail_status(cli, "init", st);
    printf("%s: node %s (%s) is ready; it shares nothing with anyone yet\n"
           "next: relto -C %s cert issue --role cell --name NAME; reltod %s\n",
           cli->dir, x.name, x.nation, cli->dir, cli->dir);
    return EXIT_DONE;
}
