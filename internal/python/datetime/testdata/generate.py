#!/usr/bin/env python3
"""Writes strptime.jsonl: what Python's datetime.strptime reads.

Each line is [format, text, time in UTC], with null for a text that is refused. %Z is
left out: Python knows only the names of the zone that the machine is in.
"""
import json
import random
from datetime import datetime, timedelta, timezone

random.seed(1)
parts = ["%Y", "%y", "%m", "%d", "%H", "%I", "%M", "%S", "%f", "%p", "%z", "%b", "%B", "%a", "%A", "%j", "%%"]
usual = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f%z", "%d/%b/%Y:%H:%M:%S %z", "%a, %d %b %Y %H:%M:%S", "%d.%m.%y",
         "%Y%m%d%H%M%S", "%c", "%x %X", "%Y %j", "%I:%M %p %d %B %Y", "%m/%d/%Y", "%Y-%m-%d\t%H:%M"]


def layout():
    if random.random() < 0.5:
        return random.choice(usual)
    chosen = random.sample(parts, random.randint(1, 6))
    return random.choice(["", " ", "-", ":", "/", ", "]).join(chosen)


def mutate(text):
    n = random.random()
    i = random.randrange(len(text) + 1)
    if n < 0.5:
        return text
    if n < 0.65:
        return text[:i] + text[i + 1 :]
    if n < 0.8:
        return text[:i] + random.choice("0123456789 :-+aZ") + text[i:]
    if n < 0.9:
        return random.choice([text.upper(), text.lower(), " " + text, text + " ", text.replace(" ", "  ")])
    return text.replace("0", "", 1)


with open("strptime.jsonl", "w") as out:
    for _ in range(2500):
        zone = timezone(timedelta(minutes=random.choice([0, 60, 330, -210, 720])))
        time = datetime(random.randint(1950, 2060), 1, 1, tzinfo=zone) + timedelta(seconds=random.randrange(366 * 86400),
                                                                                   microseconds=random.choice([0, 5, 120000]))
        form = layout()
        text = mutate(time.strftime(form))
        try:
            read = datetime.strptime(text, form)
            if read.tzinfo is None:
                read = read.replace(tzinfo=timezone.utc)
            read = read.astimezone(timezone.utc).isoformat()
        except (ValueError, OverflowError):
            read = None
        print(json.dumps([form, text, read]), file=out)
