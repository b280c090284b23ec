#include "formats/terms.h"

const char *onward_text(enum onward o)
{
    switch (o) {
    case ONWARD_FORBIDDEN:
        return "forbidden";
    case ONWARD_CONSENT:
        return "consent";
    case ONWARD_PERMITTED:
        return "permitted";
    }
    return "forbidden";
}

bool onward_parse(struct span text, enum onward *ret)
{
    for (enum onward o = ONWARD_FORBIDDEN; o <= ONWARD_PERMITTED; o++)
        if (span_eq_cstr(text, onward_text(o))) {
            *ret = o;
            return true;
        }
    return false;
}
