#!/bin/bash
# Partners' cards keep themselves up to date: a report-signing key that nobody was told of is found in the partner's card, which
# is taken because the one held vouches for it; a card of another signer is an alarm, and changes nothing.
. "$(dirname "$0")/lib.sh"
NATIONS="gbr fra"
make_nations
for n in $NATIONS; do start $n; done

wait_for() { local i; for i in $(seq 200); do "$@" 2>/dev/null && return 0; sleep 0.1; done; return 1; }
says() { node fra show "$1" 2>/dev/null | grep -qF "$2"; }
publishes() { # TEXT
    sed -e 's/J2-NORTH/J2-MARITIME/' -e "s/Two skiffs with six persons/$1/" "$ROOT/conf/draft.xml" >"$D/draft.xml"
    node gbr publish --quiet "$D/draft.xml" || fail "publish $1"
}
logged() { grep -q "$1" "$D/fra/run/log"; }
refused() { curl -s --noproxy '*' --max-time 10 "http://$(cat "$D/fra/run/metrics")/metrics" | sed -n 's/^relto_card_refused{partner="GBR"} //p'; }
is_refused() { [ "$(refused)" = "$1" ]; }
first=$(publishes "Signed by the first key")
wait_for says "$first" "Signed by the first key" || fail "the first report did not come"

# ---- another key, of which FRA was not told; what FRA's operator is writing meanwhile is not used
cp "$D/fra/relto.conf" "$D/good.conf"
echo 'half written' >>"$D/fra/relto.conf"
node gbr cert rotate-report-key >/dev/null && node gbr reload >/dev/null || fail "rotation"
second=$(publishes "Signed by the second key")
wait_for logged 'event=quarantine-retried taken="1" left="0"' || fail "what waited for the key was not tried again"
logged 'event=card-taken partner="GBR"' || fail "the log does not tell of the card"
cmp -s "$D/gbr/card.xml" "$D/fra/partners/GBR.xml" || fail "the card held is not the current one"
cp "$D/good.conf" "$D/fra/relto.conf"
wait_for says "$second" "Signed by the second key" || fail "the report is still in quarantine"
node fra --format xml audit query --kind quarantine | grep -q unknown-key || fail "it was not in quarantine first"
node fra --format xml audit query --kind config --partner GBR | grep -q partner-card || fail "the audit log does not tell of the card"
node fra --format xml audit query --partner GBR | grep -q quarantine-retried || fail "the audit log does not tell that it was tried again"
third=$(publishes "Signed by the second key, too")
wait_for says "$third" "Signed by the second key, too" || fail "the next report did not come"
node fra reload >/dev/null || fail "reload with the card that was taken"
is_refused 0 || fail "a good card counts as refused"

# ---- a card of another signer
cp "$D/fra/partners/GBR.xml" "$D/held.xml"
mkdir "$D/other"
node other init --nation GBR --listen 127.0.0.1:0 --metrics 127.0.0.1:0 >/dev/null || fail "init of the impostor"
for i in 1 2 3 4; do node other cert rotate-report-key >/dev/null || fail "rotation $i"; done
cp "$D/gbr/card.xml" "$D/true.xml"
cp "$D/other/card.xml" "$D/gbr/card.xml"
node gbr reload >/dev/null || fail "reload with the impostor's card"
node fra reload >/dev/null || fail "reload"
wait_for logged 'event=card-refused partner="GBR" .*another card key.*compare fingerprints' || fail "no alarm"
wait_for is_refused 1 || fail "the metric does not tell of the refused card"
cmp -s "$D/held.xml" "$D/fra/partners/GBR.xml" || fail "the card held is another one"
fourth=$(publishes "Under the card held")
wait_for says "$fourth" "Under the card held" || fail "the exchange does not go on"

# ---- the true one again
cp "$D/true.xml" "$D/gbr/card.xml"
node gbr reload >/dev/null && node fra reload >/dev/null || fail "reload"
wait_for is_refused 0 || fail "the alarm stays when the true card is back"

# ---- a partner that has a newer card for every question: each that is taken into use ends the connections with all partners
stop fra
stop gbr
cp "$D/held.xml" "$D/fra/partners/GBR.xml"
mkdir "$D/cards"
for i in $(seq -w 15); do
    node gbr cert rotate-report-key >/dev/null && cp "$D/gbr/card.xml" "$D/cards/$i" || fail "rotation $i"
done
CARDS=$D/cards python3 "$HERE/hostile_node.py" cards 5 "$D/gbr/certs/node.pem" "$D/gbr/keys/tls.key" "$D/hostile" "$D/requests" &
hostile=$!
for i in $(seq 100); do [ -s "$D/hostile" ] && break; sleep 0.1; done
sed -i "/^\[partner GBR\]/,/^\[/{/^address = /d}; /^\[partner GBR\]/a address = $(cat "$D/hostile")" "$D/fra/relto.conf"
: >"$D/fra/run/log"
start fra
wait $hostile || fail "the hostile node"
taken=$(grep -c 'event=card-taken' "$D/fra/run/log")
[ "$taken" -ge 1 ] || { cat "$D/requests"; fail "no newer card was taken"; }
[ "$taken" -le 2 ] || fail "$taken cards of one partner were taken into use in 5 s"
for n in $NATIONS; do node $n audit verify >/dev/null || fail "the log of $n does not verify"; done
echo "cards: up to date by themselves, and guarded"
