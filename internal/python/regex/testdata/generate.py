#!/usr/bin/env python3
"""Write the golden files: what Python's re finds with our own expressions.

search.jsonl  {"expr", "fold", "error": true} or {"expr", "fold", "texts", "spans"}; the
              spans of a text are a list of offsets in characters, two for the match and
              each of its groups, -1 for a group that took no part, or null.
class.jsonl   {"expr", "fold", "ranges"}: the characters that a class has, as ranges. The
              first record, which has no expression, has all that this version of Unicode
              assigns; others are in no class.
"""
import itertools
import json
import os
import random
import re
import signal
import sys
import unicodedata
import warnings

warnings.simplefilter("ignore")
here = os.path.dirname(os.path.abspath(__file__))
rng = random.Random(20240518)


def save(name, records):
    with open(os.path.join(here, name), "w", encoding="ascii", newline="\n") as f:
        for record in records:
            f.write(json.dumps(record, separators=(",", ":")) + "\n")


class Slow(Exception):
    pass


def alarm(*_):
    raise Slow


signal.signal(signal.SIGALRM, alarm)


def spans(pattern, text):
    m = pattern.search(text)
    if m is None:
        return None
    return [at for group in range(pattern.groups + 1) for at in m.span(group)]


def search(expr, fold, texts):
    record = {"expr": expr, "fold": fold}
    signal.setitimer(signal.ITIMER_REAL, 1)
    try:
        pattern = re.compile(expr, re.IGNORECASE if fold else 0)
        record |= {"texts": texts, "spans": [spans(pattern, t) for t in texts]}
    except (re.error, OverflowError, ValueError, RecursionError):
        record["error"] = True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return record


