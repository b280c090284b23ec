// The world of the activation benchmark: partners in communities of ten, an agreement for each community and some topics,
// reports released to one community or to three partners. Everything follows from numbers.
#ifndef RELTO_TOOLS_BENCHES_ACTIVATION_WORLD_H
#define RELTO_TOOLS_BENCHES_ACTIVATION_WORLD_H

#include "formats/base/buf.h"
#include "formats/base/encode.h"

enum { WORLD_COMMUNITY = 10, WORLD_PARTNERS_MIN = 20 };

void world_spif(struct buf *out, unsigned partners);
void world_vocabulary(struct buf *out);
// Serial 1 or, changed, 2: one community gets other topics, one partner a lower clearance, one partner leaves. The first
// partner, who is served meanwhile, is not concerned.
void world_policy(struct buf *out, unsigned partners, bool changed);
// With so many words of a made-up language in its text.
void world_draft(struct buf *out, unsigned partners, uint64_t number, unsigned words);
// Does the first partner get the report of this number?
bool world_is_for_first(unsigned partners, uint64_t number);
struct uuid world_id(uint64_t number);

#endif
