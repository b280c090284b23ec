#!/bin/bash
# Two nations whose TLS, report and consent keys never leave a token (SoftHSM) exchange reports; whatever is missing or does
# not fit is told by --check-config; a key is replaced; without its token a node publishes nothing, and says so.
. "$(dirname "$0")/lib.sh"
NATIONS="gbr fra"
MODULE=/usr/lib/softhsm/libsofthsm2.so
for need in softhsm2-util pkcs11-tool "$MODULE" "$(openssl version -e | cut -d'"' -f2)/pkcs11.so"; do
    type "$need" >/dev/null 2>&1 || [ -e "$need" ] && continue
    [ -z "${CI:-}" ] || fail "$need is missing: tools/dev/packages tests"
    echo "SKIPPED: keys in tokens are NOT tested, since $need is missing: tools/dev/packages tests" >&2
    exit 0
done

# Nobody else's tokens, and none that an earlier test left.
export SOFTHSM2_CONF=$D/softhsm2.conf PIN=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
mkdir "$D/tokens"
echo "directories.tokendir = $D/tokens" >"$SOFTHSM2_CONF"
make_token() { # NATION
    softhsm2-util --init-token --free --label "relto $1" --so-pin "$PIN" --pin "$PIN" >/dev/null || fail "no token for $1"
    (umask 077; echo "$PIN" >"$D/$1/keys/pin")
}
made=10
make_key() { # NATION LABEL [TYPE]
    made=$((made + 1))
    pkcs11-tool --module $MODULE --token-label "relto $1" --login --pin env:PIN --keypairgen --key-type "${3:-EC:prime256v1}" \
        --label "$2" --id $made >/dev/null 2>&1 || fail "no key $2 in the token of $1"
}
uri() { echo "pkcs11:token=relto%20$1;object=$2?pin-source=$D/$1/keys/pin"; } # NATION LABEL
set_conf() { # NATION SECTION KEY VALUE
    sed -i -e "/^;\?$3 = /{/^;$3 = /!d}" -e "/^\[$2\]/a $3 = $4" "$D/$1/relto.conf"
}
refused() { # CODE WORDS COMMAND...
    local code=$1 words=$2 got; shift 2
    "$@" >"$D/out" 2>&1; got=$?
    ! grep -qF "$PIN" "$D/out" || fail "the PIN is told: $*"
    [ $got = "$code" ] && grep -qF -- "$words" "$D/out" || { cat "$D/out"; fail "exit code $got, expected $code and '$words': $*"; }
}
publishes() { # NATION CELL TEXT
    sed -e "s/J2-NORTH/$2/" -e "s/Two skiffs with six persons/$3/" "$ROOT/conf/draft.xml" >"$D/draft.xml"
    node "$1" publish --quiet "$D/draft.xml"
}
arrives() { # ID TEXT: at FRA, within 20 s
    local i
    for i in $(seq 100); do node fra show "$1" 2>/dev/null | grep -qF "$2" && return 0; sleep 0.2; done
    fail "'$2' did not arrive"
}

# ---- nodes as they begin, with keys in files; then everything moves into tokens
make_nations
for n in $NATIONS; do
    make_token $n
    for use in node report consent; do
        make_key $n $use
        mv "$D/$n/certs/$use.pem" "$D/$n/certs/$use-file.pem"
        node $n cert certify --for $use --key "$(uri $n $use)" --out "$D/$n/certs/$use.pem" >/dev/null || fail "$use of $n is not certified"
    done
    set_conf $n tls key "$(uri $n node)"
    set_conf $n release report-key "$(uri $n report)"
    set_conf $n release consent-key "$(uri $n consent)"
    mv "$D/$n/keys/tls.key" "$D/$n.tls.key"
    rm "$D/$n"/keys/{report,consent}.key
    node $n partner card >/dev/null 2>&1 || fail "no card of $n"
    "$RELTOD" --check-config "$D/$n" || fail "the configuration of $n is not good"
done
refused 3 "a file already" node gbr cert certify --for node --key "$(uri gbr node)" --out "$D/gbr/certs/node.pem"
refused 3 "KEYS IN TOKENS" node gbr cert rotate-report-key

for n in $NATIONS; do start $n; done
node fra partner update GBR >/dev/null && node fra reload >/dev/null || fail "FRA does not get the card of GBR"
node fra partner test GBR >/dev/null || fail "FRA does not reach GBR"
id=$(publishes gbr J2-MARITIME "Signed in a token") || fail "publish"
arrives "$id" "Signed in a token"
node fra show --raw "$id" >"$D/got.xml"
"$RELTO" verify --cert "$D/gbr/certs/report.pem" "$D/got.xml" >/dev/null || fail "the signature of the token does not verify"

