# Questions to an audit log of 1,000,000 events (or as many as the argument says), in milliseconds.
set -u
ninja -C "$RELTO_BENCH_BUILD" bench_audit_query >/dev/null || exit 1
work=$(mktemp -d "${TMPDIR:-/tmp}/relto-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$RELTO_BENCH_BUILD/tools/bench_audit_query" "$work/store" "${1:-1000000}"
