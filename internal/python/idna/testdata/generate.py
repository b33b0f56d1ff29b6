#!/usr/bin/env python3
"""Writes toascii.jsonl: what Python's encodings.idna makes of labels.

Each line is [label, encodings.idna.ToASCII(label)], with null for a label that is
refused. Only characters of Unicode 3.2 are in it, which the module knows.
"""
import json
import random
import stringprep
import unicodedata
from encodings import idna

random.seed(1)
old = unicodedata.ucd_3_2_0
known = [c for c in map(chr, range(0x80, 0x30000)) if old.category(c) != "Cn"]
ltr = [c for c in known if not stringprep.in_table_d1(c)]
labels = ["a" + c + "b" for c in known if stringprep.map_table_b2(c) != c][::4]
labels += [c for c in ltr if stringprep.in_table_c12(c) or stringprep.in_table_c22(c) or stringprep.in_table_b1(c)]
labels += ["".join(random.choices(ltr, k=random.randint(1, 9))) for _ in range(500)]
letters = "aAüÜßςΣσİıſµ\u0345\u200d\u00adאבー-日本ǅﬁ1\u0660xn"
labels += ["".join(random.choices(letters, k=random.randint(1, 6))) for _ in range(600)]
labels += ["xn--ü", "ü" * 60, "ü" * 40, "München", "straße", "βόλος", "☃"]
with open("toascii.jsonl", "w") as out:
    for label in labels:
        try:
            result = idna.ToASCII(label).decode()
        except UnicodeError:
            result = None
        print(json.dumps([label, result]), file=out)
