// How soon to push again (spec 4.4): at once while the partner gets on, after a back-off while it does not. Otherwise a partner
// whose answers lead nowhere would set our pace, with a page or an attachment and an event in the log for each of them.
#ifndef RELTO_NODE_CORE_PUSH_PACE_H
#define RELTO_NODE_CORE_PUSH_PACE_H

#include "node/core/push.h"

// ---- pages. Zeroed = at the start.

struct push_pace {
    uint64_t best;     // the furthest position that it ever had
    uint32_t restarts; // how often since it last got beyond that it stood elsewhere than we thought, or took a page and did not get on
};
// It stood at `was`, and says now that it stands at `told`, with the page (`taken`) or instead of it. 0: go on at once; n: after
// the n-th back-off. A partner that lost its store once is led through all of the ledger again without any.
uint32_t push_pace_page(struct push_pace *p, uint64_t was, uint64_t told, bool taken);

// ---- attachments. Zeroed = at the start.

enum { PUSH_TRIED_MAX = 256 }; // as many as a node of ours wants at a time; of more the oldest are forgotten

struct push_tried_one {
    struct push_want want; // as it was when it was tried
    bool taken;            // the partner said that it has it, whole
};
struct push_tried {
    struct push_tried_one all[PUSH_TRIED_MAX], *last; // a ring; the one picked last
    size_t count;          // how many were put into it
    uint32_t rounds;       // how often all were tried once more since one of them came on
    bool lied;             // of PUSH_PICK_AGAIN: it wants one of which it said that it has it
};

enum push_pick {
    PUSH_PICK_NONE,  // nothing is wanted
    PUSH_PICK_NEW,   // *ret: it was not tried, or the partner has more of it than then. Now it counts as tried
    PUSH_PICK_AGAIN, // only what was tried in vain: after a back-off, push_tried_again()
};
// What to send of what the partner wants (the body of inbox_wanted's answer).
enum push_pick push_tried_pick(struct push_tried *x, struct span wanted, struct push_want *ret);
// It said that it has the one picked last, whole.
void push_tried_taken(struct push_tried *x);
// All of them may be tried once more.
void push_tried_again(struct push_tried *x);

#endif
