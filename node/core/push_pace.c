#include "node/core/push_pace.h"

uint32_t push_pace_page(struct push_pace *p, uint64_t was, uint64_t told, bool taken)
{
    if (was > p->best)
        p->best = was;
    if (told > p->best) {
        p->best = told;
        p->restarts = 0;
    } else if (!taken || told <= was) {
        p->restarts++;
    }
    return p->restarts > 1 ? p->restarts - 1 : 0;
}

static struct push_tried_one *find(struct push_tried *x, const struct digest *d)
{
    for (size_t i = 0; i < x->count && i < PUSH_TRIED_MAX; i++)
        if (digest_eq(&x->all[i].want.digest, d))
            return &x->all[i];
    return NULL;
}

// Also when it was tried before: then it has come further.
static void note(struct push_tried *x, struct push_tried_one *known, const struct push_want *w)
{
    x->last = known ? known : &x->all[x->count++ % PUSH_TRIED_MAX];
    *x->last = (struct push_tried_one){.want = *w};
}

static void forget(struct push_tried *x)
{
    x->count = 0;
    x->last = NULL;
}

enum push_pick push_tried_pick(struct push_tried *x, struct span wanted, struct push_want *ret)
{
    size_t n = 0;
    x->lied = false;
    for (; push_want_read(wanted, n, ret); n++) {
        struct push_tried_one *known = find(x, &ret->digest);
        if (known && ret->have <= known->want.have) {
            x->lied |= known->taken;
            continue;
        }
        if (known)
            x->rounds = 0;
        note(x, known, ret);
        return PUSH_PICK_NEW;
    }
    if (n > 0)
        return PUSH_PICK_AGAIN;
    forget(x);
    x->rounds = 0;
    return PUSH_PICK_NONE;
}

void push_tried_taken(struct push_tried *x)
{
    if (x->last)
        x->last->taken = true;
}

void push_tried_again(struct push_tried *x)
{
    forget(x);
    x->rounds++;
}
