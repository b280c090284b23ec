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

// Replace the report-signing key by a new one or the one prepared, or only prepare it and list it in the card. Can be
// run again after it was ended half way. Returns the exit code; says what to do next.
int cert_rotate_report_key(const struct cli *cli, bool prepare_only);
// Mark a retired report-signing certificate (serial in hex) in the card as compromised from this time on.
int cert_mark_compromised(const struct cli *cli, const char *serial, const char *from_text);

#endif
