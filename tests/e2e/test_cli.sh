#!/bin/bash
# What the programs say when people make the common mistakes: exit codes (relto(1), reltod(8)) and messages that name
# what is wrong, where, and what to do. None of them leaves anything half made.
. "$(dirname "$0")/lib.sh"
N=$D/own
count=0

# says CODE WORDS COMMAND...: the command ends with CODE, and its output holds WORDS
says() {
    local code=$1 words=$2 got; shift 2
    "$@" >"$D/out" 2>&1; got=$?
    [ $got = "$code" ] || { cat "$D/out"; fail "exit code $got, expected $code: $*"; }
    grep -qF -- "$words" "$D/out" || { cat "$D/out"; fail "does not say '$words': $*"; }
    count=$((count + 1))
}
own() { "$RELTO" -C "$N" "$@"; }

# ---- usage
says 2 "usage: relto" "$RELTO"
says 0 "Exit codes" "$RELTO" --help
says 2 "no such command" "$RELTO" frobnicate
says 2 "expected the node directory" "$RELTO" -C
says 2 "expected text, xml, tsv, json, html or csv" "$RELTO" --format yaml list
says 2 "unknown option '--frob'" own list --frob
says 2 "needs a value" own list --from
for c in init partner cert new import export preview publish list search show recall verify policy sync audit status; do
    says 0 "usage: relto" "$RELTO" $c --help
done
says 2 "usage: reltod" "$RELTOD"

# ---- no node, and a node that init did not finish
says 1 "relto init" "$RELTO" -C "$D/nowhere" status
says 1 "this is no node directory" "$RELTO" -C "$D" status
says 1 "relto init" "$RELTOD" "$D/nowhere"
says 2 "give --nation" "$RELTO" -C "$D" import --type asam --out "$D/x" /dev/null
says 2 "--nation" own init
says 2 "not expected" own init --nation OWN other
says 1 'expected a numeric address' own init --nation OWN --listen localhost:1
says 1 'expected a loopback address' own init --nation OWN --metrics 0.0.0.0:1
says 1 "cannot open" own init --nation OWN --policy "$D/nowhere.xml"
says 1 'this is the policy of "GBR"' own init --nation OWN --policy "$ROOT/conf/policies/gbr.xml"
[ ! -e "$N/relto.conf" ] || fail "init left a node behind that is not good"
says 0 "is ready" "$RELTO" -C "$N/deep/er" init --nation OWN --listen 127.0.0.1:0 --metrics 127.0.0.1:0
mv "$N/deep/er" "$D/n" && rm -rf "$N" && mv "$D/n" "$N"
says 3 "there is a node in this directory already" own init --nation OWN
says 1 "start the node once" own list

# ---- configuration: every fault, with its line, before anything is opened
conf=$N/relto.conf
says 0 "are good" "$RELTOD" --check-config "$N"
broken() { # broken WORDS FILE: with this file of the node changed by the function `change`
    local file=$N/$2
    cp -p "$file" "$D/saved"; change "$file"
    says 1 "$1" "$RELTOD" --check-config "$N"
    rm -f "$file"; cp -p "$D/saved" "$file"
}
change() { sed -i 's/^;level = info/levle = info/' "$1"; }
broken "levle: no such key in [log]" relto.conf
change() { sed -i 's/^;poll-wait-s = 60/poll-wait-s = 999/' "$1"; }
broken "expected a whole number from 0 to 300" relto.conf
change() { printf '[partner FRA]\n' >>"$1"; }
broken "partners/FRA.xml: cannot open" relto.conf
change() { sed -i '/^nation/d' "$1"; }
broken "nation: must be set in [node]" relto.conf
change() { rm "$1"; }
for f in keys/tls.key certs/node.pem ca/ca.pem ca/crl.pem keys/ledger.key keys/audit.key keys/card.key keys/consent.key \
    keys/report.key certs/report.pem policy/policy.xml policy/vocabulary.xml policy/spif/nato.xml; do
    broken "$f: cannot open" $f
done
change() { echo hello >"$1"; }
for f in keys/tls.key certs/node.pem ca/crl.pem keys/ledger.key keys/report.key certs/report.pem; do
    broken "$f: expected" $f
