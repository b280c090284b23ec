// relto audit verify: prove this node's logs from the stored bytes and public keys alone. Exports and proofs are checked
// in cmd_audit_check.c.
#include <stdio.h>

#include "node/io/file.h"
#include "store/verify.h"
#include "tools/relto/cmd_audit.h"
#include "tools/relto/local.h"

static const char help[] =
    "usage: relto [-C DIR] audit verify [--held FILE]\n"
    "       relto [-C DIR] audit verify FOLDER [--key KEY]\n"
    "       relto [-C DIR] audit verify --proof FILE [--event FILE] [--key KEY] [--origin TEXT]\n\n"
    "Recompute every tree from the stored bytes and check signatures, receipts, and that deliveries, decisions, ledgers,\n"
    "events and renditions agree; on a live node or a stopped store. --held FILE compares with a checkpoint of one of our\n"
    "logs that somebody else holds ('relto sync note' at a partner; a witness's; an auditor's): only so is a store found that\n"
    "was rewritten as a whole with our own keys. With FOLDER: the same of what 'relto audit export'\n"
    "wrote there; with --proof: of what 'relto audit prove' wrote. These two need no node but its verifier KEY ('relto\n"
    "audit key'), or a file that holds it; without --key it is that of the node of DIR. --origin is for proofs of other\n"
    "logs, whose keys have other names. Exit code 1 when something is wrong.\n";

void audit_print_finding(void *ctx, const struct verify_finding *f)
{
    const struct cli *cli = ctx;
    if (cli->format == FORMAT_TSV)
        printf("%s\t%s\t%s\n", f->rule, f->where, f->text);
    else
        printf("WRONG: %s: %s [%s]\n", f->where, f->text, f->rule);
}

// Our own public keys stand in our card, as partners know them.
static enum status gather_keys(const struct cli *cli, const struct core *c, struct verify_options *o,
                               struct verify_peer *peers)
{
    struct partner_card own;
    if (c->card.len == 0) {
        diag_add(cli->diag, 0, 0, "card", "card.xml", "this node has no card with its public keys; make it: relto partner card");
        return ST_NOT_FOUND;
    }
    TRY(partner_card_read(c->card, "card.xml", cli->arena, cli->diag, &own));
    *o = (struct verify_options){.nation = c->nation, .node_name = c->node_name, .peers = peers,
                                 .peer_count = c->peer_count};
    memcpy(o->ledger_key, own.ledger_key, ED25519_LEN);
    memcpy(o->audit_key, own.audit_key, ED25519_LEN);
    for (size_t i = 0; i < c->peer_count; i++) {
        const struct peer *p = c->peers[i];
        peers[i] = (struct verify_peer){.partner = p->id, .name = p->card.node_name};
        memcpy(peers[i].cosign_key, p->card.cosign_key, ED25519_LEN);
        memcpy(peers[i].ledger_key, p->card.ledger_key, ED25519_LEN);
    }
    return ST_OK;
}

static void print_summary(const struct cli *cli, const char *node, const struct verify_summary *s)
{
    const char *verdict = s->findings ? "WRONG" : "good";
    if (cli->format == FORMAT_TSV)
        return;
    printf("%s: %s: %llu events, %llu entries to %llu partners, %llu received entries, %llu deliveries, %llu receipts, "
           "%llu heads, %llu cosignatures of witnesses, %llu reports, %llu attachments, %llu renditions made again; %llu wrong\n",
           node, verdict, (unsigned long long)s->events, (unsigned long long)s->entries, (unsigned long long)s->ledgers,
           (unsigned long long)s->received_entries, (unsigned long long)s->deliveries, (unsigned long long)s->receipts,
           (unsigned long long)s->heads, (unsigned long long)s->cosignatures,
           (unsigned long long)s->reports, (unsigned long long)s->attachments, (unsigned long long)s->renditions, (unsigned long long)s->findings);
    if (s->purged)
        printf("%s: content of %llu reports was purged by rule: their renditions cannot be made again\n", node,
               (unsigned long long)s->purged);
    if (s->held)
        printf("%s: the checkpoint that was held elsewhere is of the log as it stands here\n", node);
    if (s->receipts_without_key)
        printf("%s: %llu receipts of former partners could not be checked: their cards are gone\n", node,
               (unsigned long long)s->receipts_without_key);
}

static int verify_own(const struct cli *cli, const char *held)
{
    struct local l;
    struct verify_options o;
    struct verify_summary s = {0};
    struct verify_held note = {.name = held};
    if (held && file_read(held, NOTE_BYTES_MAX, cli->arena, cli->diag, &note.note) != ST_OK)
        return cli_fail_status(cli, held, ST_NOT_FOUND);
    int code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    struct verify_peer *peers = arena_array(cli->arena, l.node->core.peer_count + 1, sizeof *peers);
    enum status st = peers ? gather_keys(cli, &l.node->core, &o, peers) : ST_NOMEM;
    if (st == ST_OK && held) {
        o.held = &note;
        o.held_count = 1;
    }
    if (st == ST_OK)
        st = verify_store(l.tick.txn, &o, audit_print_finding, (void *)(uintptr_t)cli, &s);
    if (st != ST_OK)
        code = cli_fail_status(cli, "audit verify", st);
    else
        print_summary(cli, l.node->core.node_name, &s);
    local_close(&l, false);
    return st != ST_OK ? code : s.findings ? EXIT_NO : EXIT_DONE;
}

int audit_verify(const struct cli *cli, int argc, char **argv)
{
    const char *key = NULL, *proof = NULL, *event = NULL, *origin = NULL, *held = NULL;
    const struct cli_option options[] = {{"key", &key, NULL}, {"proof", &proof, NULL}, {"event", &event, NULL}, {"origin", &origin, NULL},
                                         {"held", &held, NULL}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    if (held && (argc != 2 || proof || event || key || origin))
        return cli_usage(argv[0], "--held goes with nothing else");
    if (argc == 2 && proof)
        return audit_verify_proof(cli, proof, event, key, origin);
    if (argc == 3 && !proof && !event && !origin)
        return audit_verify_export(cli, argv[2], key);
    if (argc == 2 && !event && !key && !origin)
        return verify_own(cli, held);
    return cli_usage(argv[0], "expected: audit verify, audit verify FOLDER, or audit verify --proof FILE");
}