# Expressions that somebody thought of, each on texts near to it. Python 3.11
# reads (?a)(?u:\\w) as (?a)\\w, but only if nothing stands between the two: that
# is a slip of its search for a place to begin.
chosen = r"""
a|b|
(?m)^abc$
^abc$
abc$
$
^
\Z
\A
a\Z
a$\n
(a$)
(?m)a$\n^b
(?m:^a$)b?$
(?m:a$)$
a$b
x{,1}y
y{,1}
y{,}
y{2}
y{1,2}
y{2,1}
y{1
y{a}
y{}
{
{}
{1}
a{1}{2}
}
]
a]b}
y{ 1}
y{1,2}?
y{1,2}+
y*+
y?+
y++
y**
y+*
y?*
y???
(?:y*)*
(y*)*
(y*)+
(y*)*?
(y*)+?
(y*){2}
(y*){2,3}
(y?){0,3}
(y??){0,3}
(|y)*
(|y)+
(|y){2,}
(|y){0,2}b
(y|)*b
(?:(y)|b)*
(?:(y)|(b))*
((y)|b)*
(?:(y)|b|(?:))*
((a*)*)*
((a*)*b)*
(a|ab)(c|bcd)*
(a|ab)(c|bcd)(d*)
(a*?)*?b
(?:a??)*b
(?:\b|a)*
(?:^|a)+
(?:^|b)*
(?:$)*
^*
$*
\b*
\b+
(?:\b)*
*
+
?
|*
(*)
(?i)*
a|*
()
()*
(()|a)*b
(a
a)
(
)
(?
(?)
(?:
(?:)
(?#
(?#)
(?#a\)b)c
a(?#x)*
a*(?#x)*
(?P
(?P<
(?P<n
(?P<n>
(?P<n>a)
(?P<n>a)(?P<n>b)
(?P<1>a)
(?P<>a)
(?P<a-b>a)
(?P<é>a)
(?P<n>a)(?P=n)
(?P=n)
(?P>n)
(?<n>a)
(?<=a)b
(?<!a)b
a(?=b)
a(?!b)
(?>a*)b
(a)?(?(1)b|c)
(?R)
(?&n)
(?|a|b)
(?'n'a)
(a)\1
(a\1)
\1
\2(a)(b)
\8
\9
\0
\00
\01
\07
\012
\0123
\08
\100
\101
\1011
\377
\400
\777
[\0]
[\07]
[\101]
[\400]
[\8]
[\1]
\x41
\x4
\x
\x4g
\u00e9
\u00e
\U0001F600
\U0011FFFF
\U00110000
\ud800
[\ud800-\udfff]
[\ud000-\uffff]
\N{DIGIT ONE}
\N
\Q
\E
\G
\K
\R
\X
\z
\y
\h
\H
\p{L}
\pL
\P{L}
\c
\cA
\e
\i
\_
\-
\é
\ 
\/
\"
\@
\.
\a
\f
\v
\t
\r
\n
\\
[]
[^]
[]a]
[^]a]
[a
[a-
[a-]
[-a]
[a-c-e]
[a-\d]
[\d-a]
[\d-]
[-\d]
[c-a]
[a-a]
[--a]
[!--]
[[]
[[a]]
[[:alpha:]]
[a&&b]
[a||b]
[a~~b]
[a--b]
[\b]
[\B]
[\A]
[\Z]
[\w]
[\W]
[^\w]
[^\W]
[^\W\d]
[^\W\d_]
[\W\d]
[\w\W]
[^\w\W]
[\s\S]
[^\s\S]
[^\S\n]
[\D]
[^\D]
[^\Da]
[\Da]
[\S]
[\]]
[\\]
[\-a]
[$^.]
[a^]
[(?i)]
\w+
\W+
\d+
\D+
\s+
\S+
\bé\b
\bé
é\b
\Bé
é\B
\b
\B
\bfoo\b
\b\w+\b
(?a)\bé\b
(?a)\Bé
(?a)\w+
(?a)\W+
(?a)\s+
(?a)\S+
(?a)\d+
(?a)[^\W]
(?a:\w)\w
(?a:\b)é
(?u)\w+
(?u:\w)
(?a)b?(?u:\w)
(?a)(?u)x
(?u)(?a)x
(?au)x
(?au:x)
(?L)x
(?L:x)
(?i)é
(?i)s
(?i)ſ
(?i)k
(?i)\u212a
(?i)i
(?i)\u0130
(?i)ı
(?i)I
(?i)ß
(?i)ẞ
(?i)σ
(?i)ς
(?i)µ
(?i)ΐ
(?i)ﬅ
(?i)[a-z]+
(?i)[^a-z]+
(?i)[A-Z]+
(?i)[^a]
(?i)[^k]
(?i)[s]
(?i)[S-T]
(?i)[à-ý]+
(?i)[\d]
(?i)\w
(?i)[_-a]
(?ia)[a-z]+
(?ia)k
(?ia)[^k]
(?ia)s
(?ia)é
(?i)abc
(?i:a)b
a(?i:b)c
a(?i)b
(?i)a(?-i:b)
(?-i:a)
(?-i)a
(?i-i:a)
(?i-:a)
(?-:a)
(?i
(?i:
(?i-
(?ii)a
(?ims)^a.b$
(?s).
(?s).+
.
.+
(?s:.)+.
(?-s:.)
(?s)(?-s:.)+
(?m)^
(?m)$
(?m)\A
(?m)\Z
(?m)^b
(?m)a$
(?x) a b # comment
(?x) a\ b
(?x)a[ ]b
(?x)a {2}
(?x)a{2 }
(?x)a * 
(?x)a * ?
(?x)a*? b
(?x)#a\
b
(?x)#a
(?x)(?# x ) a
(?x: a b ) c
(?x)(?-x: a )
(?x) (?i)a
 (?x)a
(?i)(?s)a.b
(?#x)(?i)a
(?:(?i))a
(?i)|a
a|(?i)
(?z)a
(?i)(?z:a)
a{0}
(a){0}
(a){0}b
(a){0,0}?b
a{0,}
a{1001}
a{999}
(?:a{40}){40}
((a){40}){40}
a{99999999999}
(?:a|b)*c
(a+|b+)*c
(a|b)*?c
(a?b?)*
(a?b?)*c
(a?b?)*?c
(a?b?){2,4}c
(a??b)*c
(?:(a?)(b?))*
(?:(a)?b)*
(?:(a)?(b)?)*
(?:(a)?(b)?)+c
((a)?b|(c))*
(?:(a)|(b)|(c))*?c
(?:(a)|b){2,3}
(?:(a)|b){2,3}?c
(?:a(b)?)*c
^(80|443)$
^family500($|-)
(?i)^(https?)://([^/:]+)(?::(\d+))?(/.*)?$
([0-9]{1,3})\.([0-9]{1,3})
^\s*(.*?)\s*$
^(?P<user>[^@]+)@(?P<host>[\w.-]+)$
[^,]*,([^,]*)
\.example\.(?:org|com)$
abc\Z
\Aabc
(?m)a$\nb
^$
(?m)^$
a$|b
$|b
(a|$)(\n?)
y{2,}
x{
x{}
x{a}
x{1
x{1,
x{2,1}
a{,2}b
{2}
y{1,2}{2}
[^\S]
[\w.-]+
[\d\s]+
\B.
(?a)\bfoo\b
a\Bé
(?:\b|x)y
\b$
(?i)İ
(?i)[^i]
(?ai)k
(?ai)[a-z]
(?i)Ä
(?s:.)x
a.c
(?x) a b # c
(?x)[ a]
(?x) a *
(?i)(?m)^a
(?P<n>a)(?P<m>b)?
(a)(b)?(c)
(a*)(ab)*
[\d-z]
[\n]
[z-a]
[^\n]
[a\-z]
a**
a+?
a??
*a
(?:^)*
(^a)
(?:)+
(a|)*
(|a)+
(a*)*
(?:a*)*b
\u00
\q
[
[\]
(?z)
(?i-)
(?#c)a
a(?#c)*
(?L)a
(?u)é
(?a-i:x)
(?-u:a)
(?im-sx:a.b)
|
a||b
(?:|a)
a\.b
^https?://[^/]+/
\d{1,3}(?:\.\d{1,3}){3}
^[A-Z]{2}$
(?i)^(evil|bad)\.example$
x{1000}
(?:a{3}){3}
^\s*(?P<k>\w+)\s*=\s*(?P<v>.*?)\s*$
[\s\S]*?b
[^\d\W_]+
[\x00-\x1f]
[^\x00-\x7f]
\a\f\v
""".strip("\n").split("\n")
# What cannot be written on a line of its own.
chosen += ["a\\", "\\", "(?x)a#\\", "(?x)a#\\\nb", "(?x)a # c\nb", "(?x)\ta\n\vb\f\r", "a\nb$", "\x00", "[\x00-\x1f]",
           "", "(?s)a.b", "é$", "(?m)é$", "\\\n", "(?x)\\\n", "(?x)[#]a"]

