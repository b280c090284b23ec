#include "formats/base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 8192, ALIGN = 16 };

struct block {
    struct block *next;
    size_t used, cap;
    _Alignas(ALIGN) uint8_t data[];
};

struct arena {
    struct block *head;
    size_t used, max;
    enum status st;
};

struct arena *arena_new(size_t max)
{
    struct arena *a = calloc(1, sizeof *a);
    if (a)
        a->max = max;
    return a;
}

void arena_free(struct arena **a)
{
    if (!*a)
        return;
    for (struct block *b = (*a)->head; b;) {
        struct block *next = b->next;
        free(b);
        b = next;
    }
    free(*a);
    *a = NULL;
}

void arena_wipe(struct arena *a)
{
    for (struct block *b = a->head; b; b = b->next)
        explicit_bzero(b->data, b->used);
}

struct arena_mark arena_mark(const struct arena *a)
{
    return (struct arena_mark){.block = a->head, .block_used = a->head ? a->head->used : 0, .used = a->used, .st = a->st};
}

void arena_rewind(struct arena *a, struct arena_mark mark)
{
    while (a->head != mark.block) {
        struct block *next = a->head->next;
        free(a->head);
        a->head = next;
    }
    if (a->head) {
        memset(a->head->data + mark.block_used, 0, a->head->used - mark.block_used);
        a->head->used = mark.block_used;
    }
    a->used = mark.used;
    a->st = mark.st;
}

static struct block *block_for(struct arena *a, size_t size)
{
    struct block *b = a->head;
    if (b && b->cap - b->used >= size)
        return b;
    size_t cap = size > BLOCK_BYTES ? size : BLOCK_BYTES;
    b = calloc(1, sizeof *b + cap);
    if (!b) {
        a->st = ST_NOMEM;
        return NULL;
    }
    b->cap = cap;
    b->next = a->head;
    a->head = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (a->st != ST_OK)
        return NULL;
    if (size > a->max || a->used > a->max - size) {
        a->st = ST_LIMIT;
        return NULL;
    }
    size_t rounded = (size + ALIGN - 1) / ALIGN * ALIGN;
    if (rounded == 0)
        rounded = ALIGN;
    struct block *b = block_for(a, rounded);
    if (!b)
        return NULL;
    void *ptr = b->data + b->used;
    b->used += rounded;
    a->used += rounded;
    return ptr;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        a->st = ST_LIMIT;
        return NULL;
    }
    return arena_alloc(a, bytes);
}

const char *arena_str(struct arena *a, struct span s)
{
    if (s.len == SIZE_MAX) {
        a->st = ST_LIMIT;
        return NULL;
    }
    char *copy = arena_alloc(a, s.len + 1);
    if (copy && s.len)
        memcpy(copy, s.ptr, s.len);
    return copy;
}

const char *arena_cstr(struct arena *a, const char *s)
{
    return arena_str(a, span_cstr(s));
}

const char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *s = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (s)
        vsnprintf(s, (size_t)n + 1, fmt, again);
    va_end(again);
    return s;
}

enum status arena_status(const struct arena *a)
{
    return a->st;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}
