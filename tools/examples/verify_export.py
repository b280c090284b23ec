#!/usr/bin/env python3
"""Check an export of a Relto audit log with nothing but the export and the node's verifier key.

usage: verify_export.py FOLDER KEY      (KEY as 'relto audit key' prints it)

Standard library only: it shows that the format is open. store/README.md, "Exports", describes the files; their parts are
public standards: Merkle trees of RFC 6962, Ed25519 of RFC 8032, signed notes, checkpoints and cosignatures of C2SP.
Prints what is wrong, a line each. Exit code 0 when all is good, 1 when not, 2 for wrong usage.
"""
import base64, hashlib, os, re, sys
import xml.etree.ElementTree as xml

wrong = []
need = lambda good, *text: good or wrong.append(" ".join(map(str, text)))
sha = lambda *parts: hashlib.sha256(b"".join(parts)).digest()
b64 = lambda text: base64.b64decode(text, validate=True)
vkey = lambda text: (text.split("+")[0], b64(text.split("+", 2)[2])[1:])

# ---- Ed25519: points are x, y, z, x*y/z
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, I = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)

def add(a, b):
    A, B = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0])
    C, E = 2 * a[3] * b[3] * D, 2 * a[2] * b[2]
    e, f, g, h = B - A, E - C, E + C, B + A
    return e * f % P, g * h % P, f * g % P, e * h % P

def times(n, a):
    r = (0, 1, 1, 0)
    while n:
        r, a, n = add(r, a) if n & 1 else r, add(a, a), n >> 1
    return r

def point(b):
    y, odd = int.from_bytes(b, "little") % 2**255, b[31] >> 7
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(x2, (P + 3) // 8, P)
    x = x if x * x % P == x2 else x * I % P
    if y >= P or x * x % P != x2 or (x == 0 and odd):
        raise ValueError("no point of the curve")
    x = x if x & 1 == odd else P - x
    return x, y, 1, x * y % P

BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))

def ed25519(pub, message, sig):
    if len(sig) != 64 or int.from_bytes(sig[32:], "little") >= L:
        return False
    h = int.from_bytes(hashlib.sha512(sig[:32] + pub + message).digest(), "little") % L
    left, right = times(int.from_bytes(sig[32:], "little"), BASE), add(point(sig[:32]), times(h, point(pub)))
    return all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))

# ---- notes
def open_note(note, name, kind, pub):  # the text, when this key signed (kind 1) or cosigned (kind 4) it; else None
    cut, found = note.rindex(b"\n\n") + 1, False
    text, key_id = note[:cut], sha(name.encode(), b"\n", bytes([kind]), pub)[:4]
    for line in note[cut + 1:].decode().splitlines():
        _, who, sig = line.split(" ")
        key, sig = b64(sig)[:4], b64(sig)[4:]
        if who == name and key == key_id:
            time = b"cosignature/v1\ntime %d\n" % int.from_bytes(sig[:8], "big") if kind == 4 else b""
            found = ed25519(pub, time + text, sig[8 if kind == 4 else 0:])
            if not found:
                return None
    return text if found else None

def head(note, origin, pub):  # size and root of a signed checkpoint, else None
    text = open_note(note, origin, 1, pub)
    lines = text.decode().splitlines() if text else [""]
    return (int(lines[1]), b64(lines[2])) if lines[0] == origin else None

# ---- trees
def leaves(data):
    at = 0
    while at < len(data):
        n = 2 + int.from_bytes(data[at:at + 2], "big")
        yield data[at + 2:at + n]
        at += n

def fold(peaks):  # the root of a tree from its complete subtrees
    root = peaks[-1] if peaks else sha()
    for left in peaks[-2::-1]:
        root = sha(b"\1", left, root)
    return root

def grow(peaks, n, data, wanted):  # from the complete subtrees of n leaves: the roots at the sizes wanted
    roots, peaks = {n: fold(peaks)}, list(peaks)
    for leaf in data:
        h, s = sha(b"\0", leaf), n
        while s & 1:
            h, s = sha(b"\1", peaks.pop(), h), s >> 1
        peaks.append(h)
        n += 1
        if n in wanted:
            roots[n] = fold(peaks)
    return roots

