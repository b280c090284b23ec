#!/bin/bash
# The officer's tools over a policy: check and test without a node.
. "$(dirname "$0")/lib.sh"
conf=$ROOT/conf
files="--spif-dir $conf/spif --vocabulary $conf/vocabulary.xml"

# --- check: the examples are clean; what has no effect is named with its line; a policy that does not load fails
for n in $NATIONS; do
    "$RELTO" policy check "$conf/policies/$n.xml" $files >"$D/out" || { cat "$D/out"; fail "the example policy of $n has findings"; }
done
sed 's|<topic any-of="human-source"/>|&<not><topic any-of="human-source"/></not>|' "$conf/policies/gbr.xml" >"$D/odd.xml"
"$RELTO" --format tsv policy check "$D/odd.xml" $files >"$D/out"; code=$?
[ $code = 1 ] || fail "policy check with a finding: exit code $code"
line=$(grep -n '<deny id="D-SOURCES"' "$D/odd.xml" | cut -d: -f1)
[ "$(cut -f2-6 "$D/out")" = "$(printf '%s\tdeny\tD-SOURCES\tdenial-never-fires\tfinding' "$line")" ] || { cat "$D/out"; fail "the finding is not as it should be"; }
"$RELTO" --format tsv policy check "$conf/policies/gbr.xml" $files --at 2036-02-20T00:00:00Z >"$D/out" || fail "a warning fails the check"
grep -q "agreement-expires	warning" "$D/out" || { cat "$D/out"; fail "an end within 30 days is not warned of"; }
sed 's|any-of="piracy|any-of="pirates|' "$conf/policies/gbr.xml" >"$D/bad.xml"
"$RELTO" policy check "$D/bad.xml" $files >/dev/null 2>"$D/out"; code=$?
[ $code = 1 ] && grep -q 'bad.xml:[0-9]*.*pirates' "$D/out" || { cat "$D/out"; fail "a broken policy: exit code $code"; }
"$RELTO" policy check "$D/none.xml" $files >/dev/null 2>"$D/out"; code=$?
[ $code = 1 ] && grep -q none.xml "$D/out" || { cat "$D/out"; fail "a missing policy: exit code $code"; }

