// A partner's newer card takes the place of the one held (spec 4.6), for `relto partner update` and for the daemon.
#ifndef RELTO_NODE_IO_CARD_UPDATE_H
#define RELTO_NODE_IO_CARD_UPDATE_H

#include "formats/partner_card.h"
#include "node/config.h"

enum card_fate {
    CARD_SAME,    // it is the one held
    CARD_OLDER,   // the held card's signer made it, before that one: a node that does not show its newest yet
    CARD_REFUSED, // the one held does not vouch for it
    CARD_TAKEN,   // its file has taken the place of the one held; nothing uses it before it is read again
};
struct card_update {
    enum card_fate fate;
    const char *objection; // CARD_REFUSED: why; static
    uint64_t serial;       // of the card given
};

// Judge the card that was received from this configured partner, and put it in the place of the one held when that vouches
// for it (partner_card_update_objection) and the node could start with it. `from` names it in faults. A card that does not
// come to be used leaves the one held as it is. ST_NOT_FOUND when there is no such partner or it has no card; ST_INVALID,
// ST_BAD_SIGNATURE with faults; ST_IO.
MUST_USE enum status card_update(const struct config *c, const char *partner, struct span bytes, const char *from,
                                 struct arena *a, struct diag *d, struct card_update *ret);

// Would the node still start with this card, which is in `file`? Its keys must be usable, its trust domain nobody else's: a
// card that is at odds with what is there would keep the whole node from starting. ST_INVALID, ST_CONFLICT with faults.
MUST_USE enum status card_fits(const struct config *c, const struct partner_card *card, const char *file, struct arena *a,
                               struct diag *d);

#endif
