// relto partner: onboarding by exchanging two signed cards, their fingerprints compared by voice (spec 6.2).
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "formats/problem.h"
#include "node/core/release.h"
#include "node/io/card_update.h"
#include "node/io/file.h"
#include "node/io/tls_identity.h"
#include "tools/relto/client.h"
#include "tools/relto/local.h"
#include "tools/relto/node_files.h"
#include "tools/relto/own_card.h"

static const char help[] =
    "usage: relto [-C DIR] partner card\n"
    "       relto [-C DIR] partner add FILE --fingerprint \"XXXX XXXX ...\"\n"
    "       relto [-C DIR] partner update PARTNER [FILE]\n"
    "       relto [-C DIR] partner list\n"
    "       relto [-C DIR] partner test PARTNER\n"
    "       relto [-C DIR] partner remove PARTNER\n\n"
    "card writes this node's card to standard output and its fingerprint to standard error: send the card, and\n"
    "read the fingerprint to the partner by voice.\n"
    "add takes a partner's card when its fingerprint is the one that the partner read to you.\n"
    "update fetches a partner's newer card (or takes it from FILE) and takes it without a comparison by voice when it is\n"
    "signed by the card key of the one held, or by the successor that this one announces.\n"
    "test calls the partner, checks its certificate and card, and counts what it would receive.\n"
    "A partner gets nothing unless the policy names it and an agreement covers it.\n"
    "After add, update or remove, send SIGHUP to a running reltod.\n";

static const char *in_dir(const struct cli *cli, const char *name)
{
    return arena_printf(cli->arena, "%s/%s", cli->dir, name);
}

// ---- card

static int print_card(const struct cli *cli)
{
    struct span card;
    char fingerprint[CARD_FINGERPRINT_LEN + 1];
    enum status st = partner_card_refresh(cli, &card);
    if (st != ST_OK)
        return cli_fail_status(cli, "partner card", st);
    fwrite(card.ptr, 1, card.len, stdout);
    fflush(stdout);
    fprintf(stderr, "fingerprint: %s\n", partner_card_fingerprint(card, fingerprint));
    return EXIT_DONE;
}

// ---- add, remove

// Compare two fingerprints as people write them: spaces and case do not matter.
static bool same_fingerprint(const char *a, const char *b)
{
    for (;;) {
        while (*a == ' ')
            a++;
        while (*b == ' ')
            b++;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
        if (!*a)
            return true;
        a++;
        b++;
    }
}

static enum status append_section(const struct cli *cli, const char *nation)
{
    struct span conf;
    struct buf b;
    const char *path = in_dir(cli, "relto.conf");
    TRY(file_read(path, MIB, cli->arena, cli->diag, &conf));
    buf_init(&b, 2 * MIB);
    buf_span(&b, conf);
    buf_printf(&b, "\n[partner %s]\ncard = partners/%s.xml\n", nation, nation);
    enum status st = file_write(path, buf_bytes(&b), 0644, cli->diag);
    buf_fini(&b);
    return st;
}

static bool is_configured(const struct config *c, const char *nation)
{
    for (size_t i = 0; i < c->partner_count; i++)
        if (strcmp(c->partners[i].id, nation) == 0)
            return true;
    return false;
}

enum { PARTNER_SECTION_ID_MAX = 41 }; // what the name of a section of relto.conf has room for

