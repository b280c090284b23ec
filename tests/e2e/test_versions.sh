#!/bin/bash
# A cell corrects a report: the partner gets the new version instead, whom it is no longer for gets it withdrawn, a lost
# answer can be asked for again, and whoever comes too late is told so.
. "$(dirname "$0")/lib.sh"
make_nations
for n in $NATIONS; do start $n; done

# draft TEXT [SED COMMAND]: the example draft, with this text in a part that is for all
draft() {
    sed -e 's/J2-NORTH/J2-MARITIME/' -e "s/Two skiffs with six persons/$1/" -e "${2:-}" "$ROOT/conf/draft.xml" >"$D/draft.xml"
}
# publishes OPTIONS...: the draft; prints the id
publishes() { node gbr publish --quiet "$@" "$D/draft.xml" || fail "publish $*"; }
# until NATION ID TEXT: it shows that within 20 s
until_shows() {
    local i
    for i in $(seq 100); do node $1 show "$2" 2>/dev/null | grep -qF "$3" && return 0; sleep 0.2; done
    node $1 show "$2" >&2
    node gbr policy explain "$2" "$(upper $1)" >&2
    fail "$1 does not show '$3'"
}
# refused CODE WORDS COMMAND...
refused() {
    local code=$1 words=$2 got; shift 2
    "$@" >"$D/out" 2>&1; got=$?
    [ $got = "$code" ] && grep -qF -- "$words" "$D/out" || { cat "$D/out"; fail "exit code $got, expected $code and '$words': $*"; }
}

draft "First text, six persons"
id=$(publishes)
until_shows fra "$id" "First text"

draft "Second text, seven persons"
[ "$(publishes --replace "$id")" = "$id" ] || fail "another id"
[ "$(publishes --replace "$id")" = "$id" ] || fail "the same again"
node gbr show "$id" | grep -q "version 2" || fail "the same file sent twice made two versions"
until_shows fra "$id" "Second text"
node gbr show --version 1 "$id" | grep -q "First text" || fail "the older version is not shown"
node fra show --raw "$id" | grep -q "First text" && fail "FRA is shown the older text"
refused 1 "version 3 is not held here" node gbr show --version 3 "$id"
refused 2 "expected a whole number" node gbr show --version x "$id"

# found NATION WORDS...: how many reports a search finds
found() { local n=$1; shift; node $n --format tsv search "$@" | wc -l; }
for n in gbr fra; do
    [ "$(found $n second TEXT --topic piracy --area SOM --box 10,45,11,46)" = 1 ] || fail "$n does not find the second version"
    [ "$(found $n first text)" = 0 ] || fail "$n finds the first version"
done
cell="--cert $D/gbr/certs/cell-J2-MARITIME.pem --key $D/gbr/certs/cell-J2-MARITIME.key"
web() { curl -s -k --noproxy '*' --max-time 10 "$@" "https://$(cat "$D/gbr/run/address")/v1/reports?text=second%20text"; }
web $cell | grep -q "<id>urn:uuid:${id#urn:uuid:}</id>" || fail "a cell does not find the report"
[ "$(as fra gbr '/v1/reports?text=second' -o /dev/null -w '%{http_code}')" = 403 ] || fail "a partner may search"
refused 2 "unknown option" node gbr search --frob
refused 2 "an instant" node gbr search --from yesterday

# The draft says itself what it is.
state='s/type="MARINTREP"/& report="'$id'" version="3"/'
draft "Third text, eight persons" "$state"
[ "$(publishes)" = "$id" ] || fail "another id"
[ "$(publishes)" = "$id" ] || fail "the same again"
until_shows fra "$id" "Third text"
before=$(state_of gbr)
draft "Other third text, nine persons" "$state"
refused 3 "current version is 3" node gbr publish "$D/draft.xml"
refused 3 "published with other content" node gbr publish --replace "$id" "$D/draft.xml"
draft "Fourth text" 's/J2-MARITIME/J9/'
refused 1 "cell-J9" node gbr publish --replace "$id" "$D/draft.xml"
draft "Fourth text" 's/nation="GBR"/nation="FRA"/'
refused 1 "this node publishes for" node gbr publish --replace "$id" "$D/draft.xml"
refused 2 "one draft" node gbr publish --replace "$id" "$D/draft.xml" "$D/draft.xml"
refused 1 "" node gbr publish --replace 00000000 "$D/draft.xml"
[ "$(state_of gbr)" = "$before" ] || fail "a refused correction changed something"

# For FRA no longer: it is withdrawn there.
draft "Fifth text" 's/<slab:GenericValue>FRA<\/slab:GenericValue>//'
publishes --replace "$id" >/dev/null
for i in $(seq 100); do node fra show "$id" >/dev/null 2>&1 || break; sleep 0.2; done
node fra show "$id" >/dev/null 2>&1 && fail "FRA still shows what was withdrawn"
wait_exchanged 60 || fail "the exchange did not complete"

# A new partner of this feed gets positions of what was superseded, and none of its content.
as fra gbr /v1/feed >"$D/page" || fail "FRA cannot read the feed"
grep -qE '(First|Second|Third|Fifth) text' "$D/page" && fail "the feed holds content that was superseded or withdrawn"
node gbr recall "$id" --reason "End of the test" >/dev/null || fail "recall"
wait_exchanged 60 || fail "the exchange did not complete"
for n in gbr fra; do [ "$(found $n text --topic piracy)" = 0 ] || fail "$n finds what was recalled"; done
draft "Sixth text"
refused 1 "recalled" node gbr publish --replace "$id" "$D/draft.xml"
for n in $NATIONS; do node $n audit verify >/dev/null || fail "the log of $n does not verify"; done
echo "corrections reach the partner, exactly once"
