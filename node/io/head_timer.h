// Has the daily heads written when their hour comes (core/daily_head.h).
#ifndef RELTO_NODE_IO_HEAD_TIMER_H
#define RELTO_NODE_IO_HEAD_TIMER_H

#include "node/io/daemon.h"

struct head_timer;

// Look at once whether heads are due, then when they are.
MUST_USE enum status head_timer_new(struct event_base *base, struct daemon *daemon, struct head_timer **ret);
// Look again: the hour may be another after a reload.
void head_timer_reload(struct head_timer *h);
void head_timer_stop(struct head_timer *h); // accepts NULL
void head_timer_free(struct head_timer **h);

#endif
