#include "tests/support/program.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SECONDS_MAX = 60 };

void program_dir_make(struct program_dir *d)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(d->path, sizeof d->path, "%.30s/relto-program.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(d->path));
}

void program_dir_remove(struct program_dir *d)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", d->path);
    assert_int_equal(system(command), 0);
}

void program_dir_write(const struct program_dir *d, const char *name, struct span bytes)
{
    char path[200];
    const char *slash = strchr(name, '/');
    if (slash) {
        snprintf(path, sizeof path, "%s/%.*s", d->path, (int)(slash - name), name);
        (void)mkdir(path, 0700); // there already for all but the first
    }
    snprintf(path, sizeof path, "%s/%s", d->path, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    if (bytes.len)
        assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, f), bytes.len);
    assert_int_equal(fclose(f), 0);
}

static void become(const char *const *argv)
{
    union {
        const char *const *in;
        char *const *out; // execv changes nothing, its type is older than const
    } args = {argv};
    int out = open("stdout", O_WRONLY), err = open("stderr", O_WRONLY);
    if (out < 0 || err < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
        _exit(126);
    alarm(SECONDS_MAX);
    execv(argv[0], args.out);
    _exit(127);
}

static void load(const struct program_dir *d, const char *name, struct buf *to)
{
    char path[200], block[4096];
    size_t n;
    snprintf(path, sizeof path, "%s/%s", d->path, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    buf_reset(to);
    while ((n = fread(block, 1, sizeof block, f)) > 0)
        buf_put(to, block, n);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(buf_status(to), ST_OK);
}

int program_run(const struct program_dir *d, const char *const *argv, struct buf *out, struct buf *err)
{
    int status;
    program_dir_write(d, "stdout", (struct span){0});
    program_dir_write(d, "stderr", (struct span){0});
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (chdir(d->path) != 0)
            _exit(125);
        become(argv);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    load(d, "stdout", out);
    load(d, "stderr", err);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
