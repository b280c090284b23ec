// The HTTPS service on a real socket, with an answer for each path:
//   /who  who asks                /query  the query back      /none  nothing
//   /echo the body back           /hold   none yet (`held`)   /page  two large reports that are permitted to FRA
#ifndef RELTO_TESTS_SUPPORT_SERVICE_H
#define RELTO_TESTS_SUPPORT_SERVICE_H

#include "node/io/server.h"
#include "tests/support/policy_world.h"
#include "tests/support/tls_client.h"

#define HOST "Host: gbr.example\r\n"
#define GET_WHO "GET /who HTTP/1.1\r\n" HOST "\r\n"
#define GET_HOLD "GET /hold HTTP/1.1\r\n" HOST "\r\n"

struct service {
    struct tls_world t;
    struct world policy;
    struct event_base *base;
    struct server *s;
    size_t requests, gone, denied;
    uint64_t held;
    char why[512];
};

// For cmocka: *state is a struct service.
int service_begin(void **state);
int service_end(void **state);
// For another server beside it.
struct server_handler service_handler(struct service *w);

void service_reply_text(struct service *w, uint64_t id, int status, const char *text);
// A page of two large reports that are permitted to FRA until `until`.
void service_reply_page(struct service *w, uint64_t id, utc_ms until);

void service_open(struct service *w, struct tls_client *c, const char *stem);
// For tls_client_run: all that the client has to say is on its way.
bool service_sent(const struct tls_client *c);
// Open, and ask for what is held; ends when the request has come.
void service_hold(struct service *w, struct tls_client *c, const char *stem);
// Answer number `n` that the client got.
void service_expect_text(const struct tls_client *c, size_t n, int status, const char *text);
// Let the loop work until the server has `n` connections.
void service_run_until(struct service *w, size_t n);

#endif
