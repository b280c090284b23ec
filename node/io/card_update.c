#include "node/io/card_update.h"

#include <string.h>
#include <unistd.h>

#include "node/io/file.h"
#include "node/io/node_state.h"
#include "node/io/tls_identity.h"

enum status card_fits(const struct config *c, const struct partner_card *card, const char *file, struct arena *a,
                      struct diag *d)
{
    struct config others = *c;
    struct config_partner self = {.id = card->nation, .card = file};
    struct tls_domain_spec spec = {.id = card->nation, .trust_domain = card->trust_domain,
                                   .anchors_pem = span_cstr(card->anchors_pem)};
    struct peer *peer = NULL;
    struct tls_domains *domains;
    struct config_partner *list = arena_array(a, c->partner_count + 1, sizeof *list);
    if (!list)
        return arena_status(a);
    others.partners = list;
    others.partner_count = 0;
    for (size_t i = 0; i < c->partner_count; i++)
        if (strcmp(c->partners[i].id, card->nation) != 0)
            list[others.partner_count++] = c->partners[i];
    TRY(peer_load(&self, d, &peer));
    peer_free(&peer);
    TRY(tls_domains_load(&others, d, &domains));
    enum status st = tls_domains_add(domains, &spec, d);
    tls_domains_free(&domains);
    return st;
}

// Into a file of its own first, where it is tried: a card that the node could not start with must not take the place
// of one that it runs with.
static enum status replace(const struct config *c, const struct partner_card *card, struct span bytes, const char *path,
                           struct arena *a, struct diag *d)
{
    const char *trial = arena_printf(a, "%s.new", path);
    if (!trial)
        return arena_status(a);
    TRY(file_write(trial, bytes, 0644, d));
    enum status st = card_fits(c, card, trial, a, d);
    if (st == ST_OK)
        st = file_write(path, bytes, 0644, d);
    unlink(trial);
    return st;
}

static bool same_signer(const struct partner_card *x, const struct partner_card *y)
{
    return memcmp(x->card_key, y->card_key, ED25519_LEN) == 0 && strcmp(x->nation, y->nation) == 0 &&
           strcmp(x->node_name, y->node_name) == 0;
}

enum status card_update(const struct config *c, const char *partner, struct span bytes, const char *from, struct arena *a,
                        struct diag *d, struct card_update *ret)
{
    const struct config_partner *conf = config_partner_of(c, partner);
    struct partner_card *held = arena_alloc(a, sizeof *held), *card = arena_alloc(a, sizeof *card);
    struct span old;
    if (!conf)
        return ST_NOT_FOUND;
    if (!held || !card)
        return arena_status(a);
    TRY(file_read(conf->card, CARD_BYTES_MAX, a, d, &old));
    TRY(partner_card_read(old, conf->card, a, d, held));
    TRY(partner_card_read(bytes, from, a, d, card));
    *ret = (struct card_update){.fate = CARD_SAME, .serial = card->serial};
    if (span_eq(old, bytes))
        return ST_OK;
    ret->objection = partner_card_update_objection(held, card);
    if (ret->objection) {
        ret->fate = same_signer(held, card) && card->serial < held->serial ? CARD_OLDER : CARD_REFUSED;
        return ST_OK;
    }
    TRY(replace(c, card, bytes, conf->card, a, d));
    ret->fate = CARD_TAKEN;
    return ST_OK;
}
