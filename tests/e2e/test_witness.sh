#!/bin/bash
# GBR's audit log is cosigned by FRA, which was asked to be a witness; verify, proofs and auditors' calls show it. A
# store of GBR that was rolled back is found by the witness at once.
. "$(dirname "$0")/lib.sh"
make_nations
sed -i '/^\[partner FRA\]/a ask-witness = yes' "$D/gbr/relto.conf"
sed -i '/^\[partner GBR\]/a be-witness = yes' "$D/fra/relto.conf"
node gbr cert issue --role auditor --name AUDIT >/dev/null || fail "a certificate for the auditor"
start fra; start marsec; start gbr
auditor() { curl -s -k --noproxy '*' --max-time 20 --cert "$D/gbr/certs/auditor-AUDIT.pem" --key "$D/gbr/certs/auditor-AUDIT.key" \
    "https://$(cat "$D/gbr/run/address")$1"; }
# wait_for COMMAND...: until it succeeds
wait_for() { local i; for i in $(seq 150); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done; return 1; }
witnessed() { node gbr audit verify | grep -q '[1-9][0-9]* cosignatures of witnesses'; }
wait_for witnessed || { node gbr audit verify; fail "FRA does not cosign GBR's audit log"; }
auditor /v1/audit/checkpoint/witnessed >"$D/note"
grep -q '^— fra.example ' "$D/note" || { cat "$D/note"; fail "the auditor does not get the cosigned checkpoint"; }
[ "$(as marsec gbr /v1/audit/checkpoint -o /dev/null -w '%{http_code}')" = 403 ] || fail "a partner gets the audit checkpoint"

# the offline check of both signatures
node gbr audit key >"$D/key"; node fra audit key cosign >>"$D/key"
"$RELTO" tlog note --key "$D/key" "$D/note" >"$D/out" || { cat "$D/out"; fail "relto tlog note"; }
grep -q '^cosigned fra.example ' "$D/out" || { cat "$D/out"; fail "relto tlog note does not tell who cosigned"; }

# the protocol as others see it: requests of FRA's own making at MARSEC, which knows no such log; forged ones at FRA
printf 'old 0\n\n' | cat - "$D/note" >"$D/request"
code() { as "$1" "$2" /v1/witness/add-checkpoint -o "$D/out" -w '%{http_code} %{content_type}' --data-binary @"$D/request"; }
[[ $(code gbr marsec) == 404* ]] || fail "an unknown log: $(cat "$D/out")"
[[ $(code gbr fra) == "409 text/x.tlog.size" ]] || fail "an old size that is not the witness's: $(cat "$D/out")"
size=$(sed -n 2p "$D/note")
grep -qx "$size" "$D/out" || fail "409 does not tell the size"
sed -i "s/^old 0/old $size/" "$D/request"
[[ $(code gbr fra) == 200* ]] || fail "the same head again: $(cat "$D/out")"
sed -i 's/^old .*/old 99999/' "$D/request"
[[ $(code gbr fra) == 400* ]] || fail "an old size beyond the head: $(cat "$D/out")"

# a proof of an event under the cosigned checkpoint; tiles
node gbr audit prove 0 --event "$D/event" >"$D/proof" || fail "audit prove"
grep -q '^— fra.example ' "$D/proof" || fail "the proof is not under the cosigned checkpoint"
"$RELTO" audit verify --proof "$D/proof" --event "$D/event" --key "$(node gbr audit key)" >/dev/null || fail "the proof"
auditor "/v1/audit/proof?index=0&size=1" >"$D/proof2"
"$RELTO" audit verify --proof "$D/proof2" --event "$D/event" --key "$(node gbr audit key)" >/dev/null || fail "the proof over HTTPS"
auditor /v1/audit/tile/entries/000.p/1 | tail -c +3 | cmp - "$D/event" || fail "the first event from its tile"

node gbr audit export "$D/export" >/dev/null || fail "export"
[ -s "$D/export/audit/witnessed" ] || fail "the export lacks the cosigned checkpoint"
"$RELTO" audit verify "$D/export" --key "$(node gbr audit key)" >"$D/out" || { cat "$D/out"; fail "the export"; }
python3 "$ROOT/tools/examples/verify_export.py" "$D/export" "$(node gbr audit key)" >"$D/out" || { cat "$D/out"; fail "the export, by the script"; }

stop gbr
cp -a "$D/gbr/store" "$D/backup"
start gbr
node gbr audit verify >"$D/out" || { cat "$D/out"; fail "GBR's logs do not verify"; }

# an old store in place of the new one: the witness knows a larger log
node gbr audit prove 0 >/dev/null
wait_log() { local i; for i in $(seq 150); do grep -q "$1" "$D/gbr/run/log" && return 0; sleep 0.1; done; return 1; }
stop gbr; start gbr # asks again at the start
grown() { [ "$(auditor /v1/audit/checkpoint/witnessed | sed -n 2p)" -gt "$size" ]; }
wait_for grown || fail "the grown log is not cosigned"
stop gbr
rm -rf "$D/gbr/store"; mv "$D/backup" "$D/gbr/store"
start gbr
wait_log 'event=log-fork' || fail "the rolled back store is not found"
wait_for sh -c "'$RELTO' -C '$D/gbr' audit query --kind log-fork | grep -q own-audit" || fail "the fork is not in the log"
echo "the audit log is cosigned by a partner, proved to auditors, and its rollback is found"
