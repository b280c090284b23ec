#!/bin/bash
# relto label: check, mark and parse on label documents and reports, from SPIFs alone.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$HERE/../..
RELTO=${RELTO_BUILD:-$ROOT/build}/tools/relto
D=$(mktemp -d "${TMPDIR:-/tmp}/relto-label.XXXXXX")
trap 'rm -rf "$D"' EXIT
SPIFS=$ROOT/conf/spif
SLAB=urn:nato:stanag:4774:confidentialitymetadatalabel:1:0

fail() { echo "FAILED: $*" >&2; [ -s "$D/out" ] && cat "$D/out" >&2; cat "$D/err" >&2; exit 1; }

# expect EXIT-CODE OUTPUT ARGUMENTS...: `relto label ARGUMENTS` ends so and prints exactly this
expect() {
    local code=$1 output=$2 got; shift 2
    "$RELTO" label "$@" >"$D/out" 2>"$D/err"; got=$?
    [ $got = "$code" ] || fail "label $*: exit code $got, expected $code"
    [ "$(cat "$D/out")" = "$output" ] || fail "label $*: expected: $output"
}
# says WORDS: so did the last one, on standard error
says() { grep -qF -- "$1" "$D/err" || fail "the message does not say '$1'"; }

# information CLASSIFICATION CATEGORIES
information() {
    echo "<ConfidentialityInformation><PolicyIdentifier URI='urn:oid:1.3.26.1.3.1'>NATO</PolicyIdentifier><Classification>$1</Classification>$2</ConfidentialityInformation>"
}
category() { echo "<Category Type='$1' TagName='$2'><GenericValue>$3</GenericValue></Category>"; }
document() { echo "<originatorConfidentialityLabel xmlns='$SLAB'>$(information "$@")</originatorConfidentialityLabel>"; }
context=$(category PERMISSIVE Context NATO)
released="$(category PERMISSIVE Context Releasable)$(category PERMISSIVE 'Releasable To' FRA)"

# ---- label documents, in the forms that are met with
document SECRET "$context" >"$D/plain.xml"
document 'TOP SECRET' "$released" >"$D/released.xml"
sed "s/URI=/URL=/; s/originatorConf/metadataConf/g; s/<metadataConf/<?xml version='1.0'?><!-- made by hand --><metadataConf/; s/xmlns=/Id='M1' xmlns=/" \
    "$D/plain.xml" >"$D/variant.xml"
expect 0 'label: valid' check --spif-dir "$SPIFS" "$D/plain.xml"
expect 0 'label	valid	-	-' check --spif-dir "$SPIFS" --format tsv "$D/plain.xml"
expect 0 'M1	valid	-	-' check --spif-dir="$SPIFS" "$D/variant.xml" --format=tsv
expect 0 'NATO SECRET' mark --spif-dir "$SPIFS" "$D/plain.xml"
expect 0 'OTAN SECRET' mark --spif-dir "$SPIFS" --lang fr "$D/plain.xml"
expect 0 'M1	NATO SECRET' mark --spif-dir "$SPIFS" --format tsv "$D/variant.xml"
expect 0 'COSMIC TOP SECRET REL TO FRA' mark --spif-dir "$SPIFS" "$D/released.xml"
expect 0 'COSMIC TRÈS SECRET REL TO FRA' mark --spif-dir "$SPIFS" --lang fr-BE --form portion "$D/released.xml"

# ---- invalid ones
document SECRET '' >"$D/bare.xml"
document SECRET "$context$(category RESTRICTIVE 'Additional Sensitivity' NONSUCH)" >"$D/unknown.xml"
document RESTRICTED "$context$(category RESTRICTIVE 'Additional Sensitivity' ATOMAL)" >"$D/low.xml"
document SECRET "<Category Type='SECRET' TagName='Context'/>" >"$D/form.xml"
rule() { "$RELTO" label check --spif-dir "$SPIFS" --format tsv "$1" >"$D/out" 2>"$D/err"; [ $? = 1 ] || fail "$1 is valid"; cut -f1-3 "$D/out" | tr '\t\n' '  '; }
[ "$(rule "$D/bare.xml")" = 'label invalid min-selection ' ] || fail "bare.xml"
[ "$(rule "$D/unknown.xml")" = 'label invalid unknown-category ' ] || fail "unknown.xml"
grep -q 'line 1: .*nato.xml:[0-9]' "$D/out" || fail "no lines in the detail"
[ "$(rule "$D/low.xml")" = 'label invalid excluded-class ' ] || fail "low.xml"
[ "$(rule "$D/form.xml")" = 'label invalid label-type ' ] || fail "form.xml"
expect 1 'NATO SECRET Additional Sensitivity NONSUCH' mark --spif-dir "$SPIFS" "$D/unknown.xml"
says NONSUCH

