# Decisions per second, ours and Cedar's: both by processor time, so that other work on the machine does not count.
# The peer's rules are those of one label check (classification, release list, caveats) with 50 policies; ours are the
# same for 200 partners, and 500 agreements with their scopes, ceilings and terms on top.
set -u
ninja -C "$RELTO_BENCH_BUILD" bench_policy >/dev/null || exit 1
work=$(mktemp -d "${TMPDIR:-/tmp}/relto-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$RELTO_BENCH_BUILD/tools/bench_policy" "$@" | tee "$work/ours" || exit 1
peers=${RELTO_BENCH_PEERS:-../shared/bench}
if [ ! -f "$peers/policy.sh" ] || ! command -v npm >/dev/null; then
    echo "# no $peers/policy.sh or no npm: not compared with Cedar"
    exit 0
fi
# A copy, for the peer installs its packages beside its script.
mkdir "$work/peers" && cp -r "$peers/." "$work/peers/" && chmod -R u+w "$work/peers"
(cd "$work/peers/policy" && npm install --no-audit --no-fund >/dev/null 2>&1)
BENCH_TMP=$work/data N=${N:-2000} bash "$work/peers/policy.sh" cedar-stateful-50policies cedar-stateful-1policy >"$work/theirs" 2>"$work/errors" ||
    tail -n 5 "$work/errors"
cat "$work/theirs"
awk '
    FNR == NR { if ($1 ~ /^bulk/) { ours[$1] = $4; order[++n] = $1 } next }
    $1 ~ /^cedar/ && $5 > 0 { for (i = 1; i <= n; i++) printf "ratio %s / %s: %.0f\n", order[i], $1, ours[order[i]] / ($2 / $5) }
' "$work/ours" "$work/theirs"
