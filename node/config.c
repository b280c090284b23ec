#include "node/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/limits.h"
#include "formats/token_uri.h"
#include "node/io/file.h"

// ---- the keys: one table, and conf/relto.conf says the same (tests compare them)

enum kind {
    KIND_WORD,     // letters, digits, '.', '_', '-': ids and names
    KIND_DOMAIN,   // lower-case trust domain
    KIND_PATH,     // file or folder, relative to the node directory
    KIND_KEY,      // the same of a private key, or a key in a token: a PKCS#11 URI, kept as it is
    KIND_LISTEN,   // numeric address and port, port 0 = a free one
    KIND_LOOPBACK, // the same on the loopback interface, or empty
    KIND_ADDRESS,  // host name or address, and port
    KIND_TEXT,     // anything printable
    KIND_PINS,     // 64 hexadecimal digits, once or twice
    KIND_MIB,      // number of MiB, kept as bytes
    KIND_NUMBER,
    KIND_RATE,     // bytes a second, 0 = no limit
    KIND_HOURS,
    KIND_YES_NO,
    KIND_LEVEL,
};

struct key {
    const char *section, *name;
    enum kind kind;
    size_t offset;
    const char *standard; // default; NULL = none (NULL pointer), "" = empty
    bool required;
    uint64_t min, max; // of numbers
};

#define AT(field) offsetof(struct config, field)
static const struct key node_keys[] = {
    {"node", "nation", KIND_WORD, AT(nation), NULL, true, 0, 0},
    {"node", "name", KIND_WORD, AT(name), NULL, true, 0, 0},
    {"node", "trust-domain", KIND_DOMAIN, AT(trust_domain), NULL, false, 0, 0},
    {"node", "address", KIND_ADDRESS, AT(address), NULL, false, 0, 0},
    {"node", "card-key", KIND_PATH, AT(card_key), "keys/card.key", false, 0, 0},
    {"listen", "address", KIND_LISTEN, AT(listen), "127.0.0.1:8443", false, 0, 0},
    {"listen", "metrics", KIND_LOOPBACK, AT(metrics), "127.0.0.1:8444", false, 0, 0},
    {"listen", "connections-max", KIND_NUMBER, AT(connections_max), "4096", false, 8, 65000},
    {"listen", "connections-per-address-max", KIND_NUMBER, AT(connections_per_address_max), "256", false, 1, 65000},
    {"tls", "key", KIND_KEY, AT(tls_key), "keys/tls.key", false, 0, 0},
    {"tls", "cert", KIND_PATH, AT(tls_cert), "certs/node.pem", false, 0, 0},
    {"tls", "anchors", KIND_PATH, AT(tls_anchors), "ca/ca.pem", false, 0, 0},
    {"tls", "crl", KIND_PATH, AT(tls_crl), NULL, false, 0, 0},
    {"store", "path", KIND_PATH, AT(store_path), "store", false, 0, 0},
    {"store", "map-mib", KIND_MIB, AT(map_bytes), "256", false, 16, 1 << 26},
    {"store", "map-max-mib", KIND_MIB, AT(map_bytes_max), "1048576", false, 16, 1 << 26},
    {"store", "erase-within-s", KIND_NUMBER, AT(erase_within_s), "86400", false, 2, 31536000},
    {"store", "keep-days", KIND_NUMBER, AT(keep_days), "0", false, 0, 36500},
    {"policy", "file", KIND_PATH, AT(policy_file), "policy/policy.xml", false, 0, 0},
    {"policy", "spif-dir", KIND_PATH, AT(spif_dir), "policy/spif", false, 0, 0},
    {"policy", "vocabulary", KIND_PATH, AT(vocabulary_file), "policy/vocabulary.xml", false, 0, 0},
    {"policy", "approval", KIND_NUMBER, AT(policy_approval), "1", false, 1, 2},
    {"release", "pad", KIND_NUMBER, AT(pad), "0", false, 0, 64},
    {"release", "report-key", KIND_KEY, AT(report_key), "keys/report.key", false, 0, 0},
    {"release", "report-cert", KIND_PATH, AT(report_cert), "certs/report.pem", false, 0, 0},
    {"release", "ledger-key", KIND_PATH, AT(ledger_key), "keys/ledger.key", false, 0, 0},
    {"release", "consent-key", KIND_KEY, AT(consent_key), "keys/consent.key", false, 0, 0},
    {"ingest", "spool", KIND_PATH, AT(spool), NULL, false, 0, 0},
    {"ingest", "poll-wait-s", KIND_NUMBER, AT(poll_wait_s), "60", false, 0, 300},
    {"ingest", "retry-min-ms", KIND_NUMBER, AT(retry_min_ms), "500", false, 10, 3600000},
    {"ingest", "retry-max-ms", KIND_NUMBER, AT(retry_max_ms), "60000", false, 10, 86400000},
    {"ingest", "attachment-max-mib", KIND_MIB, AT(attachment_bytes_max), "1024", false, 1, 1 << 20},
    {"ingest", "consent-poll-s", KIND_NUMBER, AT(consent_poll_s), "60", false, 1, 86400},
    {"ingest", "nation-anchors", KIND_PATH, AT(nation_anchors), NULL, false, 0, 0},
    {"audit", "key", KIND_PATH, AT(audit_key), "keys/audit.key", false, 0, 0},
    {"audit", "cosign-key", KIND_PATH, AT(cosign_key), "keys/cosign.key", false, 0, 0},
    {"audit", "head-hour", KIND_NUMBER, AT(head_hour), "3", false, 0, 23},
    {"audit", "witness-minutes", KIND_NUMBER, AT(witness_minutes), "60", false, 1, 10080},
    {"audit", "witness-logs", KIND_PATH, AT(witness_logs), NULL, false, 0, 0},
    {"audit", "recall-overdue-minutes", KIND_NUMBER, AT(recall_overdue_min), "1440", false, 0, 525600},
    {"log", "level", KIND_LEVEL, AT(log_level), "info", false, 0, 0},
};
#undef AT

