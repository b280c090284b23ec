// relto verify: everything that can be checked of a rendition, with no trust in who gave it to us.
#include <stdio.h>

#include "formats/report.h"
#include "node/io/file.h"
#include "tools/relto/local.h"

static const char help[] =
    "usage: relto [-C DIR] verify [--cert FILE] FILE...\n\n"
    "Check renditions: canonical form, every digest, and the originating nation's signature. The signer's\n"
    "certificate is found among those of the node of DIR and of its partners' cards, or given by --cert.\n";

// One certificate of a card. A file alone does not prove that it is older than the mark of a compromised key: only a
// cosigned ledger position would, so it is not called good (spec 4.6).
static enum status try_listed(const struct card_certificate *listed, const struct verifying_key *key,
                              const struct report *r, const struct rendition_proof *proof)
{
    if (listed->has_compromised_from)
        return ST_DENIED;
    return verifying_key_valid_at(key, r->issued) && verifying_key_signs_reports(key) ? rendition_verify(proof, key)
                                                                                       : ST_BAD_SIGNATURE;
}

// Our own keys of the past stand in our own card.
static enum status try_own(const struct cli *cli, const struct core *c, const struct report *r,
                           const struct rendition_proof *proof)
{
    struct partner_card *card = arena_alloc(cli->arena, sizeof *card);
    if (verifying_key_is_named(c->own_report_cert, &proof->signature))
        return rendition_verify(proof, c->own_report_cert);
    if (!card)
        return arena_status(cli->arena);
    enum status st = ST_NOT_FOUND;
    if (c->card.len)
        TRY(partner_card_read(c->card, "card.xml", cli->arena, cli->diag, card));
    for (size_t i = 0; c->card.len && st == ST_NOT_FOUND && i < card->report_cert_count; i++) {
        struct verifying_key *key = NULL;
        TRY(verifying_key_load(span_cstr(card->report_certs[i].pem), cli->diag, &key));
        if (verifying_key_is_named(key, &proof->signature))
            st = try_listed(&card->report_certs[i], key, r, proof);
        verifying_key_free(&key);
    }
    return st;
}

// Does one of our or our partners' certificates of this nation verify it? ST_NOT_FOUND when none is named, ST_DENIED
// when it is marked as compromised.
static enum status try_known(const struct cli *cli, const struct core *c, const struct report *r,
                             const struct rendition_proof *proof)
{
    if (strcmp(r->nation, c->nation) == 0)
        return try_own(cli, c, r, proof);
    for (size_t i = 0; i < c->peer_count; i++) {
        const struct peer *p = c->peers[i];
        if (strcmp(p->id, r->nation) != 0)
            continue;
        for (size_t k = 0; k < p->card.report_cert_count; k++)
            if (verifying_key_is_named(p->report_keys[k], &proof->signature))
                return try_listed(&p->card.report_certs[k], p->report_keys[k], r, proof);
    }
    return ST_NOT_FOUND;
}

static enum status check_file(const struct cli *cli, const struct core *known, const struct verifying_key *cert,
                              const char *file, const struct report **ret)
{
    struct span bytes;
    struct rendition_proof proof;
    diag_init(cli->diag, file);
    TRY(file_read(file, RENDITION_BYTES_MAX, cli->arena, cli->diag, &bytes));
    TRY(rendition_read(bytes, cli->arena, cli->diag, ret, &proof));
    enum status st = known ? try_known(cli, known, *ret, &proof) : rendition_verify(&proof, cert);
    if (st == ST_NOT_FOUND)
        diag_add(cli->diag, 0, 0, "signer", "Signature", "no certificate of %s that the signature names is known; give it with --cert",
                 (*ret)->nation);
    else if (st == ST_DENIED)
        diag_add(cli->diag, 0, 0, "signer", "Signature",
                 "%s marked the certificate that signed it as compromised; whether it is older than that cannot be told from the file alone",
                 (*ret)->nation);
    else if (st != ST_OK)
        diag_add(cli->diag, 0, 0, "signature", "Signature", "the signature does not verify with the certificate it names");
    return st;
}

static int verify_files(const struct cli *cli, const struct core *known, const struct verifying_key *cert, int argc,
                        char **argv)
{
    int worst = EXIT_DONE;
    for (int i = 1; i < argc; i++) {
        const struct report *r;
        char urn[UUID_URN_LEN + 1];
        enum status st = check_file(cli, known, cert, argv[i], &r);
        if (st != ST_OK) {
            int code = cli_fail_status(cli, argv[i], st);
            worst = code > worst ? code : worst;
            continue;
        }
        size_t withheld = r->overall_withheld;
        for (size_t k = 0; k < r->child_count; k++)
            withheld += r->children[k].kind == REPORT_WITHHELD;
        printf("%s: good: %s version %u of %s, %zu parts, %zu withheld\n", argv[i], uuid_urn(r->id, urn), r->version,
               r->nation, r->child_count, withheld);
    }
    return worst;
}

static int verify_with_cert(const struct cli *cli, const char *file, int argc, char **argv)
{
    struct span pem;
    struct verifying_key *cert = NULL;
    enum status st = file_read(file, MIB, cli->arena, cli->diag, &pem);
    if (st == ST_OK)
        st = verifying_key_load(pem, cli->diag, &cert);
    if (st != ST_OK)
        return cli_fail_status(cli, file, st);
    int code = verify_files(cli, NULL, cert, argc, argv);
    verifying_key_free(&cert);
    return code;
}

int cmd_verify(const struct cli *cli, int argc, char **argv)
{
    const char *cert = NULL;
    struct local l;
    const struct cli_option options[] = {{"cert", &cert, NULL}};
    int code = cli_options(&argc, argv, options, 1, help);
    if (code >= 0)
        return code;
    if (argc < 2)
        return cli_usage(argv[0], "no file given");
    if (cert)
        return verify_with_cert(cli, cert, argc, argv);
    code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    code = verify_files(cli, &l.node->core, NULL, argc, argv);
    local_close(&l, false);
    return code;
}
