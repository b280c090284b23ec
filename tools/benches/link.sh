# A new partner behind a slow, long, lossy link that breaks again and again takes everything, once.
#   tools/bench link [--reports N] [--cuts N] [--kbit K] [--rtt MS] [--loss PERMILLE] [--seed S] [--dir D] [--build B]
# Two network namespaces of its own (it needs root and /dev/net/tun), between them a line made of packets
# (tools/benches/link.c). Prints the time and the share of the line's rate that was used while it was up; checks that all
# reports are held exactly once, and both ledgers equal by root. Exit code 1 if not.
reports=1000 cuts=20 kbit=256 rtt=600 loss=20 seed=1 dir='' build=''
while [ $# -gt 1 ]; do
    case $1 in
    --reports) reports=$2 ;; --cuts) cuts=$2 ;; --kbit) kbit=$2 ;; --rtt) rtt=$2 ;; --loss) loss=$2 ;; --seed) seed=$2 ;;
    --dir) dir=$2 ;; --build) build=$2 ;;
    *) echo "bench link: unknown option $1" >&2; exit 2 ;;
    esac
    shift 2
done
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"
world_begin link "$build" "$dir" bench_activation bench_link
a=relto$$a b=relto$$b
end_link() { world_end; ip netns del $a 2>/dev/null; ip netns del $b 2>/dev/null; }
trap end_link EXIT
ip netns add $a && ip netns add $b || die "no network namespaces here"
"$bin/tools/bench_link" "$seed" "$kbit" "$rtt" "$loss" "$cuts" $a $b >"$D/link.out" 2>"$D/link.log" & link=$!
pids+=($link)
until_is 10 1 grep -c ready "$D/link.out"
for side in "$a 192.0.2.1" "$b 192.0.2.2"; do
    set -- $side
    ip -n "$1" link set lo up && ip -n "$1" addr add "$2/30" dev line && ip -n "$1" link set dev line mtu 1400 up || die "no address"
done

world_node gbr GBR 192.0.2.1:8443 8444 # nobody else is in these namespaces
world_node p0 P000 192.0.2.2:8443 8444
world_partner gbr p0
world_partner p0 gbr
sed -i "/^\[partner P000\]/a pull = no" "$D/gbr/relto.conf"
sed -i 's/^;retry-max-ms = .*/retry-max-ms = 2000/' "$D/p0/relto.conf"
"$bin/tools/bench_activation" fill "$D/gbr" 20 "$reports" first >/dev/null || die "not filled"
world_start gbr ip netns exec $a
start=$(date +%s%N)
world_start p0 ip netns exec $b
value() { awk -v n="$1" '$1 == n { print $2 }' "$D/link.out"; }
of() { ip netns exec "$1" curl -s --noproxy '*' http://127.0.0.1:8444/metrics | awk -v m="$2" '$1 == m { print $2 }'; }
until_is 3600 "$reports" of $b 'relto_received_reports{partner="GBR"}'
took=$((($(date +%s%N) - start) / 1000000))
# Exactly once, and nothing else: GBR's ledger has as many entries, and P000 signed that its own tree of them has the same root.
until_is 120 "$reports" of $a 'relto_ledger_acknowledged{partner="P000"}'
[ "$(of $a 'relto_ledger_entries{partner="P000"}')" = "$reports" ] || die "the ledger has other entries"
[ "$(of $b 'relto_quarantined_reports{partner="GBR"}')" = 0 ] || die "there is something in quarantine"
kill "$link"; wait "$link"
for n in gbr p0; do eval "pid=\$pid_$n"; kill "$pid"; wait "$pid"; done
for n in gbr p0; do node $n audit verify >"$D/$n.log" 2>&1 || die "$n does not verify"; done

up=$((took - $(value down-ms)))
say "link-kbit $kbit rtt-ms $rtt loss-permille $loss cuts $(value cuts) of $cuts ends-reset $(value resets) down-ms $(value down-ms)"
say "line-bytes forth $(value bytes-ab) back $(value bytes-ba) packets-lost $(($(value lost-ab) + $(value lost-ba))) overflowed $(($(value overflowed-ab) + $(value overflowed-ba)))"
say "reports $reports took-ms $took share-of-line-rate-while-up $(($(value bytes-ab) * 800 / kbit / up)) percent"