# ---- a report, and a node's own SPIFs
"$RELTO" -C "$D/node" init --nation GBR --listen 127.0.0.1:0 --metrics 127.0.0.1:0 >/dev/null 2>"$D/err" || fail init
cp "$SPIFS"/*.xml "$D/node/policy/spif/"
part() { echo "<portion$1><label>$2</label><text>x</text></portion>"; }
{
    echo "<report xmlns='urn:relto:report:1'><label>$(document SECRET "$context")</label>"
    echo "<header type='INTREP'><label>$(document UNCLASSIFIED "$context")</label><originator nation='GBR' cell='J2'/><title>t</title></header>"
    echo "<reference rel='related' ref='urn:uuid:6f0c2f4e-9a53-4c7b-8c0f-1d2e3f4a5b6c'/>"
    part '' "$(document SECRET "$released")"
    echo "<portion><text>under the overall label</text></portion>"
    part " Id='p9'" "$(document SECRET "$context$(category INFORMATIVE Administrative NONE)")"
    echo "</report>"
} >"$D/report.xml"
expect 1 "label: valid
header: valid
e2: valid
p9: invalid: \"NONE\" is not a category of \"Administrative\" (nato.xml:275) (line 6) [unknown-category]" check --spif-dir "$SPIFS" "$D/report.xml"
"$RELTO" -C "$D/node" --format tsv label check "$D/report.xml" >"$D/out" 2>"$D/err"
[ $? = 1 ] && [ "$(cut -f1,2 "$D/out" | tr '\t\n' '  ')" = 'label valid header valid e2 valid p9 invalid ' ] || fail "the node's own SPIFs"
sed 's/NONE/STAFF/' "$D/report.xml" >"$D/good.xml"
expect 0 "label	NATO SECRET
header	NATO UNCLASSIFIED
e2	NATO SECRET REL TO FRA
p9	NATO SECRET STAFF" mark --spif-dir "$SPIFS" --lang en "$D/good.xml"

# ---- back from the line
expect 0 'NATO SECRET; Context: Releasable; Releasable To: FRA' parse --spif-dir "$SPIFS" "NATO SECRET REL TO FRA"
expect 0 'NATO	TOP SECRET	PERMISSIVE:Context=Releasable	PERMISSIVE:Releasable To=FRA' parse --spif-dir "$SPIFS" --format tsv cosmic TRÈS  secret rel to fra
expect 0 'GBR SECRET' parse --spif-dir "$SPIFS" "UK SECRET"
expect 1 'NATO SECRET; Context: NATO
NATO SECRET; Context: Releasable' parse --spif-dir "$SPIFS" "NATO SECRET"
says '2 labels'
expect 1 '' parse --spif-dir "$SPIFS" "NATO SECRET REL TO NARNIA"
says 'do not go on with "NARNIA"'
"$RELTO" label parse --spif-dir "$SPIFS" --format xml "COSMIC TOP SECRET ATOMAL REL TO FRA" >"$D/back.xml" 2>"$D/err" || fail "parse to XML"
expect 0 'label: valid' check --spif-dir "$SPIFS" "$D/back.xml"
expect 0 'COSMIC TOP SECRET ATOMAL REL TO FRA' mark --spif-dir "$SPIFS" "$D/back.xml"

# ---- usage, and what cannot be read
expect 2 '' check --spif-dir "$SPIFS"
expect 2 '' check --spif-dir "$SPIFS" --lang fr "$D/plain.xml"
expect 2 '' mark --spif-dir "$SPIFS" --form banner "$D/plain.xml"
expect 2 '' mend "$D/plain.xml"
expect 2 '' check --spif-dir "$SPIFS" --format json "$D/plain.xml"
expect 2 '' parse --spif-dir "$SPIFS"
expect 5 '' check --spif-dir "$SPIFS" "$D/none.xml"
expect 5 '' check --spif-dir "$SPIFS" "$SPIFS/nato.xml"
says 'expected a report'
expect 5 '' check --spif-dir "$D" "$D/plain.xml"
says 'no SPIF'
expect 5 '' check --spif-dir "$D/none" "$D/plain.xml"
head -c 100 "$D/plain.xml" >"$D/cut.xml"
expect 5 '' mark --spif-dir "$SPIFS" "$D/cut.xml"
mkdir "$D/spifs"
cp "$SPIFS"/*.xml "$D/plain.xml" "$D/spifs/"
expect 0 'label: valid' check --spif-dir "$D/spifs" "$D/plain.xml"
sed 's/tagType="restrictive"/tagType="restraining"/' "$SPIFS/nato.xml" >"$D/spifs/nato.xml"
expect 5 '' check --spif-dir "$D/spifs" "$D/plain.xml"
says 'nato.xml:39'
says spif-tag-type
cp "$SPIFS/nato.xml" "$D/spifs/nato.xml"
cp "$SPIFS/nato.xml" "$D/spifs/other.xml"
expect 5 '' check --spif-dir "$D/spifs" "$D/plain.xml"
says 'keep one of them'
echo "ok: label check, mark, parse"
