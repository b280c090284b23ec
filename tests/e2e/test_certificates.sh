#!/bin/bash
# Certificates of running nodes: the node's own and its authority are replaced without a gap, a pinned partner goes on, a
# revoked one is put out at once, held requests included, a broken file changes nothing, and the days left are told.
. "$(dirname "$0")/lib.sh"
NATIONS="gbr fra"
make_nations
sed -i '/^\[partner FRA\]/a crl = partners/FRA.crl' "$D/gbr/relto.conf"
cp "$D/fra/ca/crl.pem" "$D/gbr/partners/FRA.crl"
for n in $NATIONS; do start $n; done

published=0
publishes() { # a report of GBR, until it is at FRA
    local id i
    published=$((published + 1))
    sed -e 's/J2-NORTH/J2-MARITIME/' -e "s/Two skiffs with six persons/Report $published/" "$ROOT/conf/draft.xml" >"$D/draft.xml"
    id=$(node gbr publish --quiet "$D/draft.xml") || fail "publish $published"
    for i in $(seq 150); do node fra show "$id" 2>/dev/null | grep -qF "Report $published" && return 0; sleep 0.1; done
    fail "report $published did not arrive: $1"
}
reload() { node "$1" reload >"$D/out" 2>&1 || { cat "$D/out"; fail "reload of $1: $2"; }; }
serial() { openssl x509 -in "$1" -noout -serial | sed 's/serial=//' | tr A-F a-f; }
metric() { curl -s --noproxy '*' --max-time 10 "http://$(cat "$D/gbr/run/metrics")/metrics" | grep -v "^#" | grep -F "$1" | sed 's/.* //'; }
days() { # METRIC LEAST MOST
    local is; is=$(metric "$1")
    [ -n "$is" ] && awk -v x="$is" -v a="$2" -v b="$3" 'BEGIN { exit !(x >= a && x <= b) }' || fail "$1 is '$is', not $2 to $3"
}
# The certificate that a node shows; FRA's is good enough to be told.
shown() {
    openssl s_client -connect "$(cat "$D/$1/run/address")" -cert "$D/fra/certs/node.pem" -key "$D/fra/keys/tls.key" </dev/null 2>/dev/null |
        openssl x509 -noout -serial | sed 's/serial=//' | tr A-F a-f
}
wait_for() { local i; for i in $(seq 100); do "$@" 2>/dev/null && return 0; sleep 0.1; done; return 1; }
code() { as fra gbr /v1/card -o /dev/null -w '%{http_code}'; }
publishes "before anything"

# ---- days left
days 'relto_certificate_days_left ' 729 730
days 'relto_report_certificate_days_left ' 1094 1095
days 'relto_trust_anchors_days_left{partner="FRA"}' 3649 3650
days 'relto_trust_anchors_days_left{partner=""}' 3649 3650
days 'relto_revocation_list_days_left{partner="FRA"}' 3649 3650

# ---- the node's certificate: the partner goes on pulling, both are good
old=$(serial "$D/gbr/certs/node.pem")
cp "$D/gbr/certs/node.pem" "$D/old.pem"; cp "$D/gbr/keys/tls.key" "$D/old.key"
node gbr cert renew-node --days 10 2>"$D/out" >/dev/null || fail "renew-node"
grep -q "cert revoke $old" "$D/out" || fail "renew-node does not say that the earlier certificate stays good"
[ "$(shown gbr)" = "$old" ] || fail "the new certificate is shown before the reload"
reload gbr "a renewed certificate"
new=$(serial "$D/gbr/certs/node.pem")
[ "$new" != "$old" ] && [ "$(shown gbr)" = "$new" ] || fail "the new certificate is not shown after the reload"
days 'relto_certificate_days_left ' 9 10
grep -q 'event=certificate-ends .*node.pem' "$D/gbr/run/log" || fail "no warning of a certificate that ends in 10 days"
publishes "after the renewal"
for c in "$D/old" "$D/gbr"; do
    [ -d "$c" ] && pair="$c/certs/node.pem $c/keys/tls.key" || pair="$c.pem $c.key"
    set -- $pair
    got=$(curl -s -k --noproxy '*' --max-time 10 --cert "$1" --key "$2" -o /dev/null -w '%{http_code}' "https://$(cat "$D/fra/run/address")/v1/card")
    [ "$got" = 200 ] || fail "$1 is not good at FRA: $got"
