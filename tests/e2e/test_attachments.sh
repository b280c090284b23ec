#!/bin/bash
# Attachments from a cell to the partners: a large one in flat memory; broken off and gone on with, also by kill -9 of
# either side; withheld from whom the label withholds it; recalled; the canary in it is nowhere else.
. "$(dirname "$0")/lib.sh"
large_mib=200
make_nations
drafts gbr
for n in $NATIONS; do start $n; done
cell=$(cell_of gbr)

# cell PATH [CURL OPTIONS]: a request of GBR's cell
cell() { local path=$1; shift; curl -s -k --noproxy '*' --max-time 120 --cert "$D/gbr/certs/cell-$cell.pem" \
    --key "$D/gbr/certs/cell-$cell.key" "$@" "https://$(cat "$D/gbr/run/address")$path"; }
sum() { sha256sum "$1" | cut -c1-64; }
# wait_for SECONDS COMMAND...
wait_for() { local i n=$1; shift; for i in $(seq $((n * 10))); do "$@" && return 0; sleep 0.1; done; return 1; }
missing() { node "$1" --format tsv sync status | awk -F'\t' -v p="$2" '$1 == p { print $9 }'; }
nothing_missing() { [ "$(missing "$1" "$2")" = 0 ]; }
holds() { node "$1" --format tsv list | cut -f1 | grep -q "$2"; }
anon_kib() { awk '/^RssAnon/ { print $2 }' "/proc/$(pid_of "$1")/status"; }

