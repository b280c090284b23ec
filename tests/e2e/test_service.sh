#!/bin/bash
# The daemon as a service: a second one refuses, SIGHUP keeps the old state when a file is broken, SIGTERM ends it
# within 5 seconds with exit code 0, metrics and health answer on loopback.
. "$(dirname "$0")/lib.sh"
make_nations
start gbr
plain=http://$(cat "$D/gbr/run/metrics")
get() { curl -s --noproxy '*' --max-time 10 "$plain$1"; }
[ "$(get /healthz)" = ok ] || fail "/healthz"
get /metrics >"$D/metrics"
for m in relto_ledger_entries relto_audit_events relto_certificate_days_left relto_commits_total; do
    grep -q "^$m" "$D/metrics" || fail "/metrics lacks $m"
done
[ "$(tail -n 1 "$D/metrics")" = "# EOF" ] || fail "/metrics does not end as OpenMetrics"

timeout 20 "$RELTOD" "$D/gbr" >"$D/second" 2>&1 && fail "a second daemon started on the same store"
grep -qi 'running\|in use' "$D/second" || { cat "$D/second"; fail "the second daemon does not say why"; }
[ "$(get /healthz)" = ok ] || fail "the first daemon suffered"

"$RELTOD" --check-config "$D/gbr" >/dev/null || fail "--check-config refuses a good configuration"
cp "$D/gbr/relto.conf" "$D/good.conf"
printf '[listen]\nno-such-key = 1\n' >>"$D/gbr/relto.conf"
"$RELTOD" --check-config "$D/gbr" >"$D/out" 2>&1 && fail "--check-config takes an unknown key"
grep -q 'no-such-key' "$D/out" || fail "--check-config does not name the key"
# wait_log WORD: until the log holds it
wait_log() { local i; for i in $(seq 100); do grep -q "$1" "$D/gbr/run/log" && return 0; sleep 0.1; done; return 1; }
kill -HUP "$(pid_of gbr)"
wait_log 'reload-refused' || fail "a broken configuration is not refused on SIGHUP"
[ "$(get /healthz)" = ok ] || fail "a refused reload hurt the daemon"
cp "$D/good.conf" "$D/gbr/relto.conf"
kill -HUP "$(pid_of gbr)"
wait_log 'event=reloaded' || fail "a good configuration is not taken on SIGHUP"

# revocation takes effect with the reload
node gbr cert issue --role cell --name TEMP >/dev/null || fail "cert issue"
cell() { curl -s -k --noproxy '*' --max-time 10 -o /dev/null -w '%{http_code}' --cert "$D/gbr/certs/cell-TEMP.pem" \
    --key "$D/gbr/certs/cell-TEMP.key" -d x "https://$(cat "$D/gbr/run/address")/v1/preview"; }
[ "$(cell)" = 422 ] || fail "a new cell is not let in: $(cell)"
serial=$(node gbr cert list | awk -F'\t' '$4 ~ /TEMP/ { print $1 }')
node gbr cert revoke "$serial" >/dev/null || fail "cert revoke"
: >"$D/gbr/run/log"
kill -HUP "$(pid_of gbr)"
wait_log 'event=reloaded' || fail "no reload after a revocation"
[ "$(cell)" = 000 ] || fail "a revoked cell is still let in"

pid=$(pid_of gbr) start_s=$SECONDS
kill -TERM "$pid"
wait "$pid"; code=$?
[ $code = 0 ] || fail "SIGTERM: exit code $code"
[ $((SECONDS - start_s)) -le 5 ] || fail "SIGTERM took longer than 5 s"
node gbr audit verify >/dev/null || fail "the log does not verify after the stop"
node gbr audit query --kind stop | grep -q stop || fail "the stop is not in the audit log"
echo "the daemon serves, reloads and stops as it should"
