// relto verify: everything that can be checked of a rendition, with no trust in who gave it to us.
#include <stdio.h>

#include "formats/report.h"
#include "node/io/file.h"
#include "tools/relto/local.h"

static const char help[] =
    "usage: relto [-C DIR] verify [--cert FILE] FILE...\n\n"
    "Check renditions: canonical form, every digest, and the originating nation's signature. The signer's\n"
    "certificate is found among those of the node of DIR and of its partners' cards, or given by --cert.\n";

// Does one of our or our partners' certificates of this nation verify it? ST_NOT_FOUND when none is named.
static enum status try_known(const struct core *c, const struct report *r, const struct rendition_proof *proof)
{
    if (strcmp(r->nation, c->nation) == 0)
        return verifying_key_is_named(c->own_report_cert, &proof->signature) ? rendition_verify(proof, c->own_report_cert)
                                                                             : ST_NOT_FOUND;
    for (size_t i = 0; i < c->peer_count; i++) {
        const struct peer *p = c->peers[i];
        if (strcmp(p->id, r->nation) != 0)
            continue;
        for (size_t k = 0; k < p->card.report_cert_count; k++)
            if (verifying_key_is_named(p->report_keys[k], &proof->signature))
                return verifying_key_valid_at(p->report_keys[k], r->issued) &&
                               verifying_key_signs_reports(p->report_keys[k])
                           ? rendition_verify(proof, p->report_keys[k])
                           : ST_BAD_SIGNATURE;
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
    enum status st = cert ? rendition_verify(&proof, cert) : try_known(known, *ret, &proof);
    if (st == ST_NOT_FOUND)
        diag_add(cli->diag, 0, 0, "signer", "Signature", "no certificate of %s that the signature names is known; give it with --cert",
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
