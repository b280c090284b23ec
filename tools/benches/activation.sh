# Activation of a policy over a store of many reports, and a partner's feed meanwhile.
#   tools/bench activation [--reports N] [--partners P] [--sample S] [--rounds R] [--seconds T] [--dir D] [--build B]
# The policy changes to and fro, R times (an odd number), with T seconds of the feed alone before each. Prints what was stored, how
# long each activation and all that followed from it took, the feed's answers alone and meanwhile in all rounds, and the node's memory;
# then compares holdings and ledgers with decide(). Exit code 1 when they differ.
set -u
reports=1000000 partners=200 sample=2000 rounds=5 seconds=5 dir='' build=${RELTO_BENCH_BUILD:-}
while [ $# -gt 1 ]; do
    case $1 in
    --reports) reports=$2 ;; --partners) partners=$2 ;; --sample) sample=$2 ;; --seconds) seconds=$2 ;;
    --rounds) rounds=$2 ;; --dir) dir=$2 ;; --build) build=$2 ;;
    *) echo "bench activation: unknown option $1" >&2; exit 2 ;;
    esac
    shift 2
done
[ $((rounds % 2)) = 1 ] || { echo "bench activation: --rounds is an odd number: the last activation is compared with the first policy" >&2; exit 2; }
[ $# = 0 ] && [ -n "$build" ] || { echo "bench activation: options come in pairs, see tools/benches/activation.sh" >&2; exit 2; }
[ "$build" != "${RELTO_BENCH_BUILD:-}" ] || ninja -C "$build" relto reltod bench_activation >/dev/null || exit 1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export RELTO_SHARE=$root/conf
D=$(mktemp -d "${dir:-${TMPDIR:-/tmp}}/relto-activation.XXXXXX") pid=''
trap '[ -z "$pid" ] || { kill "$pid"; wait "$pid"; } 2>/dev/null; rm -rf "$D"' EXIT
bench=$build/tools/bench_activation
die() { echo "bench activation: $*" >&2; tail -n 5 "$D"/*.log >&2 2>/dev/null; exit 1; }
gbr() { "$build/tools/relto" -C "$D/gbr" "$@"; }

mkdir "$D/gbr" "$D/p000" "$D/world"
"$bench" world "$D/world" "$partners" || die "no world"
gbr init --nation GBR --listen 127.0.0.1:0 --metrics 127.0.0.1:0 >/dev/null || die "init"
"$build/tools/relto" -C "$D/p000" init --nation P000 --listen 127.0.0.1:0 --metrics 127.0.0.1:0 >/dev/null || die "init of the partner"
cp "$D/world/before.xml" "$D/gbr/policy/policy.xml"
cp "$D/world/vocabulary.xml" "$D/gbr/policy/vocabulary.xml"
cp "$D/world/bench.xml" "$D/gbr/policy/spif/bench.xml"
gbr cert issue --role officer --name OFFICER >/dev/null || die "no officer"
print=$("$build/tools/relto" -C "$D/p000" partner card 2>&1 >"$D/p000.card" | sed -n 's/^fingerprint: //p')
gbr partner add "$D/p000.card" --fingerprint "$print" >/dev/null || die "no partner"
sed -i '/^\[partner P000\]/a pull = no' "$D/gbr/relto.conf"

"$bench" fill "$D/gbr" "$partners" "$reports" || die "not filled"
gbr compact >/dev/null || die "not compacted" # as a node does by itself after recalls and purges
echo "store-bytes $(stat -c %s "$D/gbr/store/data.mdb")"
"$build/node/reltod" "$D/gbr" >"$D/gbr.log" 2>&1 & pid=$!
for _ in $(seq 300); do [ -s "$D/gbr/run/address" ] && break; kill -0 "$pid" || die "reltod does not start"; sleep 0.1; done
memory() { awk -v when="$1" '/^RssAnon/ { printf "private-memory-%s %.0f MB\n", when, $2 / 1024 }' "/proc/$pid/status"; }

# A partner that asks, until told to stop; ready when it stands at the end of its feed.
feed_start() {
    rm -f "$D/stop"
    : >"$D/feed.out"
    "$bench" feed "$(cat "$D/gbr/run/address")" "$D/p000/certs/node.pem" "$D/p000/keys/tls.key" "$D/stop" >"$D/feed.out" 2>"$D/feed.log" & feed=$!
    for _ in $(seq 6000); do grep -q ready "$D/feed.out" && return; kill -0 $feed 2>/dev/null || die "the feed is not served"; sleep 0.1; done
    die "the feed has no end"
}
feed_stop() { touch "$D/stop"; wait $feed || die "the feed failed"; sed -n "s/^sample /$1-/p" "$D/feed.out" >>"$D/samples"; }
percentiles() {
    for what in idle-page meanwhile-page idle-poll meanwhile-poll; do
        sed -n "s/^$what //p" "$D/samples" | sort -n | awk -v what=$what '{ ms[NR] = $1 }
            END { printf "%s %d p50-ms %.2f p99-ms %.2f max-ms %.2f\n", what, NR, ms[int(NR / 2) + 1], ms[int(NR * 99 / 100) + 1], ms[NR] }'
    done
}

activate() { # ROUND
    local policy=after start watch
    [ $(($1 % 2)) = 1 ] || policy=before
    : >"$D/watch.out"
    "$bench" watch "$D/gbr" >"$D/watch.out" 2>"$D/watch.log" & watch=$!
    for _ in $(seq 100); do grep -q watching "$D/watch.out" && break; sleep 0.1; done
    sed "s/serial=\"[0-9]*\"/serial=\"$(($1 + 1))\"/" "$D/world/$policy.xml" >"$D/gbr/policy/policy.xml"
    start=$(date +%s%N)
    gbr policy activate >/dev/null 2>"$D/activate.log" || die "not activated"
    echo "activate-answered-after $((($(date +%s%N) - start) / 1000000)) ms"
    wait $watch || die "the work was not watched to its end"
    grep entries "$D/watch.out"
}

for round in $(seq "$rounds"); do
    feed_start
    sleep "$seconds" # measuring
    feed_stop idle
    [ "$round" -gt 1 ] || memory idle
    feed_start
    activate "$round"
    feed_stop meanwhile
done
percentiles
memory after
kill -TERM "$pid"; wait "$pid" || die "reltod did not end well"
pid=
"$bench" verify "$D/gbr" "$partners" "$reports" "$sample" || die "holdings or ledgers are not as decide() says"
