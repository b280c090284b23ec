# For benchmarks with real nodes: GBR and partners P000 to P009 of one community, in folders of their own, ended and removed
# whatever happens. Sourced; sets D (folder), bin (build), name (of the benchmark).
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export RELTO_SHARE=$root/conf
pids=()

say() { printf '%s\n' "$*"; }
die() { echo "bench $name: $*" >&2; tail -n 5 "$D"/*.log >&2 2>/dev/null; exit 1; }
world_end() {
    local pid
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null; done
    rm -rf "$D"
}
node() { local n=$1; shift; "$bin/tools/relto" -C "$D/$n" "$@"; }

# world_begin NAME BUILD DIR TARGET...: build what is needed, unless BUILD is given; make the folder
world_begin() {
    name=$1 bin=$2
    local dir=$3; shift 3
    if [ -z "$bin" ]; then
        bin=${RELTO_BENCH_BUILD:?run it as tools/bench $name}
        ninja -C "$bin" relto reltod "$@" >/dev/null || exit 1
    fi
    D=$(mktemp -d "${dir:-${TMPDIR:-/tmp}}/relto-$name.XXXXXX")
    trap world_end EXIT
    mkdir "$D/world"
    "$bin/tools/bench_activation" world "$D/world" 20 || die "no world"
}

# world_node NAME NATION [LISTEN [METRICS-PORT]]: with the policy of the world
world_node() {
    mkdir "$D/$1"
    node "$1" init --nation "$2" --listen "${3:-127.0.0.1:0}" --metrics "127.0.0.1:${4:-0}" >/dev/null || die "init of $2"
    sed "s/nation=\"GBR\"/nation=\"$2\"/" "$D/world/before.xml" >"$D/$1/policy/policy.xml"
    cp "$D/world/vocabulary.xml" "$D/$1/policy/vocabulary.xml"
    cp "$D/world/bench.xml" "$D/$1/policy/spif/bench.xml"
}

# world_partner A B: A knows B
world_partner() {
    local print
    print=$(node "$2" partner card 2>&1 >"$D/card" | sed -n 's/^fingerprint: //p')
    node "$1" partner add "$D/card" --fingerprint "$print" >/dev/null || die "$1 does not know $2"
}

# world_start NAME [COMMAND...]: run its daemon, under a command; its process id is in pid_NAME
world_start() {
    local n=$1; shift
    rm -f "$D/$n/run/address"
    "$@" "$bin/node/reltod" "$D/$n" </dev/null >"$D/$n.log" 2>&1 &
    eval "pid_$n=$!"
    pids+=($!)
    local pid=$!
    for _ in $(seq 600); do
        [ -s "$D/$n/run/address" ] && return
        kill -0 "$pid" 2>/dev/null || die "reltod of $n does not start"
        sleep 0.1
    done
    die "reltod of $n does not start"
}

metric() { curl -s --noproxy '*' "http://$(cat "$D/$1/run/metrics")/metrics" | awk -v m="$2" '$1 == m { print $2 }'; }
private_kb() { awk '/^RssAnon/ { print $2 }' "/proc/$1/status"; }
cpu_ms() { awk '{ sub(/.*\) /, ""); print ($12 + $13) * 10 }' "/proc/$1/stat"; }
# until_is SECONDS WANTED COMMAND...: wait until the command prints it
until_is() {
    local seconds=$1 wanted=$2 got; shift 2
    for _ in $(seq $((seconds * 20))); do
        got=$("$@")
        [ "$got" = "$wanted" ] && return
        sleep 0.05
    done
    die "waited $seconds s for $* to be $wanted, it is $got"
}
