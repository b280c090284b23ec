// Partner cards.
#include "formats/partner_card.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    struct partner_card *card = calloc(1, sizeof *card);
    struct arena *a = fuzz_arena(in);
    struct diag *d = fuzz_diag();
    BUG_IF(!card);
    enum status st = partner_card_read(in, "x.card", a, d, card);
    fuzz_explained(st, d);
    if (st == ST_OK)
        BUG_IF(!*card->nation || !*card->node_name || card->report_cert_count > CARD_CERTS_MAX);
    arena_free(&a);
    free(card);
    return 0;
}
