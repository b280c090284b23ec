#include "tests/support/release_world.h"

struct sim *release_world(void)
{
    static const char *const policies[] = {
        POLICY(AGREED("", RETAIN)),
        POLICY_OF("FRA", "", TO("GBR", "S") TO("DEU", "S") TO("USA", "S"), "", SCOPED("A", "parties='DEU USA'", ALL_INTREPS, RETAIN)),
        POLICY_OF("DEU", "", TO("GBR", "S") TO("FRA", "S"), "", SCOPED("A", "parties='FRA'", ALL_INTREPS, RETAIN)),
    };
    return sim_new(3, policies);
}

void release_under(struct sim *s, const char *policy, uint8_t id)
{
    sim_policy(s, GBR, policy);
    sim_redecide(s, GBR, id);
}