done
broken "card.xml:1:1: expected an XML document" card.xml
broken "policy.xml:1:1: expected an XML document" policy/policy.xml
change() { chmod 0644 "$1"; }
broken "keys/report.key: mode 0644 lets others in; run: chmod" keys/report.key
change() { sed -i 's/nation="OWN"/nation="FRA"/' "$1"; }
broken 'this is the policy of "FRA", the node is "OWN"' policy/policy.xml
# a node certificate that has ended
openssl req -new -key "$N/keys/tls.key" -subj /CN=own.example -out "$D/csr" 2>/dev/null
: >"$D/index.txt"
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s/index.txt\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\nrand_serial=yes\n[p]\ncommonName=supplied\n' \
    "$D" "$D" >"$D/ca.cnf"
printf 'keyUsage=critical,digitalSignature\nsubjectAltName=URI:spiffe://own.example/node\n' >"$D/ext"
openssl ca -batch -notext -config "$D/ca.cnf" -cert "$N/ca/ca.pem" -keyfile "$N/ca/ca.key" -in "$D/csr" -extfile "$D/ext" \
    -startdate 20250101000000Z -enddate 20260101000000Z -out "$D/ended.pem" 2>/dev/null || fail "openssl made no certificate"
change() { cp "$D/ended.pem" "$1"; }
broken "certs/node.pem: expired 2026-01-01T00:00:00Z" certs/node.pem
says 0 "are good" "$RELTOD" --check-config "$N"

# ---- partners and certificates
"$RELTO" -C "$D/fra" init --nation FRA --listen 127.0.0.1:0 --metrics 127.0.0.1:0 >/dev/null || fail "init of fra"
"$RELTO" -C "$D/fra" partner card >"$D/fra.card" 2>"$D/print" || fail "card of fra"
print=$(sed 's/^fingerprint: //' "$D/print")
says 2 "have the partner read it to you" own partner add "$D/fra.card"
says 3 "not the one given" own partner add "$D/fra.card" --fingerprint "0000 1111"
says 1 "expected an XML document" own partner add /etc/hostname --fingerprint "$print"
says 0 "FRA (fra.example) added" own partner add "$D/fra.card" --fingerprint "$print"
says 3 "cannot be a partner" "$RELTO" -C "$D/fra" partner add "$D/fra.card" --fingerprint "$print"
says 4 "is reltod running there?" own partner test FRA
says 1 "no such partner" own partner test ITA
says 1 "no such partner" own partner remove ITA
says 2 "--role must be" own cert issue --role boss --name A
says 2 "--name must be" own cert issue --role cell --name "A B"
says 2 "--days: '1x' is not a number" own cert issue --role cell --name A --days 1x
says 1 "no certificate with this serial" own cert revoke 12
says 0 "cell-J2.pem" own cert issue --role cell --name J2
says 0 "the earlier certificate of this name stays valid" own cert issue --role cell --name J2

# ---- a running node
mkdir -p "$N/run"
NATIONS=own
start own
says 0 "reltod    process $(pid_of own) at 127.0.0.1:" own status
says 1 "another reltod (process $(pid_of own)) runs on this store" "$RELTOD" "$N"
label() { # label CLASSIFICATION
    printf '%s' '<label><slab:originatorConfidentialityLabel xmlns:slab="urn:nato:stanag:4774:confidentialitymetadatalabel:1:0">' \
        '<slab:ConfidentialityInformation><slab:PolicyIdentifier URI="urn:oid:1.3.26.1.3.1">NATO</slab:PolicyIdentifier>' \
        "<slab:Classification>$1</slab:Classification>" '<slab:Category Type="PERMISSIVE" TagName="Context">' \
        '<slab:GenericValue>NATO</slab:GenericValue></slab:Category></slab:ConfidentialityInformation>' \
        '<slab:CreationDateTime>2026-11-22T13:34:00Z</slab:CreationDateTime></slab:originatorConfidentialityLabel></label>'
}
cat >"$D/good.xml" <<END
<report xmlns="urn:relto:report:1">
  $(label RESTRICTED)
  <header type="MARINTREP" separable="true" xml:lang="en">
    $(label UNCLASSIFIED)
    <originator nation="OWN" cell="J2"/>
    <title>Skiffs seen</title>
    <topic>piracy</topic>
    <area>SOM</area>
    <grading reliability="B" credibility="2"/>
  </header>
  <portion>
    $(label RESTRICTED)
    <text>Two skiffs.</text>
  </portion>