#define AT(field) offsetof(struct config_partner, field)
static const struct key partner_keys[] = {
    {"partner", "card", KIND_PATH, AT(card), NULL, false, 0, 0},
    {"partner", "pull", KIND_YES_NO, AT(pull), "yes", false, 0, 0},
    {"partner", "push", KIND_YES_NO, AT(push), "no", false, 0, 0},
    {"partner", "inbox", KIND_YES_NO, AT(inbox), "no", false, 0, 0},
    {"partner", "compression", KIND_YES_NO, AT(compression), "yes", false, 0, 0},
    // A slower reader or sender is taken for dead by the partner's server.
    {"partner", "fetch-bytes-per-s", KIND_RATE, AT(fetch_rate), "0", false, 16384, UINT32_MAX},
    {"partner", "push-bytes-per-s", KIND_RATE, AT(push_rate), "0", false, 16384, UINT32_MAX},
    {"partner", "hours", KIND_HOURS, AT(hours), NULL, false, 0, 0},
    {"partner", "ask-witness", KIND_YES_NO, AT(ask_witness), "no", false, 0, 0},
    {"partner", "be-witness", KIND_YES_NO, AT(be_witness), "no", false, 0, 0},
    {"partner", "address", KIND_ADDRESS, AT(address), NULL, false, 0, 0},
    {"partner", "subject-dn", KIND_TEXT, AT(subject_dn), NULL, false, 0, 0},
    {"partner", "pin-sha256", KIND_PINS, AT(pin_sha256), NULL, false, 0, 0},
    {"partner", "crl", KIND_PATH, AT(crl), NULL, false, 0, 0},
};
#undef AT

enum {
    NODE_KEYS = sizeof node_keys / sizeof *node_keys,
    PARTNER_KEYS = sizeof partner_keys / sizeof *partner_keys,
    CONFIG_BYTES_MAX = 1024 * 1024,
    SECTION_MAX = 49, // libinih cuts longer section names silently
    ID_MAX = 64,
};

struct reading {
    struct config *c;
    struct arena *a;
    struct diag *d;
    struct span rest;           // of the file, not yet given to libinih
    uint32_t line;              // of the line given last
    uint32_t seen[NODE_KEYS];   // line of each key, 0 = not seen
    uint32_t partner_seen[PARTNER_KEYS]; // of the partner of the current section
    struct config_partner *partner;      // of the current section, or NULL
    bool section_ok;            // keys of an unknown section need no fault each
};

// ---- values

