#!/usr/bin/env python3
"""Write ignore.jsonl: what IntelMQ's parsers make of bytes that are not UTF-8.

Each line is {"input" (base64), "output"}.
"""
import base64
import json
import os
import random

rng = random.Random(20240117)
blobs = [b"", b"\0", b"a\0b", b"a\xffb", b"\xe2\x82", b"\xe2\x82A", b"\xe2\x82\xac", b"\xed\xa0\x80x", b"\xf0\x9f\x98\x80", b"\xf0\x9f\x98",
         b"\xc0\xafa", b"\xf4\x90\x80\x80b", b"\xf0\x9f\x98\xe2\x82\xac", b"\x80\x80", b"\xc3\0\xa4", b"\xc3\xa4\0\xc3"]
for n in range(300):
    blobs.append(bytes(rng.choice(b"ab\0\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xff\xed\xa0") for _ in range(rng.randrange(24))))
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "ignore.jsonl"), "w") as f:
    for b in blobs:
        output = b.decode("utf-8", "ignore").replace("\0", "")
        f.write(json.dumps({"input": base64.b64encode(b).decode(), "output": output}) + "\n")
