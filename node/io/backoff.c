#include "node/io/backoff.h"

uint32_t backoff_ms(struct node_state *node, uint32_t failures)
{
    const struct config *c = node->config;
    uint64_t ms = c->retry_min_ms;
    uint16_t jitter;
    for (uint32_t i = 1; i < failures && ms < c->retry_max_ms; i++)
        ms *= 2;
    if (ms > c->retry_max_ms)
        ms = c->retry_max_ms;
    random_fill(&node->core.random, (uint8_t *)&jitter, sizeof jitter);
    return (uint32_t)(ms / 2 + ms * jitter / 65535 / 2);
}