done

# ---- a broken file: the old state stays
cp "$D/gbr/certs/node.pem" "$D/good.pem"
echo rubbish >"$D/gbr/certs/node.pem"
before=$(date +%s)
node gbr reload >"$D/out" 2>&1; [ $? = 1 ] || { cat "$D/out"; fail "a broken certificate is not refused"; }
[ $(($(date +%s) - before)) -lt 10 ] || fail "a refusal is told late"
grep -q '^relto: reload: refused: .*node.pem.*; the old state stays in force$' "$D/out" || { cat "$D/out"; fail "the refusal does not say why"; }
grep -q 'event=reload-refused .*node.pem' "$D/gbr/run/log" || fail "the log does not tell of the refusal"
node gbr audit query --kind config | grep -q 'change=reload-refused.*node.pem' || fail "the audit log does not tell of the refusal"
cp "$D/good.pem" "$D/gbr/certs/node.pem"
[ "$(shown gbr)" = "$new" ] || fail "a reload that was refused changed the certificate"
publishes "after a refused reload"

# ---- the authority: FRA holds both anchors before GBR uses the new one
mkdir "$D/other"
node other init --nation GBR --listen 127.0.0.1:0 --metrics 127.0.0.1:0 --policy "$ROOT/conf/policies/gbr.xml" >/dev/null || fail "init"
cp "$D/other/certs/node.pem" "$D/next.pem"; cp "$D/other/keys/tls.key" "$D/next.key"
next() { curl -s -k --noproxy '*' --max-time 10 --cert "$D/next.pem" --key "$D/next.key" -o /dev/null -w '%{http_code}' "https://$(cat "$D/fra/run/address")/v1/card"; }
[ "$(next)" = 000 ] || fail "an authority that no card names vouches for GBR"
cat "$D/other/ca/ca.pem" >>"$D/gbr/ca/ca.pem"
cat "$D/other/ca/crl.pem" >>"$D/gbr/ca/crl.pem"
node gbr partner card >/dev/null 2>&1 || fail "card with two anchors"
reload gbr "two anchors"
node fra partner update GBR >/dev/null || fail "update to the card with two anchors"
reload fra "the card with two anchors"
publishes "under two anchors"
cp "$D/next.pem" "$D/gbr/certs/node.pem"; cp "$D/next.key" "$D/gbr/keys/tls.key"
reload gbr "a certificate of the new authority"
[ "$(shown gbr)" = "$(serial "$D/next.pem")" ] && [ "$(next)" = 200 ] || fail "the new authority's certificate is not in use"
publishes "under the new authority"
cp "$D/other/ca/ca.pem" "$D/gbr/ca/ca.pem"; cp "$D/other/ca/crl.pem" "$D/gbr/ca/crl.pem"; cp "$D/other/ca/ca.key" "$D/gbr/ca/ca.key"
node gbr cert issue --role cell --name "$(cell_of gbr)" >/dev/null 2>&1 || fail "the new authority issues"
node gbr partner card >/dev/null 2>&1 || fail "card with the new anchor alone"
reload gbr "the new anchor alone"
node fra partner update GBR >/dev/null || fail "update to the card with the new anchor"
reload fra "the card with the new anchor"
publishes "without the old authority"
got=$(curl -s -k --noproxy '*' --max-time 10 --cert "$D/old.pem" --key "$D/old.key" -o /dev/null -w '%{http_code}' "https://$(cat "$D/fra/run/address")/v1/card")
[ "$got" = 000 ] || fail "the authority that was taken out still vouches: $got"

