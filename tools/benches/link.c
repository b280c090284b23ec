// A slow, long, lossy link between two network namespaces, packet by packet, so that the kernel's own TCP meets it.
//   bench_link SEED KBIT RTT_MS LOSS_PERMILLE CUTS NAMESPACE_A NAMESPACE_B
// Makes a device `line` in each of the two namespaces, prints "ready", and carries IPv4 packets between them: each direction
// KBIT kbit/s with a queue of QUEUE_MS, half of RTT_MS later, LOSS_PERMILLE of them never. CUTS times, after some time of
// traffic, the line is down for a while and its state is lost, as behind a router that was restarted: connections from
// before are reset. At SIGTERM it prints what it did, `name value` on each line. Needs CAP_NET_ADMIN and /dev/net/tun.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    PACKET_MAX = 2048,
    UNDER_WAY_MAX = 1024, // packets of one direction: queued and on the line
    QUEUE_MS = 1000,
    FLOWS_MAX = 64,
    CUT_AFTER_MIN_MS = 1000, // of traffic before a cut, and how long the line is down
    CUT_AFTER_MAX_MS = 4000,
    CUT_MIN_MS = 500,
    CUT_MAX_MS = 3000,
    BUSY_MS = 1000, // traffic: a packet in this time
};

struct packet {
    int64_t arrives_us;
    size_t len;
    uint8_t bytes[PACKET_MAX];
};

// From one namespace to the other.
struct way {
    int from, to;
    struct packet *ring;
    size_t first, count;
    int64_t free_us; // when the line can take the next packet
    uint64_t packets, bytes, lost, overflowed;
};

// A TCP connection, as the last packets of both ends told of it.
struct flow {
    uint32_t address[2], ack[2]; // as sent by side 0 and side 1, network order
    uint16_t port[2];
    bool seen[2];
};

struct line {
    struct way ways[2];
    struct packet forgotten;
    struct flow flows[FLOWS_MAX];
    size_t flow_count;
    uint64_t random, cuts, resets;
    unsigned kbit, rtt_ms, loss_permille, cuts_left;
    int64_t now_us, busy_us, down_until_us, cut_in_us, last_us, down_us;
};

static volatile sig_atomic_t ended;

static void on_term(int sig)
{
    (void)sig;
    ended = 1;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t draw(struct line *l, uint64_t below)
{
    uint64_t z = (l->random += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (z ^ (z >> 31)) % below;
}

static int64_t clock_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

// A TUN device in a named namespace. It stays there when this process goes elsewhere.
static int open_end(const char *name)
{
    char path[256];
    struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI, .ifr_name = "line"};
    snprintf(path, sizeof path, "/run/netns/%s", name);
    int ns = open(path, O_RDONLY | O_CLOEXEC);
    if (ns < 0 || setns(ns, CLONE_NEWNET) != 0)
        die(path);
    close(ns);
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &r) != 0)
        die("/dev/net/tun");
    return fd;
}

// ---- TCP, as far as a reset needs it

static bool tcp_of(const struct packet *p, struct iphdr *ret_ip, struct tcphdr *ret_tcp)
{
    if (p->len < sizeof *ret_ip)
        return false;
    memcpy(ret_ip, p->bytes, sizeof *ret_ip);
    size_t head = (size_t)ret_ip->ihl * 4;
    if (ret_ip->version != 4 || ret_ip->protocol != IPPROTO_TCP || p->len < head + sizeof *ret_tcp)
        return false;
    memcpy(ret_tcp, p->bytes + head, sizeof *ret_tcp);
    return true;
}

static struct flow *flow_of(struct line *l, int side, const struct iphdr *ip, const struct tcphdr *tcp)
{
    for (size_t i = 0; i < l->flow_count; i++) {
        struct flow *f = &l->flows[i];
        if (f->address[side] == ip->saddr && f->address[!side] == ip->daddr && f->port[side] == tcp->source && f->port[!side] == tcp->dest)
            return f;
    }
    return NULL;
}

