// Making certificates in a node directory: shared by cert and init.
#ifndef RELTO_TOOLS_RELTO_CMD_CERT_H
#define RELTO_TOOLS_RELTO_CMD_CERT_H

#include "node/io/pki.h"
#include "tools/relto/cli.h"

// Make a key and a certificate by the directory's CA; file names are relative to cli->dir.
MUST_USE enum status cert_write_new(const struct cli *cli, const char *key_file, const char *cert_file,
                                    const struct pki_request *r);
// Write the CA's revocation list anew from the list of revoked serials.
MUST_USE enum status cert_write_crl(const struct cli *cli);

#endif
