// Sets of partners by their index in the policy document. Zeroed = nobody.
#ifndef RELTO_POLICY_PARTNER_SET_H
#define RELTO_POLICY_PARTNER_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/base/limits.h"

struct partner_set {
    uint64_t bits[PARTNERS_MAX / 64];
};

static inline bool partner_set_has(const struct partner_set *s, size_t partner)
{
    return s->bits[partner / 64] >> (partner % 64) & 1;
}

static inline void partner_set_add(struct partner_set *s, size_t partner)
{
    s->bits[partner / 64] |= (uint64_t)1 << (partner % 64);
}

// Add everyone who is in `other`.
static inline void partner_set_join(struct partner_set *s, const struct partner_set *other)
{
    for (size_t i = 0; i < PARTNERS_MAX / 64; i++)
        s->bits[i] |= other->bits[i];
}

// The first partner in the set from `from` on, or PARTNERS_MAX.
static inline size_t partner_set_next(const struct partner_set *s, size_t from)
{
    for (size_t w = from / 64; w < PARTNERS_MAX / 64; w++) {
        uint64_t left = w == from / 64 ? s->bits[w] & UINT64_MAX << (from % 64) : s->bits[w];
        if (left)
            return 64 * w + (size_t)__builtin_ctzll(left);
    }
    return PARTNERS_MAX;
}

// Keep those who are in `other`; those who are not; is anyone in it?
static inline void partner_set_meet(struct partner_set *s, const struct partner_set *other)
{
    for (size_t i = 0; i < PARTNERS_MAX / 64; i++)
        s->bits[i] &= other->bits[i];
}

static inline void partner_set_drop(struct partner_set *s, const struct partner_set *other)
{
    for (size_t i = 0; i < PARTNERS_MAX / 64; i++)
        s->bits[i] &= ~other->bits[i];
}

static inline size_t partner_set_count(const struct partner_set *s)
{
    size_t n = 0;
    for (size_t i = 0; i < PARTNERS_MAX / 64; i++)
        n += (size_t)__builtin_popcountll(s->bits[i]);
    return n;
}

static inline bool partner_set_any(const struct partner_set *s)
{
    uint64_t any = 0;
    for (size_t i = 0; i < PARTNERS_MAX / 64; i++)
        any |= s->bits[i];
    return any != 0;
}

#endif
