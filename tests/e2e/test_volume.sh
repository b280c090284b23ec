#!/bin/bash
# The log grows with what happens, not with who asks: polls that deliver nothing log nothing, and refusals are summed up, so
# that nobody fills the disk by being refused.
. "$(dirname "$0")/lib.sh"
NATIONS="gbr fra"
make_nations
drafts gbr
for n in $NATIONS; do start $n; done
for f in $(ls "$D"/drafts/gbr/*.xml | head -n 3); do node gbr publish --quiet "$f" >/dev/null || fail "publish of $f"; done
wait_exchanged 60 || fail "the exchange did not complete"
events() { node gbr --format tsv audit query "$@" | wc -l; }
bytes() { stat -c %s "$D/gbr/store/data.mdb"; }

# Polls with nothing new, and the same page again and again with its receipt sent again.
as fra gbr "/v1/feed" >"$D/page" || fail "the feed"
cursor=$(sed -n 's/.*<r:cursor[^>]*>\([^<]*\)<.*/\1/p' "$D/page")
[ -n "$cursor" ] || fail "no cursor in the page"
before=$(events)
for i in $(seq 50); do as fra gbr "/v1/feed?after=$cursor" -o /dev/null || fail "poll $i"; done
[ "$(events)" = "$before" ] || fail "polls without news wrote $(($(events) - before)) events"

# 300 refused requests of a partner and 100 connections without a certificate.
for i in $(seq 30); do
    for k in 1 2 3 4 5 6 7 8 9 10; do echo "url=\"https://$(cat "$D/gbr/run/address")/v1/policy?$i-$k\""; echo 'output=/dev/null'; done
done >"$D/urls"
as fra gbr /v1/nothing -o /dev/null -K "$D/urls" || fail "requests"
for i in $(seq 100); do curl -s -k --noproxy '*' --max-time 5 "https://$(cat "$D/gbr/run/address")/" -o /dev/null; done
stop gbr
denied=$(events --kind denied)
[ "$denied" -ge 1 ] && [ "$denied" -le 3 ] || fail "$denied events for 400 refusals"
sum=$(node gbr audit query --kind denied | grep -o 'count=[0-9]*' | awk -F= '{ s += $2 } END { print s + 0 }')
[ "$sum" -ge 401 ] || fail "the events speak of $sum refusals, there were 401: $(node gbr audit query --kind denied)"
lines=$(grep -c 'event=request-refused\|event=connection-refused' "$D/gbr/run/log")
[ "$lines" -lt 300 ] || fail "$lines lines in the service log"
node gbr audit verify >/dev/null || fail "the log does not verify"
echo "$before events for 3 reports exchanged; 50 polls: none; 400 refusals: $denied, $lines lines; $(bytes) bytes"
exit 0
