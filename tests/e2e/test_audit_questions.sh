#!/bin/bash
# The auditor's questions at real nodes: who has what, who saw what when, why, which recalls are overdue, and whether a
# partner's receipts agree; in every format, on a live node and on a stopped store.
. "$(dirname "$0")/lib.sh"
conf=$ROOT/conf
gbr() { node gbr "$@"; }
# answers CODE WORDS QUESTION...
answers() {
    local code=$1 words=$2 got; shift 2
    gbr audit "$@" >"$D/out" 2>&1; got=$?
    [ $got = "$code" ] || { cat "$D/out"; fail "exit code $got, expected $code: audit $*"; }
    grep -q -- "$words" "$D/out" || { cat "$D/out"; fail "does not say '$words': audit $*"; }
}
# field N QUESTION...: a field of the first line as tsv
field() { local n=$1; shift; gbr --format tsv audit "$@" | head -n 1 | cut -f"$n"; }
wait_for() { for i in $(seq 200); do "$@" && return 0; read -rt 0.1 <> <(:); done; return 1; }
receipted() { [ "$(field 6 who-has "$1")" = receipted ]; }
now() { date -u +%Y-%m-%dT%H:%M:%S.%3NZ; }

make_nations
start gbr; start fra
before=$(now)
id=$(gbr publish --quiet "$conf/policies/tests/reports/hostage.xml") || fail "publish"
held=$(now)
answers 1 "no partner was ever given it" who-has "$id"
answers 0 "equal to the one logged" explain "$id" FRA
[ "$(field 7,8 explain "$id" FRA)" = "$(printf 'hold\tapproval')" ] || fail "explain before the approval"
answers 1 "nothing had been decided" explain "$id" FRA --at "$before"
gbr hold approve "$id" FRA >/dev/null || fail "hold approve"
wait_for receipted "$id" || fail "FRA does not acknowledge"
approved=$(now)
[ "$(field 1-5 who-has "$id")" = "$(printf 'FRA\treleased\t1\t0\tdelivered')" ] || fail "who-has after the release"
[ "$(field 10,12 who-has "$id")" = "$(printf 'GBR-FRA-2021-HOSTAGE\t1')" ] || fail "who-has does not say under what"

# another policy: what was decided before is explained by the policy of then, and the officer's word of then counts
sed -i 's/serial="1"/serial="2"/; s/any-of="human-source"/any-of="human-source kidnapping"/' "$D/gbr/policy/policy.xml"
gbr policy activate --as officer-OFFICER >/dev/null || fail "policy activate"
withdrawn() { [ "$(field 2 who-has "$id")" = withdrawn ]; }
wait_for withdrawn || fail "the new policy does not withdraw"
wait_for receipted "$id" || fail "FRA does not acknowledge the withdrawal"
[ "$(field 4,7,8,13,18 explain "$id" FRA)" = "$(printf 'equal\tdeny\trule\t2\t2')" ] || fail "explain under the new policy"
[ "$(field 4,7,13,18 explain "$id" FRA --at "$approved")" = "$(printf 'equal\trelease\t1\t1')" ] || fail "explain under the old policy"
[ "$(field 4,7,13,18 explain "$id" FRA --at "$held")" = "$(printf 'equal\thold\t1\t1')" ] || fail "explain before the approval, later"
[ "$(field 2,5,15 seen-by FRA)" = "$(printf 'withdrawn\tdelivered\t1')" ] || fail "seen-by now"
[ "$(field 2,5,15 seen-by FRA --at "$approved")" = "$(printf 'released\tdelivered\t1')" ] || fail "seen-by then"
answers 1 "0 reports" seen-by FRA --at "$held"

