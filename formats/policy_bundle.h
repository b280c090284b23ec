// All that a decision depends on besides the report and the clock, as one value with one digest: the policy
// document, its SPIFs, the vocabulary and the release settings (spec 3.4). Stored for ever by that digest.
#ifndef RELTO_FORMATS_POLICY_BUNDLE_H
#define RELTO_FORMATS_POLICY_BUNDLE_H

#include "formats/base/sha256.h"
#include "formats/xml.h"

#define NS_POLICY_BUNDLE "urn:relto:policy-bundle:1"
#define POLICY_BUNDLE_BYTES_MAX (64 * MIB) // files are base64 inside

enum { BUNDLE_SPIFS_MAX = 64 };

struct bundle_file {
    const char *name; // file name without folders
    struct span bytes;
};

struct policy_bundle {
    struct bundle_file policy, vocabulary;
    struct bundle_file spifs[BUNDLE_SPIFS_MAX]; // in the order in which the policy document names them
    size_t spif_count;
    uint32_t pad; // [release] pad
};

// A path without its folders: a bundle knows its files by name alone, whatever folder a policy names (spec 3.2).
static inline const char *bundle_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// Append the bundle as one canonical document (urn:relto:policy-bundle:1); its SHA-256 is the policy's digest.
void policy_bundle_write(const struct policy_bundle *b, struct buf *out);
// Read it back; everything lives in `a`. ST_INVALID with faults, also when the bytes are not exactly what
// policy_bundle_write makes; ST_LIMIT beyond POLICY_BUNDLE_BYTES_MAX, or what xml_read returns.
MUST_USE enum status policy_bundle_read(struct span bytes, struct arena *a, struct diag *d, struct policy_bundle *ret);

#endif
