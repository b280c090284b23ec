#include "tools/relto/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/limits.h"
#include "formats/partner_card.h"
#include "formats/problem.h"
#include "node/config.h"
#include "node/io/file.h"
#include "node/io/tls_identity.h"

enum { CALL_TIMEOUT_S = 120 };

struct connection {
    const struct cli *cli;
    const struct config *config;
    struct tls_domains *domains;
    const char *cert, *key;
    const char *expect; // id of the partner that must answer; "" = our own node
    const char *address;
    struct buf answer;
    char why[DIAG_TEXT_MAX]; // the node at the other end was refused
};

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct connection *c = ctx;
    buf_put(&c->answer, bytes, size * count);
    return buf_status(&c->answer) == ST_OK ? size * count : 0;
}

static CURLcode on_ssl_ctx(CURL *curl, void *ssl_ctx, void *ctx)
{
    struct connection *c = ctx;
    (void)curl;
    enum status st = tls_client_setup(ssl_ctx, c->domains, c->cert, c->key, c->expect, c->cli->diag);
    if (st == ST_OK)
        tls_client_tell(ssl_ctx, c->why, sizeof c->why);
    return st == ST_OK ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

// Where the daemon listens: what it wrote at its start, else what the configuration says.
static const char *node_address(const struct cli *cli, const struct config *config)
{
    struct span text;
    const char *path = arena_printf(cli->arena, "%s/run/address", config->dir);
    if (!path || file_read(path, 256, cli->arena, NULL, &text) != ST_OK)
        return config->listen;
    char *address = (char *)(uintptr_t)arena_str(cli->arena, text);
    if (address)
        address[strcspn(address, "\n")] = 0;
    return address ? address : config->listen;
}

static enum status perform(struct connection *c, const struct client_call *call, struct client_answer *ret)
{
    char error[CURL_ERROR_SIZE] = "";
    const char *url = arena_printf(c->cli->arena, "https://%s%s", c->address, call->path);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/xml");
    headers = curl_slist_append(headers, "Expect:");
    if (call->header)
        headers = curl_slist_append(headers, call->header);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
    if (call->body.len || strcmp(call->method, "POST") == 0) { // a POST states its length, be it 0
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body.len ? (const char *)call->body.ptr : "");
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)CALL_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    // The peer is identified by our own function, in place of host-name checks (spec 4.1).
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, c);
    CURLcode rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret->status);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    if (rc == CURLE_OK)
        return ST_OK;
    if (*c->why) {
        diag_add(c->cli->diag, 0, 0, "refused", c->address, "the node that answers there is not trusted: %s", c->why);
        return ST_DENIED;
    }
    if (rc == CURLE_SSL_CERTPROBLEM) // said by tls_client_setup
        return ST_INVALID;
    if (strstr(error, "alert")) {
        diag_add(c->cli->diag, 0, 0, "refused", c->address,
                 "the node does not accept %s: revoked, expired, or not of its domain; its log says why", c->cert);
        return ST_DENIED;
    }
    diag_add(c->cli->diag, 0, 0, "unreachable", c->address, "%s; is reltod running there?", *error ? error : curl_easy_strerror(rc));
    return ST_UNREACHABLE;
}

static enum status partner_address(struct connection *c, const char *partner)
{
    for (size_t i = 0; i < c->config->partner_count; i++) {
        const struct config_partner *p = &c->config->partners[i];
        struct span bytes;
        struct partner_card card;
        if (strcmp(p->id, partner) != 0)
            continue;
        TRY(file_read(p->card, CARD_BYTES_MAX, c->cli->arena, c->cli->diag, &bytes));
        TRY(partner_card_read(bytes, p->card, c->cli->arena, c->cli->diag, &card));
        c->address = p->address ? p->address : card.address;
        return ST_OK;
    }
    diag_add(c->cli->diag, 0, 0, "partner", partner, "no such partner in relto.conf; 'relto partner list' shows them");
    return ST_NOT_FOUND;
}

static enum status choose_identity(struct connection *c, const struct client_call *call)
{
    c->expect = call->partner ? call->partner : "";
    c->cert = c->config->tls_cert;
    c->key = c->config->tls_key;
    c->address = node_address(c->cli, c->config);
    if (call->who) {
        c->cert = arena_printf(c->cli->arena, "%s/certs/%s.pem", c->config->dir, call->who);
        c->key = arena_printf(c->cli->arena, "%s/certs/%s.key", c->config->dir, call->who);
    }
    return call->partner ? partner_address(c, call->partner) : ST_OK;
}

static enum status check_certificate(const struct connection *c, const struct client_call *call)
{
    if (!call->who)
        return ST_OK;
    if (c->cert && c->key && access(c->cert, R_OK) == 0 && access(c->key, R_OK) == 0)
        return ST_OK;
    const char *dash = strchr(call->who, '-');
    int role_len = dash ? (int)(dash - call->who) : 4;
    diag_add(c->cli->diag, 0, 0, "certificate", c->cert,
             "no certificate to call the node with; make one: relto cert issue --role %.*s --name %s", role_len,
             call->who, dash ? dash + 1 : call->who);
    return ST_NOT_FOUND;
}

enum status client_call(const struct cli *cli, const struct client_call *call, struct client_answer *ret)
{
    struct connection c = {.cli = cli};
    TRY(config_read(cli->dir, cli->arena, cli->diag, &c.config));
    TRY(choose_identity(&c, call));
    TRY(check_certificate(&c, call));
    TRY(tls_domains_load(c.config, cli->diag, &c.domains));
    buf_init(&c.answer, FEED_DOCUMENT_BYTES_MAX);
    enum status st = perform(&c, call, ret);
    if (st == ST_OK) {
        ret->body = span_of(arena_str(cli->arena, buf_bytes(&c.answer)), c.answer.len);
        st = arena_status(cli->arena);
    }
    buf_fini(&c.answer);
    tls_domains_free(&c.domains);
    return st;
}

int client_fail(const struct cli *cli, const char *what, const struct client_answer *a)
{
    int code = a->status == 403 || a->status == 409 || a->status == 412 ? EXIT_REFUSED : EXIT_NO;
    if (a->status >= 500)
        code = EXIT_UNREACHABLE;
    struct problem *p = calloc(1, sizeof *p);
    if (!p || problem_read(a->body, p) != ST_OK) {
        cli_fail(0, what, "the node answered %ld", a->status);
    } else {
        cli_fail(0, what, "%s%s%s", p->title, *p->detail ? ". " : "", p->detail);
        struct buf faults;
        buf_init(&faults, MIB);
        diag_print(&p->faults, &faults);
        fputs(buf_cstr(&faults), stderr);
        buf_fini(&faults);
    }
    (void)cli;
    free(p);
    return code;
}
