#!/bin/bash
# Three nations (five with RELTO_CHECK_LONG=1) of a random world, RELTO_SEED: each publishes, corrects, recalls and activates policies while
# nodes are killed, stopped and paused. In the end every partner holds exactly what policy allows, as `relto policy explain` says of
# the drafts from the outside; ledgers are equal on both sides; no file of a node has a word that it was never to have.
. "$(dirname "$0")/lib.sh"
NATIONS="gbr fra deu" rounds=8
[ "${RELTO_CHECK_LONG:-0}" = 1 ] && NATIONS="gbr fra deu swe usa" rounds=60
seed=${RELTO_SEED:-2611}
RANDOM=$seed
cell_of() { echo J2; }
again="once more: RELTO_SEED=$seed tests/e2e/test_nations.sh"
world() { local what=$1; shift; python3 "$HERE/nations.py" "$what" "$@" $(upper "$NATIONS"); }
world make "$D" $seed || fail "no world"
for n in $NATIONS; do cp "$D/world/$n.1.xml" "$D/world/$n.xml"; done
POLICIES=$D/world make_nations
for n in $NATIONS; do start $n; done

# until_done COMMAND...: nodes die under it, so it is asked again; every call may be repeated
until_done() {
    local i
    for i in $(seq 300); do "$@" 2>"$D/world/why.$BASHPID" && return 0; sleep 0.2; done
    cat "$D/world/why.$BASHPID" >&2
    return 1
}
# A recall whose answer was lost says that it is recalled.
recalls() { node $1 recall "$2" --reason "Wrong" || node $1 recall "$2" --reason "Wrong" 2>&1 | grep -q "recalled"; }
live() {
    local n=$1 what i v w=$D/world
    while read -r what i v; do
        case $what in
        publish) until_done node $n publish --quiet "$w/$n-$i-1.draft" >"$w/$n-$i.id" ;;
        correct) until_done node $n publish --quiet --replace "$(cat "$w/$n-$i.id")" "$w/$n-$i-$v.draft" >/dev/null ;;
        recall) until_done recalls $n "$(cat "$w/$n-$i.id")" >/dev/null ;;
        activate) until_done node $n policy activate "$w/$n.$i.xml" >/dev/null ;;
        esac || { echo "$n: $what $i $v"; return 1; }
        sleep "0.$((RANDOM % 3))"
    done <"$w/$n.plan"
}
for n in $NATIONS; do live $n & lives="${lives:-} $!"; done
for i in $(seq $rounds); do
    victim=$(echo $NATIONS | cut -d" " -f$((RANDOM % $(echo $NATIONS | wc -w) + 1)))
    sleep "0.$((RANDOM % 6))"
    case $((RANDOM % 4)) in
    0) stop $victim ;;
    1) kill -STOP "$(pid_of $victim)"; sleep "0.$((RANDOM % 9))"; kill -CONT "$(pid_of $victim)"; continue ;;
    *) stop $victim KILL ;;
    esac
    start $victim
done
for p in $lives; do wait "$p" || fail "a nation could not do what it planned; $again"; done
wait_exchanged 120 || fail "the exchange did not complete; $again"

world check "$RELTO" "$ROOT/conf" "$D" || fail "not what policy allows; $again"
for n in $NATIONS; do
    for m in $NATIONS; do
        [ $n = $m ] || node $n reconcile "$(upper $m)" >"$D/out" 2>&1 || { cat "$D/out"; fail "ledgers of $n and $m differ; $again"; }
    done
    node $n audit verify >"$D/out" 2>&1 || { cat "$D/out"; fail "the logs of $n do not verify; $again"; }
done
echo "seed $seed: $(echo $NATIONS | wc -w) nations, $rounds kills, stops and pauses"
