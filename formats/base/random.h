// Randomness as an argument: the system's generator in programs, a seeded one in tests and the simulator.
#ifndef RELTO_FORMATS_BASE_RANDOM_H
#define RELTO_FORMATS_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random_source {
    void (*fill)(void *ctx, uint8_t *out, size_t len);
    void *ctx;
};

static inline void random_fill(const struct random_source *r, uint8_t *out, size_t len)
{
    r->fill(r->ctx, out, len);
}

// The operating system's generator. A failure of it stops the process: nothing may go on without it.
struct random_source random_system(void);

// A repeatable generator for tests: SHA-256 in counter mode over a seed.
struct random_seeded {
    uint8_t seed[32];
    uint64_t counter;
};
struct random_source random_from_seed(struct random_seeded *state, uint64_t seed);

// Draws for one purpose, of or for somebody, about thing number n: "ledger", "FRA", 41. From a repeatable generator they
// depend on its seed and these alone, never on what was drawn for others, so that tests can show that nothing of others
// shows to a partner (spec 8, 9). The same names give the same draws. The system's generator is returned as it is.
// `state` is the caller's and must outlive the source.
struct random_source random_for(const struct random_source *from, const char *purpose, const char *whom, uint64_t n,
                                struct random_seeded *state);

#endif
