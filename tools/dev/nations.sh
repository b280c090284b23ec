# Three nations on this machine: functions for tools/demo and the end-to-end tests, which source this file.
# Set before: BIN (folder tree of a build), D (folder for the nodes). Uses only what a Debian 12 base has.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
NATIONS="gbr fra marsec"
POLICIES=$ROOT/conf/policies
RELTO=$BIN/tools/relto
RELTOD=$BIN/node/reltod
export RELTO_SHARE=$ROOT/conf

die() { echo "$(basename "$0"): $*" >&2; exit 1; }
upper() { echo "$1" | tr a-z A-Z; }
node() { local n=$1; shift; "$RELTO" -C "$D/$n" "$@"; }

# The cell that publishes a nation's samples, the kind of samples, and their file.
cell_of() { case $1 in gbr) echo J2-MARITIME ;; fra) echo CECMED ;; marsec) echo CYBER ;; esac; }
type_of() { case $1 in gbr) echo asam ;; fra) echo warnings ;; marsec) echo csaf ;; esac; }
samples_of() {
    case $1 in
    gbr) echo "$ROOT/conf/samples/asam.csv" ;;
    fra) echo "$ROOT/conf/samples/navwarnings.json" ;;
    marsec) ls "$ROOT"/conf/samples/csaf/*.json ;;
    esac
}

make_nations() {
    local n m file print
    for n in $NATIONS; do
        mkdir -p "$D/$n"
        node $n init --nation "$(upper $n)" --listen 127.0.0.1:0 --metrics 127.0.0.1:0 \
            --policy "$POLICIES/$n.xml" >/dev/null || die "init of $n failed"
        # On one machine a partner is back at once: do not wait a minute to ask again.
        sed -i 's/^;retry-max-ms = .*/retry-max-ms = 2000/' "$D/$n/relto.conf"
        node $n cert issue --role cell --name "$(cell_of $n)" >/dev/null || die "no certificate for the cell of $n"
        node $n cert issue --role officer --name OFFICER >/dev/null || die "no certificate for the officer of $n"
    done
    # Each operator sends its card to the others and reads them its fingerprint.
    for n in $NATIONS; do
        print=$(node $n partner card 2>&1 >"$D/$n.card" | sed -n 's/^fingerprint: //p')
        for m in $NATIONS; do
            [ $n = $m ] || node $m partner add "$D/$n.card" --fingerprint "$print" >/dev/null || die "$m did not take the card of $n"
        done
        rm "$D/$n.card"
    done
}

# start NATION: run its daemon, and wait until it answers
start() {
    local n=$1 i
    rm -f "$D/$n/run/address"
    "$RELTOD" "$D/$n" </dev/null >>"$D/$n/run/log" 2>&1 &
    echo $! >"$D/$n/run/pid"
    for i in $(seq 300); do
        [ -e "$D/$n/run/metrics" ] && [ -e "$D/$n/run/address" ] && return 0
        kill -0 "$(cat "$D/$n/run/pid")" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 5 "$D/$n/run/log" >&2
    die "reltod of $n did not start; its log is $D/$n/run/log"
}

pid_of() { cat "$D/$1/run/pid" 2>/dev/null; }

# stop NATION [SIGNAL]
stop() {
    local pid i
    pid=$(pid_of "$1") || return 0
    [ -n "$pid" ] || return 0
    [ "$(readlink "/proc/$pid/exe" 2>/dev/null)" = "$(readlink -f "$RELTOD")" ] || { rm -f "$D/$1/run/pid"; return 0; }
    kill "-${2:-TERM}" "$pid" 2>/dev/null
    for i in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || break
        [ "$i" = 80 ] && kill -KILL "$pid" 2>/dev/null
        sleep 0.1
    done
    wait "$pid" 2>/dev/null
    rm -f "$D/$1/run/pid" "$D/$1/run/address" "$D/$1/run/metrics"
}
stop_all() { local n; for n in $NATIONS; do stop $n; done; }

# drafts NATION: its samples as drafts in $D/drafts/NATION
drafts() {
    mkdir -p "$D/drafts/$1"
    "$RELTO" import --nation "$(upper $1)" --cell "$(cell_of $1)" --type "$(type_of $1)" --out "$D/drafts/$1" \
        $(samples_of $1) >/dev/null || die "importing the samples of $1 failed"
}

ledgers() { local n; for n in $NATIONS; do node $n --format tsv sync status | cut -f1-4; done; }

# wait_exchanged [SECONDS]: until every ledger of every nation is acknowledged in full. What arrives may be passed on,
# so two looks in a row must find everything acknowledged and the same.
wait_exchanged() {
    local n end=$((SECONDS + ${1:-120})) left before="" now
    while :; do
        for n in $NATIONS; do
            left=$((end - SECONDS))
            node $n sync status --wait $((left > 1 ? left : 1)) >/dev/null || { node $n sync status >&2; return 1; }
        done
        now=$(ledgers)
        [ "$now" = "$before" ] && return 0
        before=$now
    done
}