static bool id_is_plain(const char *id)
{
    size_t n = strlen(id);
    return n >= 1 && n <= PARTNER_SECTION_ID_MAX && strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

static int add_partner(const struct cli *cli, const char *file, const char *expected)
{
    struct span bytes;
    struct partner_card card;
    const struct config *c;
    char fingerprint[CARD_FINGERPRINT_LEN + 1];
    enum status st = config_read(cli->dir, cli->arena, cli->diag, &c);
    if (st == ST_OK)
        st = file_read(file, CARD_BYTES_MAX, cli->arena, cli->diag, &bytes);
    if (st == ST_OK)
        st = partner_card_read(bytes, file, cli->arena, cli->diag, &card);
    if (st != ST_OK)
        return cli_fail_status(cli, file, st);
    partner_card_fingerprint(bytes, fingerprint);
    if (!expected)
        return cli_usage("partner", "--fingerprint is needed: have the partner read it to you, do not copy it from the file");
    if (!same_fingerprint(expected, fingerprint))
        return cli_fail(EXIT_REFUSED, file, "its fingerprint is %s, not the one given: misread, or the card was altered on the way; have it read again, else get the card anew",
                        fingerprint);
    if (!id_is_plain(card.nation) || strcmp(card.nation, c->nation) == 0)
        return cli_fail(EXIT_REFUSED, file, "this card names \"%s\", which cannot be a partner of %s", card.nation, c->nation);
    st = card_fits(c, &card, file, cli->arena, cli->diag);
    if (st == ST_OK)
        st = file_write(in_dir(cli, arena_printf(cli->arena, "partners/%s.xml", card.nation)), bytes, 0644, cli->diag);
    if (st == ST_OK && !is_configured(c, card.nation))
        st = append_section(cli, card.nation);
    if (st != ST_OK)
        return cli_fail_status(cli, "partner add", st);
    printf("%s (%s) added; the policy decides what it gets. Send SIGHUP to a running reltod\n", card.nation, card.node_name);
    return EXIT_DONE;
}

// ---- update

static enum status fetch_card(const struct cli *cli, const char *partner, struct span *ret)
{
    struct client_call call = {.method = "GET", .path = "/v1/card", .partner = partner};
    struct client_answer answer = {0};
    TRY(client_call(cli, &call, &answer));
    *ret = answer.body;
    if (answer.status == 200)
        return ST_OK;
    diag_add(cli->diag, 0, 0, "card", partner, "the partner answered %ld, not its card", answer.status);
    return ST_NOT_FOUND;
}

static int update_partner(const struct cli *cli, const char *partner, const char *file)
{
    struct span bytes;
    struct card_update u = {.fate = CARD_SAME};
    const struct config *c;
    enum status st = config_read(cli->dir, cli->arena, cli->diag, &c);
    if (st == ST_OK && !config_partner_of(c, partner))
        return cli_fail(EXIT_NO, partner, "no such partner; 'relto partner list' shows them");
    if (st == ST_OK)
        st = file ? file_read(file, CARD_BYTES_MAX, cli->arena, cli->diag, &bytes) : fetch_card(cli, partner, &bytes);
    if (st == ST_OK)
        st = card_update(c, partner, bytes, file ? file : "/v1/card", cli->arena, cli->diag, &u);
    if (st != ST_OK)
        return cli_fail_status(cli, partner, st);
    switch (u.fate) {
    case CARD_SAME:
        printf("%s: the card held is the current one\n", partner);
        return EXIT_DONE;
    case CARD_OLDER:
    case CARD_REFUSED:
        return cli_fail(EXIT_REFUSED, partner, "%s; the card held stays. If it is good, compare fingerprints and 'relto partner add' it",
                        u.objection);
    case CARD_TAKEN:
        printf("%s: card %llu taken; send SIGHUP to a running reltod. What waits in quarantine for its keys: 'relto sync retry %s'\n",
               partner, (unsigned long long)u.serial, partner);
        return EXIT_DONE;
    }
    return EXIT_NO;
}

// The configuration without the section of this partner (up to the next section).
static void put_without(struct span conf, const char *header, struct buf *out)
{
    bool skip = false;
    for (size_t at = 0; at < conf.len;) {
        const uint8_t *end = memchr(conf.ptr + at, '\n', conf.len - at);
        size_t next = end ? (size_t)(end - conf.ptr) + 1 : conf.len;
        struct span line = span_sub(conf, at, next);
        if (span_starts(line, "["))
            skip = span_starts(line, header);
        if (!skip)
            buf_span(out, line);
        at = next;
    }
}

static int remove_partner(const struct cli *cli, const char *nation)
{
    const struct config *c;
    struct span conf;
    struct buf b;
    const char *path = in_dir(cli, "relto.conf");
    enum status st = config_read(cli->dir, cli->arena, cli->diag, &c);
    if (st == ST_OK)
        st = file_read(path, MIB, cli->arena, cli->diag, &conf);
    if (st != ST_OK)
        return cli_fail_status(cli, "partner remove", st);
    if (!is_configured(c, nation))
        return cli_fail(EXIT_NO, nation, "no such partner; 'relto partner list' shows them");
    buf_init(&b, MIB);
    put_without(conf, arena_printf(cli->arena, "[partner %s]", nation), &b);
    st = file_write(path, buf_bytes(&b), 0644, cli->diag);
    buf_fini(&b);
    if (st != ST_OK)
        return cli_fail_status(cli, "partner remove", st);
    printf("%s removed from relto.conf; its ledger and log entries stay. Send SIGHUP to a running reltod\n", nation);
    return EXIT_DONE;
}

// ---- list, test

// How its feed comes to us, and whether ours is pushed to it.
static const char *exchange_word(const struct config_partner *p)
{
    if (p->push)
        return p->pull ? "pull,push" : p->inbox ? "inbox,push" : "push";
    return p->pull ? "pull" : p->inbox ? "inbox" : "no-pull";
}

static int list_partners(const struct cli *cli)
{
    const struct config *c;
    enum status st = config_read(cli->dir, cli->arena, cli->diag, &c);
    for (size_t i = 0; st == ST_OK && i < c->partner_count; i++) {
        struct span bytes;
        struct partner_card card;
        char fingerprint[CARD_FINGERPRINT_LEN + 1];
        st = file_read(c->partners[i].card, CARD_BYTES_MAX, cli->arena, cli->diag, &bytes);
        if (st == ST_OK)
            st = partner_card_read(bytes, c->partners[i].card, cli->arena, cli->diag, &card);
        if (st == ST_OK)
            printf("%s\t%s\t%s\t%s\t%s\n", card.nation, card.node_name,
                   c->partners[i].address ? c->partners[i].address : card.address, exchange_word(&c->partners[i]),
                   partner_card_fingerprint(bytes, fingerprint));
    }
    return st == ST_OK ? EXIT_DONE : cli_fail_status(cli, "partner list", st);
}

struct tally {
    struct local *l;
    size_t partner;
    size_t count[OUTCOME_RELEASE + 1];
};

static enum status tally_report(void *ctx, const struct report_record *r)
{
    struct tally *y = ctx;
    struct stored_report *s;
    struct decision d;
    TRY(record_load(&y->l->tick, r->id, r->version, r->source, &s));
    enum status st = release_decide(&y->l->tick, s->report, &s->record, y->partner, &d, NULL);
    if (st == ST_OK)
        y->count[d.outcome]++;
    record_free(&s);
    return st;
}

static int count_receivable(const struct cli *cli, const char *partner)
{
    struct local l;
    int code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    struct tally y = {.l = &l, .partner = ruleset_partner_index(l.node->core.rules, partner)};
    enum status st = y.partner == SIZE_MAX ? ST_NOT_FOUND : reports_each(l.tick.txn, tally_report, &y);
    if (y.partner == SIZE_MAX)
        printf("would receive: nothing; the active policy does not name %s\n", partner);
    else
        for (enum outcome o = OUTCOME_RELEASE;; o--) {
            printf("would receive: %-8s %zu\n", outcome_text(o), y.count[o]);
            if (o == OUTCOME_DENY)
                break;
        }
    local_close(&l, false);
    return st == ST_OK || st == ST_NOT_FOUND ? EXIT_DONE : cli_fail(cli_code(st), partner, "%s", status_text(st));
}

static int test_partner(const struct cli *cli, const char *partner)
{
    struct client_call call = {.method = "GET", .path = "/v1/card", .partner = partner};
    struct client_answer answer = {0};
    enum status st = client_call(cli, &call, &answer);
    if (st != ST_OK)
        return cli_fail_status(cli, partner, st);
    if (answer.status != 200)
        return client_fail(cli, partner, &answer);
    struct span held;
    const char *path = in_dir(cli, arena_printf(cli->arena, "partners/%s.xml", partner));
    st = file_read(path, CARD_BYTES_MAX, cli->arena, cli->diag, &held);
    if (st != ST_OK)
        return cli_fail_status(cli, partner, st);
    printf("reached: yes\ncertificate: good, it is %s\ncard: %s\n", partner,
           span_eq(held, answer.body) ? "the one held here" : "newer or other than the one held here; 'relto partner update' takes it");
    return count_receivable(cli, partner);
}

int cmd_partner(const struct cli *cli, int argc, char **argv)
{
    const char *fingerprint = NULL;
    const struct cli_option options[] = {{"fingerprint", &fingerprint, NULL}};
    int code = cli_options(&argc, argv, options, 1, help);
    if (code >= 0)
        return code;
    const char *verb = argc > 1 ? argv[1] : "";
    if (argc == 2 && strcmp(verb, "card") == 0)
        return print_card(cli);
    if (argc == 2 && strcmp(verb, "list") == 0)
        return list_partners(cli);
    if (argc == 3 && strcmp(verb, "add") == 0)
        return add_partner(cli, argv[2], fingerprint);
    if ((argc == 3 || argc == 4) && strcmp(verb, "update") == 0)
        return update_partner(cli, argv[2], argc == 4 ? argv[3] : NULL);
    if (argc == 3 && strcmp(verb, "test") == 0)
        return test_partner(cli, argv[2]);
    if (argc == 3 && strcmp(verb, "remove") == 0)
        return remove_partner(cli, argv[2]);
    return cli_usage("partner", "expected: partner card, add FILE, update PARTNER, list, test PARTNER or remove PARTNER");
}
