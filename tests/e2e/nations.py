"""For test_nations.sh: a random world of nations, and the comparison of what they hold with what their policies allow.

  nations.py make DIR SEED NATION...             policies, drafts, and for each nation a plan of what it does, in DIR/world
  nations.py check RELTO CONF DIR NATION...      ask `relto policy explain` (offline) about every draft, and look at every node

Every agreement covers its own nation's reports alone and takes back what it no longer allows, and nothing waits: so what a
partner is to hold follows from the last policy and the last version. What passes through third nations is the simulator's.
"""
import os
import random
import re
import subprocess
import sys

CLASSES = ["UNCLASSIFIED", "RESTRICTED", "CONFIDENTIAL", "SECRET"]
TOPICS = ["piracy", "armed-robbery"]
REPORTS, POLICIES = 6, 3
SLAB = "urn:nato:stanag:4774:confidentialitymetadatalabel:1:0"


def policy(rng, nation, others, serial):
    out = [f'<policy xmlns="urn:relto:policy:1" nation="{nation}" serial="{serial}"><security-policies>'
           '<security-policy spif="spif/nato.xml" release-tag-set="Releasable To"/></security-policies><partners>']
    for p in others:
        out.append(f'<partner id="{p}" name="{p}" kind="nation"><clearance policy="NATO" max="{rng.choice(CLASSES[1:])}">'
                   '<category tag-set="Context">NATO</category></clearance></partner>')
    out.append("</partners><agreements>")
    for i in range(rng.randint(1, 3)):
        parties = [p for p in others if rng.random() < 0.8] or [rng.choice(others)]
        topics = rng.choice([TOPICS, TOPICS, TOPICS[:1], TOPICS[1:]])
        redaction = "permitted" if rng.random() < 0.85 else "forbidden"
        out.append(f'<agreement id="A{i}" parties="{" ".join(parties)}"><scope><originator any-of="{nation}"/>'
                   f'<topic any-of="{" ".join(topics)}"/></scope><terms redaction="{redaction}" approval="0" embargo="PT0S" '
                   'onward="forbidden" lapse="withdraw"/></agreement>')
    return "".join(out) + "</agreements></policy>"


def label(level, release):
    values = "".join(f"<GenericValue>{r}</GenericValue>" for r in release)
    return (f'<label><originatorConfidentialityLabel xmlns="{SLAB}"><ConfidentialityInformation><PolicyIdentifier>NATO'
            f'</PolicyIdentifier><Classification>{CLASSES[level]}</Classification><Category Type="PERMISSIVE" TagName="Context">'
            '<GenericValue>NATO</GenericValue><GenericValue>Releasable</GenericValue></Category>'
            f'<Category Type="PERMISSIVE" TagName="Releasable To">{values}</Category></ConfidentialityInformation>'
            '<CreationDateTime>2026-11-22T13:34:00Z</CreationDateTime></originatorConfidentialityLabel></label>')


def draft(rng, nation, everybody, word):
    release = lambda chance: [n for n in everybody if rng.random() < chance] or [nation]
    parts = [(min(rng.randint(0, 3), rng.randint(0, 3)), release(0.7)) for _ in range(rng.randint(1, 4))]
    separable = "true" if rng.random() < 0.85 else "false"
    body = "".join(f"<portion>{label(c, r)}<text>{word}X{k} text</text></portion>" for k, (c, r) in enumerate(parts, 1))
    return (f'<report xmlns="urn:relto:report:1">{label(max(c for c, _ in parts), release(0.8))}'
            f'<header type="INTREP" separable="{separable}" xml:lang="en">{label(0, release(0.95))}'
            f'<originator nation="{nation}" cell="J2"/><title>{word}X0 title</title><topic>{rng.choice(TOPICS)}</topic></header>'
            f'{body}</report>')


