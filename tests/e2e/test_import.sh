#!/bin/bash
# relto import: drafts to files and to the node, twice and after an interruption, versions, ends, cancellations, bad records.
. "$(dirname "$0")/lib.sh"
N=$D/own
own() { "$RELTO" -C "$N" "$@"; }
# tally EXPECTED COMMAND...: drafts, left out, published, here, over, recalled, refused
tally() {
    local expected=$1 got; shift
    got=$(own --format tsv import "$@" 2>"$D/err" | tr '\t' ' ')
    [ "$got" = "$expected" ] || { cat "$D/err"; fail "tally '$got', expected '$expected': $*"; }
}

own init --nation GBR --listen 127.0.0.1:0 --metrics 127.0.0.1:0 --policy "$ROOT/conf/policies/gbr.xml" >/dev/null || fail "init"
own cert issue --role cell --name IMPORT >/dev/null || fail "no certificate"
"$RELTOD" "$N" </dev/null >>"$N/run/log" 2>&1 &
echo $! >"$N/run/pid"
trap 'kill $(cat "$N/run/pid"); wait; rm -rf "$D"' EXIT
for _ in $(seq 300); do [ -e "$N/run/address" ] && break; sleep 0.1; done

# ---- a table by its mapping: to files, then to the node, twice; a bad record is told with its line and left out
{ head -n 21 "$ROOT/conf/samples/asam.csv"; echo 'broken,record'; } >"$D/asam.csv"
tally "20 1 0 0 0 0 0" --type csv --map "$ROOT/conf/import/asam.xml" --out "$D/drafts" "$D/asam.csv"
grep -q 'asam.csv:22: the number of fields is not that of the header line' "$D/err" || fail "the bad record is not told: $(cat "$D/err")"
[ "$(ls "$D/drafts" | wc -l)" = 20 ] || fail "not 20 drafts"
[ "$(own --format tsv list | wc -l)" = 0 ] || fail "an import published something"
own preview "$D/drafts"/asam-*.xml >/dev/null 2>&1 || fail "a draft is no good"
head -n 11 "$D/asam.csv" >"$D/part.csv" # as if it had been interrupted
tally "10 0 10 0 0 0 0" --type csv --map "$ROOT/conf/import/asam.xml" --publish "$D/part.csv"
tally "20 1 10 10 0 0 0" --type csv --map "$ROOT/conf/import/asam.xml" --publish "$D/asam.csv"
tally "20 1 0 20 0 0 0" --type csv --map "$ROOT/conf/import/asam.xml" --publish "$D/asam.csv"
own import --type csv --map "$ROOT/conf/import/asam.xml" --publish "$D/asam.csv" >/dev/null 2>&1
[ $? = 1 ] || fail "a record left out is not the exit code 1"
tally "10 10 0 10 0 0 0" --type csv --map "$ROOT/conf/import/asam.xml" --publish "$D/part.csv" "$D/part.csv"
grep -q 'a second record of this name' "$D/err" || fail "a record that comes twice is not told"
own --format tsv list | cut -f1 | sort >"$D/ids"
sed -n 's/.*report="\([^"]*\)".*/\1/p' "$D/drafts"/*.xml | sort | cmp -s - "$D/ids" || fail "files and node have other ids"

# ---- revisions are versions of one report; a new one is the next version
advisory() { # advisory REVISIONS
    local i list=
    for i in $(seq "$1"); do list="$list${list:+,}{\"number\":\"$i\",\"date\":\"2026-01-0${i}T00:00:00Z\",\"summary\":\"Update $i\"}"; done
    cat >"$D/a.json" <<END
{"document":{"csaf_version":"2.0","title":"Pump","distribution":{"tlp":{"label":"WHITE"}},"notes":[{"category":"summary","text":"Text $1"}],
"tracking":{"id":"ICSA-26-001-01","initial_release_date":"2026-01-01T00:00:00Z","current_release_date":"2026-01-0${1}T00:00:00Z","revision_history":[$list]}}}
END
}
advisory 2
tally "2 0 2 0 0 0 0" --type csaf --publish "$D/a.json"
tally "2 0 0 2 0 0 0" --type csaf --publish "$D/a.json"
advisory 3
tally "3 0 1 2 0 0 0" --type csaf --publish "$D/a.json"
id=$(own --format tsv list | awk -F'\t' '$2 == 3 { print $1 }')
own show "$id" | grep -q "Text 3" || fail "version 3 is not the current one"
own show --version 1 "$id" | grep -q "The text of this revision was not imported" || fail "version 1 is not told"

# ---- warnings: what has ended is not published, or recalled; what cancels another recalls it
warning() { printf '{"msgYear":2026,"msgNumber":%s,"navArea":"4","issueDate":"010000Z JAN 2026","authority":"X","text":"%s"}' "$1" "$2"; }
warnings() { echo '{"broadcast-warn":[' "$@" ']}' >"$D/w.json"; }
warnings "$(warning 1 'ATLANTIC.\nSHOAL.')," "$(warning 2 'ATLANTIC.\nROCKET.\n1. CANCEL THIS MSG 100000Z JAN 26.')"
tally "2 0 2 0 0 0 0" --type warnings --at 2026-01-05T00:00:00Z --publish "$D/w.json"
tally "2 0 0 1 0 1 0" --type warnings --at 2026-01-11T00:00:00Z --publish "$D/w.json"
tally "2 0 0 2 0 0 0" --type warnings --publish "$D/w.json"
warnings "$(warning 3 'ATLANTIC.\nSHOAL MOVED.\n1. CANCEL NAVAREA IV 1/26.')," "$(warning 4 'ATLANTIC.\nOVER.\n1. CANCEL THIS MSG 020000Z JAN 26.')"
tally "2 0 1 0 1 1 0" --type warnings --publish "$D/w.json"
tally "2 0 0 1 1 0 0" --type warnings --publish "$D/w.json"
[ "$(own --format tsv audit query --kind recall | grep -c 'Cancelled by navwarn-4-2026-3')" -ge 1 ] || fail "the cancellation is not in the log"
own --format tsv audit query --kind recall | grep -q 'Ended by itself 100000ZJAN26' || fail "the end is not in the log"

# ---- refusals are told, with the record, and the rest goes on
sed 's/<topic>{topic}</<topic>pyracy</; s/source="asam"/source="other"/' "$ROOT/conf/import/asam.xml" >"$D/map.xml"
own import --type csv --map "$D/map.xml" --publish "$D/part.csv" >"$D/out" 2>"$D/err"
code=$?; [ $code = 1 ] || { cat "$D/out" "$D/err"; fail "exit code $code for refusals, not 1"; }
grep -q '"pyracy" is not in the vocabulary' "$D/err" && grep -q 'part.csv:[0-9]*: other-' "$D/err" || { cat "$D/err"; fail "a refusal is not told"; }
sed 's/key="{reference}"/key="{frob}"/' "$ROOT/conf/import/asam.xml" >"$D/map.xml"
own import --type csv --map "$D/map.xml" --publish "$D/part.csv" >"$D/out" 2>"$D/err" && fail "a mapping of other columns is taken"
grep -q 'part.csv:1: frob: the header line has no such column' "$D/err" || { cat "$D/err"; fail "the missing column is not told"; }

# ---- STIX: what is exported comes back as drafts; the export is in the log, the same reports give the same bytes
own export --stix >"$D/all.json" || fail "the export fails"
own export --stix >"$D/again.json" && cmp -s "$D/all.json" "$D/again.json" || fail "a second export differs"
held=$(own --format tsv list | wc -l)
[ "$(own --format tsv audit query --kind export | wc -l)" = $((2 * held)) ] || fail "not every export is in the log"
python3 - "$D/all.json" $held <<'END' || fail "the bundle is no good"
import json, sys
bundle = json.load(open(sys.argv[1]))
ids = [o["id"] for o in bundle["objects"]]
assert bundle["type"] == "bundle" and len(ids) == len(set(ids))
assert sum(o["type"] == "report" for o in bundle["objects"]) == int(sys.argv[2])
for o in bundle["objects"]:
    for key, value in o.items():
        for ref in value if key.endswith("_refs") else [value] if key.endswith("_ref") else []:
            assert ref in ids, ref
END
tally "$held 0 0 0 0 0 0" --type stix --out "$D/stix" "$D/all.json"
one=$(own --format tsv list | awk -F'\t' '$4 == "MARINTREP" { print $1; exit }')
parts() { grep -o '<title>[^<]*\|<text>[^<]*\|<[a-z:]*Classification>[^<]*\|<topic>[^<]*\|<position[^/>]*' "$1" | sed 's/slab://'; }
own show --raw "$one" >"$D/one.xml"
parts "$D/stix/stix-${one#urn:uuid:}.xml" | sort -u >"$D/after"; parts "$D/one.xml" | sort -u | cmp - "$D/after" || fail "a report comes back changed"
own preview "$D/stix"/stix-*.xml >/dev/null 2>&1 || fail "a draft from STIX is no good"
own import --nation FRA --type stix --out "$D/stix" "$D/all.json" >"$D/out" 2>"$D/err" && fail "another nation's reports become ours"
grep -q 'a report of another nation cannot become one of ours' "$D/err" || fail "another nation's report is not told"
own export --stix nosuch >"$D/out" 2>&1 && fail "an unknown report is exported"
own export >"$D/out" 2>&1; [ $? = 2 ] || fail "export without a form"

# ---- usage
usage() { # usage CODE WORDS ARGUMENTS...
    local code=$1 words=$2; shift 2
    own import "$@" >"$D/out" 2>&1
    [ $? = "$code" ] && grep -qF -- "$words" "$D/out" || { cat "$D/out"; fail "expected $code and '$words': $*"; }
}
usage 2 "--type must be" --type frob --publish x
usage 2 "--map must name" --type csv --publish x
usage 2 "--map goes with" --type asam --map x --publish x
usage 2 "or --publish them" --type asam x
usage 2 "no file to import" --type asam --publish
usage 2 "is no time of the form" --type asam --publish --at today x
usage 2 "it publishes for no other nation" --type asam --publish --nation FRA x
usage 1 "make one: relto cert issue --role cell --name NOBODY" --type asam --publish --cell NOBODY "$D/asam.csv"
usage 1 "cannot open" --type asam --publish "$D/nowhere.csv"
echo abc >"$N/keys/import.key"
usage 1 "expected 64 lower-case hexadecimal digits" --type asam --publish "$D/asam.csv"
echo "imports are as expected"
