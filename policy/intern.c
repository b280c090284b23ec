#include "policy/intern.h"

#include <stdlib.h>
#include <string.h>

// Keys come from partners: a collision costs a comparison, never a wrong answer.
uint64_t intern_hash(struct span key)
{
    uint64_t h = key.len * 0x9E3779B97F4A7C15u;
    size_t i = 0;
    for (; i + 8 <= key.len; i += 8) {
        uint64_t word;
        memcpy(&word, key.ptr + i, 8);
        h = (h ^ word) * 0x9FB21C651E98DF25u;
        h ^= h >> 29;
    }
    uint64_t tail = 0;
    if (i < key.len)
        memcpy(&tail, key.ptr + i, key.len - i);
    h = (h ^ tail) * 0x9FB21C651E98DF25u;
    return h ^ h >> 32;
}

static struct intern_slot *slot_of(const struct intern *x, struct span key, uint64_t hash)
{
    size_t i = (size_t)hash & x->mask;
    for (;; i = (i + 1) & x->mask) {
        struct intern_slot *s = &x->slots[i];
        if (!s->value ||
            (s->hash == hash && s->key.len == key.len && (key.len == 0 || memcmp(s->key.ptr, key.ptr, key.len) == 0)))
            return s;
    }
}

void *intern_get(const struct intern *x, struct span key, uint64_t hash)
{
    return x->slots ? slot_of(x, key, hash)->value : NULL;
}

static enum status grow(struct intern *x)
{
    size_t slots = x->slots ? 2 * (x->mask + 1) : 256;
    struct intern bigger = {.slots = calloc(slots, sizeof *bigger.slots), .mask = slots - 1, .count = x->count};
    if (!bigger.slots)
        return ST_NOMEM;
    for (size_t i = 0; x->slots && i <= x->mask; i++)
        if (x->slots[i].value)
            *slot_of(&bigger, x->slots[i].key, x->slots[i].hash) = x->slots[i];
    free(x->slots);
    *x = bigger;
    return ST_OK;
}

enum status intern_put(struct intern *x, struct span key, uint64_t hash, void *value)
{
    if (!x->slots || 2 * x->count > x->mask)
        TRY(grow(x));
    *slot_of(x, key, hash) = (struct intern_slot){hash, key, value};
    x->count++;
    return ST_OK;
}

void intern_fini(struct intern *x)
{
    free(x->slots);
    *x = (struct intern){0};
}
