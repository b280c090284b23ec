#include "tests/simulation/run.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const plants[] = {
#define X(name, text) text,
    RUN_PLANTS(X)
#undef X
};

const char *run_plant_text(enum run_plant p)
{
    return plants[p];
}

size_t run_below(struct run *r, size_t n) // splitmix64
{
    uint64_t z = r->state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (size_t)((z ^ (z >> 31)) % n);
}

bool run_chance(struct run *r, unsigned percent)
{
    return run_below(r, 100) < percent;
}

void run_broken(struct run *r, const char *fmt, ...)
{
    va_list args;
    if (r->failed)
        return;
    r->failed = true;
    int n = snprintf(r->why, sizeof r->why, "step %zu: ", r->step);
    va_start(args, fmt);
    vsnprintf(r->why + n, sizeof r->why - (size_t)n, fmt, args);
    va_end(args);
}

static void begin(struct run *r, size_t nodes)
{
    static const char *const policies[SIM_NODES_MAX] = {RUN_NOBODY("GBR"), RUN_NOBODY("FRA"), RUN_NOBODY("DEU"), RUN_NOBODY("SWE"), RUN_NOBODY("USA")};
    sim_init(&r->sim, nodes, policies);
    for (size_t i = 0; i < nodes; i++)
        for (size_t k = 0; k < nodes; k++)
            if (k != i)
                net_choose(r, i, k);
    for (size_t i = 0; i < nodes; i++) {
        r->sim.nodes[i].core.head_hour = 15;
        r->nodes[i].serial = 1;
        acts_activate(r, i);
        acts_settle(r, i);
    }
}

static void step(struct run *r)
{
    size_t a = run_below(r, r->sim.count), b = (a + 1 + run_below(r, r->sim.count - 1)) % r->sim.count;
    size_t what = run_below(r, 100);
    if (what < 26)
        acts_step(r, a);
    else if (what < 31)
        acts_time(r);
    else if (what < 34)
        net_ask_report(r, a, b);
    else if (what < 35)
        net_forget(r, a, b);
    else
        net_step(r, a, b);
    check_step(r);
}

void run_live(struct run *r, uint64_t seed, size_t nodes, size_t steps, enum run_plant plant)
{
    *r = (struct run){.seed = seed, .state = seed * 0x2545F4914F6CDD1Du + 1, .plant = plant};
    begin(r, nodes);
    for (; r->step < steps && !r->failed; r->step++)
        step(r);
    for (size_t i = 0; i < nodes && !r->failed; i++) {
        acts_settle(r, i);
        model_settle(r, i);
    }
    if (!r->failed)
        net_rest(r);
    if (!r->failed)
        check_rest(r);
}

void run_fini(struct run *r)
{
    net_fini(r);
    for (size_t i = 0; i < r->sim.count; i++) {
        r->sim.nodes[i].policy.rules = r->sim.nodes[i].core.rules;
        ruleset_free(&r->nodes[i].rules);
        for (size_t k = 0; k < r->report_count; k++)
            arena_free(&r->nodes[i].copies[k].arena);
    }
    for (size_t k = 0; k < r->report_count; k++)
        for (size_t v = 0; v < RUN_VERSIONS_MAX; v++) {
            free(r->reports[k].versions[v].draft);
            buf_fini(&r->reports[k].versions[v].bytes);
            arena_free(&r->reports[k].versions[v].arena);
        }
    sim_fini(&r->sim);
}
