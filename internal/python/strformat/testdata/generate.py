#!/usr/bin/env python3
"""Writes format.jsonl: what Python's str.format makes of a template.

Each line is [template, value, result], where the result is null if Python
raises an error. A value {"time": TEXT} is a datetime.
"""
import datetime
import itertools
import json

VALUES = ["", "a", "häß", "abcdefgh", 0, 7, -42, 1234567, 12345678901234567890123, 443,
          0.0, 1.0, -2.5, 1234567.891, 100.0, 1e22, 1.5e-7, 0.1, 99.95, True, False]
SPECS = ["", "5", "<5", ">12", "^12", "*^12", "=8", "0=8", "05", "012", ".2", ".0", "8.3", "é<9",
         "d", "5d", "05d", "x", "X", "#x", "#X", "o", "#o", "b", "#b", "#010b", "c", "n",
         ",", "_", "_x", "_b", ",d", "012,", "08,", "09,d", "+", " ", "-", "+d", "+,", "015,.2f",
         "e", "E", ".3e", "f", ".0f", ".1f", ".2f", "10.2f", "<10.2f", "+.2f", "F", "g", ".3g", "G",
         ".10g", "%", ".1%", ".3", ".1", "6.1%", "s", "10s", ".3s", "q", "10q", "5.", "{", "}"]
TIMES = ["%Y-%m-%d", "%Y%m%d%H%M%S", "%d.%m.%y", "%H:%M", "%j", "%A %B", "%a %b", "%I %p", "%%", "%z", "%Z", "day %d", "%f"]
TEMPLATES = ["{{", "}}", "{{{v[k]}}}", "{{v[k]}}", "a{v[k]}b{v[k]}c", "{", "}", "{v[k]", "v[k]}", "{}", "{v[k]!r}", "{v[k]!s:>9}", "{v[k]!x}", "{v[k]!r:10}", "{v[]}", "{v[k]x}"]


def run(template, value):
    try:
        return template.format(v={"k": value})
    except (ValueError, TypeError, KeyError, IndexError, OverflowError):
        return None


with open("format.jsonl", "w", encoding="utf-8") as out:
    def write(template, value, result):
        print(json.dumps([template, value, result], ensure_ascii=False), file=out)

    for spec, value in itertools.product(SPECS, VALUES):
        template = "{v[k]:%s}" % spec
        write(template, value, run(template, value))
    for template in TEMPLATES:
        for value in ("it's", 5, 2.0):
            write(template, value, run(template, value))
    for text in ("2015-01-02T03:04:05+00:00", "2024-12-31T23:59:59.120000+00:00"):
        for spec in TIMES:
            template = "{v[k]:%s}" % spec
            write(template, {"time": text}, run(template, datetime.datetime.fromisoformat(text)))