# ---- a partner known by pins
node fra cert issue --role cell --name PINNED >/dev/null || fail "cert issue"
pin() { openssl x509 -in "$1" -outform DER | sha256sum | cut -d' ' -f1; }
first=$(pin "$D/fra/certs/cell-PINNED.pem")
cp "$D/fra/certs/cell-PINNED.pem" "$D/pin1.pem"; cp "$D/fra/certs/cell-PINNED.key" "$D/pin1.key"
node fra cert issue --role cell --name PINNED >/dev/null 2>&1 || fail "cert issue"
second=$(pin "$D/fra/certs/cell-PINNED.pem")
pinned() { curl -s -k --noproxy '*' --max-time 10 --cert "$1.pem" --key "$1.key" -o /dev/null -w '%{http_code}' "https://$(cat "$D/gbr/run/address")/v1/card"; }
[ "$(pinned "$D/pin1")" = 000 ] || fail "a certificate that is no partner's is let in"
sed -i "/^\[partner FRA\]/a pin-sha256 = $first $second" "$D/gbr/relto.conf"
reload gbr "two pins"
[ "$(pinned "$D/pin1")" = 200 ] && [ "$(pinned "$D/fra/certs/cell-PINNED")" = 200 ] || fail "two pins are not both good"
sed -i "s/^pin-sha256 = .*/pin-sha256 = $second/" "$D/gbr/relto.conf"
reload gbr "one pin"
[ "$(pinned "$D/pin1")" = 000 ] && [ "$(pinned "$D/fra/certs/cell-PINNED")" = 200 ] || fail "the pin that was taken out is still good"

# ---- revocation: at once, on a held poll and on an open connection
[ "$(code)" = 200 ] || fail "FRA is not let in before its revocation"
stop fra
cursor=$(as fra gbr "/v1/feed?limit=1024" | sed -n 's/.*<r:cursor[^>]*>\([^<]*\)<.*/\1/p')
[ -n "$cursor" ] || fail "no cursor"
as fra gbr "/v1/feed?after=$cursor" -v -H 'Prefer: wait=60' --max-time 50 -o "$D/held" -w '%{http_code}' >"$D/held.code" 2>"$D/held.log" &
held=$!
mkfifo "$D/say"
openssl s_client -quiet -connect "$(cat "$D/gbr/run/address")" -cert "$D/fra/certs/node.pem" -key "$D/fra/keys/tls.key" \
    <"$D/say" >"$D/said" 2>/dev/null &
open=$!
exec 7>"$D/say"
printf 'GET /v1/card HTTP/1.1\r\nHost: gbr\r\n\r\n' >&7
wait_for grep -q '</card>' "$D/said" || fail "an open connection gets no card"
wait_for grep -q 'Prefer: wait=60' "$D/held.log" || fail "the poll was not sent"
[ ! -s "$D/held.code" ] || fail "the poll is not held: $(cat "$D/held.code")"
node fra cert revoke "$(serial "$D/fra/certs/node.pem")" >/dev/null || fail "revoking FRA"
cp "$D/fra/ca/crl.pem" "$D/gbr/partners/FRA.crl"
since=$SECONDS
reload gbr "the revocation"
wait $held; wait $open
exec 7>&-
[ $((SECONDS - since)) -le 10 ] || fail "connections of a revoked partner stay open"
[ "$(cat "$D/held.code")" = 000 ] && [ ! -s "$D/held" ] || fail "the held poll of a revoked partner was answered: $(cat "$D/held.code")"
[ "$(grep -c '</card>' "$D/said")" = 1 ] || fail "the open connection was answered again"
[ "$(grep -c 'event=connection-refused .*certificate revoked' "$D/gbr/run/log")" -ge 2 ] || fail "the log does not say why they were put out"
[ "$(code)" = 000 ] || fail "a revoked partner is let in: $(code)"
node fra cert renew-node >/dev/null 2>&1 || fail "FRA renews"
[ "$(code)" = 200 ] || fail "FRA's new certificate is refused: $(code)"
start fra
publishes "with FRA's new certificate"

# ---- and FRA does not pull from a node whose certificate was revoked
sed -i '/^\[partner GBR\]/a crl = partners/GBR.crl' "$D/fra/relto.conf"
cp "$D/other/ca/crl.pem" "$D/fra/partners/GBR.crl"
reload fra "a revocation list for GBR"
publishes "under FRA's list for GBR"
node other cert revoke "$(serial "$D/gbr/certs/node.pem")" >/dev/null || fail "revoking GBR"
cp "$D/other/ca/crl.pem" "$D/fra/partners/GBR.crl"
reload fra "the revocation of GBR"
wait_for grep -q 'partner="GBR".*certificate revoked' "$D/fra/run/log" || fail "FRA pulls from a node that was revoked"
rm "$D/fra/partners/GBR.crl"
reload fra "a list that is not there"
grep -q 'event=file-missing' "$D/fra/run/log" || fail "a list that is not there is not told"
for n in $NATIONS; do node $n audit verify >/dev/null || fail "the log of $n does not verify"; done
echo "certificates: replaced, revoked and watched as they should be; $published reports"
