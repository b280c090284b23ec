// reltod: the daemon of one nation's node.
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/io/daemon.h"
#include "node/io/log.h"

static const char help[] =
    "usage: reltod [--check-config] DIR\n\n"
    "Run the node of directory DIR (made by 'relto init') in the foreground; it logs to standard error.\n"
    "  --check-config   read the configuration, keys, cards and policy, say what is wrong, and end\n"
    "Signals: SIGTERM stops within 5 s; SIGHUP reads configuration, certificates and cards anew;\n"
    "SIGUSR1 confirms that the clock is right after it was stepped; SIGUSR2 compacts the store.\n"
    "Exit codes: 0 stopped on request, 1 cannot start, 2 usage, 5 the store failed. See reltod(8).\n";

enum { EXIT_CANNOT_START = 1, EXIT_BAD_USAGE = 2, EXIT_STORE_FAILED = 5 };

static void on_stop(evutil_socket_t sig, short what, void *ctx)
{
    (void)sig, (void)what;
    daemon_stop(ctx);
}

static void on_reload(evutil_socket_t sig, short what, void *ctx)
{
    (void)sig, (void)what;
    daemon_reload(ctx);
}

static void on_confirm(evutil_socket_t sig, short what, void *ctx)
{
    (void)sig, (void)what;
    daemon_confirm(ctx);
}

static void on_compact(evutil_socket_t sig, short what, void *ctx)
{
    (void)sig, (void)what;
    daemon_compact(ctx);
}

static int print_faults(const char *what, enum status st, const struct diag *d)
{
    struct buf out;
    buf_init(&out, MIB);
    diag_print(d, &out);
    fprintf(stderr, "reltod: %s: %s\n", what, status_text(st));
    fwrite(out.ptr, 1, out.len, stderr);
    buf_fini(&out);
    return EXIT_CANNOT_START;
}

// Memory with keys and reports must not reach a core file; files we make are ours alone.
static void harden(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    umask(077);
    signal(SIGPIPE, SIG_IGN);
}

// Pages and bodies come and go by the megabyte: without these, each is a fresh mapping whose pages are zeroed and
// faulted in again, which cost a third of the bytes served per CPU-second.
static void keep_freed_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, 32 * 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 128 * 1024 * 1024);
}

static int serve(struct event_base *base, struct node_state *node, struct diag *diag)
{
    struct daemon *d;
    enum status st = daemon_new(base, node, diag, &d);
    if (st != ST_OK)
        return print_faults("cannot start", st, diag);
    struct event *term = evsignal_new(base, SIGTERM, on_stop, d), *intr = evsignal_new(base, SIGINT, on_stop, d),
                 *hup = evsignal_new(base, SIGHUP, on_reload, d), *usr1 = evsignal_new(base, SIGUSR1, on_confirm, d),
                 *usr2 = evsignal_new(base, SIGUSR2, on_compact, d);
    if (!term || !intr || !hup || !usr1 || !usr2 || event_add(term, NULL) || event_add(intr, NULL) || event_add(hup, NULL) ||
        event_add(usr1, NULL) || event_add(usr2, NULL))
        return EXIT_CANNOT_START;
    event_base_dispatch(base);
    st = daemon_result(d);
    event_free(term);
    event_free(intr);
    event_free(hup);
    event_free(usr1);
    event_free(usr2);
    daemon_free(&d);
    log_line(LOG_LEVEL_INFO, "stopped", NULL);
    return st == ST_OK ? EXIT_SUCCESS : EXIT_STORE_FAILED;
}

static int run(const char *dir, bool check_only, struct diag *diag)
{
    struct node_state *node;
    enum status st = node_open(dir, check_only ? NODE_CHECK : NODE_DAEMON, diag, &node);
    if (st != ST_OK)
        return print_faults(dir, st, diag);
    int code = EXIT_CANNOT_START;
    struct event_base *base = NULL;
    if (check_only) {
        printf("%s: configuration, keys, cards and policy are good\n", dir);
        code = EXIT_SUCCESS;
    } else if (!log_set_level(node->config->log_level)) {
        fprintf(stderr, "reltod: [log] level: expected error, warning, info or debug\n");
    } else if ((base = event_base_new()) && event_base_priority_init(base, 2) == 0) {
        code = serve(base, node, diag);
    }
    if (base)
        event_base_free(base);
    node_close(&node);
    return code;
}

int main(int argc, char **argv)
{
    bool check_only = argc > 1 && strcmp(argv[1], "--check-config") == 0;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return EXIT_SUCCESS;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("reltod " RELTO_VERSION);
        return EXIT_SUCCESS;
    }
    if (argc != 2 + check_only || argv[1 + check_only][0] == '-') {
        fputs(help, stderr);
        return EXIT_BAD_USAGE;
    }
    harden();
    keep_freed_memory();
    struct diag *diag = malloc(sizeof *diag);
    if (!diag)
        return EXIT_CANNOT_START;
    diag_init(diag, NULL);
    int code = run(argv[1 + check_only], check_only, diag);
    free(diag);
    return code;
}
