#!/usr/bin/env python3
"""Writes value.jsonl: what Python makes of JSON values.

Each line is [text, str(v), repr(v), json.dumps(v, sort_keys=True)] for the v that
json.loads reads. What Unicode has assigned since 14.0 is left out.
"""
import json
import random
import unicodedata

random.seed(1)
letters = "ab\"'\\/\n\t\r\b\x00\x1f\x7f\x80\xa0\xad\u200b\u2028\ue000\ufeff\uffff€ü😀\U000e0001\U00010000 "


def value(depth):
    kind = random.randint(0, 9 if depth < 3 else 6)
    if kind == 0:
        return random.choice([None, True, False])
    if kind == 1:
        return random.randint(-10**20, 10**20)
    if kind == 2:
        return random.uniform(-1, 1) * 10.0 ** random.randint(-20, 20)
    if kind < 7:
        return "".join(random.choices(letters, k=random.randint(0, 6)))
    if kind == 7:
        return [value(depth + 1) for _ in range(random.randint(0, 4))]
    return {"".join(random.choices("abc'ü€", k=2)): value(depth + 1) for _ in range(random.randint(0, 5))}


texts = [json.dumps(value(0), ensure_ascii=random.random() < 0.5) for _ in range(500)]
texts += ['{"a": 1, "b": 2, "a": 3}', '{"a":1.50,"b":-0,"c":1e3}', ' [ 1 ,\n{ } , [ ] ] ', '"\\u00fc\\/\\ud83d\\ude00"', "1E5", "-0.0"]
printable = [c for c in map(chr, range(0x20, 0x30000)) if unicodedata.category(c) not in ("Cn", "Cs")]
texts += [json.dumps("".join(printable[i : i + 400 : 23])) for i in range(0, len(printable), 4000)]
with open("value.jsonl", "w") as out:
    for text in texts:
        v = json.loads(text)
        print(json.dumps([text, str(v), repr(v), json.dumps(v, sort_keys=True)]), file=out)
