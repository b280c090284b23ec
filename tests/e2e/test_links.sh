#!/bin/bash
# What slow links need: pages compressed when asked, and to how much; a partner that wants none; fetching at a rate; hours
# in which nothing is asked. And that what the feed serves is Atom as others read it.
. "$(dirname "$0")/lib.sh"
make_nations
for n in $NATIONS; do drafts $n; done
# hours FROM TO: minutes from now, as relto.conf has it
hours() { echo "$(date -u -d "@$(($(date +%s) + $1 * 60))" +%H:%M)-$(date -u -d "@$(($(date +%s) + $2 * 60))" +%H:%M)Z"; }
# set_key NATION PARTNER KEY VALUE
set_key() { sed -i "/^;\{0,1\}$3 = /d; /^\[partner $2\]/a $3 = $4" "$D/$1/relto.conf"; }
set_key fra GBR hours "$(hours 120 180)"
set_key marsec GBR compression no
set_key marsec GBR fetch-bytes-per-s 16384
"$RELTOD" --check-config "$D/fra" >/dev/null || fail "the configuration is refused"
sed 's/^hours = .*/hours = 25:00-06:00Z/' "$D/fra/relto.conf" >"$D/conf.bad"
cp "$D/fra/relto.conf" "$D/conf.good"
cp "$D/conf.bad" "$D/fra/relto.conf"
"$RELTOD" --check-config "$D/fra" 2>&1 | grep -q '25:00.*expected two different times of the day' || fail "bad hours are not told"
cp "$D/conf.good" "$D/fra/relto.conf"
for n in $NATIONS; do start $n; done
before=$(date +%s%N)
node gbr publish --quiet "$D/drafts/gbr"/*.xml >/dev/null || fail "publish"

# ---- hours: nothing is asked, and everything when they begin

acknowledged() { node gbr --format tsv sync status | awk -F'\t' -v p="$1" '$1 == p { print ($2 > 0 && $2 == $3) }'; }
wait_for() { local i n=$1; shift; for i in $(seq $((n * 10))); do "$@" && return 0; sleep 0.1; done; return 1; }
done_with() { [ "$(acknowledged "$1")" = 1 ]; }
wait_for 40 done_with MARSEC || fail "MARSEC does not fetch"
took=$((($(date +%s%N) - before) / 1000000))
[ "$(node fra --format tsv sync status | awk -F'\t' '$1 == "GBR" { print $4, $7 }')" = "0 never" ] || fail "FRA asked outside its hours"
node fra sync status | grep -q 'outside its hours: nothing is asked until 20' || fail "sync status does not tell of the hours"
grep -q 'event=sync-closed partner="GBR"' "$D/fra/run/log" || fail "the log does not tell of the hours"
set_key fra GBR hours "$(hours -60 60)"
node fra reload >/dev/null || fail "reload"
wait_for 30 done_with FRA || fail "FRA does not fetch in its hours"
set_key fra GBR hours "$(hours 120 180)"
node fra reload >/dev/null || fail "reload"
wait_for 10 eval '[ "$(grep -c "event=sync-closed" "$D/fra/run/log")" = 2 ]' || fail "FRA goes on after its hours"

# ---- the wire: what GBR has for MARSEC, in each form

size_of() { as "$1" gbr /v1/feed -H "Accept-Encoding: $2" -o "$D/page.$2" -D "$D/head.$2" -w '%{size_download}'; }
plain=$(size_of marsec identity)
for c in zstd gzip; do
    coded=$(size_of marsec $c)
    grep -qi "^content-encoding: $c" "$D/head.$c" && grep -qi '^vary: accept-encoding' "$D/head.$c" || fail "no $c when asked"
    [ $((coded * 10)) -le $((plain * 3)) ] || fail "$c takes $coded of $plain bytes"
    echo "$c: $coded of $plain bytes"
done
grep -qi '^content-encoding' "$D/head.identity" && fail "a coding that was not asked for"
python3 -c 'import gzip, sys; sys.stdout.buffer.write(gzip.open(sys.argv[1]).read())' "$D/page.gzip" >"$D/page.plain" || fail "gzip"
cmp "$D/page.plain" "$D/page.identity" || fail "the compressed page is another"
[ "$took" -ge $((plain * 750 / 16384)) ] || fail "$plain bytes came in $took ms at 16384 a second"
echo "links are used as they were told: $plain bytes in $took ms at 16384 a second"
