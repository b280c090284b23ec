// HTTPS transfers to one other node on libcurl's multi interface, in the daemon's event loop. Used by the sync
// and witness clients. Every partner has its own set, so that no connection verified as one is ever used as another.
#ifndef RELTO_NODE_IO_SYNC_CLIENT_NET_H
#define RELTO_NODE_IO_SYNC_CLIENT_NET_H

#include <event2/event.h>

#include "node/io/tls_identity.h"

struct transfers; // connections to one node
struct transfer;  // one request under way

struct transfer_peer {
    const char *id;      // who must answer: the partner's id
    const char *address; // host:port
    const struct config *config; // our certificate
    struct tls_domains *domains;
    bool compression;    // documents are asked for as zstd or gzip
    // Of all answers together, and of all bodies that are made as they are sent, after a quarter of a second's worth; 0 = as they
    // come and go. libcurl's own limits are for each transfer: a hundred small ones would pass them by.
    uint32_t bytes_per_s;
};

struct transfer_answer {
    int status;        // HTTP status; 0 = none came
    struct span body;  // as it was before any content coding; borrowed for the call
    const char *error; // why none came; else ""
    const char *header; // value of the header that was asked for; "" = not there
};

// The head of an answer with 200 or 206, for a sink.
struct transfer_head {
    int status;
    uint64_t from, total; // place of the first byte in the whole, and the whole's length; UINT64_MAX = not stated
};
enum transfer_sink {
    SINK_TAKEN,
    SINK_WAIT, // none of them; they come again after transfer_go_on
    SINK_STOP, // the transfer fails
};

struct transfer_ask {
    const char *path;
    uint64_t from;     // only the bytes from here on …
    const char *etag;  // … if it is still this; NULL = all
    // Takes the body of an answer with 200 or 206, piece by piece; NULL = it is gathered for `done`. May not cancel it.
    enum transfer_sink (*sink)(void *ctx, const struct transfer_head *h, struct span bytes);
    struct span post;  // body; empty = GET. Copied.
    // A body that is made as it is sent, source_len bytes in all: fills out[cap], returns how many, SIZE_MAX to break off.
    size_t (*source)(void *ctx, uint8_t *out, size_t cap);
    uint64_t source_len;
    bool put;          // by PUT; else by POST
    const char *type, *coding; // its Content-Type, and Content-Encoding or NULL
    const char *want_header;   // of the answer; NULL = none. Static
    uint32_t wait_s;   // Prefer: wait=…; 0 = none
    size_t body_max;   // an answer beyond this fails, also when it is so long only once its content coding is undone
    void (*done)(void *ctx, const struct transfer_answer *a); // once, from the event loop; may start transfers,
    void *ctx;                                                // may not free the set
};

// Strings of `peer` are copied, configuration and domains must outlive the set.
MUST_USE enum status transfers_new(struct event_base *base, const struct transfer_peer *peer, struct transfers **ret);
// Ends all transfers without calling `done`, closes the connections. Nulls, accepts NULL.
void transfers_free(struct transfers **s);

// Have the sink asked again. It may be called from inside this.
void transfer_go_on(struct transfer *x);
// End it without calling `done`. Not from inside its own callbacks. Nulls, accepts NULL.
void transfer_cancel(struct transfer **x);

// Begin. *ret is valid until `done` is called. ST_NOMEM.
MUST_USE enum status transfer_start(struct transfers *s, const struct transfer_ask *ask, struct transfer **ret);

#endif