static bool all_of(const char *s, size_t max, const char *extra, bool upper)
{
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i++) {
        bool letter = (s[i] >= 'a' && s[i] <= 'z') || (upper && s[i] >= 'A' && s[i] <= 'Z');
        if (!letter && !(s[i] >= '0' && s[i] <= '9') && !strchr(extra, s[i]))
            return false;
    }
    return n > 0 && n <= max;
}

static bool number(const char *s, uint64_t min, uint64_t max, uint64_t *ret)
{
    uint64_t v = 0;
    if (!*s || strlen(s) > 12)
        return false;
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return false;
        v = v * 10 + (uint64_t)(*s - '0');
    }
    *ret = v;
    return v >= min && v <= max;
}

// host:port, the host of an IPv6 address in brackets. Numeric: addresses only, port 0 allowed.
static bool host_port(const char *s, bool numeric, bool *ret_loopback)
{
    char host[256];
    uint64_t port;
    const char *colon = strrchr(s, ':');
    if (!colon || colon == s || (size_t)(colon - s) >= sizeof host || !number(colon + 1, numeric ? 0 : 1, 65535, &port))
        return false;
    snprintf(host, sizeof host, "%.*s", (int)(colon - s), s);
    struct in6_addr six;
    struct in_addr four;
    size_t n = strlen(host);
    if (host[0] == '[' && host[n - 1] == ']') {
        host[n - 1] = 0;
        if (inet_pton(AF_INET6, host + 1, &six) != 1)
            return false;
        *ret_loopback = IN6_IS_ADDR_LOOPBACK(&six);
        return true;
    }
    bool is_four = inet_pton(AF_INET, host, &four) == 1;
    *ret_loopback = is_four && (ntohl(four.s_addr) >> 24) == 127;
    return is_four || (!numeric && all_of(host, 253, "-.", true));
}