texts_of = {}
base = ["", "\n", "a", "b", "ab", "abc", "abc\n", "\nabc", "x\nabc\ny", "a\nb", "a\n", "é", "É", "aé", "é b", "éa\n", "y", "yy", "yyb",
        "aab", "abcd", "k\u212a", "sſS", "iİıI", "ß", "0", "٣", " ", "\u00a0", "_", "-", "foo", "a foo é", "éfoo", "]", "{", "\\",
        "\x00", "\x07", "S8", "A"]


def near(expr):
    """A few texts made of what the expression has."""
    letters = [c for c in expr if c not in "()[]{}*+?|\\^$.#<>:=!,-"] or ["a"]
    out = ["".join(rng.choice(letters) for _ in range(rng.randrange(1, 6))) for _ in range(3)]
    return out + [out[0] + "\n"]


records = []
for expr in chosen:
    for fold in (False, True) if any(c.isalpha() for c in expr) else (False,):
        texts = rng.sample(base, 12 if fold else 24)
        records.append(search(expr, fold, texts + near(expr)))


# Random ones out of a grammar, so that most are right.
atoms = ["a", "b", "c", "a", "b", "c", "é", "\\w", "\\W", "\\d", "\\s", "\\S", ".", "[ab]", "[^a]", "[^\\W]", "[a-c]", "[^\\n]", "k", "s", "i",
         "\\n", "-", " ", "[\\s\\d]", "[^\\Wb]"]
