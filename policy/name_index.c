#include "policy/name_index.h"

static bool same(const struct name_entry *e, const char *name, size_t group)
{
    return e->group == group && name_eq(e->name, name);
}

// The slot of a name: its own, or the free one where it would stand.
static size_t slot_of(const struct name_index *x, const char *name, size_t group)
{
    size_t i = (size_t)(name_hash(name) + group * 0x9E3779B97F4A7C15u) & x->mask;
    while (x->slots[i] != SIZE_MAX && !same(&x->entries[x->slots[i]], name, group))
        i = (i + 1) & x->mask;
    return i;
}

enum status name_index_make(const struct name_entry *entries, size_t count, struct arena *a, struct name_index *ret)
{
    size_t slots = 16;
    while (slots < 2 * count)
        slots *= 2;
    *ret = (struct name_index){
        .entries = entries,
        .next = arena_array(a, count, sizeof *ret->next),
        .slots = arena_array(a, slots, sizeof *ret->slots),
        .mask = slots - 1,
    };
    TRY(arena_status(a));
    for (size_t i = 0; i < slots; i++)
        ret->slots[i] = SIZE_MAX;
    for (size_t i = count; i-- > 0;) { // from the end, so that each comes before its namesakes
        size_t slot = slot_of(ret, entries[i].name, entries[i].group);
        ret->next[i] = ret->slots[slot];
        ret->slots[slot] = i;
    }
    return ST_OK;
}

size_t name_index_first(const struct name_index *x, const char *name, size_t group)
{
    return x->slots ? x->slots[slot_of(x, name, group)] : SIZE_MAX;
}

size_t name_index_next(const struct name_index *x, size_t entry)
{
    return x->next[entry];
}