def extends(m, old, n, new, proof):  # RFC 9162 2.1.4.2: does the tree of n leaves begin with the one of m?
    if m == n or not proof:
        return (m, old, proof) == (n, new, [])
    fr = sr = old if m & (m - 1) == 0 else proof.pop(0)
    fn, sn = m - 1, n - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    for c in proof:
        if fn & 1 or fn == sn:
            fr, sr = sha(b"\1", c, fr), sha(b"\1", c, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha(b"\1", sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and (fr, sr) == (old, new)

# ---- the export
def joined(text):  # `old N`, hashes, a blank line, a note: the hashes and the note
    proof, note = text.split(b"\n\n", 1)
    return [b64(h) for h in proof.split(b"\n")[1:]], note

def check_log(files, log, first, end, origin, pub, cosigners, said, openings):  # its leaves, as the attributes they have
    data = list(leaves(files[log + ("/events" if log == "audit" else "/entries")]))
    peaks, heads = [b64(h) for h in files[log + "/peaks"].split()], []
    for name in [n for n in ("receipt", "witnessed") if f"{log}/{n}" in files]:
        proof, note = joined(files[f"{log}/{name}"])
        need(not cosigners or any(open_note(note, *c) for c in cosigners), log, name, "is not cosigned")
        heads.append((name, head(note, origin, pub) or (0, b""), proof))
    for n, text in openings:
        proof, note = joined(text)
        heads.append((f"in head {n}", head(note, origin, pub) or (0, b""), proof))
    at = lambda size: size if first <= size <= end else end  # where in the export a head is joined to it
    roots = grow(peaks, first, data, {end} | {at(h[1][0]) for h in heads} | {size for size, _ in said})
    need(len(data) == end - first and len(peaks) == bin(first).count("1"), log, "does not hold what is listed")
    need(head(files[log + "/checkpoint"], origin, pub) == (end, roots[end]), log, "checkpoint is not of this tree")
    for name, (size, root), proof in heads:
        here = at(size), roots.get(at(size), b"")
        need(extends(*min(here, (size, root)), *max(here, (size, root)), proof), log, name, "is not of this tree")
    for size, root in said:
        need(size in roots and "sha256:" + roots[size].hex() == root, log, "never had the root of a receipt, at size", size)
    return [xml.fromstring(leaf).attrib for leaf in data]

def check_order(name, list_, first, rises):
    for n, e in enumerate(list_, first):
        before = list_[n - first - 1]["at"] if n > first else ""
        need(int(e["n"]) == n and (e["at"] > before or (e["at"] == before and not rises)), name, n, "is out of its place")

def check_events(events, first, ledgers):
    told = {name: set() for name in ledgers}
    for n, e in enumerate(events, first):
        log = "release/" + e.get("partner", "")
        start, entries = ledgers.get(log, (0, []))
        if e["kind"] in ("release", "recall", "withdraw") and "partner" in e:
            at, keys = int(e["position"]), ("kind", "report", "version") + ("digest",) * (e["kind"] == "release")
            same = start <= at < start + len(entries) and all(entries[at - start].get(k) == e.get(k) for k in keys)
            need(same and at not in told[log], "event", n, "differs from entry", at, "of", log)
            told.setdefault(log, set()).add(at)
        elif e["kind"] == "deliver":
            need(start <= int(e["first"]) <= int(e["last"]) < start + len(entries), "event", n, "delivers what is not there")
    for log, (start, entries) in ledgers.items():
        for n, e in enumerate(entries, start):
            inside = told[log] and min(told[log]) <= n <= max(told[log]) and e["kind"] != "head"
            need(not inside or n in told[log], log, n, "is told by no event")

def check(folder, key):
    name, pub = vkey(key)
    read = lambda path: open(os.path.join(folder, path), "rb").read()
    text = open_note(read("export"), name, 1, pub)
    if not text or not text.startswith(b"relto-export@v1\n"):
        return need(False, "export: the list of files is not as the key's owner signed it")
    lines = [line.split(" ") for line in text.decode().splitlines()]
    facts, listed = {w[0]: w[1] for w in lines[1:7]}, {w[3]: w[1] for w in lines if w[0] == "file"}
    there = {os.path.relpath(os.path.join(d, f), folder) for d, _, names in os.walk(folder) for f in names} - {"export"}
    for path in sorted(there ^ set(listed)):
        need(False, path, "is missing or not listed")
    files = {path: read(path) for path in there & set(listed)}
    for path, data in files.items():
        need(sha(data).hex() == listed[path], path, "is not what was listed")
    if wrong:
        return  # what was not signed is not read
    cosigners = {w[1]: (vkey(w[2])[0], 4, vkey(w[2])[1]) for w in lines if w[0] == "cosigner"}
    logs = {w[1]: (int(w[2]), int(w[3])) for w in lines if w[0] == "log"}
    need(name == facts["node"] + "/audit", "the key is not of this node")
    first, end = logs.pop("audit")
    openings = {}
    for log in logs:
        for block in leaves(files.get(log + "/heads", b"")):
            n, random, rest = block.split(b"\n", 2)
            need(random != b"lost", log, n[5:].decode(), "what this head commits to was lost with an earlier store")
            openings[log, int(n[5:])] = b64(random[7:]), rest
    heads = [(f"{log} {n}", rest) for (log, n), (_, rest) in openings.items()]
    events = check_log(files, "audit", first, end, name, pub, cosigners.values(), [], heads)
    check_order("event", events, first, False)
    early = first == 0 or (facts["from"] != "-" and events[0]["at"] < facts["from"])
    late = end == int(facts["size"]) or (facts["until"] != "-" and events[-1]["at"] >= facts["until"])
    need(early and late, "the period is not all there")
    ledgers = {}
    for log, (start, stop) in logs.items():
        said = [(int(e["size"]), e["root"]) for e in events if e["kind"] == "receipt" and "release/" + e["partner"] == log and e["size"] != "0"]
        by = [c for partner, c in cosigners.items() if log == "release/" + partner]
        ledgers[log] = start, check_log(files, log, start, stop, facts["node"] + "/" + log, b64(facts["ledger-key"]), by, said, [])
        check_order(log, ledgers[log][1], start, True)
        for n, e in enumerate(ledgers[log][1], start):
            if e["kind"] == "head":
                random, rest = openings.pop((log, n), (b"", b"\n\n"))
                digest = sha(b"relto-audit-head\n", random, joined(rest)[1])
                need("sha256:" + digest.hex() == e["digest"], log, n, "commits to something else")
    need(not openings, "there are more heads than entries of them")
    check_events(events, first, ledgers)
    print(f"{folder}: {len(events)} events, {sum(len(x[1]) for x in ledgers.values())} entries of {len(ledgers)} ledgers")

if __name__ == "__main__":
    if len(sys.argv) != 3 or not re.fullmatch(r"[^+ ]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+", sys.argv[2]):
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        sys.exit(2)
    try:
        check(*sys.argv[1:])
    except (OSError, ValueError, KeyError, IndexError, xml.ParseError) as why:
        need(False, "not a whole export:", repr(why))
    print("\n".join("WRONG: " + text for text in wrong) or "good")
    sys.exit(bool(wrong))
