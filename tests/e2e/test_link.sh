#!/bin/bash
# A partner behind a slow, long, lossy link that breaks: every report comes exactly once. The benchmark, made small.
# RELTO_CHECK_LONG=1: 1,000 reports and 20 cuts.
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${RELTO_BUILD:-$HERE/../../build}
[ "$(id -u)" = 0 ] && [ -c /dev/net/tun ] && command -v ip >/dev/null || {
    echo "skipped: a link between network namespaces needs root, /dev/net/tun and iproute2"
    exit 0
}
if [ "${RELTO_CHECK_LONG:-}" = 1 ]; then set -- --reports 1000 --cuts 20; else set -- --reports 60 --cuts 2 --kbit 1024; fi
bash "$HERE/../../tools/benches/link.sh" --build "$build" "$@" || { echo "FAILED: the link" >&2; exit 1; }
