#!/bin/bash
# A receiver of pushes that answers and does not get on is pushed to ever more seldom: it does not set our pace. And the rate at
# which a partner is pushed to.
. "$(dirname "$0")/lib.sh"
NATIONS="gbr fra"
make_nations
set_key() { sed -i "/^\[partner $2\]/a $3 = $4" "$D/$1/relto.conf"; }
set_key gbr FRA push yes
sed -i 's/^;*retry-min-ms = .*/retry-min-ms = 200/; s/^;*retry-max-ms = .*/retry-max-ms = 60000/' "$D/gbr/relto.conf"
grep -q '^retry-min-ms = 200$' "$D/gbr/relto.conf" || fail "retry-min-ms is not set"
drafts gbr
start gbr
for f in "$D"/drafts/gbr/*.xml; do
    node gbr --format tsv preview "$f" | grep -q 'FRA.*release' && break
done
size=1000
for i in 1 2 3; do
    [ $i = 3 ] && size=65536
    head -c $size /dev/urandom >"$D/film$i"
    sed -e "s|</report>|<attachment name=\"film$i\"/></report>|" "$f" >"$D/draft.xml"
    node gbr publish --quiet --attach "$D/film$i" "$D/draft.xml" >/dev/null || fail "publish"
    echo "$(sha256sum "$D/film$i" | cut -c1-64) $size 0" >>"$D/wanted.$i"
done
stop gbr
cat "$D/wanted.1" "$D/wanted.2" >"$D/wanted.both"

# pushed WHAT WANTED: pushes for some seconds; $D/requests tells what came
pushed() {
    local i pid
    rm -f "$D/receiver"
    WANTED="$2" python3 "$HERE/hostile_node.py" "$1" 5 "$D/fra/certs/node.pem" "$D/fra/keys/tls.key" "$D/receiver" "$D/requests" &
    pid=$!
    for i in $(seq 100); do [ -s "$D/receiver" ] && break; sleep 0.1; done
    sed -i '/^\[partner FRA\]/,/^\[/{/^address = /d}' "$D/gbr/relto.conf"
    set_key gbr FRA address "$(cat "$D/receiver")"
    start gbr
    wait $pid || fail "the receiver"
    stop gbr
}
# at_most N WORD WHAT. Five seconds have room for five waits of 200 ms and more, each twice as long as the one before.
at_most() {
    local n; n=$(grep -c "$2" "$D/requests")
    [ "$n" -ge 2 ] || { cat "$D/requests"; fail "$3: only $n requests"; }
    [ "$n" -le "$1" ] || { head -n 30 "$D/requests"; fail "$3: $n requests in 5 s"; }
}
pushed pages /dev/null
at_most 20 POST "takes a page, and asks for the one before"
grep -q 'event=push-failed partner="FRA" why="the partner.s answers lead nowhere' "$D/gbr/run/log" || fail "the log does not tell"
pushed attachments "$D/wanted.1"
at_most 10 PUT "wants what it said it took"
grep -q 'event=push-failed partner="FRA" why="the partner wants attachments of which it said that it has them' "$D/gbr/run/log" || fail "the log does not tell of the attachment"
pushed attachments "$D/wanted.both"
at_most 20 PUT "wants in turn what it said it took"
pushed cuts "$D/wanted.1"
at_most 10 PUT "ends the connection"

# 64 KiB at 16 KiB a second; what came first may have come at once
set_key gbr FRA push-bytes-per-s 16384
pushed attachments "$D/wanted.3"
took=$(awk '/^PUT/ { print $4; exit }' "$D/requests")
[ "${took:-0}" -ge 2000 ] || { cat "$D/requests"; fail "64 KiB took ${took:-?} ms at 16384 a second"; }
node gbr audit verify >/dev/null || fail "the log does not verify"
echo "a receiver that does not get on waits; 64 KiB at 16384 a second took $took ms"
