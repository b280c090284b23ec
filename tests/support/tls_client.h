// A TLS (or plain) client on loopback, driven by hand in the same thread as the server's event loop.
#ifndef RELTO_TESTS_SUPPORT_TLS_CLIENT_H
#define RELTO_TESTS_SUPPORT_TLS_CLIENT_H

#include <event2/event.h>

#include "tests/support/tls_world.h"

struct tls_client {
    int fd;
    SSL_CTX *ctx;
    SSL *ssl;         // NULL = plain
    bool ready;       // handshake done
    bool ended;       // the server closed
    bool clean;       // … and said so (close_notify; FIN on plain)
    bool deaf;        // does not read
    struct buf send, got;
    size_t sent;
};

// Connect to "127.0.0.1:port". `stem` names certificate and key (NULL = none); `ctx` NULL = a default one for
// which our own node must answer. The client takes the ctx over.
void tls_client_open(struct tls_client *c, struct tls_world *w, const char *address, const char *stem, SSL_CTX *ctx);
void plain_client_open(struct tls_client *c, const char *address);
void tls_client_close(struct tls_client *c);
void tls_client_send(struct tls_client *c, const char *text);

// Run loop and client until `done` says so; fails the test after 10 s.
typedef bool tls_client_test(const struct tls_client *c);
void tls_client_run(struct event_base *base, struct tls_client *c, tls_client_test *done);
// Until `n` whole answers are there; or until the server closed.
void tls_client_answers(struct event_base *base, struct tls_client *c, size_t n);
void tls_client_end(struct event_base *base, struct tls_client *c);
// Status and body of the n-th answer (from 0); 0 when it is not there.
int tls_client_status(const struct tls_client *c, size_t n, struct span *ret_body);
// The whole n-th answer's head.
struct span tls_client_head(const struct tls_client *c, size_t n);

#endif