# ---- what is wrong is told, and changes nothing
cp "$D/gbr/relto.conf" "$D/good.conf"
wrong() { # WORDS SECTION KEY VALUE
    set_conf gbr "$2" "$3" "$4"
    refused 1 "$1" "$RELTOD" --check-config "$D/gbr"
    cp "$D/good.conf" "$D/gbr/relto.conf"
}
pin=$D/gbr/keys/pin
wrong "no such token" tls key "pkcs11:token=relto%20deu;object=node?pin-source=$pin"
wrong "no private key of this name" tls key "$(uri gbr absent)"
wrong "without a PIN" tls key "pkcs11:token=relto%20gbr;object=node"
wrong "No such file" tls key "pkcs11:token=relto%20gbr;object=node?pin-source=$D/absent"
wrong "key values mismatch" tls key "$(uri gbr report)"
wrong "do not belong together" release report-key "$(uri gbr node)"
wrong "do not belong together" release consent-key "$(uri gbr node)"
wrong "module-path" tls key "$(uri gbr node)&module-path=/absent.so"
wrong "no PKCS#11 library" tls key "$(uri gbr node)&module-path=$(ldd "$RELTOD" | awk '/libcrypto/{print $3}')"
wrong "one library" release report-key "$(uri gbr report)&module-path=$MODULE"
wrong "must not stand here" tls key "pkcs11:token=relto%20gbr;object=node?pin-value=$PIN"
wrong "a file is expected" audit key "pkcs11:token=relto%20gbr;object=node?pin-value=$PIN"
make_key gbr rsa rsa:2048
wrong "not ECDSA P-256" release report-key "$(uri gbr rsa)"
echo 0$PIN >"$pin"
refused 1 "PIN incorrect" "$RELTOD" --check-config "$D/gbr"
echo >"$pin"
refused 1 "a line of 1 to" "$RELTOD" --check-config "$D/gbr"
echo "$PIN" >"$pin"
chmod 644 "$pin"
refused 1 "lets others in" "$RELTOD" --check-config "$D/gbr"
chmod 600 "$pin"
OPENSSL_ENGINES=/absent refused 1 "libengine-pkcs11-openssl" "$RELTOD" --check-config "$D/gbr"
refused 1 "no private key of this name" node gbr cert certify --for node --key "$(uri gbr absent)" --out "$D/none.pem"
[ ! -e "$D/none.pem" ] || fail "a certificate of nothing"
for n in $NATIONS; do # by another path to the same library
    sed -i "/^[a-z-]* = pkcs11:/s|\$|\&module-path=$MODULE|" "$D/$n/relto.conf"
    "$RELTOD" --check-config "$D/$n" >/dev/null || fail "the library by its path is not taken"
    sed -i "s|&module-path=.*||" "$D/$n/relto.conf"
done

# ---- the next key: announced, then taken into use
make_key gbr report2
node gbr cert certify --for report --key "$(uri gbr report2)" --out "$D/gbr/certs/report.pem.next" >/dev/null || fail "certify the next key"
node gbr partner card >/dev/null 2>&1 && node gbr reload >/dev/null || fail "reload with the card of both"
node fra partner update GBR >/dev/null && node fra reload >/dev/null || fail "FRA does not take the card of both"
set_conf gbr release report-key "$(uri gbr report2)"
refused 1 "do not belong together" node gbr reload
id=$(publishes gbr J2-MARITIME "After a reload that failed") || fail "publish after a reload that failed"
arrives "$id" "After a reload that failed"
mv "$D/gbr/certs/report.pem.next" "$D/gbr/certs/report.pem"
node gbr partner card >/dev/null 2>&1 && node gbr reload >/dev/null || fail "reload with the next key"
id=$(publishes gbr J2-MARITIME "Signed by the next key") || fail "publish with the next key"
arrives "$id" "Signed by the next key"
node fra show --raw "$id" >"$D/got.xml"
"$RELTO" verify --cert "$D/gbr/certs/report.pem" "$D/got.xml" >/dev/null || fail "the next key does not sign"
"$RELTO" verify "$D/got.xml" --cert "$D/fra/certs/report.pem" >/dev/null 2>&1 && fail "another nation's key vouches for it"
[ "$(node fra --format tsv audit query --kind quarantine | wc -l)" = 0 ] || fail "something is in quarantine"

# ---- the token is taken away, and comes back; TLS from a file, to be told so
mv "$D/gbr.tls.key" "$D/gbr/keys/tls.key"
set_conf gbr tls key keys/tls.key
set_conf gbr tls cert certs/node-file.pem
node gbr reload >/dev/null || fail "reload with the TLS key in a file again"
mv "$D/tokens" "$D/away"
refused 4 "The token that holds its report-signing key does not answer" publishes gbr J2-MARITIME "Without a token"
node gbr list | grep -q "Without a token" && fail "something unsigned is stored"
mv "$D/away" "$D/tokens"
kill -HUP "$(pid_of gbr)"
for i in $(seq 100); do grep -q "event=reload-refused.*restart reltod" "$D/gbr/run/log" && break; sleep 0.1; done
[ "$i" -lt 100 ] || fail "a reload takes a key that does not sign, or the log does not say what to do"
stop gbr; start gbr
id=$(publishes gbr J2-MARITIME "With the token again") || fail "publish with the token again"
arrives "$id" "With the token again"

for n in $NATIONS; do stop $n; node $n audit verify >/dev/null || fail "the log of $n does not verify"; done
grep -E "AddressSanitizer|LeakSanitizer|runtime error" "$D"/*/run/log && fail "a sanitizer found something"
echo "keys in tokens: good"
