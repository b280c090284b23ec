#!/bin/bash
# What hostile partners, hostile cells and careless operators try, over the real sockets and files.
. "$(dirname "$0")/lib.sh"
make_nations
drafts gbr

# ---- keys that others can get at (spec 8-29)
refuses_key() {
    "$RELTOD" --check-config "$D/gbr" >"$D/out" 2>&1 && fail "--check-config takes $1"
    timeout 20 "$RELTOD" "$D/gbr" >"$D/out" 2>&1 && fail "reltod starts with $1"
    grep -q "$2" "$D/out" || { cat "$D/out"; fail "reltod does not say what is wrong with $1"; }
}
for key in "$D"/gbr/keys/*.key; do
    [ "$(stat -c %a "$key")" = 600 ] || fail "init made $(basename "$key") with mode $(stat -c %a "$key")"
    chmod 644 "$key"
    refuses_key "$(basename "$key") that everybody may read" "lets others in"
    chmod 600 "$key"
done
for dir in keys ca store; do
    [ "$(stat -c %a "$D/gbr/$dir")" = 700 ] || fail "init made $dir with mode $(stat -c %a "$D/gbr/$dir")"
done
if [ "$(id -u)" = 0 ]; then
    chown 4711 "$D/gbr/keys/report.key"
    refuses_key "a key of another user" "belongs to user"
    chown 0 "$D/gbr/keys/report.key"
fi
openssl pkey -in "$D/gbr/keys/tls.key" -aes128 -passout pass:x -out "$D/gbr/keys/locked.key" 2>/dev/null
mv "$D/gbr/keys/tls.key" "$D/tls.key"; mv "$D/gbr/keys/locked.key" "$D/gbr/keys/tls.key"
refuses_key "a key under a passphrase, without asking for it" tls.key
mv "$D/tls.key" "$D/gbr/keys/tls.key"
"$RELTOD" --check-config "$D/gbr" >/dev/null || fail "the mended keys are refused"
echo "ok: keys that others can get at"

# ---- a card that would keep the node from starting
node evil init --nation EVL --name gbr.example --listen 127.0.0.1:0 --metrics 127.0.0.1:0 >/dev/null || fail "init of evil"
print=$(node evil partner card 2>&1 >"$D/evil.card" | sed -n 's/^fingerprint: //p')
node gbr partner add "$D/evil.card" --fingerprint "$print" >"$D/out" 2>&1 && fail "a card with our own trust domain is taken"
grep -q 'trust domain' "$D/out" || fail "the refusal does not name the trust domain"
grep -q EVL "$D/gbr/relto.conf" && fail "the refused card stands in relto.conf"
for n in $NATIONS; do start $n; done
echo "ok: a card at odds with what is there"

# ---- a cell's document of many different names
cell="--cert $D/gbr/certs/cell-J2-MARITIME.pem --key $D/gbr/certs/cell-J2-MARITIME.key"
to_gbr() { curl -s -k --noproxy '*' --max-time 60 "$@"; }
gbr=https://$(cat "$D/gbr/run/address")
{ printf '<report xmlns="urn:relto:report:1">'; seq -f '<n%.0f/>' 900000; printf '</report>'; } >"$D/names.xml"
s=$SECONDS
[ "$(to_gbr $cell --data-binary @"$D/names.xml" -o "$D/out" -w '%{http_code}' "$gbr/v1/preview")" = 413 ] || fail "a flood of names is not refused"
[ $((SECONDS - s)) -lt 8 ] || fail "a flood of names kept the node busy for $((SECONDS - s)) s"
echo "ok: a flood of names"

# ---- words that would forge lines of the auditor's
node gbr --format tsv publish "$D"/drafts/gbr/*.xml >"$D/published" 2>/dev/null || fail "publish"
own=$(awk -F'\t' '$2 == "FRA" && $3 == "release" { print $1; exit }' "$D/published" | sed 's/urn:uuid://')
to_gbr $cell -X DELETE -H 'If-Match: "1"' -o /dev/null "$gbr/v1/reports/$own?reason=a%0d%0a999%20%20forged%20line%c2%9b2J"
node gbr audit query --kind recall --actor cell:J2-MARITIME >"$D/out" || fail "audit query"
[ "$(wc -l <"$D/out")" -le 1 ] || fail "a reason makes up lines in the audit log's text"
grep -q '^999' "$D/out" && fail "a reason makes up lines in the audit log's text"
node gbr audit who-has "$own" | grep -q '^999' && fail "a reason makes up lines in who-has"
node gbr audit verify >/dev/null || fail "the log does not verify after it"
echo "ok: forged lines"

# ---- what a partner may not see is as what does not exist
wait_exchanged 120 || fail "the exchange did not complete"
hidden=$(awk -F'\t' '$2 == "FRA" && $3 == "release" { f[$1] = 1 } $2 == "MARSEC" && $3 == "deny" { m[$1] = 1 }
    END { for (r in f) if (r in m) { print r; exit } }' "$D/published" | sed 's/urn:uuid://')
digest=$(as fra gbr "/v1/reports/$hidden" -D - -o /dev/null | tr -d '\r' | sed -n 's/^ETag: //p')
[ -n "$hidden" ] && [ -n "$digest" ] || fail "no report that FRA gets and MARSEC does not"
look() { as marsec gbr "/v1/reports/$1" -i "${@:2}" | grep -v '^Date:'; }
unknown=$(tr 0-9a-f 1-9a-f0 <<<"$hidden" | sed 's/^\(.\{14\}\)./\14/; s/^\(.\{19\}\)./\18/')
for how in "" "-H If-None-Match:$digest" "-H If-None-Match:*" "-H Range:bytes=0-9" "-I" "-X DELETE" "-H If-Match:\"1\""; do
    look "$hidden" $how >"$D/a"; look "$unknown" $how >"$D/b"
    [ -s "$D/a" ] && cmp -s "$D/a" "$D/b" || { cat "$D/a" "$D/b"; fail "MARSEC can tell a hidden report from none ($how)"; }
done
cursor=$(as fra gbr "/v1/feed?limit=3" | sed -n 's/.*<r:cursor[^>]*>\([^<]*\)<.*/\1/p')
[ "$(as fra gbr "/v1/feed?after=$cursor" -o /dev/null -w '%{http_code}')" = 200 ] || fail "FRA's own cursor"
[ "$(as marsec gbr "/v1/feed?after=$cursor" -o /dev/null -w '%{http_code}')" = 410 ] || fail "FRA's cursor serves MARSEC"
echo "ok: hidden is as unknown"

