#!/bin/bash
# A node restored from yesterday's backup, and a node that shows two heads: the partner's next sync finds both, with the
# alarm and what to do, and the restored node is told as well.
. "$(dirname "$0")/lib.sh"
NATIONS="gbr fra"
make_nations
drafts gbr
compare() { # WHAT: what FRA holds is of GBR's ledger (good), or the rule by which it is not
    node fra sync note GBR >"$D/note" || fail "sync note"
    node gbr audit verify --held "$D/note" >"$D/out"
    local code=$?
    [ "$1" = good ] && [ $code = 0 ] && grep -q 'held elsewhere is of the log' "$D/out" && return 0
    [ "$1" != good ] && [ $code = 1 ] && grep -q "\[$1\]" "$D/out" && return 0
    fail "audit verify --held: expected $1: $(cat "$D/out")"
}
reconcile() { # NODE PARTNER ROW...: the ledgers as they must be, "to equal" or "from differs 3" (first entry that differs)
    local who=$1 partner=$2 code; shift 2
    node $who --format tsv reconcile $partner >"$D/out" 2>"$D/err"
    code=$?
    cut -f2,3,8 "$D/out" | tr '\t' ' ' | sed 's/ -$//' | diff - <(printf '%s\n' "$@") >&2 || fail "reconcile of $who with $partner: $(cat "$D/out" "$D/err")"
    case "$*" in *differs* | *behind*) [ $code = 1 ] ;; *) [ $code = 0 ] ;; esac || fail "reconcile of $who with $partner: exit code $code"
}
publish() { node gbr publish --quiet "${files[$1]}" >/dev/null || fail "publish of ${files[$1]}"; }
for n in $NATIONS; do start $n; done
files=() # that FRA gets at once
for f in "$D"/drafts/gbr/*.xml; do
    node gbr --format tsv preview "$f" | awk -F'\t' '$2 == "FRA" && ($3 == "release" || $3 == "redact") { n++ } END { exit !n }' && files+=("$f")
    [ ${#files[@]} = 10 ] && break
done
[ ${#files[@]} = 10 ] || fail "too few samples go to FRA"
for i in 0 1 2; do publish $i; done
wait_exchanged 60 || fail "the exchange did not complete"
node gbr backup "$D/yesterday" >/dev/null || fail "backup"
for i in 3 4 5; do publish $i; done
wait_exchanged 60 || fail "today's exchange did not complete"
held=$(node fra --format tsv list | sort)
compare good
reconcile gbr FRA "to equal" "from equal"
reconcile fra GBR "to equal" "from equal"
node gbr reconcile FRA | grep -q '^our ledger to FRA: equal, 6 entries, root sha256:' || fail "reconcile says: $(node gbr reconcile FRA)"

restore() { # BACKUP: what an operator does who does not call anybody
    stop gbr
    cp "$D/gbr/store/data.mdb" "$D/today.mdb"
    rm -f "$D/gbr/store/lock.mdb"
    cp "$1" "$D/gbr/store/data.mdb"
    node gbr audit verify >/dev/null || fail "the restored store is not whole: then it needs no partner to be found"
    start gbr
}
alarm() { # SECONDS: until FRA stands still
    local i
    for i in $(seq $((10 * $1))); do
        node fra --format tsv sync status | cut -f8 | grep -q LOG-FORK && return 0
        sleep 0.1
    done
    return 1
}

restore "$D/yesterday/data.mdb"
alarm 30 || fail "the partner did not notice yesterday's store: $(node fra sync status)"
grep -q 'event=log-fork .*partner="GBR"' "$D/fra/run/log" || fail "no log-fork in the partner's log"
[ "$(node fra --format tsv audit query --kind log-fork | wc -l)" = 1 ] || fail "not exactly one log-fork in the audit log"
node fra sync status | grep -q 'relto sync resume GBR' || fail "the status does not say what to do"
curl -s --noproxy '*' "http://$(cat "$D/fra/run/metrics")/metrics" | grep -q 'relto_log_fork{partner="GBR"} 1' || fail "no metric"
[ "$(node fra --format tsv list | sort)" = "$held" ] || fail "what the partner holds has changed"
compare held-larger
# The restored node is told as well, once, by the first question of its partner.
grep -c 'event=ledger-contested .*partner="FRA" size="6" our-size="3"' "$D/gbr/run/log" | grep -qx 1 || fail "the restored node does not say so: $(tail -n 3 "$D/gbr/run/log")"
curl -s --noproxy '*' "http://$(cat "$D/gbr/run/metrics")/readyz" | grep -q '^FRA has seen our ledger with 6 entries, it has 3' || fail "/readyz says nothing"
node gbr sync status | grep -q 'FRA *CONTESTED' || fail "sync status says nothing: $(node gbr sync status)"
[ "$(node gbr --format tsv audit query --kind log-fork | wc -l)" = 1 ] || fail "not exactly one log-fork in the restored node's log"
reconcile gbr FRA "to differs 3" "from equal"
reconcile fra GBR "to equal" "from differs 3"
node fra reconcile GBR 2>&1 | grep -q 'call the operator of GBR' || fail "reconcile does not say what to do"
# What it publishes now is not taken, for nobody knows which history it belongs to.
publish 6
[ "$(node fra --format tsv list | wc -l)" = "$(echo "$held" | wc -l)" ] || fail "taken from a forked ledger"

# Going on is asked for, needs a reason, is logged, and does not help while the ledger contradicts what is held.
node fra sync resume GBR --yes 2>/dev/null && fail "resumed without a reason"
node fra sync resume GBR --reason "told by voice" </dev/null 2>/dev/null && fail "resumed without confirmation"
node fra sync resume GBR --reason "told by voice" --yes >/dev/null || fail "resume"
node fra --format tsv audit query --kind partner | grep -q sync-resumed-after-fork || fail "resume is not in the log"
alarm 30 || fail "a ledger that contradicts what is held was believed"

# The right store comes back: resumed, all is well again.
stop gbr
rm -f "$D/gbr/store/lock.mdb"
cp "$D/today.mdb" "$D/gbr/store/data.mdb"
start gbr
node fra sync resume GBR --reason "the store of today was brought back" --yes >/dev/null || fail "resume"
publish 7
wait_exchanged 60 || fail "no exchange after the right store came back: $(node fra sync status)"
[ "$(node fra --format tsv list | wc -l)" -gt "$(echo "$held" | wc -l)" ] || fail "nothing arrived"

# Two heads: one history to FRA, another of the same length to whoever asks the copy.
node gbr backup "$D/fork" >/dev/null || fail "backup"
publish 8
wait_exchanged 60 || fail "the exchange before the second head"
restore "$D/fork/data.mdb"
publish 9
alarm 30 || fail "a second head was not noticed"
compare held-root
last=$(node gbr --format tsv sync status | cut -f2)
reconcile fra GBR "to equal" "from differs $((last - 1))"
reconcile gbr FRA "to differs $((last - 1))" "from equal"
stop fra
node gbr reconcile FRA >/dev/null 2>"$D/err"
[ $? = 4 ] || fail "exit code of reconcile with a partner that is down"
grep -q 'relto audit compare FRA' "$D/err" || fail "reconcile with a partner that is down: $(cat "$D/err")"
for n in $NATIONS; do stop $n; done
compare held-root # also of a stopped store
node fra audit verify >/dev/null || fail "the partner's own store must stay whole"
exit 0