# --- test: the examples decide as their authors meant; a changed policy fails, and says where
"$RELTO" policy test "$conf"/policies/tests/*.xml >"$D/out" || { cat "$D/out"; fail "an example policy does not decide as its test file expects"; }
sed 's|ceiling policy="NATO" max="CONFIDENTIAL"|ceiling policy="NATO" max="RESTRICTED"|' "$conf/policies/gbr.xml" >"$D/lower.xml"
"$RELTO" --format tsv policy test "$conf/policies/tests/gbr.xml" --policy "$D/lower.xml" >"$D/out"; code=$?
[ $code = 1 ] || fail "a test that fails: exit code $code"
[ "$(grep -c '	failed	' "$D/out")" = 1 ] || { cat "$D/out"; fail "one decision should differ"; }
grep -q 'boarding.*FRA	failed	redact.*withheld=label,p3	redact.*withheld=label,p2,p3' "$D/out" || { cat "$D/out"; fail "the difference is not shown"; }
sed 's/partner="FRA"/partner="FRQ"/' "$conf/policies/tests/marsec.xml" >"$D/test.xml"
"$RELTO" policy test "$D/test.xml" --policy "$conf/policies/marsec.xml" $files >/dev/null 2>"$D/out"; code=$?
[ $code = 1 ] && grep -q 'test.xml:[0-9]*.*FRQ' "$D/out" || { cat "$D/out"; fail "a test of an unknown partner: exit code $code"; }
# --- holds: what an agreement asks an officer for waits, and goes when approved
make_nations
start gbr; start fra
mkdir -p "$D/drafts"
cp "$conf/policies/tests/reports/hostage.xml" "$D/drafts/hostage.xml"
node gbr hold list >"$D/out"; [ $? = 1 ] || { cat "$D/out"; fail "an empty list of holds"; }
id=$(node gbr publish --quiet "$D/drafts/hostage.xml") || fail "publish"
node gbr --format tsv hold list >"$D/out" || fail "hold list"
[ "$(cut -f1-6 "$D/out")" = "$(printf '%s\t1\tFRA\tGBR-FRA-2021-HOSTAGE\t0\t1' "$id")" ] || { cat "$D/out"; fail "the list of holds is not as it should be"; }
node gbr hold approve "$id" MARSEC >/dev/null 2>"$D/out"; code=$?
[ $code = 3 ] && grep -q embargo "$D/out" || { cat "$D/out"; fail "approval of what is not held: exit code $code"; }
node gbr hold refuse "$id" FRA | grep -q refused || fail "hold refuse"
node gbr hold revoke "$id" FRA | grep -q hold || fail "hold revoke"
node gbr hold approve "$id" FRA | grep -q ': release;' || fail "hold approve"
node gbr audit query --kind approve | grep -q officer:OFFICER || fail "the approval is not in the log"
for i in $(seq 100); do node fra list | grep -q "${id#urn:uuid:}" && break; sleep 0.1; done
node fra list | grep -q "${id#urn:uuid:}" || fail "FRA did not get what was approved"
node gbr cert issue --role officer --name SECOND >/dev/null || fail "a second officer"
node gbr hold list >/dev/null 2>"$D/out"; grep -q -- '--as' "$D/out" || fail "which of two officers calls is not asked"
node gbr hold list --as officer-SECOND >/dev/null; [ $? = 1 ] || fail "hold list --as"

# --- activation: in force at once, refused when the serial does not grow, with two officers where relto.conf says so
node gbr policy activate --as officer-OFFICER | grep -q 'serial 1 is active' || fail "activating what is active"
sed -i 's/serial="1"/serial="2"/; s/any-of="human-source"/any-of="human-source kidnapping"/' "$D/gbr/policy/policy.xml"
node gbr --format tsv policy diff --as officer-OFFICER >"$D/out" || { cat "$D/out"; fail "policy diff"; }
[ "$(cut -f1-4 "$D/out")" = "$(printf 'withdraw\tFRA\t%s\t1' "$id")" ] || { cat "$D/out"; fail "policy diff does not announce the withdrawal"; }
node gbr policy activate --as officer-OFFICER | grep -q 'serial 2 is active' || fail "policy activate"
for i in $(seq 100); do node gbr audit query --kind withdraw | grep -q "${id#urn:uuid:}" && break; sleep 0.1; done
node gbr audit query --kind withdraw | grep -q "${id#urn:uuid:}" || fail "what the new policy ends is not withdrawn"
sed 's/serial="2"/serial="1"/' "$D/gbr/policy/policy.xml" >"$D/old.xml"
node gbr policy activate "$D/old.xml" --as officer-OFFICER >/dev/null 2>"$D/out"; code=$?
[ $code = 3 ] && grep -qi serial "$D/out" || { cat "$D/out"; fail "a serial that does not grow: exit code $code"; }
printf '[policy]\napproval = 2\n' >>"$D/gbr/relto.conf"
: >"$D/gbr/run/log"
kill -HUP "$(pid_of gbr)"
for i in $(seq 100); do grep -q 'event=reload' "$D/gbr/run/log" && break; sleep 0.1; done
sed -i 's/serial="2"/serial="3"/' "$D/gbr/policy/policy.xml"
node gbr policy activate --as officer-OFFICER | grep -q 'second officer' || fail "one officer activates where two must"
node gbr policy activate --as officer-SECOND | grep -q 'serial 3 is active' || fail "the second officer does not activate"
stop gbr; start gbr
node gbr status | grep -q '3' || fail "the active policy did not outlive a restart"
node gbr audit verify >/dev/null || fail "the log does not verify"
echo "policies are checked and tested as they should be"