# A draft that FRA gets whole and MARSEC with parts withheld: what stands under the overall label is withheld there.
for f in "$D"/drafts/gbr/*.xml; do
    node gbr --format tsv preview "$f" >"$D/preview"
    grep -q 'FRA.release' "$D/preview" && grep -q 'MARSEC.redact.*label,' "$D/preview" && break
done
grep -q 'MARSEC.redact.*label,' "$D/preview" || fail "no sample that MARSEC gets redacted"
# draft NAME...: a draft with these attachments, which name neither size nor digest, in $D/files/draft.xml
mkdir "$D/files"
draft() { local a=; for n in "$@"; do a="$a<attachment name=\"$n\"/>"; done; sed "s|</report>|$a</report>|" "$f" >"$D/files/draft.xml"; }
publish() { node gbr publish --quiet "$@" "$D/files/draft.xml"; }
# make NAME BYTES: a file of random bytes with a canary in it
make() { { head -c "$2" /dev/urandom; echo CANARY-ATTACHED; } >"$D/files/$1"; }
delivered() { node gbr audit query --kind deliver | grep -c "attachment=sha256:$1"; }
upload_offset() { cell "/v1/attachments/$1" -T "$2" -o /dev/null -D - | tr -d '\r' | sed -n 's/^Upload-Offset: //p'; }

# ---- by their names beside the draft, and by --attach

make deck.jpg 100000
make note.txt 300
mkdir "$D/elsewhere"
mv "$D/files/note.txt" "$D/elsewhere"
draft deck.jpg note.txt
publish >"$D/id" 2>"$D/out" && fail "published without the file of an attachment"
grep -q 'no file "note.txt" beside the draft' "$D/out" || { cat "$D/out"; fail "the missing file is not named"; }
node gbr preview --attach "$D/elsewhere/note.txt" "$D/files/draft.xml" | grep -q 'FRA.*release' || fail "preview"
[ "$(cell "/v1/attachments/$(sum "$D/files/deck.jpg")" -X PUT -d x -o /dev/null -w '%{http_code}')" = 422 ] || fail "a wrong digest is taken"
draft deck.jpg # the note gets an element of its own
publish --attach "$D/elsewhere/note.txt" >"$D/id" || fail "publish"
id=$(cat "$D/id")
wait_for 20 holds fra "$id" || fail "the report did not come"
wait_for 20 nothing_missing fra GBR || fail "the attachments did not come"
for a in deck.jpg note.txt; do
    node fra show --attachment $a --out "$D/got.$a" "$id" || fail "show --attachment $a"
    cmp "$D/got.$a" "$(ls "$D/files/$a" "$D/elsewhere/$a" 2>/dev/null)" || fail "$a is another"
done
node fra show "$id" 2>&1 | grep -q 'note.txt, text/plain, 316 bytes' || fail "show does not list the note"
node fra show --attachment deck.jpg --out "$D/got.deck.jpg" "$id" 2>/dev/null && fail "a file was overwritten"
node fra audit query --kind read | grep -q attachment=sha256 || fail "the reading of an attachment is not recorded"

# ---- ranges; and nothing for whom the label withholds it

deck=/v1/attachments/$(sum "$D/files/deck.jpg")
as fra gbr "$deck" -r 5-9 -D "$D/head" >"$D/range"
grep -q '^HTTP/1.1 206' "$D/head" && cmp "$D/range" <(tail -c +6 "$D/files/deck.jpg" | head -c 5) || fail "range"
[ "$(as fra gbr "$deck" -r 100100- -o /dev/null -w '%{http_code}')" = 416 ] || fail "a range behind the end"
wait_for 20 holds marsec "$id" || fail "MARSEC did not get the report"
node marsec show "$id" | grep -q 'deck.jpg' && fail "MARSEC is shown the attachment"
as marsec gbr "$deck" -o "$D/forbidden" -w '%{http_code}' | grep -q 404 || fail "MARSEC gets what is withheld from it"
as marsec gbr "/v1/attachments/$(echo | sha256sum | cut -c1-64)" -o "$D/unknown"
cmp "$D/forbidden" "$D/unknown" || fail "forbidden and unknown look different"
nothing_missing marsec GBR || fail "MARSEC wants what is withheld from it"

# ---- a large one: kill -9 of the node in mid-upload, of the partner in mid-download

large=$((large_mib * 1048576))
make film.mp4 $large
film=$(sum "$D/files/film.mp4")
size_of() { stat -c %s "$D/$1/store/data.mdb"; }
grown() { [ "$(size_of "$1")" -gt $(($2 + large / 10)) ]; }
base=$(size_of gbr)
cell "/v1/attachments/$film" -T "$D/files/film.mp4" --limit-rate 60M -o /dev/null &
upload=$!
wait_for 30 grown gbr "$base" || fail "the upload does not come on"
stop gbr KILL
wait $upload
start gbr
at=$(upload_offset "$film" "$D/files/film.mp4")
[ "${at:-0}" -gt 0 ] && [ "$at" -lt $large ] || fail "the upload does not go on where it was: '$at'"
rss_gbr=$(anon_kib gbr) rss_fra=$(anon_kib fra) base=$(size_of fra)
draft film.mp4
publish >"$D/id" || fail "publish of the large one"
id=$(cat "$D/id")
wait_for 30 grown fra "$base" || fail "the download does not come on"
peak_gbr=$(anon_kib gbr) peak_fra=$(anon_kib fra)
stop fra KILL
start fra
[ "$(missing fra GBR)" = 1 ] || fail "the download was over before the kill"
wait_for 60 nothing_missing fra GBR || fail "the download does not go on"
[ "$(delivered "$film")" -gt 1 ] || fail "the download did not begin a second time"
node gbr audit query --kind deliver | grep "attachment=sha256:$film" | tail -n 1 | grep -q " bytes=$((large + 16))" &&
    fail "the download began from the start"
node fra show --attachment film.mp4 --out "$D/got.film" "$id" || fail "show of the large one"
[ "$(sum "$D/got.film")" = "$film" ] || fail "the large one is another"
if ! grep -q 'libasan\|libtsan' "/proc/$(pid_of gbr)/maps"; then # a sanitizer keeps freed memory
    for n in gbr fra; do
        eval "before=\$rss_$n peak=\$peak_$n"
        now=$(anon_kib $n)
        [ "$now" -gt "$peak" ] && peak=$now
        [ $((peak - before)) -lt 32768 ] || fail "$n: memory grew from $before to $peak KiB"
        echo "$n: $before KiB before, at most $peak KiB after $large_mib MiB"
    done
fi

# ---- kept once, and gone with the last report that names it

before=$(delivered "$film")
publish >"$D/id2" || fail "publish again" # the same draft: the same report
sed "s|<title>|<title>Second: |" "$D/files/draft.xml" >"$D/files/second.xml" && mv "$D/files/second.xml" "$D/files/draft.xml"
publish >"$D/id2" || fail "publish of a second report with it"
id2=$(cat "$D/id2")
[ "$id" != "$id2" ] || fail "the second report is the first"
wait_for 20 holds fra "$id2" || fail "the second report did not come"
nothing_missing fra GBR || fail "what is here already is fetched again"
[ "$(delivered "$film")" = "$before" ] || fail "it was delivered again"
plain_of() { echo "http://$(cat "$D/$1/run/metrics")"; }
free_pages() { curl -s --noproxy '*' "$(plain_of "$1")/metrics" | sed -n 's/^relto_store_free_pages //p' | cut -d. -f1; }
erased() { [ "$(free_pages "$1")" -gt $((large / 4096 * 9 / 10)) ]; }
recalled() { node "$1" show "$2" 2>&1 | grep -q recalled; }
node gbr recall "$id" --reason "Wrong film" >/dev/null || fail "recall"
wait_for 20 recalled fra "$id" || fail "the recall did not come"
node fra show --attachment film.mp4 --out "$D/got.again" "$id2" || fail "a shared attachment went with the first report"
node gbr recall "$id2" --reason "Wrong film" >/dev/null || fail "recall"
wait_for 20 recalled fra "$id2" || fail "the second recall did not come"
wait_for 20 erased gbr || fail "gbr keeps the pages: $(free_pages gbr)"
wait_for 20 erased fra || fail "fra keeps the pages: $(free_pages fra)"
as fra gbr "/v1/attachments/$film" -o /dev/null -w '%{http_code}' | grep -q 404 || fail "a recalled attachment is served"

# ---- the canary

grep -rlq CANARY-ATTACHED "$D/marsec" && fail "the canary is at MARSEC"
for n in $NATIONS; do
    grep -q CANARY-ATTACHED "$D/$n/run/log" && fail "the canary is in the log of $n"
    node $n audit verify >/dev/null || fail "the logs of $n do not verify"
done
echo "attachments go where they may, whole, and no further"
