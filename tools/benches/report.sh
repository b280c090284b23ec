# Unit costs of a report: reading, signing and verifying, against libxml2 and OpenSSL alone.
#   tools/bench report [REPORTS-A-ROUND]
set -u
ninja -C "$RELTO_BENCH_BUILD" bench_report relto >/dev/null || { ninja -C "$RELTO_BENCH_BUILD" bench_report relto | tail -n 20; exit 1; }
dir=$(mktemp -d "${TMPDIR:-/tmp}/relto-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT
"$RELTO_BENCH_BUILD/tools/relto" -C "$dir/node" init --nation GBR --policy conf/policies/gbr.xml >/dev/null || exit 1
"$RELTO_BENCH_BUILD/tools/bench_report" "$dir/node/keys/report.key" "$dir/node/certs/report.pem" "$@"
