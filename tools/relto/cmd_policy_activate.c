// relto policy activate: make a policy the one in force, by an officer's call to the node.
#include <stdio.h>

#include "formats/base/limits.h"
#include "formats/xml.h"
#include "node/core/policy_flow.h"
#include "tools/relto/client.h"
#include "tools/relto/cmd_policy.h"

static const char help[] =
    "usage: relto [-C DIR] policy activate [FILE] [--spif-dir DIR] [--vocabulary FILE] [--as officer-NAME]\n\n"
    "Send a policy with its SPIFs, vocabulary and the [release] settings to the node, to be in force from then on.\n"
    "FILE, --spif-dir and --vocabulary default to what relto.conf of DIR names. The policy's serial must be higher than that\n"
    "of the active one. Where relto.conf says 'approval = 2', a second, different officer must send the same within 24\n"
    "hours. The call is made as the only officer with a certificate under DIR/certs, or as --as says.\n"
    "Look before: relto policy check, relto policy test, relto policy diff.\n";

static int print_state(const struct cli *cli, const struct client_answer *answer)
{
    struct xml_node *root;
    diag_init(cli->diag, NULL);
    enum status st = xml_read(answer->body, XML_UNTRUSTED, cli->arena, cli->diag, &root);
    if (st != ST_OK || !xml_is(root, NS_POLICY_STATE, "policy-state") || !xml_attr(root, "digest") || !xml_attr(root, "serial"))
        return cli_fail(EXIT_CORRUPT, "policy activate", "the node did not answer with the state of a policy");
    if (answer->status == 202)
        printf("serial %s noted (%s); a second officer must activate the same within %d hours\n", xml_attr(root, "serial"),
               xml_attr(root, "digest"), POLICY_PROPOSAL_HOURS);
    else
        printf("serial %s is active (%s)\n", xml_attr(root, "serial"), xml_attr(root, "digest"));
    return EXIT_DONE;
}

static int send_bundle(const struct cli *cli, const char *who, const struct policy_bundle *bundle)
{
    struct buf bytes;
    struct client_answer answer = {0};
    buf_init(&bytes, POLICY_BUNDLE_BYTES_MAX);
    policy_bundle_write(bundle, &bytes);
    enum status st = buf_status(&bytes);
    struct client_call call = {.method = "POST", .path = "/v1/policy", .who = who, .body = buf_bytes(&bytes)};
    if (st == ST_OK)
        st = client_call(cli, &call, &answer);
    buf_fini(&bytes);
    if (st != ST_OK)
        return cli_fail_status(cli, bundle->policy.name, st);
    if (answer.status / 100 != 2)
        return client_fail(cli, bundle->policy.name, &answer);
    return print_state(cli, &answer);
}

int cmd_policy_activate(const struct cli *cli, int argc, char **argv)
{
    return policy_send(cli, argc, argv, "policy activate", help, send_bundle);
}