// Remember what this packet acknowledges; one that opens a connection makes it known.
static void note_flow(struct line *l, int side, const struct packet *p)
{
    struct iphdr ip;
    struct tcphdr tcp;
    if (!tcp_of(p, &ip, &tcp))
        return;
    struct flow *f = flow_of(l, side, &ip, &tcp);
    if (!f && tcp.syn && l->flow_count < FLOWS_MAX) {
        f = &l->flows[l->flow_count++];
        *f = (struct flow){0};
        f->address[side] = ip.saddr, f->address[!side] = ip.daddr;
        f->port[side] = tcp.source, f->port[!side] = tcp.dest;
    }
    if (f && tcp.ack) {
        f->ack[side] = tcp.ack_seq;
        f->seen[side] = true;
    }
}

static uint32_t add_words(uint32_t sum, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i + 1 < len; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    return sum;
}

static uint16_t checksum(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return htons((uint16_t)~sum);
}

// Tell `side` that its connection is no more, at exactly the byte that it waits for.
static void reset(struct line *l, const struct flow *f, int side)
{
    struct {
        struct iphdr ip;
        struct tcphdr tcp;
    } p = {.ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP, .tot_len = htons(sizeof p),
                  .saddr = f->address[!side], .daddr = f->address[side]},
           .tcp = {.source = f->port[!side], .dest = f->port[side], .seq = f->ack[side], .doff = 5, .rst = 1}};
    uint32_t sum = add_words(IPPROTO_TCP + sizeof p.tcp, &p.ip.saddr, 8);
    p.tcp.check = checksum(add_words(sum, &p.tcp, sizeof p.tcp));
    p.ip.check = checksum(add_words(0, &p.ip, sizeof p.ip));
    if (write(l->ways[!side].to, &p, sizeof p) == (ssize_t)sizeof p)
        l->resets++;
}

// ---- the line

// Where the next packet goes; when there is no room, where it is forgotten.
static struct packet *room(struct line *l, struct way *w)
{
    return w->count < UNDER_WAY_MAX ? &w->ring[(w->first + w->count) % UNDER_WAY_MAX] : &l->forgotten;
}

static void take(struct line *l, int side)
{
    struct way *w = &l->ways[side];
    struct packet *p = room(l, w);
    for (ssize_t n; (n = read(w->from, p->bytes, PACKET_MAX)) > 0; p = room(l, w)) {
        p->len = (size_t)n;
        l->busy_us = l->now_us;
        if (l->now_us < l->down_until_us)
            continue;
        int64_t start = w->free_us > l->now_us ? w->free_us : l->now_us;
        if (p == &l->forgotten || start - l->now_us > QUEUE_MS * 1000) {
            w->overflowed++;
            continue;
        }
        w->free_us = start + n * 8000 / l->kbit;
        if (draw(l, 1000) < l->loss_permille) {
            w->lost++;
            continue;
        }
        p->arrives_us = w->free_us + (int64_t)l->rtt_ms * 500;
        note_flow(l, side, p);
        w->count++;
    }
}

// Hand over what arrived; when the next one does.
static int64_t deliver(struct line *l, struct way *w)
{
    for (; w->count > 0; w->count--, w->first = (w->first + 1) % UNDER_WAY_MAX) {
        struct packet *p = &w->ring[w->first];
        if (p->arrives_us > l->now_us)
            return p->arrives_us;
        if (write(w->to, p->bytes, p->len) == (ssize_t)p->len) {
            w->packets++;
            w->bytes += p->len;
        }
    }
    return INT64_MAX;
}