# ---- a partner that does not hold our questions, and tells the same page for ever
as gbr fra "/v1/feed?limit=3" >"$D/page"
cursor=$(sed -n 's/.*<r:cursor[^>]*>\([^<]*\)<.*/\1/p' "$D/page")
now=$(node gbr sync status | grep '^FRA')
address=$(cat "$D/fra/run/address")
stop fra
mkdir -p "$D/www/v1"
{ printf 'HTTP/1.1 200 OK\r\nContent-Type: application/atom+xml\r\nConnection: close\r\nContent-Length: %d\r\n\r\n' "$(wc -c <"$D/page")"
  cat "$D/page"; } >"$D/www/v1/feed"
for n in 8 16 32 64 128 256; do # however long a page GBR asks for, and what that page says to ask next
    ln -s feed "$D/www/v1/feed?limit=$n"
    ln -s feed "$D/www/v1/feed?after=$cursor&limit=$n"
done
(cd "$D/www" && exec openssl s_server -accept "${address##*:}" -cert "$D/fra/certs/node.pem" -key "$D/fra/keys/tls.key" \
    -CAfile "$D/gbr/ca/ca.pem" -Verify 3 -tls1_3 -HTTP >"$D/server.log" 2>&1) &
server=$!
trap 'kill $server 2>/dev/null; stop_all; rm -rf "$D"' EXIT
: >"$D/gbr/run/log"
kill -HUP "$(pid_of gbr)" # forget the back-off
for i in $(seq 100); do grep -q FILE:v1/feed "$D/server.log" && break; sleep 0.1; done
grep -q FILE:v1/feed "$D/server.log" || { cat "$D/server.log"; fail "GBR never asked"; }
sleep 4
asked=$(grep -c FILE:v1/feed "$D/server.log")
kill $server; wait $server 2>/dev/null
[ "$asked" -le 25 ] || fail "a partner that leads nowhere was asked $asked times in 4 s"
[ "$(node gbr sync status | grep '^FRA' | sed 's/.*from it/from it/; s/;.*//')" = "$(sed 's/.*from it/from it/; s/;.*//' <<<"$now")" ] ||
    fail "the replayed page changed what GBR holds"
start fra
wait_exchanged 60 || fail "the exchange does not go on afterwards"
echo "ok: a partner that leads nowhere was asked $asked times in 4 s"
for n in $NATIONS; do node $n audit verify >/dev/null || fail "the logs of $n do not verify"; done
echo "nothing given away, nothing brought down"
