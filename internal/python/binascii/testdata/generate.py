#!/usr/bin/env python3
"""Writes base64.jsonl: which texts Python's base64.b64decode takes.

Each line is [text, whether something comes out].
"""
import base64
import binascii
import json
import random

random.seed(1)
texts = ["", "=", "==", "TQ==", "TQ=", "TQ", "TQ==TQ==", "TWFu", "T W\nF u", "TWFu=", "TWFu====", "TQ=x=", "T===", "ü", "TQüü==", "TWE=TWE="]
texts += ["".join(random.choices("AQg7+/=\n -ü", k=random.randint(0, 12))) for _ in range(500)]
with open("base64.jsonl", "w") as out:
    for text in texts:
        try:
            ok = base64.b64decode(text.encode()) != b""
        except binascii.Error:
            ok = False
        print(json.dumps([text, ok]), file=out)
