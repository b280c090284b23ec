#!/bin/bash
# The store in operation: backup and compaction beside a running node, erased bytes that leave the file by themselves,
# reload, and bytes that the disk has changed.
. "$(dirname "$0")/lib.sh"
NATIONS="gbr fra"
make_nations
sed -i 's/^;erase-within-s = .*/erase-within-s = 2/' "$D/fra/relto.conf"
drafts gbr
for n in $NATIONS; do start $n; done
files=() # that FRA gets at once
for f in "$D"/drafts/gbr/*.xml; do
    node gbr --format tsv preview "$f" | awk -F'\t' '$2 == "FRA" && $3 == "release" { n++ } END { exit !n }' && files+=("$f")
    [ ${#files[@]} = 12 ] && break
done
[ ${#files[@]} = 12 ] || fail "too few samples go to FRA"
mkdir "$D/marked"
for f in "${files[@]:0:8}"; do sed 's/<text>/<text>CANARYERASED /' "$f" >"$D/marked/$(basename "$f")"; done
node gbr --format tsv publish "$D"/marked/*.xml >"$D/published" 2>/dev/null || fail "publish"
node gbr publish --quiet "${files[@]:8:3}" >/dev/null || fail "publish"
wait_exchanged 60 || fail "the exchange did not complete"
has() { grep -qa CANARYERASED "$D/$1"; }
has gbr/store/data.mdb && has fra/store/data.mdb || fail "the canary is not where it should be: the test proves nothing"

# A backup of the running node is a whole store, and logged.
node gbr backup "$D/backup" >"$D/out" || fail "backup: $(cat "$D/out")"
grep -q 'events, audit tree sha256:' "$D/out" || fail "backup says $(cat "$D/out")"
node gbr backup "$D/backup" 2>/dev/null && fail "a second backup went over the first"
[ "$(node gbr --format tsv audit query --kind backup | wc -l)" = 3 ] || fail "expected two attempts and a failure in the log"
cmp -s "$D/backup/data.mdb" "$D/gbr/store/data.mdb" && fail "the backup is a plain copy"
[ "$(stat -c %a "$D/backup/data.mdb")" = 600 ] || fail "others may read the backup"

# Recalled: gone from the file at the partner by itself, here when the operator asks for it, from the backup never.
for id in $(cut -f1 "$D/published" | sort -u); do node gbr recall "$id" --reason "Wrong ship" >/dev/null || fail "recall of $id"; done
wait_exchanged 60 || fail "the recall was not exchanged"
for i in $(seq 200); do has fra/store/data.mdb || break; sleep 0.1; done
has fra/store/data.mdb && fail "the recalled text is still in the partner's file: $(grep -a compact "$D/fra/run/log")"
for i in $(seq 50); do grep -q 'event=compacted ' "$D/fra/run/log" && break; sleep 0.1; done # the file takes its place first
grep -q 'event=compacted ' "$D/fra/run/log" || fail "no compaction in the partner's log"
has gbr/store/data.mdb || fail "compacted without being asked"
node gbr compact || fail "compact"
has gbr/store/data.mdb && fail "the recalled text is still in the file after compact"
has backup/data.mdb || fail "the backup lost its content"
for n in $NATIONS; do node $n audit verify >/dev/null || fail "$n does not verify after compaction"; done
# The nodes go on.
node gbr publish --quiet "${files[11]}" >/dev/null || fail "publish after compaction"
wait_exchanged 60 || fail "no exchange after compaction"

# Reload: done, or refused with the old state in force.
node gbr reload >/dev/null || fail "reload"
echo 'nonsense = 1' >>"$D/gbr/relto.conf"
node gbr reload 2>/dev/null && fail "a broken configuration was taken"
sed -i '$d' "$D/gbr/relto.conf"
node gbr reload >/dev/null || fail "reload after mending"

# Stopped: compact by the command itself, nobody to reload.
stop fra
node fra compact >/dev/null || fail "compact of a stopped node"
node fra reload 2>/dev/null
[ $? = 4 ] || fail "reload without a daemon must say not reachable"
node fra fsck >"$D/out" || fail "fsck of a good store: $(cat "$D/out")"

# A bit of a stored report turns over: found, set aside once, and the log still verifies but for that copy.
words=$(node fra show --raw "$(node fra --format tsv list | awk -F'\t' 'NR == 1 { print $1 }')" | grep -o '<text>[^<]*' | head -n 1 | cut -c7-30)
at=$(grep -abo "$words" "$D/fra/store/data.mdb" | head -n 1 | cut -d: -f1)
[ -n "$at" ] || fail "no text to damage"
printf 'X' | dd of="$D/fra/store/data.mdb" bs=1 seek=$((at + 3)) conv=notrunc 2>/dev/null
node fra fsck >"$D/out" 2>&1
[ $? = 1 ] && grep -q '^DAMAGED: urn:uuid:' "$D/out" || fail "fsck did not find it: $(cat "$D/out")"
logged=$(node fra --format tsv audit query --kind quarantine | wc -l)
node fra fsck >/dev/null && fail "fsck finds it once only"
[ "$logged" -gt 0 ] && [ "$(node fra --format tsv audit query --kind quarantine | wc -l)" = "$logged" ] || fail "fsck logs it again and again"
node fra audit verify >"$D/out"
[ $? = 1 ] && grep -q 'copy-differs' "$D/out" || fail "audit verify did not find it: $(cat "$D/out")"
start fra
node fra --format tsv list >/dev/null || fail "the node does not go on beside a damaged copy"
exit 0