places = ["^", "$", "\\b", "\\B", "\\A", "\\Z"]
counts = ["*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}", "{1,3}?", "{,2}", "{2,}"]


def term(depth):
    r = rng.random()
    if r < 0.12:
        return rng.choice(places)
    if depth > 0 and r < 0.45:
        inner = alternation(depth - 1)
        t = rng.choice(["(%s)", "(%s)", "(?:%s)", "(?i:%s)", "(?m:%s)", "(?a:%s)", "(?s:%s)"]) % inner
    else:
        t = rng.choice(atoms)
    if rng.random() < 0.4:
        t += rng.choice(counts)
    return t


def sequence(depth):
    return "".join(term(depth) for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4])))


def alternation(depth):
    return "|".join(sequence(depth) for _ in range(rng.choice([1, 1, 1, 2, 2, 3])))


alphabet = "aabbcc" + "aabbccé \n-1ksKSÉi_"


def text():
    return "".join(rng.choice(alphabet) for _ in range(rng.choice([0, 1, 2, 3, 4, 5, 6, 8, 10])))


def random_search(make, n):
    for _ in range(n):
        expr = make()
        try:
            records.append(search(expr, rng.random() < 0.2, [text() for _ in range(5)]))
        except Slow:
            pass


random_search(lambda: rng.choice(["", "", "", "(?i)", "(?m)", "(?s)", "(?a)", "(?im)"]) + alternation(3), 1500)
# Loops in loops around what may be empty.
loops = ["a", "b", "", "(a)", "(b)", "(|a)", "(a|)", "a?", "b??", "(a*)", "(b)?", "^", "\\b"]
random_search(lambda: "".join("(?:%s|%s)%s" % (rng.choice(loops), "(%s%s)%s" % (rng.choice(loops), rng.choice(loops), rng.choice(counts)),
                                              rng.choice(counts)) for _ in range(rng.choice([1, 1, 2]))) + rng.choice(["", "b", "c", "$"]), 500)
# Random signs, so that most are wrong.
signs = list("abé()[]{}|*+?^$.,-:\\\\\\0127xudwsbBAZPin#=!<> ") + ["(?", "(?:", "(?P<a>", "(?P<b>", "[^", "\\x41", "{2}", "{2,3}", "(?i)", "(?x)"]
random_search(lambda: "".join(rng.choice(signs) for _ in range(rng.randrange(1, 9))), 2000)
seen = set()
save("search.jsonl", [r for r in records if (r["expr"], r["fold"]) not in seen and not seen.add((r["expr"], r["fold"]))])


assigned = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) not in ("Cn", "Cs", "Co")]


def class_record(expr, fold):
    pattern = re.compile(expr, re.IGNORECASE if fold else 0)
    return {"expr": expr, "fold": fold, "ranges": ranges(c for c in assigned if pattern.fullmatch(c))}


def ranges(characters):
    out = []
    for c in map(ord, characters):
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


classes = [{"expr": "", "fold": False, "ranges": ranges(assigned)}]
classes += [class_record(e, False) for e in [r"\w", r"\d", r"\s", r"(?a)\w", r"(?a)\s", r"[^\W\d_]", "."]]
classes += [class_record(re.escape(chr(c)), True) for c in [*range(0x21, 0x7f), 0xb5, 0xdf, 0xe9, 0x130, 0x131, 0x17f, 0x1c5, 0x345, 0x390, 0x3c2, 0x3c3,
            0x3b9, 0x1c80, 0x1c85, 0x1e9b, 0x1e9e, 0x1fd3, 0x1fb3, 0x2126, 0x212a, 0x212b, 0x24b6, 0xa64b, 0xfb05, 0x10a0, 0x10d0, 0x13a0, 0xab70]]
classes += [class_record(e, True) for e in ["[a-z]", "[A-Z]", "[^a-z]", "[à-ÿ]", r"[\w]", r"[^\W_]", "[α-ω]", "[Α-Ω]", r"[\u0000-\u00ff]", "(?a)[a-z]", "(?a)[K-é]",
            "[I-K]", r"[^I-K]"]]
save("class.jsonl", classes)
