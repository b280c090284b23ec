#!/bin/bash
# A canary word stands in every portion and title. None that policy withholds from a partner may be found in any byte
# of that partner's directory, nor in what was sent to it, nor in any log.
. "$(dirname "$0")/lib.sh"
make_nations
drafts gbr
mkdir "$D/marked"
i=0
for f in "$D"/drafts/gbr/*.xml; do
    i=$((i + 1))
    awk -v i=$i '{
        while (match($0, /<(text|title)>/)) {
            tag = substr($0, RSTART, RLENGTH)
            k = tag == "<title>" ? 0 : ++n
            printf "%s%sCANARY%05dX%03d ", substr($0, 1, RSTART - 1), tag, i, k
            $0 = substr($0, RSTART + RLENGTH)
        }
        print }' "$f" >"$D/marked/$(basename "$f")"
done
for n in $NATIONS; do start $n; done
# One file at a time in the order of the canaries; the answers tell which report is which.
i=0
for f in "$D"/marked/*.xml; do
    i=$((i + 1))
    node gbr --format tsv publish "$f" | awk -F'\t' -v i=$i -v OFS='\t' '{ print i, $2, $3, $6 }' >>"$D/decisions" ||
        fail "publish of $f"
    # the number of portions, to know every canary of the report
    echo "$i $(grep -o '<text>' "$f" | wc -l)" >>"$D/portions"
done
wait_exchanged 240 || fail "the exchange did not complete"

for n in fra marsec; do
    p=$(upper $n)
    # what this partner may see: the portions not withheld of reports released or redacted for it
    awk -v p=$p 'NR == FNR { parts[$1] = $2; next }
        $2 == p && ($3 == "release" || $3 == "redact") {
            printf "CANARY%05dX%03d\n", $1, 0
            for (k = 1; k <= parts[$1]; k++) if (("," $4 ",") !~ (",e" k ",")) printf "CANARY%05dX%03d\n", $1, k }' \
        "$D/portions" "$D/decisions" | sort -u >"$D/may.$n"
    # everything this partner holds, and everything the feed gives it
    after="" more=true pages=0
    while [ "$more" = true ] && [ $pages -lt 50 ]; do
        as $n gbr "/v1/feed?limit=100$after" >"$D/page" || fail "$p cannot read the feed"
        cat "$D/page" >>"$D/sent.$n"
        more=$(sed -n 's/.*<r:cursor[^>]* more="\([a-z]*\)".*/\1/p' "$D/page")
        after="&after=$(sed -n 's/.*<r:cursor[^>]*>\([^<]*\)<.*/\1/p' "$D/page")"
        pages=$((pages + 1))
    done
    grep -rahoE 'CANARY[0-9]{5}X[0-9]{3}' "$D/$n" "$D/sent.$n" | sort -u >"$D/has.$n"
    foreign=$(comm -13 "$D/may.$n" "$D/has.$n")
    [ -z "$foreign" ] || fail "$p has what it may not see: $(echo $foreign | cut -c1-300)"
    missing=$(comm -23 "$D/may.$n" "$D/has.$n")
    [ -z "$missing" ] || fail "$p lacks what it may see: $(echo $missing | cut -c1-300)"
    echo "$p: $(wc -l <"$D/has.$n") canaries, all its own; $pages pages read"
done
total=$(awk '{ s += $2 + 1 } END { print s }' "$D/portions")
[ "$(wc -l <"$D/has.marsec")" -gt 0 ] && [ "$(wc -l <"$D/has.marsec")" -lt "$total" ] ||
    fail "the samples do not tell the partners apart: the test proves nothing"
grep -l CANARY "$D"/*/run/log && fail "a log holds content"
exit 0
