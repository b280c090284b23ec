# Many held polls at once.
#   tools/bench polls [--polls N] [--rounds R] [--dir D] [--build B]
# Ten partners hold N polls together, each on a connection of its own. Prints the node's private memory per held poll, and
# for each round how long after the publication of a report was answered the first, the middle and the last poll was.
polls=1000 rounds=5 dir='' build=''
while [ $# -gt 1 ]; do
    case $1 in
    --polls) polls=$2 ;; --rounds) rounds=$2 ;; --dir) dir=$2 ;; --build) build=$2 ;;
    *) echo "bench polls: unknown option $1" >&2; exit 2 ;;
    esac
    shift 2
done
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"
ulimit -n "$(ulimit -H -n)"
[ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -gt $((polls + 100)) ] || { echo "bench polls: $polls polls need more open files than $(ulimit -n)" >&2; exit 1; }
world_begin polls "$build" "$dir" bench_activation bench_polls
world_node gbr GBR
folders=()
for i in 0 1 2 3 4 5 6 7 8 9; do
    world_node "p$i" "P00$i"
    world_partner gbr "p$i"
    sed -i "/^\[partner P00$i\]/a pull = no" "$D/gbr/relto.conf"
    folders+=("$D/p$i")
done
sed -i "s/^;\?connections-max = .*/connections-max = $((polls + 200))/; s/^;\?connections-per-address-max = .*/connections-per-address-max = $((polls + 100))/" "$D/gbr/relto.conf"
node gbr cert issue --role cell --name J2 >/dev/null || die "no cell"
world_start gbr
draft() {
    cat <<DRAFT
<report xmlns="urn:relto:report:1"><label><originatorConfidentialityLabel xmlns="urn:nato:stanag:4774:confidentialitymetadatalabel:1:0"><ConfidentialityInformation><PolicyIdentifier>BENCH</PolicyIdentifier><Classification>UNCLASSIFIED</Classification><Category Type="PERMISSIVE" TagName="Releasable To"><GenericValue>COM0</GenericValue></Category></ConfidentialityInformation><CreationDateTime>2026-01-01T00:00:00Z</CreationDateTime></originatorConfidentialityLabel></label><header type="INTREP"><originator nation="GBR" cell="J2"/><title>Round $1</title><topic>t0</topic><area>AAA</area></header><portion><text>What was seen, by whom, and when.</text></portion></report>
DRAFT
}
publish() {
    draft "$1" >"$D/draft.xml"
    curl -s -k --noproxy '*' -o "$D/published" -w '%{http_code}' --cert "$D/gbr/certs/cell-J2.pem" --key "$D/gbr/certs/cell-J2.key" \
        -H 'Content-Type: application/xml' --data-binary @"$D/draft.xml" "https://$(cat "$D/gbr/run/address")/v1/reports"
}
[ "$(publish 0)" = 201 ] || die "not published: $(cat "$D/published")" # what is made once is not counted
before=$(private_kb "$pid_gbr")
"$bin/tools/bench_polls" "$(cat "$D/gbr/run/address")" "$polls" "$rounds" "${folders[@]}" >"$D/polls.out" 2>"$D/polls.log" &
pids+=($!)
for r in $(seq "$rounds"); do
    until_is 20 "$polls" metric gbr relto_held_requests
    [ "$r" != 1 ] || say "polls $polls private-memory-per-held-poll $(($(private_kb "$pid_gbr") - before)) KB / $polls = $((($(private_kb "$pid_gbr") - before) * 10 / polls)) tenths of a KB"
    [ "$(publish "$r")" = 201 ] || die "not published: $(cat "$D/published")"
    published=$(date +%s.%6N)
    until_is 60 "$r" grep -c answered "$D/polls.out"
    awk -v r="$r" -v p="$published" '$2 == r { printf "round %d after-published-ms first %.1f middle %.1f last %.1f\n", r, ($3 - p) * 1000, ($4 - p) * 1000, ($5 - p) * 1000 }' "$D/polls.out"
done
