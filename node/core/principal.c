// Roles and principals of request.h, in words.
#include <stdio.h>

#include "node/core/request.h"

const char *role_text(enum role r)
{
    switch (r) {
    case ROLE_NONE:
        return "none";
    case ROLE_PARTNER:
        return "partner";
    case ROLE_CELL:
        return "cell";
    case ROLE_OFFICER:
        return "officer";
    case ROLE_AUDITOR:
        return "auditor";
    case ROLE_OPERATOR:
        return "operator";
    }
    return "none";
}

const char *principal_text(const struct principal *p, char out[80])
{
    snprintf(out, 80, "%s:%s", role_text(p->role), p->id);
    return out;
}
