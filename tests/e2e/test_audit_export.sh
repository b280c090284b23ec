#!/bin/bash
# An export of a real node's audit log, for periods, from a running node and a stopped store: relto and the example script
# (Python, standard library) find it good with the public key alone, and find whatever is changed in it. Proofs of events.
. "$(dirname "$0")/lib.sh"
script=$ROOT/tools/examples/verify_export.py
make_nations
for n in $NATIONS; do start $n; done
for n in $NATIONS; do drafts $n; node $n publish "$D"/drafts/$n/*.xml >/dev/null || fail "publishing of $n"; done
wait_exchanged || fail "no exchange"
key=$(node gbr audit key) || fail "audit key"
echo "$key" >"$D/key"

good() { # good FOLDER
    "$RELTO" audit verify "$1" --key "$key" >"$D/out" || { cat "$D/out"; fail "relto calls $1 wrong"; }
    python3 "$script" "$1" "$key" >"$D/out" || { cat "$D/out"; fail "the script calls $1 wrong"; }
}
bad() { # bad FOLDER WHY
    "$RELTO" audit verify "$1" --key "$key" >"$D/out"; [ $? = 1 ] && grep -q '^WRONG' "$D/out" || { cat "$D/out"; fail "relto misses: $2"; }
    python3 "$script" "$1" "$key" >"$D/out"; [ $? = 1 ] && grep -q '^WRONG' "$D/out" || { cat "$D/out"; fail "the script misses: $2"; }
}

node gbr audit export "$D/all" >/dev/null || fail "export"
good "$D/all"
node gbr audit query --kind export | grep -q 'of=audit' || fail "the export is not in the log"
"$RELTO" audit verify "$D/all" --key "$D/key" >/dev/null || fail "the key from a file"
"$RELTO" -C "$D/gbr" audit verify "$D/all" >/dev/null || fail "the key from the node"
"$RELTO" audit verify "$D/all" --key "$(node fra audit key)" >"$D/out" && fail "another node's key"
grep -q 'not as fra.example/audit signed it' "$D/out" || fail "does not say whose key"
node gbr audit export "$D/all" 2>"$D/out" && fail "an export over another one"
grep -q 'no empty folder' "$D/out" || fail "does not say why"
grep -rqF -e "$(sed -n 's/.*<title[^>]*>\([^<]*\)<.*/\1/p' "$(ls "$D"/drafts/gbr/*.xml | head -n 1)")" "$D/all" && fail "content of a report is in the export"

# periods
mapfile -t times < <(node gbr --format tsv audit query | cut -f2)
for pair in "10 40" "0 5" "100 500" "300 ${#times[@]}"; do
    set -- $pair
    until=${times[$2]:-2099-01-01T00:00:00.000Z}
    rm -rf "$D/part"
    node gbr audit export --from "${times[$1]}" --to "$until" "$D/part" >/dev/null || fail "export of $pair"
    good "$D/part"
done
stop gbr
rm -rf "$D/part"
node gbr audit export --until "${times[200]}" "$D/part" >/dev/null || fail "export of a stopped store"
good "$D/part"

# tampering, without a key
rounds=15; [ "${RELTO_CHECK_LONG:-0}" = 1 ] && rounds=500
cat >"$D/tamper.py" <<'PY'
import os, random, shutil, sys
src, dst, seed = sys.argv[1:]
rnd = random.Random(int(seed))
shutil.rmtree(dst, ignore_errors=True); shutil.copytree(src, dst)
files = [os.path.join(d, f) for d, _, names in os.walk(dst) for f in names if os.path.getsize(os.path.join(d, f))]
path = rnd.choice(sorted(files)); how = rnd.choice(["flip", "drop", "cut", "swap", "insert", "remove", "line"])
data = bytearray(open(path, "rb").read()); at = rnd.randrange(len(data))
if how == "flip": data[at] ^= 1 << rnd.randrange(8)
elif how == "drop": del data[at:at + rnd.randrange(1, 500)]
elif how == "cut": del data[at:]
elif how == "insert": data.insert(at, rnd.randrange(256))
elif how == "swap":
    to = rnd.randrange(len(data)); data[at] ^= data[at] == data[to]; data[at], data[to] = data[to], data[at]
elif how == "line":
    lines = data.split(b"\n"); i = rnd.randrange(len(lines)); lines.insert(rnd.randrange(len(lines)), lines[i] + b"x"); data = b"\n".join(lines)
if how == "remove": os.remove(path)
else: open(path, "wb").write(data)
print(how, os.path.relpath(path, dst))
PY
for i in $(seq $rounds); do
    what=$(python3 "$D/tamper.py" "$D/all" "$D/changed" $i) || fail "tampering"
    bad "$D/changed" "$what (seed $i)"
done
mv "$D/all/release/FRA/receipt" "$D/receipt"; bad "$D/all" "a receipt left out"; mv "$D/receipt" "$D/all/release/FRA/receipt"
cp "$D/all/release/FRA/checkpoint" "$D/all/extra"; bad "$D/all" "a file added"; rm "$D/all/extra"
good "$D/all"

# a pipe in place of a file is refused, not waited for
cp -r "$D/all" "$D/piped"
rm "$D/piped/audit/events"; mkfifo "$D/piped/audit/events"
timeout 20 "$RELTO" audit verify "$D/piped" --key "$key" 2>"$D/out"
[ $? = 4 ] || fail "an export with a pipe: not exit code 4"
grep -q 'events: no regular file' "$D/out" || fail "does not say that a pipe is no file"

# proofs of one event
start gbr
node gbr audit prove 7 --event "$D/event" >"$D/proof" || fail "audit prove"
head -n 1 "$D/proof" | grep -qx 'c2sp.org/tlog-proof@v1' || fail "the proof's form"
"$RELTO" audit verify --proof "$D/proof" --event "$D/event" --key "$key" | grep -q 'good' || fail "a good proof"
sed 's/ n="7"/ n="8"/' "$D/event" >"$D/other"
"$RELTO" audit verify --proof "$D/proof" --event "$D/other" --key "$key" 2>"$D/out" && fail "a proof of another event"
grep -q 'does not lead from these bytes' "$D/out" || fail "does not say what is wrong with the proof"
"$RELTO" audit verify --proof "$D/proof" --event "$D/event" --key "$(node fra audit key)" 2>/dev/null && fail "a proof with another key"
node gbr audit prove 999999 2>"$D/out" && fail "a proof of no event"
grep -q 'from 0 on' "$D/out" || fail "does not say which events there are"
node gbr audit verify >/dev/null || fail "the log does not verify after all"
echo "exports and proofs are good, $rounds tamperings were found by relto and by the script"
