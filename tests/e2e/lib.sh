# For the end-to-end tests: three real nodes in a folder of their own, ended and removed whatever happens.
# RELTO_BUILD names the build to test (default: ./build of the source tree).
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BIN=${RELTO_BUILD:-$HERE/../../build}
D=$(mktemp -d "${TMPDIR:-/tmp}/relto-e2e.XXXXXX")
. "$HERE/../../tools/dev/nations.sh"
trap 'stop_all; rm -rf "$D"' EXIT
[ -x "$RELTO" ] && [ -x "$RELTOD" ] || die "no build in $BIN"

fail() {
    echo "FAILED: $*" >&2
    local n
    for n in $NATIONS; do echo "-- log of $n"; tail -n 15 "$D/$n/run/log" 2>/dev/null; done >&2
    exit 1
}

# What a node's store says: to compare before and after. That somebody was refused may be in its log.
state_of() {
    node "$1" status | sed -n '1p;3,4p' # without the process id
    node "$1" --format tsv sync status | cut -f1-6
    node "$1" --format tsv audit query | cut -f3 | grep -vc '^denied'
}

# as NATION NODE PATH [CURL OPTIONS]: a request with NATION's node certificate to another nation's node
as() {
    local who=$1 to=$2 path=$3; shift 3
    curl -s -k --noproxy '*' --max-time 20 --cert "$D/$who/certs/node.pem" --key "$D/$who/keys/tls.key" "$@" \
        "https://$(cat "$D/$to/run/address")$path"
}
