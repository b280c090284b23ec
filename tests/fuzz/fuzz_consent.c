// Consents and requests for them.
#include "formats/consent.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    struct consent c;
    struct consent_request r;
    struct signature_facts *f = calloc(1, sizeof *f);
    struct diag *d = fuzz_diag();
    BUG_IF(!f);
    enum status st = consent_read(in, d, &c, f);
    fuzz_explained(st, d);
    if (st == ST_OK)
        BUG_IF(!consent_party_valid(c.nation) || !consent_party_valid(c.requester) || !consent_party_valid(c.what.recipient) ||
               c.what.version == 0);
    d = fuzz_diag();
    st = consent_request_read(in, d, &r);
    fuzz_explained(st, d);
    if (st == ST_OK)
        BUG_IF(!consent_party_valid(r.recipient) || r.version == 0);
    free(f);
    return 0;
}
