#include "node/core/decision_element.h"

#include "formats/base/limits.h"

enum status decision_element(const struct report *r, const char *partner, const struct decision *d, struct buf *out)
{
    buf_puts(out, "<decision");
    if (d->agreement)
        buf_xml_attr(out, "agreement", d->agreement);
    buf_xml_attr(out, "outcome", outcome_text(d->outcome));
    buf_xml_attr(out, "partner", partner);
    buf_xml_attr(out, "reason", reason_text(d->reason));
    if (d->rule)
        buf_xml_attr(out, "rule", d->rule);
    if (d->outcome == OUTCOME_EMBARGO) {
        char until[UTC_TEXT_MAX];
        buf_xml_attr(out, "until", utc_format_s(d->until, until));
    }
    if (d->outcome != OUTCOME_DENY) {
        struct buf ids;
        buf_init(&ids, MIB);
        decision_withheld_ids(r, d, &ids);
        if (strcmp(buf_cstr(&ids), "-") != 0)
            buf_xml_attr(out, "withheld", buf_cstr(&ids));
        enum status st = buf_status(&ids);
        buf_fini(&ids);
        TRY(st);
    }
    buf_puts(out, "></decision>");
    return buf_status(out);
}
