// relto audit verify of what has left a node: exports and proofs, checked with a public key and no node.
#include <stdio.h>

#include "formats/base/limits.h"
#include "formats/tlog.h"
#include "node/io/file.h"
#include "store/merkle.h"
#include "tools/relto/cmd_audit.h"
#include "tools/relto/export_dir.h"
#include "tools/relto/local.h"

// ---- keys

int cli_vkey(const struct cli *cli, const char *text, struct note_vkey *ret)
{
    struct span bytes = span_cstr(text);
    enum status st = note_vkey_parse(bytes, ret);
    if (st == ST_OK)
        return -1;
    if (strchr(text, '+') == NULL) {
        diag_init(cli->diag, NULL);
        enum status read = file_read(text, 64 * KIB, cli->arena, cli->diag, &bytes);
        if (read != ST_OK)
            return cli_fail_status(cli, "--key", read);
        const uint8_t *lf = bytes.len ? memchr(bytes.ptr, '\n', bytes.len) : NULL;
        st = note_vkey_parse(span_sub(bytes, 0, lf ? (size_t)(lf - bytes.ptr) : bytes.len), ret);
    }
    if (st == ST_OK)
        return -1;
    return cli_fail(EXIT_USAGE, "--key", "%s: expected a verifier key, name+hex+base64 as 'relto audit key' prints it, or a file with one", text);
}

// The audit key of the node of DIR.
static int own_key(const struct cli *cli, struct note_vkey *ret)
{
    struct local l;
    struct partner_card own;
    char name[NOTE_NAME_MAX + 8];
    int code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    struct span card = l.node->core.card;
    enum status st = card.len ? partner_card_read(card, "card.xml", cli->arena, cli->diag, &own) : ST_NOT_FOUND;
    snprintf(name, sizeof name, "%s/audit", l.node->core.node_name);
    if (st == ST_OK)
        st = note_vkey_make(name, NOTE_ED25519, own.audit_key, ret);
    local_close(&l, false);
    return st == ST_OK ? -1 : cli_fail(EXIT_NO, cli->dir, "no card that names the audit key; give --key");
}

static int find_key(const struct cli *cli, const char *text, struct note_vkey *ret)
{
    return text ? cli_vkey(cli, text, ret) : own_key(cli, ret);
}

// ---- exports

static void print_period(const struct export_summary *s)
{
    char from[UTC_TEXT_MAX], until[UTC_TEXT_MAX];
    printf("of %s, from %s until %s", s->node, s->from == UTC_MIN ? "the beginning" : utc_format_ms(s->from, from),
           s->until == UTC_MAX ? "the export itself" : utc_format_ms(s->until, until));
}

static void print_summary(const char *folder, const struct export_summary *s)
{
    printf("%s: %s: ", folder, s->findings ? "WRONG" : "good");
    if (s->node[0])
        print_period(s);
    printf(": %llu events, %llu entries of %llu ledgers, %llu receipts, %llu cosignatures of witnesses, %llu heads; %llu wrong\n",
           (unsigned long long)s->events, (unsigned long long)s->entries, (unsigned long long)s->ledgers,
           (unsigned long long)s->receipts, (unsigned long long)s->cosignatures, (unsigned long long)s->heads,
           (unsigned long long)s->findings);
    if (s->receipts_without_key)
        printf("%s: %llu receipts of former partners could not be checked: their keys are not listed\n", folder,
               (unsigned long long)s->receipts_without_key);
}

int audit_verify_export(const struct cli *cli, const char *folder, const char *key_text)
{
    struct note_vkey key;
    struct export_dir *dir = NULL;
    struct export_summary s;
    int code = find_key(cli, key_text, &key);
    if (code >= 0)
        return code;
    diag_init(cli->diag, NULL);
    enum status st = export_dir_open(cli, folder, &dir);
    if (st == ST_OK) {
        struct export_source source = export_dir_source(dir);
        st = export_check(&source, &key, audit_print_finding, (void *)(uintptr_t)cli, &s);
    }
    export_dir_free(&dir);
    if (st != ST_OK)
        return cli_fail_status(cli, folder, st);
    if (cli->format != FORMAT_TSV)
        print_summary(folder, &s);
    return s.findings ? EXIT_NO : EXIT_DONE;
}

// ---- proofs

static enum status check_proof(const struct cli *cli, const struct tlog_text *x, const struct note_vkey *key, const char *origin,
                               const struct span *event, struct checkpoint *ret)
{
    struct span text;
    enum status st = note_open(x->checkpoint, key, 1, &text, NULL, NULL);
    if (st != ST_OK) {
        diag_add(cli->diag, 0, 0, "checkpoint", "checkpoint", "the checkpoint is not as %s signed it", key->name);
        return st;
    }
    TRY(checkpoint_read(text, true, ret));
    if (strcmp(ret->origin, origin ? origin : key->name) != 0) {
        diag_add(cli->diag, 0, 0, "checkpoint", "checkpoint", "it is of the log '%s', not of '%s'; --origin names another",
                 ret->origin, origin ? origin : key->name);
        return ST_BAD_PROOF;
    }
    if (!event)
        return ST_OK;
    struct digest leaf = merkle_leaf(*event);
    st = merkle_check_inclusion(&leaf, x->n, ret->size, x->hashes, x->hash_count, &ret->root);
    if (st != ST_OK)
        diag_add(cli->diag, 0, 0, "proof", "proof", "does not lead from these bytes, as event %llu, to the checkpoint of %llu events",
                 (unsigned long long)x->n, (unsigned long long)ret->size);
    return st;
}

static enum status read_proof(const struct cli *cli, const char *file, struct tlog_text *ret)
{
    struct span bytes;
    TRY(file_read(file, TLOG_BYTES_MAX, cli->arena, cli->diag, &bytes));
    enum status st = tlog_proof_read(bytes, ret);
    if (st != ST_OK)
        diag_add(cli->diag, 0, 0, "proof", file, "expected a proof of the form c2sp.org/tlog-proof@v1");
    return st;
}

int audit_verify_proof(const struct cli *cli, const char *proof, const char *event, const char *key_text, const char *origin)
{
    struct note_vkey key;
    struct checkpoint c;
    struct span bytes;
    int code = find_key(cli, key_text, &key);
    if (code >= 0)
        return code;
    diag_init(cli->diag, NULL);
    struct tlog_text *x = arena_alloc(cli->arena, sizeof *x);
    enum status st = x ? read_proof(cli, proof, x) : ST_NOMEM;
    if (st == ST_OK && event)
        st = file_read(event, MIB, cli->arena, cli->diag, &bytes);
    if (st == ST_OK)
        st = check_proof(cli, x, &key, origin, event ? &bytes : NULL, &c);
    if (st != ST_OK)
        return cli_fail_status(cli, proof, st);
    if (event)
        printf("%s: good: %s is event %llu of %s, in its tree of %llu\n", proof, event, (unsigned long long)x->n, c.origin,
               (unsigned long long)c.size);
    else
        printf("%s: of event %llu of %s, whose checkpoint of %llu is signed; give --event FILE to check the event itself\n", proof,
               (unsigned long long)x->n, c.origin, (unsigned long long)c.size);
    return EXIT_DONE;
}
