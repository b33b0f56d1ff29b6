#!/usr/bin/env python3
"""Writes search.jsonl: what Python's re.search finds. One line a case: the
expression, whether case is ignored, the text, and the spans of the match and of
its groups, null if there is none, or "error" if re refuses the expression."""
import json
import random
import re
import warnings

warnings.simplefilter("ignore")
random.seed(20261126)

HAND = [
    r"(?m)^abc$", r"^abc$", r"abc$", r"abc\Z", r"\Aabc", r"a$\n", r"(?m)a$\nb", r"$", r"^$", r"(?m)^$", r"(?m)$", r"a$|b", r"$|b", r"(a|$)(\n?)",
    r"y{,1}", r"y{,}", r"y{2}", r"y{2,}", r"y{1,2}?", r"x{", r"x{}", r"x{a}", r"x{1", r"x{1,", r"{", r"}", r"x{2,1}", r"a{,2}b", r"{2}", r"y{1,2}{2}",
    r"[^\W]", r"[^\W\d]", r"[\W]", r"[^\D]", r"[\D]", r"[\S]", r"[^\S]", r"[\w.-]+", r"\w+", r"\W+", r"\d+", r"\D+", r"\s+", r"\S+", r"[\d\s]+",
    r"\bfoo\b", r"\b\w+\b", r"\B.", r"(?a)\bfoo\b", r"(?a)\w+", r"(?a)[^\W]", r"\bé", r"é\b", r"a\Bé", r"(?:\b|x)y", r"\b$",
    r"(?i)k", r"(?i)s", r"(?i)i", r"(?i)İ", r"(?i)ı", r"(?i)[a-z]+", r"(?i)[^i]", r"(?i)ß", r"(?i)µ", r"(?i)σ", r"(?ai)k", r"(?ai)[a-z]", r"(?i)[^k]", r"(?i)Ä",
    r".", r"(?s).", r"(?s:.)x", r"(?-s:.)", r"a.c", r"(?i:a)b", r"(?i)a(?-i:b)", r"(?x) a b # c", "(?x)a # c\nb", r"(?x)[ a]", r"(?x) a *", r"a(?i)b", r"(?i)(?m)^a",
    r"(?P<n>a)(?P<m>b)?", r"(?P<n>a)(?P<n>b)", r"(?P<1>a)", r"(?P<>a)", r"(?P<n", r"(?<n>a)", r"(a)(b)?(c)", r"(a|ab)(c|bcd)(d*)", r"(a|ab)(c|bcd)*", r"(a*)(ab)*",
    r"[]a]", r"[^]a]", r"[]", r"[^]", r"[a-\d]", r"[\d-z]", r"[a-]", r"[-a]", r"[a-c-e]", r"[[]", r"[[:alpha:]]", r"[\b]", r"[\n]", r"[z-a]", r"[\]]", r"[\\]", r"[^\n]", r"[a\-z]",
    r"a**", r"a+?", r"a??", r"*a", r"+", r"?", r"(*)", r"a|*", r"^*", r"$*", r"\b*", r"(?:^)*", r"(^a)", r"()*", r"(?:)+", r"(a|)*", r"(|a)+", r"(a*)*", r"(?:a*)*b",
    r"\x41", r"\x4", r"\u00e9", r"\u00", r"\U0001F600", r"\U00110000", r"\0", r"\07", r"\101", r"\400", r"\8", r"[\8]", r"[\101]", r"[\0]", r"\q", r"\_", r"\-", r"\e", r"\z", r"\Q", r"\é",
    r"(", r")", r"(a", r"a)", r"[", r"[a", "\\", r"[\]", r"(?", r"(?z)", r"(?i", r"(?i-)", r"(?i-i:a)", r"(?:", r"(?#c)a", r"a(?#c)*", r"(?#", r"(?L)a", r"(?u)é", r"(?a-i:x)",
    r"(?-u:a)", r"(?im-sx:a.b)", "", r"|", r"a||b", r"(?:|a)", r"\.", r"a\.b", r"^https?://[^/]+/", r"\d{1,3}(?:\.\d{1,3}){3}", r"^(80|443)$", r"^[A-Z]{2}$", r"(?i)^(evil|bad)\.example$",
    r"x{1000}", r"(?:a{3}){3}", r"^\s*(?P<k>\w+)\s*=\s*(?P<v>.*?)\s*$", r"[\s\S]*?b", r"[^\d\W_]+", r"[\x00-\x1f]", r"[^\x00-\x7f]", r"\t", r"\a\f\v",
]
REFUSED = [
    r"a(?=b)", r"a(?!b)", r"(?<=a)b", r"(?<!a)b", r"(a)\1", r"(?P<n>a)(?P=n)", r"(a)?(?(1)b|c)", r"(?>a)b", r"a++", r"a*+", r"\ud800", r"(a*)*", r"(a|)+", r"\N{DIGIT ONE}", r"x{1001}",
]
TEXTS = [
    "", "a", "abc", "abc\n", "abc\nabc", "abc\n\n", "x\nabc\n", "foo bar", "éfoo", "fooé foo", "é", "aé", "K s İ ı i I ſ ß ẞ µ μ σ ς", "\n", "y", "yy", "yyy", "{x}", "x{a}", "x{",
    "192.0.2.1", "http://example.org/a", "443", "80\n", "Straße 5", "a.b-c_d", "١٢٣ x", "tab\there", "\x1c\x85\u2003", "abcd", "abbb", "ab", "aaa", "bb", "key = a value  ", "😀", "A\x00B",
    "evil.EXAMPLE", "]", "[", "-", "\\", "a-z", "c e", "\b", "日本語", "a\r\nb", "ÄÖ", "aab", "b",
]
ATOMS = list("aabbéxk.") + [r"\w", r"\W", r"\d", r"\s", r"\b", r"\B", "^", "$", r"\Z", "[ab]", "[^a]", r"[^\W]", r"[\dx]", r"[^\s]", "[a-k]", r"\n", "İ", "i", "(?i:k)", "(?m:^)", "(?m:$)", "(?s:.)"]
QUANTIFIERS = ["", "", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{,1}", "{1,2}", "{1,}"]


def sequence(depth):
    return "".join(piece(depth) for _ in range(random.randint(1, 4)))


def piece(depth):
    if depth and random.random() < 0.3:
        kind = random.choice(["(", "(?:", "(?i:"])
        return kind + "|".join(sequence(depth - 1) for _ in range(random.randint(1, 3))) + ")" + random.choice(QUANTIFIERS)
    atom = random.choice(ATOMS)
    if atom in ("^", "$", r"\b", r"\B", r"\Z"):
        return atom
    return atom + random.choice(QUANTIFIERS)


def byte_span(text, span):
    if span == (-1, -1):
        return [-1, -1]
    return [len(text[:i].encode()) for i in span]


def case(expr, fold, text):
    try:
        found = re.compile(expr, re.I if fold else 0).search(text)
    except (re.error, OverflowError):
        return "error"
    if found is None:
        return None
    return [i for group in range(found.re.groups + 1) for i in byte_span(text, found.span(group))]


def write(out, expr, fold, text):
    print(json.dumps({"expr": expr, "fold": fold, "text": text, "found": case(expr, fold, text)}, ensure_ascii=False), file=out)


with open("search.jsonl", "w", encoding="utf-8") as out:
    for expr in HAND:
        for text in TEXTS:
            write(out, expr, False, text)
    for n in range(6000):
        expr, letters = sequence(2), "ab\nékKi x1İ"
        text = "".join(random.choice(letters) for _ in range(random.randint(0, 8)))
        write(out, expr, n % 4 == 0, text)
with open("refused.txt", "w", encoding="utf-8") as out:
    for expr in REFUSED:
        print(expr, file=out)
