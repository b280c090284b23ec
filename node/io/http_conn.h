// One connection of the HTTPS service, or of the plain listener: bytes to requests, answers to bytes, with an
// absolute deadline for each phase (spec 4.1). Used by server.c; everybody else uses server.h.
#ifndef RELTO_NODE_IO_HTTP_CONN_H
#define RELTO_NODE_IO_HTTP_CONN_H

#include <event2/event.h>
#include <openssl/ssl.h>

#include "node/core/request.h"
#include "node/io/egress.h"
#include "node/io/wire.h"

enum conn_phase {
    CONN_HANDSHAKE,
    CONN_IDLE,    // between requests, nothing of the next one is there
    CONN_HEAD,    // in the middle of a head
    CONN_BODY,    // in the middle of a body
    CONN_HANDLED, // the request is out with the receiver: perhaps held for minutes
    CONN_WRITING, // the answer is on its way
    CONN_LINGER,  // all is said; waiting for the peer to take it and hang up
};

// Deadlines and limits; one set for all connections of a server.
struct conn_settings {
    uint32_t handshake_ms, head_ms, idle_ms, linger_ms;
    uint32_t transfer_ms;       // for a body, a piece or an answer, plus its length at the slowest rate
    uint32_t bytes_per_s;       // the slowest rate: below it a link is taken for dead
    uint64_t body_bytes_max;    // of POST and PUT, unless it comes in pieces
    size_t piece_bytes;         // of a body that does
    uint64_t delete_bytes_max;  // of DELETE: a reason
    size_t body_memory_max;     // all bodies being received, together
    size_t body_share_max;      // those of one principal
    size_t answers_max;         // large answers on their way to one principal, together
};

struct conn;

enum { CONN_RECORD = 16 * 1024 }; // one TLS record

// What a connection tells its server. None of these may free the connection.
struct conn_owner {
    void *ctx;
    const struct conn_settings *settings;
    size_t *body_memory, *answer_memory;                          // of all connections
    uint8_t *record;                                              // CONN_RECORD bytes to gather in
    bool (*on_open)(void *ctx, struct conn *c);                   // handshake done; false = close
    bool (*streams)(void *ctx, const struct conn *c);             // this head's body comes in pieces
    bool (*on_request)(void *ctx, struct conn *c);                // c->request, or a piece, is whole; false = close
    bool (*may_grow)(void *ctx, const struct conn *c, size_t by); // its body, by so many bytes
    void (*on_lost)(void *ctx, struct conn *c);                   // ended while CONN_HANDLED
    void (*on_denied)(void *ctx, struct conn *c, const char *why);
    void (*on_end)(void *ctx, struct conn *c);                    // about to be freed
};

struct conn {
    const struct conn_owner *owner;
    enum conn_phase phase;
    int fd;
    SSL *ssl; // NULL on the plain listener
    struct event *on_read, *on_write, *on_time;
    bool reading;          // on_read is added to the loop
    bool readable;         // the socket may have bytes for us
    bool pumping;          // inside conn_pump
    bool close_after;      // of the answer being written
    bool yielded;          // had its turn, goes on in the loop's next round
    struct wire wire;
    uint8_t *in;           // received, not yet done with: head and what follows
    size_t in_len, in_cap, in_used, head_len;
    uint8_t *body;         // of the request, when it does not stand in `in`
    size_t body_len, body_cap;
    uint64_t body_at;      // of a body in pieces: how much of it was handed over
    struct request *request; // from CONN_BODY to the answer
    struct buf out;        // the answer: head, and a small body
    size_t out_at;
    struct reply *reply;   // a larger body, owned, …
    struct egress egress;  // … and how much of it is out
    size_t reply_bytes;    // the memory that it holds
    utc_ms egress_from;    // the instant of the answer, and the monotonic clock then
    int64_t egress_start;
    // the server's
    uint64_t serial;       // rising: tells older connections from younger ones
    struct principal who;
    uint64_t request_id;
    size_t slot;
    uint8_t address[16];   // IPv4 mapped, or the /64 of IPv6: what limits count by
    char address_text[64];
};

// Take over an accepted, non-blocking socket and (may be NULL) a fresh SSL in accept state. NULL when memory is
// out: both are then closed. The connection starts with conn_pump.
struct conn *conn_new(struct event_base *base, int fd, SSL *ssl, const struct conn_owner *owner);
// End it: on_lost if a request is out, then on_end, then it is freed. At once, or, from inside its own callbacks,
// when they have returned.
void conn_end(struct conn *c);
// Go on as far as possible without blocking.
void conn_pump(struct conn *c);
// The same, knowing that its socket may have bytes for us.
void conn_read(struct conn *c);
// The answer, for a connection in CONN_HANDLED: takes over the buffer, and the reply's contents if `egress` has
// bytes of it to send (else the reply stays the caller's). Sends at once unless inside conn_pump.
void conn_answer(struct conn *c, struct buf *out, struct reply *rp, const struct egress *egress, bool close);
// Read the next piece of the body, for a connection in CONN_HANDLED that has not all of it yet.
void conn_go_on(struct conn *c);
// Is there more of a body in pieces? Answering before its end closes the connection.
bool conn_has_more(const struct conn *c);
// May it be closed without anybody missing an answer?
bool conn_is_idle(const struct conn *c);

#endif
