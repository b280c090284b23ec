#!/bin/bash
# A policy changes over 2,000 reports and 20 partners on a real node, while a partner reads its feed: what follows is what
# decide() says, pair by pair, and nothing is written for pairs that do not change. The benchmark, made small.
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${RELTO_BUILD:-$HERE/../../build}
[ -x "$build/tools/bench_activation" ] || { echo "no bench_activation in $build" >&2; exit 1; }
out=$(bash "$HERE/../../tools/benches/activation.sh" --build "$build" --reports 2000 --partners 20 --sample 2000 --rounds 1 --seconds 1) || {
    echo "$out" >&2
    echo "FAILED: the activation" >&2
    exit 1
}
# every pair was compared, and the ledgers hold exactly one new entry for each that changed
changed=$(sed -n 's/^verified-pairs 40000 of-these-changed \([0-9]*\) wrong 0$/\1/p' <<<"$out")
written=$(sed -n 's/^entries-written \([0-9]*\) .*/\1/p' <<<"$out")
[ -n "$changed" ] && [ "$changed" -gt 0 ] && [ "$changed" = "$written" ] || {
    echo "$out" >&2
    echo "FAILED: $changed pairs changed, $written entries were written" >&2
    exit 1
}
echo "an activation over 2,000 reports and 20 partners wrote $written entries, exactly those of the pairs that changed"