static bool printable(const char *s)
{
    for (const char *c = s; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    return *s != 0;
}

static bool pins_ok(const char *s)
{
    for (int n = 0; n < 2; n++, s++) {
        if (strspn(s, "0123456789abcdef") != 64)
            return false;
        s += 64;
        if (*s != ' ')
            return !*s;
    }
    return false;
}

// What people should have written, for the fault.
static const char *expected(const struct key *k, char out[96])
{
    switch (k->kind) {
    case KIND_WORD:
        return "at most 64 letters, digits, '.', '_' and '-'";
    case KIND_DOMAIN:
        return "at most 128 lower-case letters, digits, '.', '_' and '-'";
    case KIND_PATH:
        return "the path of a file or folder";
    case KIND_KEY:
        return "the path of a file, or a PKCS#11 URI";
    case KIND_LISTEN:
        return "a numeric address and a port, e.g. 192.0.2.1:8443 or [::]:8443";
    case KIND_LOOPBACK:
        return "a loopback address and a port, e.g. 127.0.0.1:8444, or nothing";
    case KIND_ADDRESS:
        return "a host and a port, e.g. node.gbr.example:8443";
    case KIND_TEXT:
        return "a text, e.g. CN=node,O=Ministry,C=FR";
    case KIND_PINS:
        return "64 hexadecimal digits in lower case, or two such with a space between";
    case KIND_MIB:
    case KIND_NUMBER:
        snprintf(out, 96, "a whole number from %llu to %llu", (unsigned long long)k->min, (unsigned long long)k->max);
        return out;
    case KIND_RATE:
        snprintf(out, 96, "0 for no limit, or a whole number of bytes from %llu to %llu", (unsigned long long)k->min,
                 (unsigned long long)k->max);
        return out;
    case KIND_HOURS:
        return "two different times of the day in UTC, e.g. 22:00-06:00Z";
    case KIND_YES_NO:
        return "yes or no";
    case KIND_LEVEL:
        return "error, warning, info or debug";
    }
    return "";
}

static bool level_ok(const char *s)
{
    return !strcmp(s, "error") || !strcmp(s, "warning") || !strcmp(s, "info") || !strcmp(s, "debug");
}

static bool value_ok(const struct key *k, const char *s, uint64_t *ret_number)
{
    bool loopback = false;
    struct hours hours;
    switch (k->kind) {
    case KIND_WORD:
        return all_of(s, ID_MAX, "._-", true);
    case KIND_DOMAIN:
        return all_of(s, 128, "._-", false);
    case KIND_PATH:
    case KIND_KEY:
    case KIND_TEXT:
        return printable(s);
    case KIND_LISTEN:
        return host_port(s, true, &loopback);
    case KIND_LOOPBACK:
        return !*s || (host_port(s, true, &loopback) && loopback);
    case KIND_ADDRESS:
        return host_port(s, false, &loopback);
    case KIND_PINS:
        return pins_ok(s);
    case KIND_MIB:
    case KIND_NUMBER:
        return number(s, k->min, k->max, ret_number);
    case KIND_RATE:
        return number(s, 0, k->max, ret_number) && (*ret_number == 0 || *ret_number >= k->min);
    case KIND_HOURS:
        return hours_parse(s, &hours);
    case KIND_YES_NO:
        return !strcmp(s, "yes") || !strcmp(s, "no");
    case KIND_LEVEL:
        return level_ok(s);
    }
    return false;
}

static const char *absolute(const struct reading *r, const char *path)
{
    return path[0] == '/' ? arena_cstr(r->a, path) : arena_printf(r->a, "%s/%s", r->c->dir, path);
}

// Store a good value at its place in the structure `base`.
static void store(struct reading *r, const struct key *k, void *base, const char *s, uint64_t n)
{
    char *at = (char *)base + k->offset;
    switch (k->kind) {
    case KIND_PATH:
    case KIND_KEY:
        *(const char **)(void *)at = token_uri_is(s) ? arena_cstr(r->a, s) : absolute(r, s);
        break;
    case KIND_WORD:
    case KIND_DOMAIN:
    case KIND_LISTEN:
    case KIND_LOOPBACK:
    case KIND_ADDRESS:
    case KIND_TEXT:
    case KIND_PINS:
    case KIND_LEVEL:
        *(const char **)(void *)at = arena_cstr(r->a, s);
        break;
    case KIND_MIB:
        *(uint64_t *)(void *)at = n * MIB;
        break;
    case KIND_NUMBER:
    case KIND_RATE:
        *(uint32_t *)(void *)at = (uint32_t)n;
        break;
    case KIND_HOURS:
        (void)hours_parse(s, (struct hours *)(void *)at); // value_ok() has read it
        break;
    case KIND_YES_NO:
        *(bool *)(void *)at = !strcmp(s, "yes");
        break;
    }
}

// A URI of a key in a token: where it may stand, and whether it is one. What is wrong is said without its text, in which
// somebody may have written a PIN. False when it may be stored.
static bool refuse_uri(struct reading *r, const struct key *k, const char *value)
{
    struct token_uri uri;
    const char *why = "a file is expected; only the keys of [tls], report-key and consent-key can be in a token";
    if (!token_uri_is(value) || (k->kind == KIND_KEY && token_uri_read(value, &uri, &why) == ST_OK))
        return false;
    diag_add(r->d, r->line, 0, "config-value", k->name, "%s", why);
    return true;
}

static void take(struct reading *r, const struct key *k, void *base, const char *value)
{
    uint64_t n = 0;
    char text[96];
    if (refuse_uri(r, k, value))
        return;
    if (value_ok(k, value, &n))
        store(r, k, base, value, n);
    else
        diag_add(r->d, r->line, 0, "config-value", k->name, "\"%s\": expected %s", value, expected(k, text));
}

static void take_defaults(struct reading *r, const struct key *keys, size_t count, void *base)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i].standard)
            take(r, &keys[i], base, keys[i].standard);
}

// ---- sections

static bool known_section(const char *name)
{
    for (size_t i = 0; i < NODE_KEYS; i++)
        if (!strcmp(node_keys[i].section, name))
            return true;
    return false;
}

