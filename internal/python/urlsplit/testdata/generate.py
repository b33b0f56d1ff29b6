#!/usr/bin/env python3
"""Writes split.jsonl: what Python's urllib.parse.urlsplit makes of a URL.

Each line is [url, [scheme, user, password, host, port, path, query, fragment],
whether there is a netloc], with null for the list if Python refuses the URL. The
port is "bad" if asking for it is an error.
"""
import json
from urllib.parse import urlsplit

URLS = """
http://www.example.org/
HTTP://User:Pass@WWW.Example.ORG:8080/A/b;c?d=e&f#g
http://a@b:c@d@www.example.org:1/
http://:pw@www.example.org/
http://@www.example.org/
http://www.example.org:/
http://www.example.org:0/
http://www.example.org:65535/
http://www.example.org:65536/
http://www.example.org:-1/
http://www.example.org:+1/
http://www.example.org:1_0/
http://www.example.org:http/
http://www.example.org:80:90/
http://[2001:DB8::1]/
http://[2001:db8::1]:443/x
http://[fe80::1%25Eth0]:81/
http://u@[2001:db8::1]:443?x
http://[2001:db8::1/
http://2001:db8::1]/
http://2001:db8::1/
http://192.0.2.1
http://192.0.2.1?x=http://b/#y?z
http://192.0.2.1#f
http:///path
http:/path
http:path
//www.example.org/x
www.example.org/x
www.example.org:80/x
1http://x/
a+b-c.d://x/y
a_b://x/y
://x/y
mailto:a@example.org
http://exa mple.org/ x
http://www.example.org/a%20b%2Fc?%20
http://mÜnchen.example/ü
http://www.example.org\\@evil.example/
http://www.exam\tple.org/\r\nx
  http://www.example.org/
\x00\x1fhttp://www.example.org/
http://a.example.org?b@c:1/d
http://user@
http://user:@host:1
ftp://f/;type=a
""".strip("\n").split("\n") + ["", ":", "//", "http://", "#", "?", "http://[]/", "http://[abc]/", "http://[192.0.2.1]/", "http://[v1.x]/", "http://[v1.]/", "http://[vg.x]/", "http://a[b]@c/", "http://[::1]@c/", "http://a]b[/", "http://[", "http://a\u2100b/", "http://a\uff0fb/", "http://\uff21/", "//[::1", "1http://x/", "a+b-c.d://x", "\u00a0//x", "http://a\uff1ab@c/"]


def split(url):
    try:
        u = urlsplit(url)
    except ValueError:
        return None
    try:
        port = u.port
    except ValueError:
        port = "bad"
    return [u.scheme, u.username or "", u.password or "", u.hostname or "", port, u.path, u.query, u.fragment]


def has_netloc(url):
    try:
        return urlsplit(url).netloc != ""
    except ValueError:
        return False


with open("split.jsonl", "w", encoding="utf-8") as out:
    for url in URLS:
        url = url.replace("\\t", "\t").replace("\\r", "\r").replace("\\n", "\n").replace("\\x00", "\x00").replace("\\x1f", "\x1f").replace("\\\\", "\\")
        print(json.dumps([url, split(url), has_netloc(url)], ensure_ascii=False), file=out)
