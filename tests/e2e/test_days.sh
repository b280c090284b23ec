#!/bin/bash
# What comes with the days, on running nodes whose clock is moved: content older than [store] keep-days is purged, and is gone
# from the file after the next compaction; ledgers, proofs and the partner's copy stay, a recall still reaches it; and each
# ledger gets its daily head.
. "$(dirname "$0")/lib.sh"
NATIONS="gbr fra"
SHIFT=$BIN/tests/libclock_shift.so
[ -e "$SHIFT" ] || die "no $SHIFT: the tests are not built"
export ASAN_OPTIONS=verify_asan_link_order=0
export RELTO_TEST_CLOCK_SHIFT_S=$((-40 * 86400))
# The nodes' programs, and they alone, live by the moved clock.
for p in RELTO RELTOD; do
    printf '#!/bin/bash\nLD_PRELOAD=%q exec %q "$@"\n' "$SHIFT" "${!p}" >"$D/$p"
    chmod +x "$D/$p"
done
PROGRAM=$RELTOD
RELTO=$D/RELTO
make_nations
wait_for() { local i; for i in $(seq 150); do "$@" 2>/dev/null && return 0; sleep 0.1; done; return 1; }
begin() { RELTOD=$D/RELTOD; start "$1"; RELTOD=$PROGRAM; } # and `stop` knows the program by its name
says() { node "$1" show "$2" 2>/dev/null | grep -qF "$3"; }
in_file() { grep -aqF "$1" "$D/$2/store/data.mdb"; }
sed -i 's/^;keep-days = 0/keep-days = 30/' "$D/gbr/relto.conf"

# ---- 40 days ago
for n in $NATIONS; do begin $n; done
sed -e 's/J2-NORTH/J2-MARITIME/' -e "s/Two skiffs with six persons/CANARY40DAYS/" "$ROOT/conf/draft.xml" >"$D/draft.xml"
id=$(node gbr publish --quiet "$D/draft.xml") || fail "publish"
wait_for says fra "$id" CANARY40DAYS || fail "the report did not come"
in_file CANARY40DAYS gbr || fail "the file of GBR does not hold the content: the test would prove nothing"
[ "$(as fra gbr "/v1/reports/${id#urn:uuid:}" -o /dev/null -w '%{http_code}')" = 200 ] || fail "FRA does not get the report alone"
node gbr show "$id" >/dev/null || fail "GBR does not show its report"
node gbr audit verify >"$D/out" && grep -q ' 0 heads,' "$D/out" || { cat "$D/out"; fail "40 days ago"; }
[ "$(node gbr --format tsv audit query --kind lapse | wc -l)" = 0 ] || fail "something is purged at once"
for n in $NATIONS; do stop $n; done

# ---- today
export RELTO_TEST_CLOCK_SHIFT_S=0
begin gbr
purged() { node gbr show "$id" 2>&1 | grep -q 'purged'; }
wait_for purged || { node gbr show "$id"; fail "content older than 30 days is not purged"; }
[ "$(as fra gbr "/v1/reports/${id#urn:uuid:}" -o /dev/null -w '%{http_code}')" = 404 ] || fail "purged content is served"
node gbr --format xml audit query --kind lapse | grep -q 'reason="purged"' || fail "the log does not tell of the purge"
node gbr audit who-has "$id" | grep -q FRA || fail "who-has does not tell of a purged report"
node gbr compact >/dev/null || fail "compact"
gone() { ! in_file CANARY40DAYS gbr; }
wait_for gone || fail "the bytes are still in the file after the compaction"
node gbr audit verify >"$D/out" || { cat "$D/out"; fail "the log does not verify after the purge"; }
grep -q 'content of 1 reports was purged' "$D/out" || fail "audit verify does not tell of the purge"

# ---- the partner
begin fra
node gbr sync status --wait 30 >/dev/null || fail "the exchange does not go on"
says fra "$id" CANARY40DAYS || fail "the partner lost its copy"
heads() { node "$1" audit verify 2>/dev/null | grep -qE '[ ,]'"$2"' heads,'; }
wait_for heads gbr 1 || { node gbr audit verify; fail "FRA's ledger did not get its daily head"; }
node gbr recall "$id" --reason "Too old" >/dev/null || fail "recall of purged content"
recalled() { node fra show "$id" 2>&1 | grep -q 'recalled'; }
wait_for recalled || fail "the recall did not reach the partner"
receipted() { node gbr recall status "$id" | grep -q 'FRA .*receipted'; }
wait_for receipted || { node gbr recall status "$id"; fail "no receipt for the recall"; }

# ---- tomorrow
for n in $NATIONS; do stop $n; done
export RELTO_TEST_CLOCK_SHIFT_S=86400
for n in $NATIONS; do begin $n; done
wait_for heads gbr 2 || { node gbr audit verify; fail "no head of the next day"; }
node gbr sync status --wait 30 >/dev/null || fail "the heads are not acknowledged"
for n in $NATIONS; do node $n audit verify >"$D/out" || { cat "$D/out"; fail "the log of $n does not verify"; }; done
echo "days: purged by rule, gone from the file, recalled all the same; a head a day"