# a recall: open, then overdue, then acknowledged; content is gone and identifiers answer
answers 0 "0 recalls at partners" recalls
stop fra
gbr recall "$id" --reason "Wrong, ship" >/dev/null || fail "recall"
recalled=$(now)
answers 0 "no receipt yet" recalls
answers 0 "0 recalls\|1 recalls" recalls --overdue
sed -i 's/^;recall-overdue-minutes = .*/recall-overdue-minutes = 0/' "$D/gbr/relto.conf"
answers 1 "OVERDUE" recalls --overdue
gbr --format csv audit recalls | sed -n 2p | grep -q '"Wrong, ship"$' || fail "recalls as csv"
answers 0 "no contradiction: every receipt is of our ledger; 1 entries are not acknowledged yet" compare FRA
start fra
wait_for receipted "$id" || fail "FRA does not acknowledge the recall"
answers 0 "receipted" recalls
answers 0 "Wrong, ship" who-has "$id"
[ "$(field 2,5 who-has "$id")" = "$(printf 'recalled\tdelivered')" ] || fail "who-has after the recall"
answers 1 "it cannot be made again: the report was recalled" explain "$id" FRA
grep -q "deny (rule) by" "$D/out" || { cat "$D/out"; fail "the log's own words are not shown"; }
answers 0 "equal: every receipt" compare FRA
answers 1 "no such partner" compare NOBODY

# formats
for q in "who-has $id" "seen-by FRA" "explain $id FRA" recalls "compare FRA"; do
    gbr --format xml audit $q >"$D/answer.xml"
    xmllint --noout --nonet --schema "$conf/../formats/schema/answer.xsd" "$D/answer.xml" 2>"$D/out" || { cat "$D/out"; fail "audit $q as xml"; }
    gbr --format csv audit $q >"$D/out"; [ "$(wc -l <"$D/out")" -ge 2 ] || fail "audit $q as csv"
    gbr --format json audit $q | grep -q '^{.*}$' || fail "audit $q as json"
done
answers 0 '"kind":"recall"' query --format json --kind recall --limit 1
[ "$(gbr audit query --limit 3 | wc -l)" = 3 ] || fail "query --limit"
last=$(gbr --format tsv audit query | tail -n 1)
[ "$(gbr --format tsv audit query --newest --limit 1)" = "$last" ] || fail "query --newest"
[ "$(gbr audit query --from "$recalled" --report "${id#urn:uuid:}" | wc -l)" = 0 ] || fail "query --from"
answers 2 "is no number" query --limit none
answers 2 "is no time" seen-by FRA --at soon
answers 2 "give one" query --to "$held" --until "$held"

# over HTTPS: auditors alone, and their reading is in the log
gbr cert issue --role auditor --name EVE >/dev/null || fail "an auditor's certificate"
ask() { # ask ROLE-NAME QUERY
    curl -s -k --noproxy '*' --max-time 20 --cert "$D/gbr/certs/$1.pem" --key "$D/gbr/certs/$1.key" \
        "https://$(cat "$D/gbr/run/address")/v1/audit/events$2"
}
ask auditor-EVE "?kind=recall&order=newest&limit=1" >"$D/answer.xml"
xmllint --noout --nonet --schema "$conf/../formats/schema/audit-events.xsd" "$D/answer.xml" 2>"$D/out" || { cat "$D/answer.xml" "$D/out"; fail "events over HTTPS"; }
grep -q "<event .* kind=\"recall\" .*></event></events>" "$D/answer.xml" || { cat "$D/answer.xml"; fail "events over HTTPS"; }
answers 0 "actor=auditor:EVE\|auditor:EVE" query --kind export
ask officer-OFFICER "" | grep -q forbidden || fail "an officer reads the log as an auditor"
ask auditor-EVE "?kind=frob" | grep -q audit-form || fail "an odd question over HTTPS"
gbr audit verify >/dev/null || fail "the log does not verify"

# a stopped store answers the same
gbr --format tsv audit seen-by FRA >"$D/live"; gbr --format tsv audit explain "$id" FRA --at "$approved" >>"$D/live"
stop gbr
gbr --format tsv audit seen-by FRA >"$D/stopped"; gbr --format tsv audit explain "$id" FRA --at "$approved" >>"$D/stopped"
cmp -s "$D/live" "$D/stopped" || fail "a stopped store answers otherwise"
echo "the auditor's questions are answered"
