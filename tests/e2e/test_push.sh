#!/bin/bash
# A node that cannot be called (GBR) pushes its feed to FRA: the same reports, receipts, attachments and recalls as by
# pulling, through kill -9 of either side, and only what FRA may have. MARSEC pulls as ever.
. "$(dirname "$0")/lib.sh"
make_nations
drafts gbr
# set_key NATION PARTNER KEY VALUE
set_key() { sed -i "/^\[partner $2\]/a $3 = $4" "$D/$1/relto.conf"; }
wait_for() { local i n=$1; shift; for i in $(seq $((n * 10))); do "$@" && return 0; sleep 0.1; done; return 1; }

# ---- push or pull, never both

set_key fra GBR inbox yes
"$RELTOD" --check-config "$D/fra" 2>&1 | grep -q 'either pulled or taken from the inbox, never both' || fail "push and pull together are not refused"
set_key fra GBR pull no
"$RELTOD" --check-config "$D/fra" >/dev/null || fail "the configuration is refused"
set_key gbr FRA push yes
# Where FRA thinks that GBR is, nobody answers.
set_key fra GBR address 127.0.0.1:1
node fra partner list | grep -q '^GBR.*inbox' || fail "partner list does not tell of the inbox"

# ---- reports, with kill -9 of either side in the middle

