// Structured log lines on standard error: time level event key="value"... No report content, ever (spec 6.4).
#ifndef RELTO_NODE_IO_LOG_H
#define RELTO_NODE_IO_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

// Lines above this level are dropped. Set once at start. False for an unknown word.
_Bool log_set_level(const char *word);
// log_line(LOG_LEVEL_INFO, "started", "address", address, NULL): pairs of key and value, ended by NULL.
void log_line(enum log_level level, const char *event, ...) __attribute__((sentinel));

#endif
