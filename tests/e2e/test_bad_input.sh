#!/bin/bash
# Bad input: each gets its clear error, and changes nothing.
. "$(dirname "$0")/lib.sh"
make_nations
drafts gbr
for n in $NATIONS; do start $n; done
good=$(ls "$D"/drafts/gbr/*.xml | head -n 1)
node gbr publish "$good" >/dev/null || fail "a good report is refused"
wait_exchanged 60 || fail "the exchange did not complete"
before=$(state_of gbr)

# refused NAME EXIT-CODE WORDS COMMAND...: the command ends so and says so, and the node is as before
refused() {
    local name=$1 code=$2 words=$3 got; shift 3
    "$@" >"$D/out" 2>&1; got=$?
    [ $got = "$code" ] || { cat "$D/out"; fail "$name: exit code $got, expected $code"; }
    grep -qiE -- "$words" "$D/out" || { cat "$D/out"; fail "$name: the message does not say '$words'"; }
    [ "$(state_of gbr)" = "$before" ] || fail "$name changed the node"
    echo "ok: $name: $(grep -iE -m1 -- "$words" "$D/out" | cut -c1-160)"
}

head -c 300 "$good" >"$D/cut.xml"
refused "a malformed report" 1 'line|:[0-9]+:' node gbr publish "$D/cut.xml"
# the same straight to the node, past the command line's own checks
cell="--cert $D/gbr/certs/cell-J2-MARITIME.pem --key $D/gbr/certs/cell-J2-MARITIME.key"
post() { curl -s -k --noproxy '*' $cell --data-binary @"$1" "https://$(cat "$D/gbr/run/address")/v1/reports"; }
refused "a malformed report, posted" 0 'urn:relto:problem:' post "$D/cut.xml"
sed 's/<\(slab:\)\{0,1\}GenericValue>SYNTHETIC</<\1GenericValue>NO-SUCH-VALUE</' "$good" >"$D/category.xml"
cmp -s "$good" "$D/category.xml" && fail "the test does not change a category"
refused "an unknown category" 1 'NO-SUCH-VALUE' node gbr publish "$D/category.xml"
# raise the classification of the first portion above the overall label's
awk '/<portion/ { p = 1 } p && !done && sub(/Classification>[A-Z ]*</, "Classification>SECRET<") { done = 1 } { print }' "$good" >"$D/low.xml"
cmp -s "$good" "$D/low.xml" && fail "the test does not change a label"
refused "a label too low" 1 'label-too-low' node gbr publish "$D/low.xml"
sed 's/nation="GBR"/nation="FRA"/' "$good" >"$D/nation.xml"
refused "another nation's report" 1 'originator|publishes for' node gbr publish "$D/nation.xml"

# A certificate of an authority that nobody knows.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=stranger \
    -addext "subjectAltName=URI:spiffe://fra.example/node" -keyout "$D/x.key" -out "$D/x.pem" 2>/dev/null
call() { curl -s -S -k --noproxy '*' --max-time 10 --cert "$1" --key "$2" "https://$(cat "$D/gbr/run/address")/v1/feed"; echo; return 0; }
handshake_fails() {
    local log
    log=$(wc -l <"$D/gbr/run/log")
    curl -s -k --noproxy '*' --max-time 10 --cert "$1" --key "$2" "https://$(cat "$D/gbr/run/address")/v1/feed" && return 1
    # what the operator of the refusing node reads
    tail -n "+$((log + 1))" "$D/gbr/run/log"
    return 0
}
refused "an unknown partner certificate" 0 'connection-refused' handshake_fails "$D/x.pem" "$D/x.key"

# A certificate by FRA's authority that names MARSEC's node, and one that names GBR's own cell.
evil() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=evil -keyout "$D/evil.key" -out "$D/evil.csr" 2>/dev/null
    printf 'subjectAltName=URI:%s\nkeyUsage=digitalSignature\nextendedKeyUsage=clientAuth,serverAuth\n' "$1" >"$D/evil.ext"
    openssl x509 -req -in "$D/evil.csr" -CA "$D/fra/ca/ca.pem" -CAkey "$D/fra/ca/ca.key" -days 2 -extfile "$D/evil.ext" \
        -set_serial 77 -out "$D/evil.pem" 2>/dev/null
}
evil spiffe://marsec.example/node
refused "a certificate of FRA's authority that names MARSEC" 0 'connection-refused' handshake_fails "$D/evil.pem" "$D/evil.key"
evil spiffe://gbr.example/cell/J2-MARITIME
refused "a certificate of FRA's authority that names GBR's cell" 0 'connection-refused' handshake_fails "$D/evil.pem" "$D/evil.key"
# and the control: FRA's own certificate is let in
as fra gbr "/v1/card" | cmp -s - "$D/gbr/card.xml" || fail "FRA's own certificate is refused"
# forbidden and unknown look the same to a partner
known=$(node gbr --format tsv list | cut -f1 | head -n 1)
as fra gbr "/v1/reports/00000000-0000-4000-8000-000000000000" >"$D/unknown"
grep -q 'not-found' "$D/unknown" || fail "an unknown report is not a 404"
[ "$(as fra gbr /v1/reports -X POST -d x -o /dev/null -w '%{http_code}')" = 403 ] || fail "a partner may post reports"
[ "$(state_of gbr)" = "$before" ] || fail "something changed the node"
node gbr audit query --kind denied | grep -q 'count=' || fail "the refused connections are not in the audit log"
echo "all refused, nothing changed"
