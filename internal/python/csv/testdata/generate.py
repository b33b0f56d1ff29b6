#!/usr/bin/env python3
"""Write the golden files: what Python's csv module makes of our own inputs.

read.jsonl   {"delimiter", "input", "rows", "pad"}; a row that is null is one for
             which csv.reader raised an error, after which it went on. If there
             is a pad, each @ in input and rows stands for that many x.
write.jsonl  {"delimiter", "terminator", "fields", "output"}
"""
import csv
import io
import json
import os
import random

here = os.path.dirname(os.path.abspath(__file__))
rng = random.Random(20240117)


def read(text, delimiter):
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows = []
    while True:
        try:
            rows.append(next(reader))
        except StopIteration:
            return rows
        except csv.Error:
            rows.append(None)


def save(name, records):
    with open(os.path.join(here, name), "w", encoding="ascii", newline="\n") as f:
        for record in records:
            f.write(json.dumps(record) + "\n")


inputs = [
    (",", t) for t in [
        "", "\n", "\r", "\r\n", "\n\n", "\n\r", "\r\r\n", "a", "a\n", "a,b", "a,b\n", "a,b\r\n", "a,b\rc,d\r",
        ",", ",,\n", ",\n,\n", 'a,"b"c,d', 'a,"b" ,d', 'a, "b,c",d', 'a,"b', 'a,"b\nc,d\n', '"', '""', '"""', '""""',
        '"a""b"', '"a""', '"a"""', '"a"b"c,d"', 'a"b"c,"d"', '"a\r\nb",c\r\n', '"a\rb",c\r\n', '"a\n\n\nb"\n', '"a,b",c',
        '"a"\n"b"\n', '"a"\r"b"\r', '"a","b\n"c","d"\n', "192.0.2.1, 198.51.100.7 ,2001:db8::1\n", " \n", " a , b \n",
        '"\n', '"\r', ',"', ',"\n', 'a,"b"', '"a",', '"a"x,', '"a"x\n"b"y\n', '"a"",b"', '"a" "b",c', "ä,ö\nü,€\n",
        '"ä""ö",€\n', "a;b,c\n", "'a,b',c\n", "a\\,b\n", '"a\\",b\n', "a\tb\n", "\ufeffa,b\n", '\ufeff"a,b"\n',
    ]
] + [
    (";", 'a;"b;c";d,e\n'), ("\t", 'a\t"b\tc"\t d\n\t\n'), ("|", '192.0.2.1|"x|y"|\n'), (" ", 'a "b c"  d\n'),
    ("€", 'a€"b€c"€€d\n'), ("é", 'aè"b"éc\n'), ("'", "a'\"b'c\"'d\n"), (":", "2001:db8::1\n"),
]
for n in range(1500):
    delimiter = rng.choice(",,,;\t|€")
    alphabet = rng.choice(['ab",\n', 'a"', '"\n', 'abcdefgh ,;\t|', 'a",;\r\n', 'aé€"|;,\t\n\r '])
    inputs.append((delimiter, "".join(rng.choice(alphabet + delimiter) for _ in range(rng.randrange(60)))))
records = [{"delimiter": d, "input": t, "rows": read(t, d)} for d, t in inputs]
for pad in 1022, 131071, 131072, 131073, 140000:
    for text in ["a,b\n@,y\nc,d\n", 'a,b\n"@",y\nc,d\n', 'a,"@"x,b\nc,d\n', 'a,"b\n' + "@\n" * 140 + "c,d\n",
                 'a,"@""@",b\nc,d\n', 'a,"@\nb",c\nd,e\n', 'a,"@\n@",c\nd,e\n']:
        if text.count("@") > 100 and pad > 1022:
            continue
        rows = read(text.replace("@", "x" * pad), ",")
        rows = json.loads(json.dumps(rows).replace("x" * pad, "@"))
        records.append({"delimiter": ",", "input": text, "rows": rows, "pad": pad})
save("read.jsonl", records)

rows = [
    [], [""], ["", ""], ["a"], ["a", "b"], ["a b"], [" a "], ["a,b"], ["a;b"], ['a"b'], ['"'], ['""'], ["a\nb"], ["a\r\nb"],
    ["é", "€;"], ["192.0.2.1", "2001:db8::1", "http://example.org/?a=1,2"], ["'"], ["\\"], ["a\tb"],
]
out = []
for delimiter in (",", ";", "\t", "€"):
    for terminator in ("\n", "\r\n"):
        for fields in rows:
            f = io.StringIO(newline="")
            csv.writer(f, delimiter=delimiter, lineterminator=terminator).writerow(fields)
            out.append({"delimiter": delimiter, "terminator": terminator, "fields": fields, "output": f.getvalue()})
save("write.jsonl", out)