</report>
END
# draft CODE WORDS SED-EXPRESSION: a draft so changed is refused
draft() {
    sed "$3" "$D/good.xml" >"$D/draft.xml"
    cmp -s "$D/good.xml" "$D/draft.xml" && fail "changes nothing: $3"
    says "$1" "$2" own preview "$D/draft.xml"
}
says 2 "no file given" own publish
says 1 "cannot open" own publish "$D/nowhere.xml"
says 1 "a folder; expected a file" own publish "$D"
: >"$D/empty.xml"
says 1 "empty.xml:1:1: empty; expected an XML document" own publish "$D/empty.xml"
echo "Two skiffs." >"$D/text.xml"
says 1 "expected an XML document, which begins with '<'" own publish "$D/text.xml"
draft 1 "draft.xml:15:10: portion: Opening and ending tag mismatch" 's,</portion>,,'
draft 1 "comments are not accepted here; remove them" 's,<text>Two,<text>Two<!-- x -->,'
draft 1 'expected <report xmlns="urn:relto:report:1">' 's/report:1"/report:9"/'
draft 1 '"pyracy" is not in the vocabulary' 's/>piracy</>pyracy</'
draft 1 '"XYZ" is not in the vocabulary' 's/>SOM</>XYZ</'
draft 1 '"reliability" is one of ABCDEF, got "G"' 's/reliability="B"/reliability="G"/'
draft 1 '<region> does not stand here; order: label, originator' 's/area>/region>/g'
draft 1 '"SECRETT" is not a classification of the policy NATO' 's/>RESTRICTED</>SECRETT</'
draft 1 'above the overall classification UNCLASSIFIED; raise the overall label' '2s/>RESTRICTED</>UNCLASSIFIED</'
draft 1 'expected a time such as' 's/2026-11-22T13:34:00Z/22 Nov 2026/'
draft 1 'nation is "FRA"; this node publishes for "OWN" only' 's/nation="OWN"/nation="FRA"/'
draft 1 'make one: relto cert issue --role cell --name J9' 's/cell="J2"/cell="J9"/'
id=$(own publish --quiet "$D/good.xml") || fail "a good draft is refused"
says 0 "$id" own --format json publish "$D/good.xml" # sent again; a form that publish does not know comes as text
short=${id#urn:uuid:}; short=${short:0:6}

# the draft that comes with the program: what README tells newcomers to try
"$RELTO" policy explain --format tsv --policy "$ROOT/conf/policies/gbr.xml" --spif-dir "$ROOT/conf/spif" \
    --vocabulary "$ROOT/conf/vocabulary.xml" "$ROOT/conf/draft.xml" | cut -f1,2,5 | tr '\t\n' ' ;' >"$D/out"
[ "$(cat "$D/out")" = "FRA release -;MARSEC redact label,e2;" ] || fail "conf/draft.xml: $(cat "$D/out")"
sed 's/"GBR" cell="J2-NORTH"/"OWN" cell="J2"/' "$ROOT/conf/draft.xml" >"$D/shipped.xml"
says 0 "urn:uuid:" own publish "$D/shipped.xml"
shipped=$(own publish --quiet "$D/shipped.xml")

# ---- a draft to be filled in: refused with every fault while it is empty, accepted then, comments and all
says 0 "HUMINTREP    Human intelligence report" own new
says 1 "no such type" own new FROBREP
says 1 "no SPIF of this security policy" own new HUMINTREP --security-policy FROB
says 2 "one TYPE at most" own new A B
own new HUMINTREP --cell J2 >"$D/new.xml" || fail "no draft is made"
says 1 '"separable" is true or false' own publish "$D/new.xml"
says 1 "the title is empty" own preview "$D/new.xml"
sed -i 's/separable=""/separable="true"/; s/Classification></Classification>RESTRICTED</; s/\(TagName="Context"><slab:GenericValue>\)/\1NATO/
    s/<title>/<title>T/; s/<area>/<area>SOM/; s/reliability="" credibility=""/reliability="B" credibility="2"/' "$D/new.xml"
says 1 "the portion has no text" own publish "$D/new.xml"
sed -i 's/<text>/<text>x/' "$D/new.xml"
says 0 "urn:uuid:" own publish "$D/new.xml"
sed -i 's/<text>x/<text>x<!-- y -->/' "$D/new.xml"
says 1 "comments are not accepted here" own publish "$D/new.xml"

# ---- naming reports
unknown=00000000-0000-0000-0000-000000000000
says 2 "one REPORT is needed" own show
says 1 "not a report id" own show 123
says 1 "no report here begins so" own show zzzzzz
says 1 "not found here; 'relto list' shows" own show $unknown
says 1 "not found here; 'relto list' shows" own recall $unknown --reason x
says 1 "not found here; 'relto list' shows" own export --stix $unknown
says 0 "urn:relto:report:1" own --format xml show $short
says 0 "default-src 'none'" own show $short --format html
says 0 "MGRS 38P" own show "$shipped"
says 1 "here: not held" own audit who-has $unknown
says 1 "names no such partner" own policy explain $short FRA
says 2 "is no time of the form" own policy explain $short FRA --at yesterday
says 2 "is no kind of event" own audit query --kind frob
says 0 "no event of the log names such a partner" own audit query --partner NOBODY
says 2 "is not a number of seconds" own sync status --wait soon
says 2 "--reason is needed" own recall $short
says 2 "at most 255 fit" own recall $short --reason "$(printf '%0300d' 0)"
says 2 "expected cell-NAME or officer-NAME" own recall $short --reason x --as ../x
says 1 "it was never recalled here" own recall status $short
says 0 "recalled" own recall $short --reason "Wrong ship"
says 1 "recalled already" own recall $short --reason "Wrong ship"
says 1 "recalled; its content is erased" own show $short
says 0 "0 without receipt" own recall status $short
says 1 "Wrong ship" own audit who-has $short
says 1 "not the exclusive canonical form" own verify "$D/good.xml"
says 2 "no file given" own verify

# ---- refusals between program and node: each side says why, and it is no question of the network
serial=$(openssl x509 -in "$N/certs/cell-J2.pem" -noout -serial | cut -d= -f2 | tr A-Z a-z)
log=$(wc -l <"$N/run/log")
own cert revoke "$serial" >/dev/null || fail "revoking"
kill -HUP "$(pid_of own)"
for i in $(seq 100); do tail -n "+$((log + 1))" "$N/run/log" | grep -q event=reloaded && break; read -rt 0.1 <> <(:); done
says 3 "the node does not accept" own preview "$D/good.xml"
grep -q 'event=connection-refused .*certificate revoked' "$N/run/log" || fail "the log does not say that it was revoked"
cp "$conf" "$D/saved"; echo "[partnr ITA]" >>"$conf"
kill -HUP "$(pid_of own)"
for i in $(seq 100); do grep -q event=reload-refused "$N/run/log" && break; read -rt 0.1 <> <(:); done
grep -q "event=reload-refused .*relto.conf:$(wc -l <"$conf"): partnr ITA" "$N/run/log" || fail "reload-refused does not say where"
cp "$D/saved" "$conf"
stop own
says 0 "reltod    not running" own status
says 4 "is reltod running there?" own preview "$D/good.xml"
own cert issue --role cell --name J2 >/dev/null
cp "$D/ended.pem" "$N/certs/node.pem"
start own
grep -q 'event=certificate-expired' "$N/run/log" || fail "the log does not say that the certificate has ended"
says 3 "is not trusted: spiffe://own.example/node: certificate has expired" own preview "$D/good.xml"
stop own

# ---- a damaged store is found, and is told from everything else
says 0 "good" own audit verify
chmod 0777 "$N/store"
says 3 "lets others in; run: chmod" own status
says 1 "lets others in; run: chmod" "$RELTOD" "$N"
chmod 0700 "$N/store"
head -c 100000 /dev/zero | tr '\0' 'x' | dd of="$N/store/data.mdb" bs=4096 seek=2 conv=notrunc 2>/dev/null
says 5 "damaged" own audit verify
says 5 "damaged" own list
says 1 "damaged" "$RELTOD" "$N"
rm -rf "$N/store"
says 1 "store" own list
start own
grep -q 'event=new-store' "$N/run/log" || fail "a store that is gone goes unnoticed"
stop own
echo "$count messages and exit codes are right"