for n in $NATIONS; do start $n; done
# A draft that FRA gets whole and MARSEC with parts withheld, for the attachment
for f in "$D"/drafts/gbr/*.xml; do
    node gbr --format tsv preview "$f" >"$D/preview"
    grep -q 'FRA.release' "$D/preview" && grep -q 'MARSEC.redact.*label,' "$D/preview" && break
done
pick=$f large=80000000
{ head -c $large /dev/urandom; echo CANARY-ATTACHED; } >"$D/film.mp4"
film=$(sha256sum "$D/film.mp4" | cut -c1-64)
sed 's|</report>|<attachment name="film.mp4"/></report>|' "$f" >"$D/film.xml"
received() { node fra --format tsv sync status | awk -F'\t' '$1 == "GBR" { print $4 }'; }
some() { [ "$(received)" -gt "$1" ]; }
link_of() { node gbr --format tsv sync status | awk -F'\t' '$1 == "FRA"'; }
all_there() { link_of | awk -F'\t' '$2 == 0 || $2 != $3 { exit 1 }'; }
n=0
for f in "$D"/drafts/gbr/*.xml; do
    case $n in
    40) wait_for 20 some 10 || fail "nothing is pushed"
        stop fra KILL ;;
    60) start fra ;;
    80) wait_for 20 some 30 || fail "it does not go on after kill -9 of the receiver"
        stop gbr KILL
        start gbr ;;
    esac
    node gbr publish --quiet "$f" >/dev/null || fail "publish $f"
    n=$((n + 1))
    [ $n = 110 ] && break
done
wait_for 30 all_there || fail "not everything was acknowledged: $(link_of)"
[ "$(node fra --format tsv sync status | awk -F'\t' '$1 == "GBR" { print $4 }')" = "$(link_of | cut -f2)" ] || fail "other entries than in the ledger"
grep -q 'event=push-failed' "$D/gbr/run/log" || fail "the log does not tell that the receiver was away"
node gbr sync status | grep -q 'our feed is pushed to it; it took the last page: 20' || fail "sync status does not tell of the push"
# Nothing twice: FRA has each report once, as its own list and GBR's ledger say.
[ "$(node fra list | wc -l)" = "$(node fra list | sort -u | wc -l)" ] || fail "a report is listed twice"
curl -s --noproxy '*' "http://$(cat "$D/gbr/run/metrics")/metrics" | grep -q '^relto_push_failing{partner="FRA"} 0$' || fail "metric"
node gbr audit query --kind deliver | grep 'FRA' | grep -q 'via=push' ||
    fail "the log does not tell that pages were pushed"

# ---- an attachment, in pieces that outlive kill -9 of either side

node gbr publish --quiet --attach "$D/film.mp4" "$D/film.xml" >"$D/id" || fail "publish with attachment"
id=$(cat "$D/id")
holds() { node "$1" --format tsv list | cut -f1 | grep -q "$2"; }
missing() { node fra --format tsv sync status | awk -F'\t' '$1 == "GBR" { print $9 }'; }
nothing_missing() { [ "$(missing)" = 0 ]; }
wait_for 20 holds fra "$id" || fail "the report did not come"
base=$(stat -c %s "$D/fra/store/data.mdb")
grown() { [ "$(stat -c %s "$D/fra/store/data.mdb")" -gt $((base + large / 10)) ]; }
wait_for 20 grown || fail "the attachment does not come on"
stop fra KILL
start fra
stop gbr KILL
[ "$(missing)" = 1 ] || fail "the attachment was there before the kill"
start gbr
wait_for 40 nothing_missing || fail "the attachment did not come"
node fra show --attachment film.mp4 --out "$D/got" "$id" >/dev/null || fail "show --attachment"
cmp "$D/got" "$D/film.mp4" || fail "the attachment is another"

# ---- what is refused, and to whom

code() { as "$@" -o "$D/answer" -w '%{http_code}'; }
[ "$(code fra gbr /v1/feed)" = 409 ] && grep -q pushed "$D/answer" || fail "FRA can pull what is pushed to it"
[ "$(code gbr marsec '/v1/inbox?start=0' -d x)" = 403 ] && grep -q no-inbox "$D/answer" || fail "MARSEC takes pushes"
[ "$(code gbr fra '/v1/inbox?start=3' -d x -D "$D/head")" = 409 ] || fail "another position is taken"
grep -qi "^inbox-position: $(received)" "$D/head" || fail "the position is not told"
for bad in "/v1/inbox" "/v1/inbox?start=-1" "/v1/inbox?start=x" "/v1/inbox?begin=0" "/v1/inbox?start=$(received)&x=1"; do
    c=$(code gbr fra "$bad" -d x)
    [ "$c" = 422 ] || fail "$bad: $c"
done
[ "$(code gbr fra "/v1/inbox?start=$(received)" -d x -H 'Content-Encoding: br')" = 415 ] || fail "an unknown coding"
[ "$(code gbr fra "/v1/inbox?start=$(received)" -d x -H 'Content-Encoding: gzip')" = 422 ] || fail "a broken coding"
[ "$(code gbr fra "/v1/inbox/attachments/$film" -X PUT -d x)" = 404 ] || fail "what is not wanted is taken"
# MARSEC's page pushed in GBR's name would be another ledger: refused whole.
as marsec gbr /v1/feed >"$D/page.marsec"
[ "$(code gbr fra "/v1/inbox?start=$(received)" --data-binary "@$D/page.marsec")" = 422 ] && grep -q page-refused "$D/answer" || fail "another partner's page is taken"

# ---- outside its hours nothing is pushed, save a recall, which waits for none; and the logs

hour() { date -u -d "@$(($(date +%s) + $1 * 3600))" +%H:%M; }
set_key gbr FRA hours "$(hour 2)-$(hour 3)Z"
node gbr reload >/dev/null || fail "reload"
sed 's|<title>|<title>Outside the hours: |' "$pick" >"$D/late.xml"
late=$(node gbr publish --quiet "$D/late.xml") || fail "publish"
wait_for 20 holds marsec "$late" || fail "MARSEC, which pulls, did not get the late report"
holds fra "$late" && fail "it was pushed outside the hours"
node gbr recall "$id" --reason "Wrong film" >/dev/null || fail "recall"
recalled() { node fra show "$id" 2>&1 | grep -q recalled; }
wait_for 20 recalled || fail "the recall did not come"
wait_for 20 all_there || fail "the recall is not acknowledged"
node gbr recall status | grep -q "FRA" || fail "recall status"
node marsec show "$id" >"$D/shown" 2>&1
grep -q CANARY-ATTACHED "$D/marsec/store/data.mdb" && fail "the canary is at MARSEC"
for n in $NATIONS; do node $n audit verify >/dev/null || fail "the logs of $n do not verify"; done
echo "what is pushed arrives, once, whole, and to whom it may"
