# A new partner takes everything; then nothing is new.
#   tools/bench bootstrap [--reports N] [--idle N] [--dir D] [--build B]
# GBR holds N reports that P000 may have and P000's node, empty, pulls them: each is verified, stored durably and in the
# audit log. Prints how long that took, reports per second and both nodes' processor time; then what a poll costs GBR when
# there is nothing new and it holds --idle reports (default: the same), and what it costs with 1,000 held, in the same run.
reports=100000 idle='' dir='' build=''
while [ $# -gt 1 ]; do
    case $1 in
    --reports) reports=$2 ;; --idle) idle=$2 ;; --dir) dir=$2 ;; --build) build=$2 ;;
    *) echo "bench bootstrap: unknown option $1" >&2; exit 2 ;;
    esac
    shift 2
done
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"
world_begin bootstrap "$build" "$dir" bench_activation
FEW=1000 ROUNDS=5

# make NODE PARTNER REPORTS: a node that holds so many for the partner
make() {
    world_node "$1" GBR
    sed -i 's|<member partner="P00[1-9]"/>||g' "$D/$1/policy/policy.xml" # nobody else gets them
    world_node "$2" P000
    world_partner "$1" "$2"
    world_partner "$2" "$1"
    sed -i "/^\[partner P000\]/a pull = no" "$D/$1/relto.conf"
    "$bin/tools/bench_activation" fill "$D/$1" 20 "$3" first >/dev/null || die "not filled"
}

# Polls that find nothing, for a second; microseconds of GBR's processor time and of the clock for each.
polls() {
    local n=$1 who=$2 pid cpu out
    eval "pid=\$pid_$n"
    rm -f "$D/stop"
    : >"$D/idle.out"
    "$bin/tools/bench_activation" idle "$(cat "$D/$n/run/address")" "$D/$who/certs/node.pem" "$D/$who/keys/tls.key" "$D/stop" >"$D/idle.out" 2>"$D/idle.log" &
    pids+=($!)
    out=$!
    until_is 600 1 grep -c ready "$D/idle.out"
    cpu=$(cpu_ms "$pid")
    sleep 2 # measuring
    touch "$D/stop"
    wait "$out" || die "the feed failed"
    awk -v cpu="$(($(cpu_ms "$pid") - cpu))" '$1 == "poll" { printf "%d %d\n", cpu * 1000 / $2, $4 * 1000 }' "$D/idle.out"
}

make many new "$reports"
world_start many
start=$(date +%s%N)
world_start new
until_is 3600 "$reports" metric new 'relto_received_reports{partner="GBR"}'
took=$((($(date +%s%N) - start) / 1000000))
say "bootstrap reports $reports seconds $((took / 1000)).$((took / 100 % 10)) per-second $((reports * 1000 / took))" \
    "cpu-us-per-report sender $(($(cpu_ms "$pid_many") * 1000 / reports)) receiver $(($(cpu_ms "$pid_new") * 1000 / reports))"
say "private-memory-MB sender $(($(private_kb "$pid_many") / 1024)) receiver $(($(private_kb "$pid_new") / 1024))"
kill "$pid_new"; wait "$pid_new"
who=new
if [ -n "$idle" ]; then
    kill "$pid_many"; wait "$pid_many"
    rm -rf "$D/many"
    who=newer
    make many $who "$idle"
    world_start many
fi
make few other $FEW
world_start few
for r in $(seq $ROUNDS); do # by turns
    say "poll-us held $FEW cpu-wall $(polls few other) held ${idle:-$reports} cpu-wall $(polls many $who)"
done
