// Runs a fuzz target over the files and folders that are named: each whole, each cut short, each with a byte changed; always the
// same. So what fuzzing has found stays found in every build.
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

enum { CUTS = 24, CHANGES = 24, CHANGED_BYTES_MAX = 65536 };

static size_t files;

// A copy of exactly this size, so that the sanitizer sees who reads beyond it.
static void feed(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    BUG_IF(!copy);
    if (len)
        memcpy(copy, bytes, len);
    (void)LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static void feed_all(uint8_t *bytes, size_t len)
{
    feed(bytes, len);
    if (len > CHANGED_BYTES_MAX)
        return;
    for (size_t i = 0; i < CUTS; i++)
        feed(bytes, len * i / CUTS);
    for (size_t i = 0; i < CHANGES && len > 0; i++) {
        size_t at = (i * 7919 + len / 3) % len;
        uint8_t was = bytes[at];
        bytes[at] = (uint8_t)(was ^ (1u << i % 8));
        feed(bytes, len);
        bytes[at] = was;
    }
}

static void run_file(const char *path)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    if (!f || fstat(fileno(f), &st) != 0) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    uint8_t *bytes = malloc((size_t)st.st_size + 1);
    BUG_IF(!bytes);
    size_t len = fread(bytes, 1, (size_t)st.st_size, f);
    fclose(f);
    feed_all(bytes, len);
    free(bytes);
    files++;
}

static void run(const char *path)
{
    char inner[4096];
    DIR *dir = opendir(path);
    if (!dir) {
        run_file(path);
        return;
    }
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.') {
            struct stat st;
            snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
            if (stat(inner, &st) == 0 && S_ISREG(st.st_mode))
                run_file(inner);
        }
    closedir(dir);
}

int main(int argc, char **argv)
{
    feed(NULL, 0);
    for (int i = 1; i < argc; i++)
        run(argv[i]);
    printf("%zu files\n", files);
    return files == 0;
}
