// What passes between the HTTPS service (io) and the flows (core): a request of a known principal, a reply.
#ifndef RELTO_NODE_CORE_REQUEST_H
#define RELTO_NODE_CORE_REQUEST_H

#include "formats/base/buf.h"
#include "formats/base/sha256.h"
#include "formats/base/utctime.h"
#include "node/core/http_msg.h"
#include "policy/permit.h"

enum role { ROLE_NONE = 0, ROLE_PARTNER, ROLE_CELL, ROLE_OFFICER, ROLE_AUDITOR, ROLE_OPERATOR };
// The role's name in configuration and audit events, e.g. "officer"; static.
const char *role_text(enum role r);

// Who is at the other end of a connection, as its certificate proved.
struct principal {
    enum role role;
    char id[65];                // partner id (ROLE_PARTNER) or the person's or cell's name
    struct digest certificate;  // SHA-256 of the leaf certificate
    const char *via;            // how it came when not by its request over HTTPS: "spool", "push"; NULL otherwise. Static
};
// "partner:FRA", "cell:J2-NORTH" into out[80]; returns out.
const char *principal_text(const struct principal *p, char out[80]);

// A body that is too large to be held comes in pieces (route_streams): each is a request with the same head, and its
// answer may be REPLY_GO_ON, for the next one. The first piece is empty, so that a refusal costs no transfer.
struct request {
    struct principal who;
    struct http_head head;
    struct span body;
    bool streamed;    // `body` is a piece …
    uint64_t body_at; // … that begins here in the whole
    utc_ms received_at;
};

// Report bytes inside a reply: inserted into the body at `at`, and only if the permit covers them.
struct reply_item {
    size_t at;             // offset in `body`
    struct buf rendition;  // owned
    struct permit *permit; // owned
    struct uuid report;    // under whose …
    uint64_t position;     // … ledger entry it is served
};

struct core;

// An attachment, or a range of it, behind the body of a reply: read from the store as it is sent.
struct reply_stream {
    struct digest digest;
    uint64_t from, left;     // bytes of the attachment still to be sent
    struct permit *permit;   // owned
    char partner[65];
    struct uuid report;      // under whose …
    uint64_t position;       // … ledger entry it is served
    uint8_t *chunk;          // owned; what is being sent
    size_t chunk_at, chunk_len;
    // Fill `chunk` from `from` on, if the entry is still what the partner may have. Else not ST_OK.
    enum status (*read)(struct reply_stream *s);
    const struct core *core; // for `read`
};

// The form in which a body goes out (RFC 9110 8.4).
enum coding { CODING_NONE = 0, CODING_GZIP, CODING_ZSTD };

enum { REPLY_HEADERS_MAX = 8, REPLY_GO_ON = 100 };

struct reply {
    int status;               // 0 = hold the request open (long poll) until `hold_until` or news
                              // REPLY_GO_ON = this piece is taken; only for one that is not the last
    const char *content_type; // static
    struct { const char *name; char value[256]; } headers[REPLY_HEADERS_MAX];
    size_t header_count;
    struct buf body;          // everything that is not a report
    struct reply_item *items; // in order of `at`
    size_t item_count;
    const struct core *core;  // whose ledgers name them: reply_watch
    uint64_t endings;         // core->endings before they were mediated
    struct reply_stream *stream; // owned; NULL = none
    enum coding coding;       // asked for; the door codes body and items (egress.h). Never with a stream
    struct buf coded;         // what became of them
    bool close;
    utc_ms hold_until;
};

// Prepare an empty reply (status 0). Free with reply_fini, which accepts a zeroed struct.
void reply_init(struct reply *r);
// Free body, items and permits; the reply is zeroed.
void reply_fini(struct reply *r);
// Add a header of at most 255 bytes; `name` is static. Bytes that cannot stand in a header become spaces. More
// than REPLY_HEADERS_MAX is a mistake of ours.
void reply_header(struct reply *r, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
// Make it a problem document: sets status, media type and body, and drops all items added before,
// and the coding. Headers stay.
void reply_problem(struct reply *r, int status, const char *type, const char *title, const char *detail,
                   const struct diag *faults);
// From here on it is noticed when something that was released ends. To be called before items are mediated: the door sends
// none of a reply that does not watch.
void reply_watch(struct reply *r, const struct core *core);
// Append a rendition at the current end of the body, served under this entry; takes ownership of rendition and permit, also on
// failure.
// ST_LIMIT beyond FEED_PAGE_ENTRIES_MAX, ST_NOMEM, or the rendition's own failure.
MUST_USE enum status reply_add_item(struct reply *r, struct uuid report, uint64_t position, struct buf *rendition,
                                    struct permit **permit);

#endif
