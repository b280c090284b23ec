#!/bin/bash
# Every rendition that a partner holds, whole or redacted, verifies with the stock tool as the report format says.
. "$(dirname "$0")/lib.sh"
command -v xmlsec1 >/dev/null || die "xmlsec1 is needed"
make_nations
for n in $NATIONS; do drafts $n; start $n; done
for n in $NATIONS; do node $n publish --quiet "$D"/drafts/$n/*.xml >/dev/null 2>&1 || fail "publish at $n"; done
wait_exchanged 240 || fail "the exchange did not complete"
manifest=http://www.w3.org/2000/09/xmldsig#:Manifest
whole=0 redacted=0
for at in $NATIONS; do
    while IFS=$'\t' read -r id version from type issued parts withheld title; do
        [ "$from" = own ] && continue
        node $at show --raw "$id" >"$D/r.xml" || fail "$at cannot show $id"
        signer=$D/$(echo "$from" | tr A-Z a-z)/certs/report.pem
        # A report passed on bears its originator's signature, not the sender's.
        origin=$(sed -n 's/.*<originator [^>]*nation="\([A-Z]*\)".*/\1/p' "$D/r.xml" | tr A-Z a-z)
        [ -n "$origin" ] && signer=$D/$origin/certs/report.pem
        xmlsec1 --verify --ignore-manifests --id-attr:Id "$manifest" --pubkey-cert-pem "$signer" "$D/r.xml" \
            >"$D/out" 2>&1 || { cat "$D/out"; fail "xmlsec1 refuses $id at $at"; }
        if [ "$withheld" = 0 ]; then
            ids="--id-attr:Id urn:relto:report:1:label --id-attr:Id urn:relto:report:1:header --id-attr:Id urn:relto:report:1:portion"
            ids="$ids --id-attr:Id urn:relto:report:1:attachment --id-attr:Id urn:relto:report:1:reference"
            xmlsec1 --verify --id-attr:Id "$manifest" $ids --pubkey-cert-pem "$signer" "$D/r.xml" >"$D/out" 2>&1 ||
                { cat "$D/out"; fail "xmlsec1 refuses the parts of $id at $at"; }
            sed -n 's/.*Manifests References (ok\/all): \([0-9]*\)\/\([0-9]*\).*/\1 \2/p' "$D/out" | {
                read -r ok all && [ "$ok" = "$all" ] && [ "$ok" -gt 0 ]; } || { cat "$D/out"; fail "not every part of $id counts"; }
            whole=$((whole + 1))
        else
            redacted=$((redacted + 1))
        fi
        # one changed byte must be found, by the stock tool in the label of signatures and by ours anywhere
        sed 's/<portion Id="\(e[0-9]*\)" salt="./<portion Id="\1" salt="#/' "$D/r.xml" >"$D/bad.xml"
        cmp -s "$D/r.xml" "$D/bad.xml" || node $at verify "$D/bad.xml" >/dev/null 2>&1 && fail "a changed $id verifies"
    done < <(node $at --format tsv list)
done
[ $whole -gt 0 ] && [ $redacted -gt 0 ] || fail "no whole or no redacted rendition was there to check"
echo "xmlsec1 verifies $whole whole and $redacted redacted renditions"
