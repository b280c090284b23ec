// relto audit export: a folder that proves what happened in a period; relto audit key: what it is checked with.
#include <stdio.h>
#include <stdlib.h>

#include "store/audit_log.h"
#include "tools/relto/cmd_audit.h"
#include "tools/relto/export_dir.h"
#include "tools/relto/local.h"

static const char help[] =
    "usage: relto [-C DIR] audit export [--from TIME] [--to TIME] FOLDER\n"
    "       relto [-C DIR] audit key [audit|cosign|release/PARTNER]\n\n"
    "export writes the events of a period (all, if none is given), the ledger entries and receipts they speak of, and\n"
    "what proves them, to a new folder. Anyone can check it with 'relto audit verify FOLDER --key KEY', or with the\n"
    "script tools/examples/verify_export.py. No content of reports is in it. The export itself is an event of the log.\n"
    "key prints the verifier key to check it with: give it to auditors by a safe way.\n";

struct period {
    const char *from, *to;
};

static int read_time(const char *option, const char *text, bool *has, utc_ms *ret)
{
    *has = text != NULL;
    if (text && utc_parse(span_cstr(text), UTC_ZONE_Z, ret) != ST_OK)
        return cli_usage("audit", "--%s: '%s' is no time of the form 2026-11-22T13:35:00Z", option, text);
    return -1;
}

static int read_period(const struct period *p, struct export_options *o)
{
    int code = read_time("from", p->from, &o->has_from, &o->from);
    if (code < 0)
        code = read_time("to", p->to, &o->has_until, &o->until);
    if (code < 0 && o->has_from && o->has_until && o->from >= o->until)
        code = cli_usage("audit", "--from must be before --to");
    return code;
}

// Partners' public keys, as their cards name them.
static enum status gather_peers(const struct cli *cli, const struct core *c, struct export_options *o)
{
    struct verify_peer *peers = arena_array(cli->arena, c->peer_count + 1, sizeof *peers);
    if (!peers)
        return ST_NOMEM;
    for (size_t i = 0; i < c->peer_count; i++) {
        const struct peer *p = c->peers[i];
        peers[i] = (struct verify_peer){.partner = p->id, .name = p->card.node_name};
        memcpy(peers[i].cosign_key, p->card.cosign_key, ED25519_LEN);
        memcpy(peers[i].ledger_key, p->card.ledger_key, ED25519_LEN);
    }
    o->peers = peers;
    o->peer_count = c->peer_count;
    return ST_OK;
}

static enum status log_export(struct local *l, const struct period *p)
{
    char actor[80];
    struct audit_event ev = {.kind = AUDIT_EXPORT, .actor = actor};
    local_actor(actor);
    audit_event_attr(&ev, "of", "audit");
    if (p->from)
        audit_event_attr(&ev, "from", p->from);
    if (p->to)
        audit_event_attr(&ev, "to", p->to);
    return audit_append(l->tick.txn, &ev, l->tick.now, &l->node->core.random);
}

// The event is durable before anything is written outside.
static enum status log_and_begin(struct local *l, const struct period *p)
{
    enum status st = log_export(l, p);
    if (st == ST_OK)
        st = db_commit(&l->tick.txn);
    return st == ST_OK ? db_begin(l->node->core.db, false, &l->tick.txn) : st;
}

static int export_to(const struct cli *cli, struct local *l, const struct period *p, struct export_options *o, const char *folder)
{
    struct core *c = &l->node->core;
    struct export_dir *dir = NULL;
    struct export_summary s = {0};
    o->nation = c->nation;
    o->node_name = c->node_name;
    o->audit_key = &c->audit_key;
    o->ledger_key = &c->ledger_key;
    enum status st = gather_peers(cli, c, o);
    if (st == ST_OK)
        st = export_dir_create(cli, folder, &dir);
    if (st == ST_OK)
        st = log_and_begin(l, p);
    if (st == ST_OK) {
        struct export_sink sink = export_dir_sink(dir);
        st = export_write(l->tick.txn, o, &sink, &s);
    }
    export_dir_free(&dir);
    if (st == ST_UNSUPPORTED)
        return cli_fail(EXIT_NO, folder, "the period has entries of a ledger that began anew after a restore, which an export cannot hold; "
                        "'relto audit verify' checks them here");
    if (st != ST_OK)
        return cli_fail_status(cli, folder, st);
    if (cli->format == FORMAT_TEXT)
        printf("%s: %llu events, %llu entries of %llu ledgers, %llu receipts; check it with: relto audit verify %s --key "
               "$(relto audit key)\n",
               folder, (unsigned long long)s.events, (unsigned long long)s.entries, (unsigned long long)s.ledgers,
               (unsigned long long)s.receipts, folder);
    return EXIT_DONE;
}

int audit_export(const struct cli *cli, int argc, char **argv)
{
    struct period p = {0};
    const char *until = NULL;
    struct export_options o = {0};
    struct local l;
    const struct cli_option options[] = {{"from", &p.from, NULL}, {"to", &p.to, NULL}, {"until", &until, NULL}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    if (argc != 3)
        return cli_usage(argv[0], "expected: audit export [--from TIME] [--to TIME] FOLDER");
    if (until && p.to)
        return cli_usage(argv[0], "--to and --until are the same; give one");
    p.to = until ? until : p.to;
    code = read_period(&p, &o);
    if (code < 0)
        code = local_open(cli, NODE_LOGS, &l);
    if (code >= 0)
        return code;
    code = export_to(cli, &l, &p, &o, argv[2]);
    local_close(&l, false);
    return code;
}

// ---- key

static int print_key(const struct cli *cli, const struct core *c, const char *which)
{
    struct partner_card own;
    char name[NOTE_NAME_MAX + 80];
    bool cosign = strcmp(which, "cosign") == 0, audit = strcmp(which, "audit") == 0;
    enum status st = c->card.len ? partner_card_read(c->card, "card.xml", cli->arena, cli->diag, &own) : ST_NOT_FOUND;
    if (c->card.len == 0)
        diag_add(cli->diag, 0, 0, "card", "card.xml", "this node has no card with its public keys; make it: relto partner card");
    if (st != ST_OK)
        return cli_fail_status(cli, "audit key", st);
    if (!cosign && !audit && strncmp(which, "release/", 8) != 0)
        return cli_usage("audit", "'%s' is no key; expected audit, cosign or release/PARTNER", which);
    snprintf(name, sizeof name, "%s%s%s", c->node_name, cosign ? "" : "/", cosign ? "" : which);
    const uint8_t *pub = cosign ? own.cosign_key : audit ? own.audit_key : own.ledger_key;
    struct note_vkey key;
    struct buf b;
    if (note_vkey_make(name, cosign ? NOTE_COSIGNATURE : NOTE_ED25519, pub, &key) != ST_OK)
        return cli_usage("audit", "'%s' is no key; expected audit, cosign or release/PARTNER", which);
    buf_init(&b, NOTE_VKEY_MAX + sizeof name);
    note_vkey(key.name, key.type, key.pub, &b);
    puts(buf_cstr(&b));
    buf_fini(&b);
    return EXIT_DONE;
}

int audit_key(const struct cli *cli, int argc, char **argv)
{
    struct local l;
    int code = cli_options(&argc, argv, NULL, 0, help);
    if (code >= 0)
        return code;
    if (argc > 3)
        return cli_usage(argv[0], "expected: audit key [audit|cosign|release/PARTNER]");
    code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    code = print_key(cli, &l.node->core, argc == 3 ? argv[2] : "audit");
    local_close(&l, false);
    return code;
}
