#!/bin/bash
# A report with an attachment, delivered to five partners, is recalled while one of them is offline: the status is right at
# each moment, complete after that one is back, and the bytes are gone from every node's store file.
. "$(dirname "$0")/lib.sh"
PARTNERS="fra deu bel can dnk"
NATIONS="gbr $PARTNERS"
CELL=J2-NORTH
OFFLINE=deu

# ---- six nations: what GBR publishes goes to all the others

{
    echo '<policy xmlns="urn:relto:policy:1" nation="GBR" serial="1"><security-policies>'
    echo '<security-policy spif="spif/nato.xml" release-tag-set="Releasable To"/></security-policies><partners>'
    for n in $PARTNERS; do
        echo "<partner id=\"$(upper $n)\" name=\"$(upper $n)\" kind=\"nation\"><clearance policy=\"NATO\" max=\"SECRET\">"
        echo '<category tag-set="Context">NATO</category><category tag-set="Context">Releasable</category></clearance></partner>'
    done
    echo "</partners><agreements><agreement id=\"A\" title=\"A\" parties=\"$(upper "$PARTNERS")\"><scope><originator any-of=\"GBR\"/></scope>"
    echo '<ceiling policy="NATO" max="SECRET"/>'
    echo '<terms redaction="permitted" approval="0" embargo="PT0S" onward="forbidden" lapse="retain"/></agreement></agreements></policy>'
} >"$D/gbr.xml"
for n in $NATIONS; do
    mkdir -p "$D/$n"
    policy=
    [ $n = gbr ] && policy="--policy $D/gbr.xml"
    node $n init --nation "$(upper $n)" --listen 127.0.0.1:0 --metrics 127.0.0.1:0 $policy >/dev/null || die "init of $n failed"
    sed -i 's/^;retry-max-ms = .*/retry-max-ms = 2000/' "$D/$n/relto.conf"
done
# Three of them clean their stores by themselves, the others when they are told to.
for n in gbr fra $OFFLINE; do sed -i 's/^;erase-within-s = .*/erase-within-s = 2/' "$D/$n/relto.conf"; done
onboard() { # NODE OTHER: OTHER takes the card of NODE
    local print
    print=$(node $1 partner card 2>&1 >"$D/card" | sed -n 's/^fingerprint: //p')
    node $2 partner add "$D/card" --fingerprint "$print" >/dev/null || die "$2 did not take the card of $1"
}
for n in $PARTNERS; do onboard gbr $n; onboard $n gbr; done
node gbr cert issue --role cell --name $CELL >/dev/null || die "no certificate for the cell"
for n in $NATIONS; do start $n; done

# ---- helpers

# draft NAME: $D/NAME.xml for all five, with the canary NAME in title, portion and attachment
draft() {
    local all=
    for n in $PARTNERS; do all="$all<slab:GenericValue>$(upper $n)</slab:GenericValue>"; done
    printf 'attached %s\n' "$1" >"$D/$1.txt"
    sed -e 's|<slab:GenericValue>MARSEC</slab:GenericValue>||g' -e "s|<slab:GenericValue>FRA</slab:GenericValue>|$all|g" \
        -e "s|<title>|<title>$1 |" -e "s|<text>|<text>$1 |" -e "s|</report>|<attachment name=\"$1.txt\"/></report>|" \
        "$ROOT/conf/draft.xml" >"$D/$1.xml"
}
wait_for() { local i n=$1; shift; for i in $(seq $((n * 10))); do "$@" && return 0; sleep 0.1; done; return 1; }
# Does the store file of a node hold the word, in whatever case?
file_has() { grep -qai "$2" "$D/$1/store/data.mdb"; }
file_lacks() { ! file_has "$1" "$2"; }
has_all() { # NODE ID: the report and its attachments are there
    node $1 --format tsv list | cut -f1 | grep -q "$2" && node $1 --format tsv sync status | awk -F'\t' '$9 != 0 { n++ } END { exit n > 0 }'
}
# progress ID PATTERN...: the rows of recall status are these, in order of partner: PARTNER content receipt
progress() {
    local id=$1; shift
    node gbr --format tsv recall status "$id" >"$D/status"
    local code=$?
    cut -f2-4 "$D/status" | tr '\t' ' ' | sort | diff -q - <(printf '%s\n' "$@" | sort) >/dev/null || return 1
    case "$*" in *open*) [ $code = 1 ] ;; *) [ $code = 0 ] ;; esac || fail "exit code $code of recall status: $(cat "$D/status")"
}

# ---- delivered to all five

draft canaryalpha
first=$(node gbr publish --quiet "$D/canaryalpha.xml") || fail "publish"
for n in $PARTNERS; do wait_for 30 has_all $n "$first" || fail "$n did not get the report with its attachment"; done
for n in $NATIONS; do
    file_has $n canaryalpha || fail "the canary is not in the store of $n: the test proves nothing"
    node $n show --attachment canaryalpha.txt --out "$D/got.$n" "$first" >/dev/null || fail "no attachment at $n"
done
node gbr recall status "$first" >/dev/null 2>&1 && fail "status of a recall that never was"
stop $OFFLINE
draft canarybravo
second=$(node gbr publish --quiet "$D/canarybravo.xml") || fail "publish of the second"
for n in $PARTNERS; do [ $n = $OFFLINE ] || wait_for 30 has_all $n "$second" || fail "$n did not get the second"; done

# ---- recalled: four obey at once, one is not there

