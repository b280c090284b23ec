// A report for people to read (spec 2.4): banner marking at top and bottom, every part with its own marking, withheld
// parts shown as such. As text, or as one HTML page that needs nothing else and prints. Pure.
#ifndef RELTO_NODE_CORE_RENDER_H
#define RELTO_NODE_CORE_RENDER_H

#include "formats/report.h"
#include "policy/ruleset.h"

struct rendering {
    const struct ruleset *rules; // whose security policies say how labels are marked
    const struct report *report;
    const char *source;          // partner it was received from; "" = own
    bool not_understood;         // a label is under a security policy that the node does not have
};

// Append the report as text, lines ending in a line feed. Lines of the author's text are indented, so that none of
// them can look like a marking of ours.
void render_text(const struct rendering *x, struct buf *out);
// Append the report as an XHTML document: no script, no reference to anything outside, everything escaped; the banner
// repeats on each printed page.
void render_html(const struct rendering *x, struct buf *out);

#endif