static void begin_partner(struct reading *r, const char *id)
{
    struct config *c = r->c;
    r->section_ok = false;
    if (!all_of(id, SECTION_MAX - strlen("partner "), "._-", true)) {
        diag_add(r->d, r->line, 0, "config-section", id, "expected [partner ID], ID of at most %zu letters, digits, '.', '_', '-'",
                 SECTION_MAX - strlen("partner "));
        return;
    }
    for (size_t i = 0; i < c->partner_count; i++) {
        if (!strcmp(c->partners[i].id, id)) {
            diag_add(r->d, r->line, 0, "config-section", id, "this partner has a section above already");
            return;
        }
    }
    if (c->partner_count == PARTNERS_MAX) {
        diag_add(r->d, r->line, 0, "config-section", id, "more than %zu partners", PARTNERS_MAX);
        return;
    }
    struct config_partner *p = &c->partners[c->partner_count++];
    *p = (struct config_partner){.id = arena_cstr(r->a, id), .line = r->line};
    take_defaults(r, partner_keys, PARTNER_KEYS, p);
    const char *card = arena_printf(r->a, "partners/%s.xml", id);
    if (card)
        p->card = absolute(r, card);
    memset(r->partner_seen, 0, sizeof r->partner_seen);
    r->partner = p;
    r->section_ok = true;
}

static void begin_section(struct reading *r, const char *name)
{
    r->partner = NULL;
    if (!strncmp(name, "partner ", 8)) {
        begin_partner(r, name + 8);
        return;
    }
    r->section_ok = known_section(name);
    if (!r->section_ok)
        diag_add(r->d, r->line, 0, "config-section", name,
                 "unknown section; expected [node], [listen], [tls], [store], [policy], [release], [ingest], [audit], "
                 "[log] or [partner ID]");
}

static void take_key(struct reading *r, const struct key *keys, size_t count, uint32_t *seen, void *base,
                     const char *section, const char *name, const char *value)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i].section, section) || strcmp(keys[i].name, name))
            continue;
        if (seen[i])
            diag_add(r->d, r->line, 0, "config-key", name, "stands on line %u already", seen[i]);
        else
            take(r, &keys[i], base, value);
        seen[i] = r->line;
        return;
    }
    diag_add(r->d, r->line, 0, "config-key", name, "no such key in [%s]; see conf/relto.conf", section);
}

// libinih's handler: always 1, since faults are recorded here.
static int on_pair(void *ctx, const char *section, const char *name, const char *value)
{
    struct reading *r = ctx;
    if (!*section)
        diag_add(r->d, r->line, 0, "config-key", name, "stands before the first [section]");
    else if (r->partner)
        take_key(r, partner_keys, PARTNER_KEYS, r->partner_seen, r->partner, "partner", name, value);
    else if (r->section_ok)
        take_key(r, node_keys, NODE_KEYS, r->seen, r->c, section, name, value);
    return 1;
}

// ---- lines

// What libinih would do silently is a fault here: continuation lines, cut section names.
static bool line_ok(struct reading *r, char *line)
{
    size_t n = strcspn(line, "\r\n");
    size_t lead = strspn(line, " \t");
    if (lead && lead < n && line[lead] != ';' && line[lead] != '#') {
        diag_add(r->d, r->line, 0, "config-syntax", NULL, "a line must not begin with white space");
        return false;
    }
    if (line[0] != '[')
        return true;
    const char *end = strchr(line, ']');
    if (!end || (size_t)(end - line) - 1 > SECTION_MAX) {
        diag_add(r->d, r->line, 0, "config-section", NULL, "expected [section] of at most %d characters", SECTION_MAX);
        r->section_ok = false;
        r->partner = NULL;
        return false;
    }
    char name[SECTION_MAX + 1];
    snprintf(name, sizeof name, "%.*s", (int)(end - line) - 1, line + 1);
    begin_section(r, name);
    return true;
}

// libinih's reader, as fgets: the next line, counted.
static char *next_line(char *out, int cap, void *ctx)
{
    struct reading *r = ctx;
    if (r->rest.len == 0)
        return NULL;
    const uint8_t *lf = memchr(r->rest.ptr, '\n', r->rest.len);
    size_t len = lf ? (size_t)(lf - r->rest.ptr) + 1 : r->rest.len;
    struct span line = span_sub(r->rest, 0, len);
    r->rest = span_sub(r->rest, len, r->rest.len);
    r->line++;
    out[0] = 0;
    if (len >= (size_t)cap || memchr(line.ptr, 0, len)) {
        diag_add(r->d, r->line, 0, "config-syntax", NULL, "expected a line of text of at most %d bytes", cap - 2);
        snprintf(out, (size_t)cap, "\n");
        return out;
    }
    memcpy(out, line.ptr, len);
    out[len] = 0;
    if (!line_ok(r, out))
        snprintf(out, (size_t)cap, "\n");
    return out;
}

// ---- the whole

