#!/bin/bash
# A node whose disk was lost goes back to yesterday's backup: partners give back what it has forgotten of its ledgers, recalls
# are applied again, and the exchange goes on without an alarm.
. "$(dirname "$0")/lib.sh"
make_nations
drafts gbr
for n in $NATIONS; do start $n; done
files=() # that FRA gets at once
for f in "$D"/drafts/gbr/*.xml; do
    node gbr --format tsv preview "$f" | awk -F'\t' '$2 == "FRA" && ($3 == "release" || $3 == "redact") { n++ } END { exit !n }' && files+=("$f")
    [ ${#files[@]} = 9 ] && break
done
[ ${#files[@]} = 9 ] || fail "too few samples go to FRA"
publish() { node gbr publish --quiet "${files[$1]}" || fail "publish of ${files[$1]}"; }
ledger() { node gbr --format tsv sync status | awk -F'\t' -v p="$1" '$1 == p { print $2 }'; }
equal() { # PARTNER...: all four ledgers between GBR and it are the same on both sides
    local p n
    for p; do
        n=$(echo "$p" | tr A-Z a-z)
        node gbr --format tsv reconcile "$p" >"$D/out" || fail "reconcile with $p: $(cat "$D/out")"
        node "$n" --format tsv reconcile GBR >"$D/out" || fail "reconcile of $p: $(cat "$D/out")"
    done
}
no_alarm() {
    local n
    for n in $NATIONS; do
        [ "$(node $n --format tsv audit query --kind log-fork | wc -l)" = 0 ] || fail "log-fork at $n"
        node $n audit verify >"$D/out" || fail "audit verify at $n: $(cat "$D/out")"
    done
}

a=$(publish 0) && b=$(publish 1) && c=$(publish 2)
wait_exchanged 60 || fail "the exchange did not complete"
node gbr backup "$D/yesterday" >/dev/null || fail "backup"
# Today: new reports, a recall of one of yesterday's and of one of today's.
d=$(publish 3) && e=$(publish 4)
wait_exchanged 60 || fail "today's exchange did not complete"
node gbr recall "$b" --reason "wrong ship" >/dev/null || fail "recall"
node gbr recall "$e" --reason "wrong ship" >/dev/null || fail "recall"
wait_exchanged 60 || fail "the recalls did not arrive"
before=$(ledger FRA)
held=$(node fra --format tsv list | sort)

# ---- what is refused

node gbr restore "$D/yesterday" 2>"$D/err" && fail "restored under a running daemon"
stop gbr
rm "$D/gbr/store/data.mdb" # the disk
node gbr restore "$D/nothing" 2>"$D/err" && fail "restored from nothing"
[ -e "$D/gbr/store/data.mdb" ] && fail "a failed restore left a store"

# ---- one partner is not there: nothing may be appended until it was asked

stop fra
node gbr restore "$D/yesterday" >"$D/out" 2>"$D/err"
[ $? = 1 ] || fail "exit code of a restore that is not complete: $(cat "$D/out" "$D/err")"
grep -q '^MARSEC: complete' "$D/out" || fail "MARSEC was not asked: $(cat "$D/out" "$D/err")"
[ -e "$D/gbr/store/restoring" ] && fail "a copy was left"
grep -q 'relto restore --continue' "$D/err" || fail "what to do is not said: $(cat "$D/err")"
"$RELTOD" "$D/gbr" </dev/null >"$D/out" 2>&1 && fail "reltod started on an incomplete store"
grep -q 'FRA.*has not given back' "$D/out" || fail "reltod does not say why: $(cat "$D/out")"
node gbr sync retry FRA 2>"$D/out" >&2 && fail "something was written into an incomplete store"
grep -q 'has not given back' "$D/out" || fail "the command does not say why: $(cat "$D/out")"
start fra
node gbr restore --continue >"$D/out" 2>"$D/err" || fail "restore --continue: $(cat "$D/out" "$D/err")"
grep -q '^FRA: complete, .* own reports that only partners hold now: 1$' "$D/out" || fail "what is lost is not said: $(cat "$D/out")"
grep -q '^complete: 2 recalls applied again' "$D/out" || fail "recalls: $(cat "$D/out")"
node gbr audit query --kind restore | grep -q 'FRA.*ledger-completed' || fail "the log does not tell: $(node gbr audit query --kind restore)"
[ "$(ledger FRA)" = "$before" ] || fail "the ledger has $(ledger FRA) entries, not $before"
node gbr show "$b" >/dev/null 2>&1 && fail "a recalled report is back"

# ---- it goes on, when an operator says that the policy is today's

start gbr
[ "$(as fra gbr /v1/feed -o /dev/null -w '%{http_code}')" = 503 ] || fail "served before the policy was confirmed"
curl -s --noproxy '*' "http://$(cat "$D/gbr/run/metrics")/readyz" | grep -q 'the store is a backup' || fail "/readyz says nothing"
grep -q 'event=store-restored .*SIGUSR1' "$D/gbr/run/log" || fail "the log does not say what to do"
stop gbr
start gbr # it is not forgotten by another start
[ "$(as fra gbr /v1/feed -o /dev/null -w '%{http_code}')" = 503 ] || fail "served after another start"
kill -USR1 "$(pid_of gbr)"
wait_exchanged 60 || fail "no exchange after the restore: $(node fra sync status)"
equal FRA MARSEC
[ "$(node fra --format tsv list | sort)" = "$held" ] || fail "what FRA holds has changed"
f=$(publish 5)
wait_exchanged 60 || fail "the exchange does not go on"
node fra --format tsv list | grep -q "$f" || fail "what was published after the restore did not arrive"
equal FRA MARSEC
no_alarm
node gbr audit export "$D/export" >/dev/null || fail "export over the restore"
node gbr audit verify "$D/export" >"$D/out" || fail "the export does not verify: $(cat "$D/out")"

# What was lost here can still be recalled, by an officer.
node fra --format tsv list | grep -q "$d" || fail "FRA should hold the report that was lost here"
node gbr recall "$d" --reason "wrong ship" --as officer-OFFICER >/dev/null || fail "recall of what only partners hold"
wait_exchanged 60 || fail "the last recall did not arrive"
node fra --format tsv list | grep -q "$d" && fail "FRA holds what was recalled"


# ---- a partner that cannot give back what it holds: the ledger to it begins anew, when both operators agree

node gbr audit who-has "$c" | grep -v unacknowledged | awk '{ print $1, $2 }' >"$D/had"
node gbr backup "$D/later" >/dev/null || fail "backup"
g=$(publish 6)
wait_exchanged 60 || fail "the exchange before the second loss"
held=$(node fra --format tsv list | sort)
stop gbr
rm "$D/gbr/store/data.mdb" "$D/gbr/store/data.mdb.before-restore" 2>/dev/null
stop fra
node gbr restore "$D/later" >/dev/null 2>&1 && fail "complete without FRA"
node gbr restore --new-epoch FRA 2>/dev/null && fail "begun anew without a reason"
node gbr restore --new-epoch MARSEC --reason "typed wrongly" 2>/dev/null >&2 && fail "begun anew to a partner that is not waited for"
node gbr restore --new-epoch FRA --reason "FRA cannot be reached for weeks" >"$D/out" 2>"$D/err" || fail "new epoch: $(cat "$D/out" "$D/err")"
grep -q '^FRA: our ledger to it begins anew' "$D/out" || fail "new epoch says: $(cat "$D/out")"
start gbr
kill -USR1 "$(pid_of gbr)"
start fra
for i in $(seq 300); do
    node fra --format tsv sync status | grep -q '^GBR.*RESTARTED' && break
    sleep 0.1
done
node fra sync status | grep -q 'begins anew as epoch [0-9a-f]*, after the first' || fail "FRA does not say what happened: $(node fra sync status)"
node fra sync status | grep -q 'relto sync resume GBR' || fail "FRA does not say what to do"
node fra sync resume GBR --reason "GBR lost its disk, told by voice" --yes >/dev/null || fail "resume"
h=$(publish 7)
wait_exchanged 60 || fail "no exchange by the new ledger: $(node fra sync status)"
node fra --format tsv list | cut -f1 | grep -q "$h" || fail "what was published after the restart did not arrive"
node fra --format tsv list | cut -f1 | grep -q "$g" || fail "FRA lost what GBR has forgotten"
equal FRA MARSEC
no_alarm
node gbr audit who-has "$c" | grep -v unacknowledged | awk '{ print $1, $2 }' | diff "$D/had" - || fail "the log tells another story of before the restart"
node fra sync note GBR >"$D/note" && node gbr audit verify --held "$D/note" >/dev/null || fail "audit verify --held with a note of the new epoch"
node gbr audit export "$D/export2" 2>"$D/err" && fail "an export took in a ledger that began anew"
grep -q 'began anew' "$D/err" || fail "the refused export says: $(cat "$D/err")"
exit 0
