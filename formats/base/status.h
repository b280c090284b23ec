// Status codes of every fallible function. Grouped by what the caller does about them.
#ifndef RELTO_FORMATS_BASE_STATUS_H
#define RELTO_FORMATS_BASE_STATUS_H

#define MUST_USE __attribute__((warn_unused_result))

// X(name, short text for people)
#define STATUS_TABLE(X)                                                                                      \
    X(OK, "done")                                                                                            \
    /* the input is wrong: tell who sent it, change nothing */                                               \
    X(MALFORMED, "not well-formed")                                                                          \
    X(INVALID, "not valid")                                                                                  \
    X(LIMIT, "beyond a limit")                                                                               \
    X(UNSUPPORTED, "not supported")                                                                          \
    /* the input is well, the answer is no */                                                                \
    X(DENIED, "refused")                                                                                     \
    X(NOT_FOUND, "not found")                                                                                \
    X(CONFLICT, "in conflict with what is stored")                                                           \
    X(GONE, "no longer there")                                                                               \
    /* proof failed: keep the evidence, raise an alarm */                                                    \
    X(BAD_SIGNATURE, "signature does not verify")                                                            \
    X(BAD_PROOF, "proof does not verify")                                                                    \
    /* stored data contradicts itself: stop using it */                                                      \
    X(CORRUPT, "stored data is damaged")                                                                     \
    /* the surroundings failed: may work later */                                                            \
    X(NOMEM, "out of memory")                                                                                \
    X(IO, "input/output error")                                                                              \
    X(FULL, "no space left")                                                                                 \
    X(UNREACHABLE, "not reachable")                                                                          \
    X(BUSY, "in use")

enum status {
#define X(name, text) ST_##name,
    STATUS_TABLE(X)
#undef X
};

// The short text of a status; static, never NULL.
const char *status_text(enum status st);

// Return early on failure. Only in functions that own nothing.
#define TRY(expr)                                                                                            \
    do {                                                                                                     \
        enum status try_status = (expr);                                                                     \
        if (try_status != ST_OK)                                                                             \
            return try_status;                                                                               \
    } while (0)

#endif
