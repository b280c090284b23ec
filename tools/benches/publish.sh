# Publishing by 64 cells at once against the sum of its parts, in a folder of the disk that TMPDIR names.
#   tools/bench publish [COMMITS-A-ROUND]
set -u
ninja -C "$RELTO_BENCH_BUILD" bench_publish relto >/dev/null || { ninja -C "$RELTO_BENCH_BUILD" bench_publish relto | tail -n 20; exit 1; }
dir=$(mktemp -d "${TMPDIR:-/tmp}/relto-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT
"$RELTO_BENCH_BUILD/tools/relto" -C "$dir/node" init --nation GBR --policy conf/policies/gbr.xml >/dev/null || exit 1
sed -e 's/J2-NORTH/CELL/' -e 's/Two skiffs approached/NUMBER skiffs approached/' conf/draft.xml >"$dir/draft.xml"
"$RELTO_BENCH_BUILD/tools/bench_publish" "$dir/node" "$dir/draft.xml" "$@"
