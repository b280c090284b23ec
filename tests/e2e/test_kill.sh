#!/bin/bash
# kill -9 of any node at any time while they exchange: after restarts the exchange completes, nothing lost or doubled.
. "$(dirname "$0")/lib.sh"
rounds=12; [ "${RELTO_CHECK_LONG:-0}" = 1 ] && rounds=200
RANDOM=${RELTO_SEED:-4711}
make_nations
for n in $NATIONS; do drafts $n; start $n; done

# Each cell sends its reports until all are taken; a file sent twice is published once.
publish_all() {
    local n=$1 try
    for try in $(seq 100); do
        node $n --format tsv publish "$D"/drafts/$n/*.xml >"$D/published.$n" 2>/dev/null && return 0
        sleep 0.3
    done
    return 1
}
for n in $NATIONS; do publish_all $n & publishers="${publishers:-} $!"; done
for i in $(seq $rounds); do
    victim=$(echo $NATIONS | cut -d" " -f$((RANDOM % 3 + 1)))
    sleep "0.$((RANDOM % 9))"
    stop $victim KILL
    start $victim
done
for p in $publishers; do wait "$p" || fail "a cell could not publish everything"; done
wait_exchanged 240 || fail "the exchange did not complete"

for to in $NATIONS; do
    node $to --format tsv list >"$D/list.$to" || fail "list at $to"
    doubled=$(cut -f1 "$D/list.$to" | sort | uniq -d)
    [ -z "$doubled" ] || fail "$to holds twice: $doubled"
    for from in $NATIONS; do
        [ $from = $to ] && continue
        awk -F'\t' -v p="$(upper $to)" '$2 == p && ($3 == "release" || $3 == "redact") { print $1 }' "$D/published.$from" |
            sort >"$D/should"
        cut -f1 "$D/list.$to" | sort >"$D/holds"
        lost=$(comm -23 "$D/should" "$D/holds")
        [ -z "$lost" ] || fail "$to lacks from $from: $(echo $lost | cut -c1-200)"
        # what came from this nation's own feed; by way of a third one it may get more, under that one's terms
        awk -F'\t' -v f="$(upper $from)" '$3 == f { print $1 }' "$D/list.$to" | sort >"$D/direct"
        cut -f1 "$D/published.$from" | sort -u | comm -23 - "$D/should" | comm -12 - "$D/direct" >"$D/extra"
        [ -s "$D/extra" ] && fail "$to holds what $from does not release to it: $(head -n 3 "$D/extra")"
        echo "$from to $to: $(wc -l <"$D/should") reports, none lost, none doubled"
    done
done
for n in $NATIONS; do node $n audit verify >/dev/null || fail "the logs of $n do not verify"; done
echo "$rounds kills survived"
