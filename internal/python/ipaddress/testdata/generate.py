#!/usr/bin/env python3
"""Writes network.jsonl and int.jsonl: how Python's ipaddress reads and prints.

A line of the first is [text, str(ip_network(text, strict=False))], one of the second
[number, str(ip_address(int(number)))], with null for what is refused. Scopes of
addresses are left out: we cut them off before.
"""
import ipaddress
import json
import random

random.seed(1)


def read(convert, x):
    try:
        return str(convert(x))
    except ValueError:
        return None


fixed = """192.0.2.0/24 192.0.2.77/24 192.0.2.1 192.0.2.0/33 192.0.2.0/ 192.0.2.0/024 192.0.2.0/+24 192.0.2.0/-1 0.0.0.0/0
192.0.2.0/255.255.255.0 192.0.2.0/0.0.0.255 192.0.2.0/255.0.255.0 192.0.2.0/0.0.0.0 192.0.2.0/255.255.255.255 10/8 192.0.2
192.00.2.1 192.0.2.01 256.0.2.1 192.0.2.1.1 2001:DB8::/32 2001:db8::1 2001:db8::1/127 ::/0 :: ::ffff:192.0.2.1 ::192.0.2.1
::ffff:192.0.2.0/120 2001:db8::/ffff:: 2001:db8::/129 2001:db8:::1 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8
12345::1 2001:db8::192.0.2.1 2001:db8::192.0.2 2001:db8:0:0:1:0:0:1 2001:db8:0:1:1:1:1:1 64:ff9b::192.0.2.33 192.0.2.0/24/24""".split()
fixed += ["", "/", "/24", "192.0.2.0 /24", " 192.0.2.0/24", "192.0.2.0/ 24", "١٩٢.0.2.0", "192.0.2.0/٢٤"]
with open("network.jsonl", "w") as out:
    for text in fixed:
        print(json.dumps([text, read(lambda t: ipaddress.ip_network(t, strict=False), text)]), file=out)
    for _ in range(400):
        version = random.choice([ipaddress.IPv4Address, ipaddress.IPv6Address])
        bits = 32 if version is ipaddress.IPv4Address else 128
        n = random.getrandbits(bits) & random.getrandbits(bits) & random.choice([~0, ~0xFFFF0000, ~(0xFFFFFFFF << 48)])
        text = str(version(n)) + random.choice(["", "/%d" % random.randint(0, bits + 2)])
        print(json.dumps([text, read(lambda t: ipaddress.ip_network(t, strict=False), text)]), file=out)
with open("int.jsonl", "w") as out:
    for n in [0, 1, -1, 2**32 - 1, 2**32, 2**128 - 1, 2**128, 0xFFFF00000000, 0xFFFFC0000201] + [random.getrandbits(random.randint(1, 128)) for _ in range(100)]:
        print(json.dumps([str(n), read(ipaddress.ip_address, n)]), file=out)