static void cut(struct line *l)
{
    int64_t lasts = CUT_MIN_MS + (int64_t)draw(l, CUT_MAX_MS - CUT_MIN_MS);
    l->down_until_us = l->now_us + lasts * 1000;
    l->down_us += lasts * 1000;
    for (int side = 0; side < 2; side++) {
        l->ways[side].count = 0; // what was on the line is lost
        l->ways[side].free_us = l->down_until_us;
    }
    for (size_t i = 0; i < l->flow_count; i++)
        for (int side = 0; side < 2; side++)
            if (l->flows[i].seen[side])
                reset(l, &l->flows[i], side);
    l->flow_count = 0;
    l->cuts++;
    l->cuts_left--;
}

static int64_t next_cut_us(struct line *l)
{
    return (CUT_AFTER_MIN_MS + (int64_t)draw(l, CUT_AFTER_MAX_MS - CUT_AFTER_MIN_MS)) * 1000;
}

// Only seconds with traffic count: a cut shall hit something.
static void cut_when_due(struct line *l)
{
    if (l->now_us - l->busy_us < BUSY_MS * 1000 && l->now_us >= l->down_until_us)
        l->cut_in_us -= l->now_us - l->last_us;
    l->last_us = l->now_us;
    if (l->cuts_left == 0 || l->cut_in_us > 0)
        return;
    cut(l);
    l->cut_in_us = next_cut_us(l);
}

static void carry(struct line *l)
{
    while (!ended) {
        struct pollfd fds[2] = {{.fd = l->ways[0].from, .events = POLLIN}, {.fd = l->ways[1].from, .events = POLLIN}};
        l->now_us = clock_us();
        cut_when_due(l);
        take(l, 0);
        take(l, 1);
        int64_t a = deliver(l, &l->ways[0]), b = deliver(l, &l->ways[1]), next = a < b ? a : b;
        int64_t left = next == INT64_MAX ? 100000 : next - l->now_us;
        struct timespec pause = {.tv_nsec = (left < 100000 ? left : 100000) * 1000};
        ppoll(fds, 2, &pause, NULL);
    }
}

int main(int argc, char **argv)
{
    static struct line l;
    if (argc != 8) {
        fprintf(stderr, "usage: bench_link SEED KBIT RTT_MS LOSS_PERMILLE CUTS NAMESPACE_A NAMESPACE_B\n");
        return 2;
    }
    l.random = strtoull(argv[1], NULL, 10);
    l.kbit = (unsigned)atoi(argv[2]), l.rtt_ms = (unsigned)atoi(argv[3]);
    l.loss_permille = (unsigned)atoi(argv[4]), l.cuts_left = (unsigned)atoi(argv[5]);
    signal(SIGTERM, on_term);
    int a = open_end(argv[6]), b = open_end(argv[7]);
    l.ways[0] = (struct way){.from = a, .to = b, .ring = calloc(UNDER_WAY_MAX, sizeof(struct packet))};
    l.ways[1] = (struct way){.from = b, .to = a, .ring = calloc(UNDER_WAY_MAX, sizeof(struct packet))};
    if (l.kbit == 0 || !l.ways[0].ring || !l.ways[1].ring)
        return 1;
    l.cut_in_us = next_cut_us(&l);
    l.last_us = clock_us();
    printf("ready\n");
    fflush(stdout);
    carry(&l);
    for (int i = 0; i < 2; i++) {
        printf("bytes-%s %llu\n", i ? "ba" : "ab", (unsigned long long)l.ways[i].bytes);
        printf("packets-%s %llu\nlost-%s %llu\noverflowed-%s %llu\n", i ? "ba" : "ab", (unsigned long long)l.ways[i].packets,
               i ? "ba" : "ab", (unsigned long long)l.ways[i].lost, i ? "ba" : "ab", (unsigned long long)l.ways[i].overflowed);
        free(l.ways[i].ring);
    }
    printf("cuts %llu\nresets %llu\ndown-ms %lld\n", (unsigned long long)l.cuts, (unsigned long long)l.resets, (long long)(l.down_us / 1000));
    return 0;
}
