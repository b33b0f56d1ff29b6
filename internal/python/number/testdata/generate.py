#!/usr/bin/env python3
"""Writes int.jsonl, float.jsonl and literal.jsonl: how Python reads and prints numbers.

A line of the first two is [text, repr(int(text))] or [text, repr(float(text))], with
null for a text that is refused, and for infinities and NaN. A line of the third is
[literal, repr(json.loads(literal))].
"""
import json
import math
import random

random.seed(1)


def read(convert, text):
    try:
        n = convert(text)
    except ValueError:
        return None
    return None if isinstance(n, float) and not math.isfinite(n) else repr(n)


def some(characters, n, most=9):
    return ["".join(random.choices(characters, k=random.randint(0, most))) for _ in range(n)]


fixed = """0 -0 +0 007 1_000 1__0 _1 1_ -_1 1e3 1E-5 .5 5. . - + -- +-1 inf -Infinity nan 0x10 1e400 1e-400
1_0.0_1 1_.0 1._0 1e1_0 1e_1 ٣٤ -٣.٥ １２ 𝟘𝟡 ² ½ 一 9007199254740993 18446744073709551616""".split()
fixed += ["", " ", " 7\n", "\u00a07\u3000", "\x1c7\x1f", "\u200b7", "1 2", "9" * 4300, "9" * 4301]
with open("int.jsonl", "w") as out:
    for text in fixed + some("0123456789_+- ٣", 400, 6):
        if len(text) < 4300:
            print(json.dumps([text, read(int, text)]), file=out)
with open("float.jsonl", "w") as out:
    for text in fixed[:-2] + some("0123456789_+-.eE ٣", 1500):
        print(json.dumps([text, read(float, text)]), file=out)
with open("literal.jsonl", "w") as out:
    literals = ["0", "-0", "0.0", "-0.0", "1e22", "1e16", "1e15", "1e-4", "1e-5", "0.0001", "0.00001", "1E400", "-1e400",
                "5e-324", "1.7976931348623157e308", "123456789012345678901234567890", "0.1", "0.10", "100.0", "1e2", "1.5E+3"]
    for _ in range(600):
        f = random.choice([random.random(), random.uniform(-1e6, 1e6), random.uniform(-1, 1) * 10.0 ** random.randint(-30, 30)])
        literals.append(random.choice(["%r", "%.3f", "%.6e", "%.15g", "%.17g", "%.0f", "%.1f"]) % f)
    for literal in literals:
        print(json.dumps([literal, repr(json.loads(literal))]), file=out)