node gbr recall "$first" --reason "wrong ship" --as cell-$CELL >/dev/null || fail "recall"
node gbr recall status "$first" | grep -q "DEU .*was delivered *no receipt yet" || fail "the status just after the recall: $(node gbr recall status)"
[ "$(node gbr --format tsv recall status "$first" | wc -l)" = 5 ] || fail "not five partners: $(node gbr recall status)"
wait_for 30 progress "$first" "FRA delivered receipt" "BEL delivered receipt" "CAN delivered receipt" "DNK delivered receipt" \
    "DEU delivered open" || fail "four of five should have obeyed: $(node gbr recall status)"
node gbr recall "$second" --reason "wrong ship too" --as cell-$CELL >/dev/null || fail "recall of the second"
wait_for 30 progress "$second" "FRA delivered receipt" "BEL delivered receipt" "CAN delivered receipt" "DNK delivered receipt" \
    "DEU not-delivered open" || fail "the second recall: $(node gbr recall status)"
node gbr recall status | tail -n 1 | grep -q '^10 recalls at partners, 2 without receipt, 0 of them' || fail "$(node gbr recall status)"
node gbr recall status --overdue | tail -n 1 | grep -q '^10 recalls' || fail "overdue within the time allowed"
sed -i 's/^;recall-overdue-minutes = .*/recall-overdue-minutes = 0/' "$D/gbr/relto.conf"
node gbr --format tsv recall status --overdue >"$D/status" && fail "exit code of overdue recalls"
cut -f2,4 "$D/status" | sort | uniq -c | tr -s ' \t' ' ' | grep -qx ' 2 DEU open' || fail "overdue: $(cat "$D/status")"
awk -F'\t' '$6 !~ /^20/ { exit 1 }' "$D/status" || fail "overdue since when? $(cat "$D/status")"
node gbr recall status --overdue "$first" | grep -q 'DEU .*OVERDUE since 20' || fail "overdue, for people"
sed -i 's/^recall-overdue-minutes = .*/;recall-overdue-minutes = 1440/' "$D/gbr/relto.conf"

# ---- the bytes leave the store files: by themselves, or when told

for n in bel can dnk; do node $n compact >/dev/null || fail "compact at $n"; done
for n in $NATIONS; do
    [ $n = $OFFLINE ] && continue
    for canary in canaryalpha canarybravo; do
        wait_for 30 file_lacks $n $canary || fail "$canary is still in the store of $n"
    done
    grep -qaiE 'canary(alpha|bravo)' -r "$D/$n/store" "$D/$n/run" && fail "a canary is left in a file of $n"
    node $n audit verify >/dev/null || fail "the log of $n after the recall"
done
file_has $OFFLINE canaryalpha || fail "the store of $OFFLINE lost what nobody told it to lose"
progress "$first" "FRA delivered receipt" "BEL delivered receipt" "CAN delivered receipt" "DNK delivered receipt" \
    "DEU delivered open" || fail "the status has changed: $(node gbr recall status)"

# ---- the last one comes back

start $OFFLINE
wait_for 30 progress "$first" "FRA delivered receipt" "BEL delivered receipt" "CAN delivered receipt" "DNK delivered receipt" \
    "DEU delivered receipt" || fail "the recall did not complete: $(node gbr recall status)"
wait_for 30 progress "$second" "FRA delivered receipt" "BEL delivered receipt" "CAN delivered receipt" "DNK delivered receipt" \
    "DEU not-delivered receipt" || fail "the second recall did not complete: $(node gbr recall status)"
node gbr recall status | tail -n 1 | grep -q '^10 recalls at partners, 0 without receipt' || fail "$(node gbr recall status)"
node gbr recall status >/dev/null || fail "exit code of a complete recall"
wait_for 30 file_lacks $OFFLINE canaryalpha || fail "the canary is still in the store of $OFFLINE"
grep -qaiE 'canary(alpha|bravo)' -r "$D/$OFFLINE/store" "$D/$OFFLINE/run" && fail "a canary is left in a file of $OFFLINE"
node $OFFLINE --format tsv list | grep -q "$first" && fail "the report is still listed"
# Who was given it, and when it was taken back, is known for ever.
node gbr audit who-has "$first" | grep -q DEU || fail "who had it is forgotten"
node gbr audit recalls | grep -c 'receipted' | grep -qx 10 || fail "audit recalls: $(node gbr audit recalls)"
for n in $NATIONS; do node $n audit verify >/dev/null || fail "the log of $n"; done

# ---- what is on its way when it is recalled does not arrive

for n in bel can dnk deu; do stop $n; done
draft canarycharlie
large=$(head -c 2000000 /dev/zero | tr '\0' x)
{
    sed '/<attachment /,$d' "$D/canarycharlie.xml"
    for i in 1 2 3 4 5 6; do printf '<portion><text>%s canarydelta%s</text></portion>' "$large" $i; done
    echo '</report>'
} >"$D/large.xml"
third=$(node gbr publish --quiet "$D/large.xml") || fail "publish of the large one"
wait_for 30 has_all fra "$third" || fail "FRA did not get the large one"
as fra gbr "/v1/reports/${third#urn:uuid:}" --max-time 60 --limit-rate 500k -o "$D/on-its-way" &
taking=$!
come() { [ "$(stat -c %s "$D/on-its-way" 2>/dev/null || echo 0)" -gt 100000 ]; }
wait_for 30 come || fail "the large one does not come"
node gbr recall "$third" --reason "wrong again" --as cell-$CELL >/dev/null || fail "recall of the large one"
wait $taking && fail "the large one came whole although it was recalled"
grep -q canarydelta6 "$D/on-its-way" && fail "what was recalled went on leaving"
grep -q 'egress: broken off' "$D/gbr/run/log" || fail "nothing tells that it was broken off"
exit 0
