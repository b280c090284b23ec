#include "tools/relto/client.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
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

enum { CALL_TIMEOUT_S = 120, STALLED_AFTER_S = 120 };

// Calls that one identity makes to one node. The connection is kept between them: it is this identity's.
struct client {
    const struct cli *cli;
    CURL *curl;
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
    struct client *c = ctx;
    buf_put(&c->answer, bytes, size * count);
    return buf_status(&c->answer) == ST_OK ? size * count : 0;
}

static CURLcode on_ssl_ctx(CURL *curl, void *ssl_ctx, void *ctx)
{
    struct client *c = ctx;
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

// Everything but what is of one call. Options stay with the handle, which keeps the connection.
static void set_options(struct client *c)
{
    curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
    // The peer is identified by our own function, in place of host-name checks (spec 4.1).
    curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(c->curl, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(c->curl, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
    curl_easy_setopt(c->curl, CURLOPT_SSL_CTX_DATA, c);
}

// The file to be sent, from where it is to be sent; NULL with a fault.
static FILE *open_file(const struct client *c, const struct client_call *call, uint64_t *ret_len)
{
    off_t end = -1;
    FILE *f = fopen(call->file, "re");
    if (f && fseeko(f, 0, SEEK_END) == 0 && (end = ftello(f)) >= 0 && (uint64_t)end >= call->file_from &&
        fseeko(f, (off_t)call->file_from, SEEK_SET) == 0) {
        *ret_len = (uint64_t)end - call->file_from;
        return f;
    }
    diag_add(c->cli->diag, 0, 0, "file", call->file, "cannot read: %s", strerror(errno));
    if (f)
        fclose(f);
    return NULL;
}

// However long it takes, while bytes go. With Expect: 100-continue, which libcurl adds, so that what is refused or known
// costs no transfer.
static void set_file(CURL *curl, FILE *f, uint64_t len)
{
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READDATA, f);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)len);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 0L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALLED_AFTER_S);
}

static void set_body(CURL *curl, const struct client_call *call)
{
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)CALL_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 0L);
    if (call->body.len || strcmp(call->method, "POST") == 0) { // a POST states its length, be it 0
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body.len ? (const char *)call->body.ptr : "");
    }
}

static void read_answer(CURL *curl, struct client_answer *ret)
{
    struct curl_header *h;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret->status);
    ret->upload_offset = UINT64_MAX;
    if (curl_easy_header(curl, "Upload-Offset", 0, CURLH_HEADER, -1, &h) == CURLHE_OK)
        ret->upload_offset = strtoull(h->value, NULL, 10);
}

// `file` (may be NULL) is sent in place of the body.
static CURLcode send_call(struct client *c, const struct client_call *call, FILE *file, uint64_t file_len, const char *url,
                          char *error)
{
    struct curl_slist *headers =
        curl_slist_append(NULL, file ? "Content-Type: application/octet-stream" : "Content-Type: application/xml");
    if (!file)
        headers = curl_slist_append(headers, "Expect:");
    if (call->header)
        headers = curl_slist_append(headers, call->header);
    curl_easy_setopt(c->curl, CURLOPT_URL, url);
    curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L); // forgets the body of the call before
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, call->method);
    if (file)
        set_file(c->curl, file, file_len);
    else
        set_body(c->curl, call);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, error);
    CURLcode rc = curl_easy_perform(c->curl);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    return rc;
}

static enum status perform(struct client *c, const struct client_call *call, struct arena *a, struct client_answer *ret)
{
    char error[CURL_ERROR_SIZE] = "";
    const char *url = arena_printf(a, "https://%s%s", c->address, call->path);
    if (!url)
        return arena_status(a);
    uint64_t file_len = 0;
    FILE *file = call->file ? open_file(c, call, &file_len) : NULL;
    if (call->file && !file)
        return ST_NOT_FOUND;
    CURLcode rc = send_call(c, call, file, file_len, url, error);
    if (file)
        fclose(file);
    read_answer(c->curl, ret);
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

static enum status partner_address(struct client *c, const char *partner)
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

static enum status choose_identity(struct client *c, const char *who, const char *partner)
{
    c->expect = partner ? partner : "";
    c->cert = c->config->tls_cert;
    c->key = c->config->tls_key;
    c->address = node_address(c->cli, c->config);
    if (who) {
        c->cert = arena_printf(c->cli->arena, "%s/certs/%s.pem", c->config->dir, who);
        c->key = arena_printf(c->cli->arena, "%s/certs/%s.key", c->config->dir, who);
    }
    return partner ? partner_address(c, partner) : ST_OK;
}

static enum status check_certificate(const struct client *c, const char *who)
{
    if (!who)
        return ST_OK;
    if (c->cert && c->key && access(c->cert, R_OK) == 0 && access(c->key, R_OK) == 0)
        return ST_OK;
    const char *dash = strchr(who, '-');
    int role_len = dash ? (int)(dash - who) : 4;
    diag_add(c->cli->diag, 0, 0, "certificate", c->cert,
             "no certificate to call the node with; make one: relto cert issue --role %.*s --name %s", role_len, who,
             dash ? dash + 1 : who);
    return ST_NOT_FOUND;
}

static enum status set_up(struct client *c, const char *who, const char *partner)
{
    TRY(config_read(c->cli->dir, c->cli->arena, c->cli->diag, &c->config));
    TRY(choose_identity(c, who, partner));
    TRY(check_certificate(c, who));
    TRY(tls_domains_load(c->config, c->cli->diag, &c->domains));
    c->curl = curl_easy_init();
    if (!c->curl)
        return ST_NOMEM;
    set_options(c);
    return ST_OK;
}

enum status client_open(const struct cli *cli, const char *who, const char *partner, struct client **ret)
{
    struct client *c = calloc(1, sizeof *c);
    if (!c)
        return ST_NOMEM;
    c->cli = cli;
    buf_init(&c->answer, FEED_DOCUMENT_BYTES_MAX);
    enum status st = set_up(c, who, partner);
    if (st == ST_OK)
        *ret = c;
    else
        client_close(&c);
    return st;
}

void client_close(struct client **c)
{
    if (!*c)
        return;
    curl_easy_cleanup((*c)->curl);
    tls_domains_free(&(*c)->domains);
    buf_fini(&(*c)->answer);
    free(*c);
    *c = NULL;
}

enum status client_send(struct client *c, const struct client_call *call, struct arena *a, struct client_answer *ret)
{
    buf_reset(&c->answer);
    TRY(perform(c, call, a, ret));
    ret->body = span_of(arena_str(a, buf_bytes(&c->answer)), c->answer.len);
    return ret->body.ptr ? ST_OK : arena_status(a);
}

enum status client_call(const struct cli *cli, const struct client_call *call, struct client_answer *ret)
{
    struct client *c;
    TRY(client_open(cli, call->who, call->partner, &c));
    enum status st = client_send(c, call, cli->arena, ret);
    client_close(&c);
    return st;
}

void client_put_escaped(struct buf *b, const char *text)
{
    for (; *text; text++) {
        if (isalnum((unsigned char)*text) || strchr("-._~", *text))
            buf_putc(b, *text);
        else
            buf_printf(b, "%%%02X", (unsigned)(unsigned char)*text);
    }
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
