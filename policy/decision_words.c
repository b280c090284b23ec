#include <string.h>

#include "policy/decide.h"

const char *outcome_text(enum outcome o)
{
    switch (o) {
    case OUTCOME_DENY:
        return "deny";
    case OUTCOME_HOLD:
        return "hold";
    case OUTCOME_CONSENT:
        return "consent";
    case OUTCOME_EMBARGO:
        return "embargo";
    case OUTCOME_REDACT:
        return "redact";
    case OUTCOME_RELEASE:
        return "release";
    }
    return "deny";
}

bool outcome_parse(const char *text, enum outcome *ret)
{
    for (enum outcome o = OUTCOME_DENY; o <= OUTCOME_RELEASE; o++)
        if (strcmp(text, outcome_text(o)) == 0) {
            *ret = o;
            return true;
        }
    return false;
}

const char *reason_text(enum reason r)
{
    switch (r) {
#define X(name, text)                                                                                        \
    case REASON_##name:                                                                                      \
        return text;
        REASON_TABLE(X)
#undef X
    }
    return "-";
}
