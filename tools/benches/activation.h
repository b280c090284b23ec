// Parts of the activation benchmark (tools/benches/activation.sh).
#ifndef RELTO_TOOLS_BENCHES_ACTIVATION_H
#define RELTO_TOOLS_BENCHES_ACTIVATION_H

#include <stdbool.h>
#include <stdint.h>

// Fill a new node's store with reports, released under the policy in its folder; first_only: with such as the first partner gets.
int activation_fill(const char *dir, unsigned partners, uint64_t reports, bool first_only);
// Wait for an activation, then until all that follows from it is written; print how long it took and what was written.
int activation_watch(const char *dir);
// Compare a sample of the reports (all, when `sample` is as many) with decide() under both policies: who holds what, and
// that nothing was written for pairs that did not change.
int activation_verify(const char *dir, unsigned partners, uint64_t reports, uint64_t sample);
// Fetch pages of 16 reports and, in turn, poll at the end of the feed, with 20 ms in between, until the file `stop` is there; print p50 and p99. idle: only
// poll, without a pause.
int activation_feed(const char *address, const char *cert, const char *key, const char *stop, bool idle);

#endif