def make(d, seed, nations):
    rng = random.Random(int(seed))
    os.makedirs(f"{d}/world")
    for k, n in enumerate(nations):
        others = [x for x in nations if x != n]
        for s in range(1, POLICIES + 1):
            with open(f"{d}/world/{n.lower()}.{s}.xml", "w") as f:
                f.write(policy(rng, n, others, s))
        plan, rest = [], []
        for i in range(REPORTS):
            versions = 1 + (rng.random() < 0.5)
            for v in range(1, versions + 1):
                with open(f"{d}/world/{n.lower()}-{i}-{v}.draft", "w") as f:
                    f.write(draft(rng, n, nations, f"CANARY{k}{i:02d}{v}"))
                rest.append((i, v))
            if rng.random() < 0.2:
                rest.append((i, 0))
        at = [len(rest) * s // POLICIES for s in range(1, POLICIES)]
        # versions of a report keep their order, reports mix
        queues = [[r for r in rest if r[0] == i] for i in range(REPORTS)]
        while any(queues):
            i, v = rng.choice([q for q in queues if q]).pop(0)
            plan.append(f"recall {i}" if v == 0 else f"publish {i}" if v == 1 else f"correct {i} {v}")
        for s, where in enumerate(at, 2):
            plan.insert(where + s - 2, f"activate {s}")
        with open(f"{d}/world/{n.lower()}.plan", "w") as f:
            f.write("\n".join(plan) + "\n")


class Check:
    def __init__(self, relto, conf, d, nations):
        self.relto, self.conf, self.d, self.nations, self.wrong = relto, conf, d, nations, 0
        self.allowed = {n: set() for n in nations}

    def say(self, text):
        self.wrong += 1
        print(text)

    def explain(self, nation, serial, file):
        """For each partner: (may it go, the ids withheld)."""
        out = subprocess.run([self.relto, "--format", "tsv", "policy", "explain", "--policy", f"{self.d}/world/{nation.lower()}.{serial}.xml",
                              "--spif-dir", f"{self.conf}/spif", "--vocabulary", f"{self.conf}/vocabulary.xml", file],
                             capture_output=True, text=True)
        if out.returncode not in (0, 1):
            sys.exit(f"explain {file}: {out.stderr}")
        lines = [line.split("\t") for line in out.stdout.splitlines()]
        return {f[0]: (f[1] in ("release", "redact"), set() if f[4] == "-" else set(f[4].split(","))) for f in lines}

    def node(self, nation, *args):
        out = subprocess.run([self.relto, "-C", f"{self.d}/{nation.lower()}", *args], capture_output=True, text=True)
        return out.stdout if out.returncode == 0 else ""

    def report(self, nation, index, plan, held):
        versions = 1 + sum(p.startswith(f"correct {index} ") for p in plan)
        recalled = f"recall {index}" in plan
        with open(f"{self.d}/world/{nation.lower()}-{index}.id") as f:
            ident = f.read().strip()
        k = self.nations.index(nation)
        for v in range(1, versions + 1):
            file = f"{self.d}/world/{nation.lower()}-{index}-{v}.draft"
            with open(file) as f:
                words = re.findall(r"CANARY\d{4}X\d", f.read())
            self.allowed[nation].update(words)
            for s in range(1, POLICIES + 1):
                said = self.explain(nation, s, file)
                for p, (goes, withheld) in said.items():
                    if goes:
                        self.allowed[p].update(w for w in words if w[-1] == "0" or f"e{w[-1]}" not in withheld)
        for p, (goes, withheld) in said.items():  # of the last version under the last policy
            has = held[p].get((ident, nation))
            if has != (str(versions) if goes and not recalled else None):
                self.say(f"{p} is to have {'' if goes and not recalled else 'no '}version {versions} of {nation}'s report {index} ({ident}), has {has}")
            elif has:
                raw = self.node(p, "show", "--raw", ident)
                gone = set(re.findall(r'<withheld ref="([^"]*)">', raw))
                if gone != withheld or f"CANARY{k}{index:02d}{versions}X0" not in raw:
                    self.say(f"{p} has {nation}'s report {index} without {sorted(gone)}, and should without {sorted(withheld)}")
        return sum(goes and not recalled for goes, _ in said.values())

    def run(self):
        held, pairs = {}, 0
        for n in self.nations:
            rows = [line.split("\t") for line in self.node(n, "--format", "tsv", "list").splitlines()]
            held[n] = {(r[0], r[2]): r[1] for r in rows}
            if len({r[0] for r in rows}) != len(rows):
                self.say(f"{n} lists a report twice")
        for n in self.nations:
            with open(f"{self.d}/world/{n.lower()}.plan") as f:
                plan = f.read().splitlines()
            pairs += sum(self.report(n, i, plan, held) for i in range(REPORTS))
        for n in self.nations:
            self.canaries(n)
        print(f"{len(self.nations) * REPORTS} reports, {pairs} of them with a partner, {self.wrong} wrong")
        sys.exit(self.wrong != 0 or pairs == 0)

    def canaries(self, nation):
        for folder, _, files in os.walk(f"{self.d}/{nation.lower()}"):
            for name in files:
                with open(os.path.join(folder, name), "rb") as f:
                    words = {w.decode() for w in re.findall(rb"CANARY\d{4}X\d", f.read())}
                foreign = words - (set() if name == "log" else self.allowed[nation])
                if foreign:
                    self.say(f"{nation} has in {name} what it may not have: {sorted(foreign)}")


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], sys.argv[3], sys.argv[4:])
    else:
        Check(sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:]).run()
