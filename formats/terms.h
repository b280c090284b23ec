// Small words shared by labels, policies, ledgers and logs. Zero is always the safe value.
#ifndef RELTO_FORMATS_TERMS_H
#define RELTO_FORMATS_TERMS_H

#include "formats/base/span.h"

// May the recipient pass a report on? Ordered: smaller is stricter.
enum onward { ONWARD_FORBIDDEN = 0, ONWARD_CONSENT, ONWARD_PERMITTED };

// "forbidden", "consent", "permitted".
const char *onward_text(enum onward o);
bool onward_parse(struct span text, enum onward *ret);
static inline enum onward onward_stricter(enum onward a, enum onward b)
{
    return a < b ? a : b;
}

#endif
