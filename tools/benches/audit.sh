# Audit events appended and verified per second, against SHA-256 of the same bytes. bench_audit says what is measured.
set -u
ninja -C "$RELTO_BENCH_BUILD" bench_audit >/dev/null || exit 1
case ${1:-} in append | verify) shift ;; esac # both come from one run
work=$(mktemp -d "${TMPDIR:-/tmp}/relto-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$RELTO_BENCH_BUILD/tools/bench_audit" "$work/store" "${1:-1000000}"
