#!/bin/bash
# Files dropped into the spool folder are published once, whatever happens: half written, dropped twice, kill -9 at any
# point; what is not good is put aside with the reason, and a recall takes the file along.
. "$(dirname "$0")/lib.sh"
rounds=6; [ "${RELTO_CHECK_LONG:-0}" = 1 ] && rounds=60
RANDOM=${RELTO_SEED:-4711}
NATIONS=gbr
make_nations
S=$D/gbr/spool
"$RELTOD" --check-config "$D/gbr" >/dev/null || fail "the configuration is not good to begin with"
sed -i 's/^;spool = .*/spool = spool/' "$D/gbr/relto.conf"
"$RELTOD" --check-config "$D/gbr" >"$D/out" 2>&1 && fail "a spool folder that is not there is taken"
grep -q "make the folder" "$D/out" || { cat "$D/out"; fail "does not say what to do about the folder"; }
mkdir "$S"
chmod 777 "$S"
"$RELTOD" --check-config "$D/gbr" >"$D/out" 2>&1 && fail "a spool folder open to everybody is taken"
grep -q "chmod o-w" "$D/out" || { cat "$D/out"; fail "does not say how to close the folder"; }
chmod 755 "$S"
start gbr

draft() { sed -e 's/J2-NORTH/J2-MARITIME/' -e "s/Two skiffs with six persons/$1/" -e "${2:-}" "$ROOT/conf/draft.xml"; }
# drop NAME TEXT [SED COMMAND]: the example draft, as a file that is there at once
drop() { draft "$2" "${3:-}" >"$S/.$1" && mv "$S/.$1" "$S/$1"; }
# until SECONDS WHAT COMMAND...
until_true() {
    local end=$((SECONDS + $1)) what=$2; shift 2
    until "$@"; do
        [ $SECONDS -lt $end ] || { ls -lR "$S" >&2; fail "$what"; }
        sleep 0.2
    done
}
count() { node gbr --format tsv list | wc -l; }
titled() { node gbr --format tsv search "$@" | wc -l; }

# ---- what comes of each kind of file
printf '<report xmlns="urn:relto:report:1"><label>' >"$S/broken.xml" # nobody finishes this one
broken_at=$SECONDS
drop good.xml "File alpha"
drop twin.xml "File alpha"
drop low.xml "File low" 's/>CONFIDENTIAL</>UNCLASSIFIED</; s/urn:relto:report:1/&/; 0,/UNCLASSIFIED/s//NONSENSE/'
drop foreign.xml "File foreign" 's/nation="GBR"/nation="FRA"/'
draft "File hidden" >"$S/.hidden.xml"
draft "File temporary" >"$S/t.xml.tmp"
draft "File partial" >"$S/t.xml.part"
ln -s "$D/gbr/keys/report.key" "$S/link.xml"
mkfifo "$S/pipe.xml"
exec 3>"$S/slow.xml" # somebody writes slowly
draft "File slow" | head -c 3000 >&3
until_true 20 "the good file was not published" test -e "$S/done/good.xml"
until_true 20 "the same bytes under another name were not taken" test -e "$S/done/twin.xml"
for f in low foreign link pipe; do
    until_true 20 "$f.xml was not rejected" test -e "$S/rejected/$f.xml.problem.xml"
    [ -e "$S/rejected/$f.xml" ] || [ -L "$S/rejected/$f.xml" ] || fail "rejected/$f.xml is not there"
done
grep -q "this node publishes for" "$S/rejected/foreign.xml.problem.xml" || fail "the problem does not say what is wrong"
id=$(sed -n 's/.* report="\([^"]*\)".*/\1/p' "$S/done/good.xml.decisions.xml")
[ "$id" = "$(sed -n 's/.* report="\([^"]*\)".*/\1/p' "$S/done/twin.xml.decisions.xml")" ] || fail "the same bytes made two reports"
[ "$(titled file alpha)" = 1 ] || fail "file alpha is there $(titled file alpha) times"
node gbr show "$id" | grep -q "File alpha" || fail "the file's text is not shown"
node gbr --format xml audit query --kind publish | grep -q 'via="spool"' || fail "the log does not say that it came by the spool"
sleep 2 # longer than a file is left alone: it is open, so it stays
[ -e "$S/slow.xml" ] || fail "a file was taken while it was being written"
draft "File slow" | tail -c +3001 >&3
exec 3>&-
until_true 20 "the slow file was not published" test -e "$S/done/slow.xml"
[ "$(titled file slow)" = 1 ] || fail "the slow file is not published"

# ---- a new version, a recall
drop second.xml "File beta" 's/type="MARINTREP"/& report="'"$id"'" version="2"/'
until_true 20 "the correction was not published" test -e "$S/done/second.xml"
[ "$(titled file alpha)" = 0 ] && [ "$(titled file beta)" = 1 ] || fail "the correction did not take the place of the first"
node gbr recall "$id" --reason "Test" >/dev/null || fail "recall"
for f in good twin second; do until_true 20 "done/$f.xml was not erased with the recall" test ! -e "$S/done/$f.xml"; done
[ -e "$S/done/good.xml.decisions.xml" ] || fail "the node's answer is gone"
drop good.xml "File alpha"
until_true 20 "a recalled draft was not rejected" test -e "$S/rejected/good.xml.problem.xml"

# ---- kill -9 at any point
before=$(count)
n=0
for i in $(seq $rounds); do
    for k in 1 2 3 4 5 6; do n=$((n + 1)); drop "many-$n.xml" "File number$n"; done
    sleep "$((RANDOM % 2)).$((RANDOM % 10))"
    stop gbr KILL
    start gbr
done
until_true 40 "not all files were taken" bash -c "[ \$(ls '$S'/done/many-*.xml 2>/dev/null | grep -vc decisions) = $n ]"
[ "$(count)" = $((before + n)) ] || fail "$n files made $(($(count) - before)) reports"
for i in $(seq 1 5 $n); do [ "$(titled number$i)" = 1 ] || fail "file $i is there $(titled number$i) times"; done

until_true $((broken_at + 60 - SECONDS)) "the broken file was not rejected" test -e "$S/rejected/broken.xml.problem.xml"
[ "$(ls -A "$S" | sort | tr '\n' ' ')" = ".hidden.xml done rejected t.xml.part t.xml.tmp " ] || fail "left in the folder: $(ls -A "$S")"
[ "$(titled hidden)" = 0 ] && [ "$(titled temporary)" = 0 ] && [ "$(titled partial)" = 0 ] || fail "a file was read under a name that is not ready"
node gbr audit verify >/dev/null || fail "the log does not verify"
echo "$n files published once each over $rounds kills"
