// tls_domains_load of tls_identity.h: the domains of a configuration, from its files and the partners' cards.
#include "formats/base/limits.h"
#include "formats/partner_card.h"
#include "node/io/file.h"
#include "node/io/tls_identity.h"

enum { ANCHORS_MAX = 1024 * 1024 };

static enum status add_own(struct tls_domains *t, const struct config *c, struct arena *a, struct diag *d)
{
    struct tls_domain_spec s = {.id = "", .trust_domain = c->trust_domain, .crl_file = c->tls_crl};
    TRY(file_read(c->tls_anchors, ANCHORS_MAX, a, d, &s.anchors_pem));
    return tls_domains_add(t, &s, d);
}

static enum status add_partner(struct tls_domains *t, const struct config_partner *p, struct arena *a, struct diag *d)
{
    struct span bytes;
    struct partner_card *card = arena_alloc(a, sizeof *card);
    if (!card)
        return ST_NOMEM;
    TRY(file_read(p->card, CARD_BYTES_MAX, a, d, &bytes));
    TRY(partner_card_read(bytes, p->card, a, d, card));
    if (strcmp(card->nation, p->id)) {
        diag_add(d, 0, 0, "card", p->card, "this is the card of \"%s\", not of \"%s\"", card->nation, p->id);
        return ST_INVALID;
    }
    struct tls_domain_spec s = {.id = p->id,
                                .trust_domain = card->trust_domain,
                                .anchors_pem = span_cstr(card->anchors_pem),
                                .crl_file = p->crl,
                                .subject_dn = p->subject_dn,
                                .pin_sha256 = p->pin_sha256};
    return tls_domains_add(t, &s, d);
}

enum status tls_domains_load(const struct config *c, struct diag *d, struct tls_domains **ret)
{
    struct tls_domains *t = tls_domains_new();
    struct arena *a = arena_new(64 * (size_t)CARD_BYTES_MAX);
    enum status st = t && a ? add_own(t, c, a, d) : ST_NOMEM;
    for (size_t i = 0; st == ST_OK && i < c->partner_count; i++) {
        arena_free(&a); // one card at a time: the domains copy what they keep
        a = arena_new(64 * (size_t)CARD_BYTES_MAX);
        st = a ? add_partner(t, &c->partners[i], a, d) : ST_NOMEM;
    }
    arena_free(&a);
    if (st == ST_OK)
        *ret = t;
    else
        tls_domains_free(&t);
    return st;
}
