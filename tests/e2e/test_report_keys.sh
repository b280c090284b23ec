#!/bin/bash
# A nation replaces its report-signing key while a partner pulls: nothing is quarantined, what was signed before stays
# verifiable, a card that the held one does not vouch for is not taken, and a compromised key vouches for nothing new.
. "$(dirname "$0")/lib.sh"
NATIONS="gbr fra"
make_nations
for n in $NATIONS; do start $n; done

publishes() {
    sed -e 's/J2-NORTH/J2-MARITIME/' -e "s/Two skiffs with six persons/$1/" "$ROOT/conf/draft.xml" >"$D/draft.xml"
    node gbr publish --quiet "$D/draft.xml" || fail "publish $1"
}
arrives() { # ID TEXT: at FRA, within 20 s
    local i
    for i in $(seq 100); do node fra show "$1" 2>/dev/null | grep -qF "$2" && return 0; sleep 0.2; done
    node fra audit query --kind quarantine >&2
    fail "'$2' did not arrive"
}
refused() { # CODE WORDS COMMAND...
    local code=$1 words=$2 got; shift 2
    "$@" >"$D/out" 2>&1; got=$?
    [ $got = "$code" ] && grep -qF -- "$words" "$D/out" || { cat "$D/out"; fail "exit code $got, expected $code and '$words': $*"; }
}
quarantined() { node fra --format tsv audit query --kind quarantine | wc -l; }
serial_of() { openssl x509 -in "$D/$1/$2" -noout -serial | sed 's/serial=//' | tr A-F a-f; }
good_at() { node "$1" verify "$2" >"$D/out" 2>&1 || { cat "$D/out"; fail "$1 does not verify $2"; }; }
bytes() { node "$1" show --raw "$2" >"$3" || fail "no bytes of $2 at $1"; }

before=$(publishes "Signed before")
arrives "$before" "Signed before"
bytes gbr "$before" "$D/own-before.xml"; bytes fra "$before" "$D/before.xml"

# ---- prepared, told, taken into use
refused 0 "card held is the current one" node fra partner update GBR
refused 0 "prepared and in the card" node gbr cert rotate-report-key --prepare
refused 3 "prepared already" node gbr cert rotate-report-key --prepare
[ "$(grep -o '<report-certificate' "$D/gbr/card.xml" | wc -l)" = 2 ] || fail "the prepared certificate is not in the card"
node gbr reload >/dev/null || fail "reload with a prepared key"
cp "$D/fra/partners/GBR.xml" "$D/first.xml"
refused 0 "card 2 taken" node fra partner update GBR
node fra reload >/dev/null || fail "reload with the new card"
during=$(publishes "Signed while prepared")
arrives "$during" "Signed while prepared"
refused 0 "retired" node gbr cert rotate-report-key
old=$(sed -n 's/.*in use, \([0-9a-f]*\) retired.*/\1/p' "$D/out")
[ ! -e "$D/gbr/keys/report.key.next" ] && [ ! -e "$D/gbr/certs/report.pem.next" ] || fail "prepared files are left"
grep -q '<report-certificate retired="true">' "$D/gbr/card.xml" || fail "the old certificate is not listed as retired"
"$RELTOD" --check-config "$D/gbr" >/dev/null || fail "the configuration is not good with the new key"
node gbr reload >/dev/null || fail "reload with the new key"
after=$(publishes "Signed after")
arrives "$after" "Signed after"
bytes fra "$after" "$D/after.xml"
"$RELTO" verify --cert "$D/gbr/certs/report.pem" "$D/after.xml" >/dev/null || fail "the new key does not sign"
"$RELTO" verify --cert "$D/gbr/certs/report.pem" "$D/before.xml" >/dev/null 2>&1 && fail "the new key vouches for what the old one signed"
[ "$(quarantined)" = 0 ] || fail "the rotation put something in quarantine"
for f in before after; do good_at fra "$D/$f.xml"; good_at gbr "$D/$f.xml"; done
good_at gbr "$D/own-before.xml"
for n in $NATIONS; do node $n audit verify >/dev/null || fail "the log of $n does not verify"; done

# ---- cards that the one held does not vouch for
refused 3 "not newer" node fra partner update GBR "$D/first.xml"
refused 0 "card 3 taken" node fra partner update GBR
cmp -s "$D/fra/partners/GBR.xml" "$D/gbr/card.xml" || fail "the card held is not the current one"
mkdir "$D/other"
node other init --nation GBR --listen 127.0.0.1:0 --metrics 127.0.0.1:0 >/dev/null || fail "init of the impostor"
for i in 1 2 3 4; do node other cert rotate-report-key >/dev/null || fail "rotation $i without preparation"; done
refused 3 "another card key" node fra partner update GBR "$D/other/card.xml"
sed 's/serial="3"/serial="9"/' "$D/gbr/card.xml" >"$D/forged.xml"
refused 1 "" node fra partner update GBR "$D/forged.xml"
cmp -s "$D/fra/partners/GBR.xml" "$D/gbr/card.xml" || fail "a card that was refused took the place of the one held"
refused 1 "no such partner" node fra partner update DEU

# ---- ended half way: the certificate is in use, its key not yet
node other cert rotate-report-key --prepare >/dev/null || fail "prepare"
mv "$D/other/certs/report.pem.next" "$D/other/certs/report.pem"
node other cert rotate-report-key >/dev/null || fail "a rotation that was ended half way does not go on"
"$RELTOD" --check-config "$D/other" >/dev/null || fail "key and certificate do not fit after it went on"
[ "$(grep -o '<report-certificate' "$D/other/card.xml" | wc -l)" = 6 ] || fail "a certificate was forgotten"

# ---- not prepared: quarantined until the card comes, then taken
node gbr cert rotate-report-key >/dev/null && node gbr reload >/dev/null || fail "rotation without preparation"
late=$(publishes "Signed unannounced")
for i in $(seq 100); do [ "$(quarantined)" = 1 ] && break; sleep 0.2; done
node fra --format xml audit query --kind quarantine | grep -q unknown-key || fail "not quarantined for its key"
node fra partner update GBR >/dev/null && node fra reload >/dev/null || fail "update"
node fra sync retry GBR >/dev/null || fail "retry"
arrives "$late" "Signed unannounced"

# ---- compromised
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
refused 2 "a time in UTC that has passed" node gbr cert compromised "$old" --from 2999-01-01T00:00:00Z
refused 1 "lists no" node gbr cert compromised 00ff --from "$now"
refused 3 "still in use" node gbr cert compromised "$(serial_of gbr certs/report.pem)" --from "$now"
refused 0 "marked as compromised" node gbr cert compromised "$old" --from "$(date -u -d '-1 hour' +%Y-%m-%dT%H:%M:%SZ)"
refused 3 "earlier time already" node gbr cert compromised "$old" --from "$now"
node gbr reload >/dev/null && node fra partner update GBR >/dev/null && node fra reload >/dev/null || fail "the marked card"
refused 3 "as compromised" node fra verify "$D/before.xml"
refused 3 "as compromised" node gbr verify "$D/own-before.xml"
good_at fra "$D/after.xml"
node fra show "$before" | grep -q "Signed before" || fail "what was held before the mark is gone"
for n in $NATIONS; do node $n audit verify >/dev/null || fail "the log of $n does not verify at the end"; done
echo "report keys: good"