static void check_whole(struct reading *r)
{
    struct config *c = r->c;
    for (size_t i = 0; i < NODE_KEYS; i++)
        if (node_keys[i].required && !r->seen[i])
            diag_add(r->d, 0, 0, "config-missing", node_keys[i].name, "must be set in [%s]", node_keys[i].section);
    if (c->map_bytes > c->map_bytes_max)
        diag_add(r->d, 0, 0, "config-value", "map-mib", "above map-max-mib");
    if (c->retry_min_ms > c->retry_max_ms)
        diag_add(r->d, 0, 0, "config-value", "retry-min-ms", "above retry-max-ms");
    for (size_t i = 0; i < c->partner_count; i++)
        if (c->partners[i].pull && c->partners[i].inbox)
            diag_add(r->d, c->partners[i].line, 0, "config-value", c->partners[i].id,
                     "its feed is either pulled or taken from the inbox, never both: set pull = no, or inbox = no");
    for (size_t i = 0; c->nation && i < c->partner_count; i++)
        if (!strcmp(c->partners[i].id, c->nation))
            diag_add(r->d, 0, 0, "config-section", c->nation, "a node is no partner of itself");
    if (c->nation && strlen(c->nation) > SECTION_MAX - strlen("partner "))
        diag_add(r->d, r->seen[0], 0, "config-value", "nation", "longer than the %zu characters that partners have room for",
                 SECTION_MAX - strlen("partner "));
    if (c->name && !c->trust_domain && !all_of(c->name, 128, "._-", false))
        diag_add(r->d, 0, 0, "config-missing", "trust-domain", "must be set in [node], since the name has capitals");
    if (!c->trust_domain)
        c->trust_domain = c->name;
}

static enum status absolute_dir(const char *dir, struct arena *a, struct diag *d, const char **ret)
{
    char *full = realpath(dir, NULL);
    if (!full) {
        diag_add(d, 0, 0, "file", dir, "no such node directory; make one with relto init");
        return ST_NOT_FOUND;
    }
    *ret = arena_cstr(a, full);
    free(full);
    return arena_status(a);
}

static enum status parse(struct reading *r, struct span bytes)
{
    uint32_t before = r->d->count + r->d->dropped;
    r->rest = bytes;
    take_defaults(r, node_keys, NODE_KEYS, r->c);
    int bad = ini_parse_stream(next_line, r, on_pair, r);
    if (bad > 0)
        diag_add(r->d, (uint32_t)bad, 0, "config-syntax", NULL, "expected [section], key = value, or a comment");
    if (bad < 0)
        return ST_NOMEM;
    check_whole(r);
    TRY(arena_status(r->a));
    return r->d->count + r->d->dropped == before ? ST_OK : ST_INVALID;
}

enum status config_read(const char *dir, struct arena *a, struct diag *d, const struct config **ret)
{
    struct span bytes;
    struct reading *r = arena_alloc(a, sizeof *r);
    struct config *c = arena_alloc(a, sizeof *c);
    struct config_partner *partners = arena_array(a, PARTNERS_MAX, sizeof *partners);
    if (!r || !c || !partners)
        return arena_status(a);
    c->partners = partners;
    TRY(absolute_dir(dir, a, d, &c->dir));
    const char *path = arena_printf(a, "%s/relto.conf", c->dir);
    TRY(arena_status(a));
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        diag_add(d, 0, 0, "file", path, "no such file, so this is no node directory; give another, or make one with relto init");
        return ST_NOT_FOUND;
    }
    TRY(file_read(path, CONFIG_BYTES_MAX, a, d, &bytes));
    if (!d->file[0])
        snprintf(d->file, sizeof d->file, "%s", path);
    r->c = c;
    r->a = a;
    r->d = d;
    TRY(parse(r, bytes));
    d->file[0] = 0;
    *ret = c;
    return ST_OK;
}

const struct config_partner *config_partner_of(const struct config *c, const char *id)
{
    for (size_t i = 0; i < c->partner_count; i++)
        if (strcmp(c->partners[i].id, id) == 0)
            return &c->partners[i];
    return NULL;
}

const char *config_below_dir(const struct config *c, const char *path)
{
    size_t n = strlen(c->dir);
    return strncmp(path, c->dir, n) == 0 && path[n] == '/' ? path + n + 1 : NULL;
}
