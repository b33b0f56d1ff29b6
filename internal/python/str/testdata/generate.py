#!/usr/bin/env python3
"""Writes case.jsonl: what Python's str makes of text.

Each line is [text, text.strip(), text.lower(), text.upper()]. All characters that
have another case are in it, in rows of 48. What Unicode has assigned since 14.0,
which Python 3.11 has, is left out: Go knows more of it.
"""
import json
import random

random.seed(1)
cased, spaces = [], []
for c in map(chr, range(0x110000)):
    if c.lower() != c or c.upper() != c:
        cased.append(c)
    if c.isspace():
        spaces.append(c)
texts = ["".join(cased[i : i + 48]) for i in range(0, len(cased), 48)]
texts += [c + "a" + c + "b" + c for c in spaces + ["\u200b", "\ufeff", "\u180e", "\x00", "\x1b"]]
letters = "aAbΣσςİiIıß'.:·\u00ad\u0307\u0345ʰŉǅﬁ1- \u2019"
texts += ["".join(random.choices(letters, k=random.randint(1, 7))) for _ in range(600)]
texts += ["a" + c + "Σ" for c in letters] + ["aΣ" + c + "a" for c in letters]
with open("case.jsonl", "w") as out:
    for text in texts:
        print(json.dumps([text, text.strip(), text.lower(), text.upper()]), file=out)
