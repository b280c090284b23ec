// Many lives of three and five nodes, each from its seed; and that every planted fault is found.
//
// One life again: RELTO_SIM_SEED=17 tests/test_simulation
// More of them:   RELTO_PROPERTY_CASES=10000 tests/test_simulation
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/simulation/run.h"

enum { SEEDS = 40, STEPS = 160, PLANT_SEEDS = 30 };

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static size_t nodes_of(uint64_t seed)
{
    return seed % 4 == 0 ? 5 : 3;
}

static void every_seed_ends_well(void **state)
{
    uint64_t one = number_of("RELTO_SIM_SEED", 0), seeds = number_of("RELTO_PROPERTY_CASES", SEEDS);
    size_t pages = 0, cuts = 0, crashes = 0, activations = 0, released = 0, redacted = 0, moved = 0;
    (void)state;
    struct run *r = malloc(sizeof *r);
    assert_non_null(r);
    for (uint64_t seed = one ? one : 1; seed <= (one ? one : seeds); seed++) {
        run_live(r, seed, nodes_of(seed), STEPS, PLANT_NONE);
        if (r->failed)
            fail_msg("seed %llu: %s\nOnce more: RELTO_SIM_SEED=%llu tests/test_simulation", (unsigned long long)seed, r->why,
                     (unsigned long long)seed);
        pages += r->pages, cuts += r->cuts, crashes += r->crashes, moved += r->moved, activations += r->activations;
        released += r->released, redacted += r->redacted;
        run_fini(r);
    }
    free(r);
    print_message("%llu seeds: %zu pages, %zu entries, %zu cuts, %zu crashes, %zu activations; decisions to release %zu, to redact %zu\n",
                  (unsigned long long)(one ? 1 : seeds), pages, moved, cuts, crashes, activations, released, redacted);
    assert_true(one || (pages > seeds && cuts > seeds && crashes > seeds && released > seeds && redacted > seeds));
}

static void every_planted_fault_is_found(void **state)
{
    struct run *r = malloc(sizeof *r);
    (void)state;
    assert_non_null(r);
    if (number_of("RELTO_SIM_SEED", 0)) {
        free(r);
        skip();
    }
    for (int plant = PLANT_NONE + 1; plant < PLANT_COUNT; plant++) {
        bool found = false;
        uint64_t seed = 1;
        for (; seed <= PLANT_SEEDS && !found; seed++) {
            run_live(r, seed, nodes_of(seed), STEPS, (enum run_plant)plant);
            found = r->failed;
            if (found)
                print_message("%s: seed %llu: %s\n", run_plant_text((enum run_plant)plant), (unsigned long long)seed, r->why);
            run_fini(r);
        }
        if (!found)
            fail_msg("not found in %d seeds: %s", PLANT_SEEDS, run_plant_text((enum run_plant)plant));
    }
    free(r);
}

int main(void)
{
    struct stat s;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_seed_ends_well),
        cmocka_unit_test(every_planted_fault_is_found),
    };
    // Stores in memory, where there is some: what survives a power cut is another test's question.
    if (!getenv("TMPDIR") && stat("/dev/shm", &s) == 0 && S_ISDIR(s.st_mode))
        setenv("TMPDIR", "/dev/shm", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
