#!/bin/bash
# GBR gives a report to FRA under onward terms "consent"; MARSEC, which holds no card of GBR but its anchors, gets it from FRA
# with GBR's consent alone: asked for while GBR is away, granted, revoked, granted for some seconds, refused.
. "$(dirname "$0")/lib.sh"
make_nations

# GBR and MARSEC do not know each other; FRA may pass on to MARSEC what is about piracy.
without() { awk -v s="[partner $2]" '/^\[/ { skip = $0 == s } !skip' "$D/$1/relto.conf" >"$D/conf" && mv "$D/conf" "$D/$1/relto.conf"; }
without gbr MARSEC; without marsec GBR
mkdir "$D/marsec/nations"
cp "$D/gbr/ca/ca.pem" "$D/marsec/nations/GBR.pem"
sed -i 's/^;nation-anchors = .*/nation-anchors = nations/' "$D/marsec/relto.conf"
sed -i 's/^;consent-poll-s = .*/consent-poll-s = 1/' "$D/fra/relto.conf"
sed -i '/<agreement id="GBR-MARSEC-2022-PIRACY"/,/<\/agreement>/d' "$D/gbr/policy/policy.xml"
sed -i 's|</agreements>|<agreement id="FRA-MARSEC-PIRACY" title="What the United Kingdom lets go on" parties="MARSEC">\
<scope><originator any-of="GBR"/><topic any-of="piracy"/></scope><ceiling policy="NATO" max="RESTRICTED"/>\
<terms redaction="permitted" approval="0" embargo="PT0S" onward="forbidden" lapse="withdraw"/></agreement>&|' "$D/fra/policy/policy.xml"
start gbr; start fra; start marsec

# wait_for WHAT COMMAND...: until it succeeds
wait_for() { local what=$1 i; shift; for i in $(seq 200); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done; fail "$what"; }
has() { node "$1" show --raw "$id"; }
has_not() { ! node "$1" show --raw "$id" 2>/dev/null; }
# state NATION STATE: its newest request for consent stands so
state() { node "$1" --format tsv consent list | cut -f3 | grep -qx "$2"; }
waiting() { node gbr --format tsv consent list --waiting | cut -f1 | grep .; }
ask() { node fra consent ask "$id" MARSEC >"$D/out" 2>&1 || { cat "$D/out"; fail "consent ask"; }; }

sed -e 's/J2-NORTH/J2-MARITIME/' "$ROOT/conf/draft.xml" >"$D/draft.xml"
id=$(node gbr publish --quiet "$D/draft.xml") || fail "publish"
wait_for "the report does not come to FRA" has fra
node fra policy explain "$id" MARSEC | grep -q originator-consent || fail "FRA does not wait for consent"
node gbr consent list >"$D/out"; [ $? = 1 ] || fail "an empty list is told as one"

# asked for while GBR is away, and FRA is restarted meanwhile: nothing is lost
stop gbr
ask
stop fra; start fra
state fra unsent || fail "the request was lost"
node fra consent grant "$(node fra --format tsv consent list | cut -f1)" >"$D/out" 2>&1; [ $? = 3 ] || { cat "$D/out"; fail "FRA consents for GBR"; }
start gbr
wait_for "GBR does not hear the request" waiting
request=$(waiting)
node gbr consent list | grep -q "asked of us" || fail "the list for people"
has_not marsec || fail "MARSEC has it before consent"
node gbr consent grant "${request:0:8}" >"$D/out" || { cat "$D/out"; fail "grant"; }
wait_for "MARSEC does not get it with consent" has marsec
node marsec show --raw "$id" | grep -q "fishermen" && fail "MARSEC gets the part that is not for it"
node marsec sync status >/dev/null
state fra granted || fail "FRA does not show the grant"
"$RELTO" -C "$D/fra" --format xml consent list >"$D/list.xml" || fail "the list as XML"
grep -q 'Id="grant"' "$D/list.xml" || fail "the signed consent is not in the list"
if command -v xmllint >/dev/null; then
    xmllint --noout --nonet --schema "$ROOT/formats/schema/consents.xsd" "$D/list.xml" 2>"$D/out" || { cat "$D/out"; fail "the list is not valid"; }
fi
node fra --format json consent list | grep -q '"state": *"granted"' || fail "the list as JSON"

node gbr consent revoke "$request" --reason $'The source\nis in danger' >"$D/out" 2>&1 && fail "a reason of two lines is taken"
grep -q "Nothing was revoked.*one line" "$D/out" || { cat "$D/out"; fail "it does not say what is wrong with the reason"; }
node gbr consent revoke "$request" --reason "The source is in danger" >/dev/null || fail "revoke"
wait_for "the revocation does not take it from MARSEC" has_not marsec
state fra revoked || fail "FRA does not show the revocation"
node fra consent list | grep -q "The source is in danger" || fail "FRA does not see why"

# for some seconds
ask
wait_for "GBR does not hear the second request" waiting
node gbr consent grant "$(waiting)" --until "$(date -u -d '+8 seconds' +%Y-%m-%dT%H:%M:%SZ)" >/dev/null || fail "the second grant"
wait_for "MARSEC does not get it again" has marsec
wait_for "the end of the consent does not take it from MARSEC" has_not marsec
node fra --format tsv consent list | cut -f3 | grep -qx expired || fail "FRA does not show the end"

# no
ask
wait_for "GBR does not hear the third request" waiting
node gbr consent refuse "$(waiting)" --reason "Not yet" >/dev/null || fail "refuse"
wait_for "FRA does not hear the refusal" state fra refused
has_not marsec || fail "MARSEC has it after a refusal"
node gbr consent refuse 000000 --reason x >"$D/out" 2>&1; [ $? = 1 ] || fail "an id that is none"

node fra audit explain "$id" MARSEC >"$D/out" || { cat "$D/out"; fail "the past decision is another when it is made again"; }
for n in $NATIONS; do node $n audit verify >"$D/out" || { cat "$D/out"; fail "the logs of $n do not verify"; }; done
[ "$(node gbr --format tsv audit query --kind consent | wc -l)" = 4 ] || fail "GBR's log does not tell of four answers"
echo ok
