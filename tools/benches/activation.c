// The parts of tools/bench activation, each in a process of its own:
//   bench_activation world DIR PARTNERS                  write SPIF, vocabulary, before.xml and after.xml
//   bench_activation fill NODE PARTNERS REPORTS [first]  fill a new node's store; first: with reports for the first partner
//   bench_activation feed ADDRESS CERT KEY STOP          be a partner, until the file STOP is there; prints each answer's time
//   bench_activation idle ADDRESS CERT KEY STOP          the same, and ask for nothing but what is new; prints percentiles
//   bench_activation watch NODE                          wait for an activation and for what follows from it
//   bench_activation verify NODE PARTNERS REPORTS SAMPLE
#include "tools/benches/activation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/benches/activation_world.h"

static int write_file(const char *dir, const char *name, struct buf *text)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    bool good = f && buf_status(text) == ST_OK && fwrite(text->ptr, 1, text->len, f) == text->len;
    good = f && fclose(f) == 0 && good;
    if (!good)
        fprintf(stderr, "bench_activation: cannot write %s\n", path);
    buf_fini(text);
    return good ? 0 : 1;
}

static int write_world(const char *dir, unsigned partners)
{
    struct buf spif, vocabulary, before, after;
    struct buf *all[] = {&spif, &vocabulary, &before, &after};
    for (size_t i = 0; i < 4; i++)
        buf_init(all[i], (size_t)8 << 20);
    world_spif(&spif, partners);
    world_vocabulary(&vocabulary);
    world_policy(&before, partners, false);
    world_policy(&after, partners, true);
    return write_file(dir, "bench.xml", &spif) + write_file(dir, "vocabulary.xml", &vocabulary) +
           write_file(dir, "before.xml", &before) + write_file(dir, "after.xml", &after);
}

static uint64_t number(const char *text)
{
    return strtoull(text, NULL, 10);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    unsigned partners = argc > 3 ? (unsigned)number(argv[3]) : 0;
    if (argc == 4 && strcmp(what, "world") == 0)
        return write_world(argv[2], partners);
    if ((argc == 5 || argc == 6) && strcmp(what, "fill") == 0)
        return activation_fill(argv[2], partners, number(argv[4]), argc == 6);
    if (argc == 6 && (strcmp(what, "feed") == 0 || strcmp(what, "idle") == 0))
        return activation_feed(argv[2], argv[3], argv[4], argv[5], strcmp(what, "idle") == 0);
    if (argc == 3 && strcmp(what, "watch") == 0)
        return activation_watch(argv[2]);
    if (argc == 6 && strcmp(what, "verify") == 0)
        return activation_verify(argv[2], partners, number(argv[4]), number(argv[5]));
    fprintf(stderr, "usage: see tools/benches/activation.c\n");
    return 2;
}
