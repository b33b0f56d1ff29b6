package charset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

func lookup(t testing.TB, label string) *Encoding {
	t.Helper()
	e, err := Lookup(label)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestLookup(t *testing.T) {
	for label, want := range map[string]string{
		"utf-8": "utf-8", "UTF8": "utf-8", "us-ascii": "utf-8", "utf-8-sig": "utf-8",
		"latin1": "windows-1252", "Latin-1": "windows-1252", "LATIN_1": "windows-1252", "ISO-8859-1": "windows-1252", "iso8859-1": "windows-1252",
		"ISO_8859-1:1987": "windows-1252", "cp1252": "windows-1252", "iso-8859-15": "iso-8859-15", "latin9": "iso-8859-15", "cp850": "ibm-code-page-850",
		"utf-16": "utf-16le", "utf_16_be": "utf-16be", "UTF-16LE": "utf-16le", "utf-32": "utf-32le",
		"Shift_JIS": "shiftjis", "cp932": "shiftjis", "euc-kr": "euckr", "GB2312": "gbk", "big5": "big5", "koi8-r": "koi8-r", "windows-1251": "windows-1251",
	} {
		if e := lookup(t, label); e.String() != want {
			t.Errorf("%s: %s, want %s", label, e, want)
		}
	}
	for label, want := range map[string]string{"": "known are utf-8", "--": "known are utf-8", "utf-9": "did you mean utf8?", "klingon": "known are utf-8"} {
		if _, err := Lookup(label); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", label, err, want)
		}
	}
}

// TestLabels holds each label to what it means on the web.
func TestLabels(t *testing.T) {
	n := 0
	for line := range strings.Lines(labels) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if _, err := Lookup(words[0]); err != nil {
			t.Errorf("%s: %v", words[0], err)
		}
	}
	for _, label := range []string{
		"866", "cp866", "l2", "latin2", "iso_8859-2:1987", "arabic", "greek", "hebrew", "visual", "iso-8859-8-i", "latin6", "iso-8859-13", "iso-8859-14",
		"iso-8859-16", "koi8-u", "macintosh", "dos-874", "tis-620", "cp1250", "x-cp1251", "iso88591", "latin1", "cp819", "cp1253", "latin5", "iso-8859-9",
		"cp1255", "cp1256", "cp1257", "cp1258", "x-mac-cyrillic", "gb_2312-80", "gbk", "gb18030", "big5-hkscs", "euc-jp", "csiso2022jp", "ms_kanji", "windows-31j", "ks_c_5601-1987",
	} {
		want, err := htmlindex.Get(label)
		if err != nil {
			t.Fatal(label, err)
		}
		e := lookup(t, label)
		for c := 1; c < 256; c++ {
			src := []byte{'a', byte(c), 'b', byte(c), '\n'}
			text, _ := want.NewDecoder().Bytes(src)
			got, _ := Decode(src, e, Replace)
			if c != 0x1b && string(got) != string(text) && !strings.ContainsRune(string(text), utf8.RuneError) {
				t.Errorf("%s: 0x%x is %q, want %q", label, c, got, text)
			}
			n++
		}
	}
	if n == 0 {
		t.Error("no label was compared")
	}
}

// encodings are the ones that texts are tried in, with what writes them.
var encodings = map[string]encoding.Encoding{
	"latin1": nil, "iso-8859-5": nil, "windows-1251": nil, "shift_jis": nil, "euc-jp": nil, "iso-2022-jp": nil, "euc-kr": nil, "gbk": nil, "gb18030": nil, "big5": nil,
	"utf-16le": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "utf-16be": unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
}

var samples = map[string]string{
	"latin1": "bücher.example,80\r\n\r\"é\rà\"\n\n", "iso-8859-5": "книга,1\rдом\n", "windows-1251": "книга,1\rдом\n", "shift_jis": "本,ソ\r\n表|能\n", "euc-jp": "本,ソ\r\n表\n",
	"iso-2022-jp": "本,ソ\r\nabc 表\n", "euc-kr": "책,집\r집\n", "gbk": "书,家\r\n", "gb18030": "书,家😀\r\n€\n", "big5": "書,家\r\n功\n",
	"utf-16le": "bücher,😀\r\n本\ra\n\n", "utf-16be": "bücher,😀\r\n本\ra\n\nĊ਀\n",
}

func encode(t testing.TB, label, text string) []byte {
	t.Helper()
	e := encodings[label]
	if e == nil {
		var err error
		if e, err = htmlindex.Get(label); err != nil {
			t.Fatal(err)
		}
	}
	src, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(label, err)
	}
	return src
}

// readers cut a source into pieces in different ways.
var readers = map[string]func(io.Reader) io.Reader{
	"whole": func(r io.Reader) io.Reader { return r },
	"bytes": iotest.OneByteReader,
	"half":  iotest.HalfReader,
	"error": iotest.DataErrReader,
}

// TestSource reads lines in all encodings, and holds each to its bytes.
func TestSource(t *testing.T) {
	for label := range encodings {
		for name, cut := range readers {
			for _, times := range []int{1, 1000} {
				text := strings.Repeat(samples[label], times) + "end"
				src := encode(t, label, text)
				r := NewReader(cut(bytes.NewReader(src)), lookup(t, label))
				got, err := io.ReadAll(r)
				if err != nil || string(got) != text || r.Broken() {
					t.Fatalf("%s, %s: %.60q, broken %v, error %v, want %.60q", label, name, got, r.Broken(), err, text)
				}
				var all []byte
				from := 0
				for i := range len(text) + 1 {
					if i < len(text) && text[i] != '\n' && text[i] != '\r' {
						continue
					}
					to := min(i+1, len(text))
					piece := r.Source(int64(from), int64(to))
					all = append(all, piece...)
					if line, err := Decode(piece, lookup(t, label), Strict); err != nil || string(line) != text[from:to] {
						t.Fatalf("%s, %s: the source of %q is %q: %v", label, name, text[from:to], line, err)
					}
					from = to
				}
				if !bytes.Equal(all, src) {
					t.Errorf("%s, %s: the pieces are not the source", label, name)
				}
			}
		}
	}
}

// TestMarks reads texts by their marks, whatever encoding is named.
func TestMarks(t *testing.T) {
	const text = "bücher\n本😀"
	units := utf16.Encode([]rune(text))
	var le, be, le32, be32 []byte
	for _, u := range units {
		le = append(le, byte(u), byte(u>>8))
		be = append(be, byte(u>>8), byte(u))
	}
	for _, c := range text {
		le32 = append(le32, byte(c), byte(c>>8), byte(c>>16), 0)
		be32 = append(be32, 0, byte(c>>16), byte(c>>8), byte(c))
	}
	for mark, body := range map[string][]byte{
		"\xef\xbb\xbf": []byte(text), "\xff\xfe": le, "\xfe\xff": be, "\xff\xfe\x00\x00": le32, "\x00\x00\xfe\xff": be32,
	} {
		for _, label := range []string{"utf-8", "latin1", "utf-16be"} {
			named := lookup(t, label)
			src := append([]byte(mark), body...)
			if got, err := Decode(src, named, Strict); err != nil || string(got) != text {
				t.Errorf("%x, %s: %q, %v", mark, label, got, err)
			}
			r := NewReader(iotest.OneByteReader(bytes.NewReader(src)), named)
			if got, err := io.ReadAll(r); err != nil || string(got) != text || r.Broken() {
				t.Errorf("%x, %s, as a stream: %q, %v", mark, label, got, err)
			}
			if needed := r.Start().String() != named.String(); string(r.Mark()) != mark && needed || len(r.Mark()) > 0 && !needed {
				t.Errorf("%x, %s: the mark is %x", mark, label, r.Mark())
			}
		}
	}
	for _, src := range []string{"", "\xef", "\xef\xbb", "\x00", "\xff"} {
		r := NewReader(strings.NewReader(src), nil)
		if got, err := io.ReadAll(r); err != nil || string(got) != src || r.Broken() != (src != "") {
			t.Errorf("%x: %x, broken %v, %v", src, got, r.Broken(), err)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, test := range []struct{ label, src, want, replaced, ignored string }{
		{"utf-8", "a\nb\xfccher", "line 2, column 2: byte 0xfc is not utf-8", "a\nb\uFFFDcher", "a\nbcher"},
		{"utf-8", "\xef\xbb\xbfab\xe2\x82", "line 1, column 3: byte 0xe2 is not utf-8", "ab\uFFFD\uFFFD", "ab"},
		{"utf-8", "a\rb\r\nä\x00", "line 3, column 3: a NUL byte, as in UTF-16 without a byte order mark", "a\rb\r\nä\uFFFD", "a\rb\r\nä"},
		{"windows-1253", "a\n\xd2b", "line 2, column 1: byte 0xd2 is not windows-1253", "a\n\uFFFDb", "a\nb"},
		{"utf-16le", "a\x00\x00\xd8b\x00", "line 1, column 3: bytes 0x00d8 are not utf-16le", "a\uFFFDb", "ab"},
		{"utf-16be", "\x00a\x00", "line 1, column 3: NUL is no text", "a\uFFFD", "a"},
		{"utf-16be", "\x00\n\xdc\x00", "line 2, column 1: bytes 0xdc00 are not utf-16be", "\n\uFFFD", "\n"},
		{"utf-32le", "a\x00\x00\x00\x00\xd8\x00\x00", "line 1, column 5: bytes 0x00d80000 are not utf-32le", "a\uFFFD", "a"},
		{"shift_jis", "a\r\n\x83", "line 2, column 1: byte 0x83 is not shiftjis", "a\r\n\uFFFD", "a\r\n"},
		{"gbk", "\x81\n\xff\n", "line 1, column 1: byte 0x81 is not gbk", "\uFFFD\n\uFFFD\n", "\n\n"},
	} {
		named := lookup(t, test.label)
		if _, err := Decode([]byte(test.src), named, Strict); err == nil || err.Error() != test.want {
			t.Errorf("%q: %v, want %s", test.src, err, test.want)
		}
		for mode, want := range map[Errors]string{Replace: test.replaced, Ignore: test.ignored} {
			if got, err := Decode([]byte(test.src), named, mode); err != nil || string(got) != want {
				t.Errorf("%q, %s: %q, %v, want %q", test.src, mode, got, err, want)
			}
		}
		for name, cut := range readers {
			r := NewReader(cut(strings.NewReader(test.src)), named)
			got, err := io.ReadAll(r)
			if err != nil || !r.Broken() || Replace.Mend(string(got)) != test.replaced {
				t.Errorf("%q, %s: %q, broken %v, %v", test.src, name, got, r.Broken(), err)
			}
		}
	}
}

// TestIgnore compares with what Python makes of the same bytes.
func TestIgnore(t *testing.T) {
	f, err := os.Open("testdata/ignore.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for d := json.NewDecoder(f); d.More(); n++ {
		var v struct {
			Input  []byte
			Output string
		}
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		for name, cut := range readers {
			r := NewReader(cut(bytes.NewReader(v.Input)), nil)
			text, err := io.ReadAll(r)
			if got := Ignore.Mend(string(text)); got != v.Output || err != nil || r.Broken() != !Valid(v.Input) {
				t.Errorf("%s, %q: %q, %v, want %q", name, v.Input, got, err, v.Output)
			}
		}
	}
	if n == 0 {
		t.Error("there was nothing to compare")
	}
}

func TestTrim(t *testing.T) {
	for _, test := range []struct{ label, src, want string }{
		{"utf-8", " \t\u00a0a b\r\n", "\u00a0a b"}, {"utf-8", "\n", ""},
		{"latin1", " \xa0a\v", "\xa0a"}, {"utf-16le", " \x00a \n\x00\r\x00", "a "}, {"utf-16be", "\x00 \x00a\x00\n", "\x00a"}, {"utf-16be", "\x00 \x00", "\x00"},
	} {
		if got := lookup(t, test.label).Trim([]byte(test.src)); string(got) != test.want {
			t.Errorf("%s, %q: %q, want %q", test.label, test.src, got, test.want)
		}
	}
}

func TestFile(t *testing.T) {
	long := strings.Repeat(strings.Repeat("ä", 1000)+"\n", 100)
	for _, test := range []struct{ src, want, err string }{
		{"a\nb", "a\nb", ""},
		{"\xef\xbb\xbfa\nb", "a\nb", ""},
		{"\xff\xfea\x00\n\x00\xe4\x00", "a\nä", ""},
		{long, long, ""},
		{long + "b\xfc", "", ":101:2: byte 0xfc is not utf-8; the file must be UTF-8, or UTF-16 with a byte order mark"},
		{"\xff\xfe" + string(encode(t, "utf-16le", long)) + "b\x00\x00\xdc", "", ":101:3: bytes 0x00dc are not utf-16le; the file must be UTF-8, or UTF-16 with a byte order mark"},
		{"ä\nb\x00", "", ":2:2: a NUL byte, as in UTF-16 without a byte order mark; the file must be UTF-8, or UTF-16 with a byte order mark"},
	} {
		path := filepath.Join(t.TempDir(), "rules")
		if err := os.WriteFile(path, []byte(test.src), 0o600); err != nil {
			t.Fatal(err)
		}
		check := func(how string, got []byte, err error) {
			if test.err == "" && (err != nil || string(got) != test.want) || test.err != "" && (err == nil || err.Error() != path+test.err) {
				t.Errorf("%.20q, %s: %.20q, %v, want %.20q, %s", test.src, how, got, err, test.want, test.err)
			}
		}
		got, err := ReadFile(path)
		check("at once", got, err)
		for name, cut := range readers {
			got, err := io.ReadAll(Text(cut(strings.NewReader(test.src)), path))
			check(name, got, err)
		}
	}
	if _, err := ReadFile("/does/not/exist"); !os.IsNotExist(err) {
		t.Errorf("a file that is missing: %v", err)
	}
}

// FuzzReader reads anything in all encodings: a stream gives what the whole
// gives, and its lines put together are the source.
func FuzzReader(f *testing.F) {
	for label, text := range samples {
		f.Add(label, encode(f, label, text))
	}
	f.Add("utf-8", []byte("\xff\xfe\x00"))
	f.Add("iso2022jp", []byte("\x1b$B")) // bytes without any text
	f.Add("iso2022jp", []byte("a\n\x1b$B"))
	f.Add("iso2022jp", []byte("a\x1b$B"))
	f.Add("utf-8", []byte("ab\xe2\x82\r\n\x00"))
	f.Fuzz(func(t *testing.T, label string, src []byte) {
		e, err := Lookup(label)
		if err != nil {
			return
		}
		want, _ := Decode(src, e, Replace)
		for name, cut := range readers {
			r := NewReader(cut(bytes.NewReader(src)), e)
			text, err := io.ReadAll(r)
			if got := Replace.Mend(string(text)); err != nil || got != string(want) {
				t.Fatalf("%s: %q, %v, want %q", name, got, err, want)
			}
			_, strict := Decode(src, e, Strict)
			if r.Broken() != (strict != nil) {
				t.Fatalf("%s: broken is %v, but %v", name, r.Broken(), strict)
			}
			if r.Start() == nil {
				continue
			}
			all, from := bytes.Clone(src[:len(src)-len(r.in)]), 0
			for i, c := range text {
				if c == '\n' || c == '\r' {
					all = append(all, r.Source(int64(from), int64(i+1))...)
					from = i + 1
				}
			}
			all = append(all, r.Source(int64(from), int64(len(text)))...)
			// What stands behind the last text and stands for none, such as a
			// change of the character set, is in no line.
			rest, whole := bytes.CutPrefix(src, all)
			if left, _ := Decode(rest, e, Replace); !whole || len(left) > 0 {
				t.Fatalf("%s: the lines are %q, the source is %q", name, all, src)
			}
		}
	})
}

func BenchmarkReader(b *testing.B) {
	line := "192.0.2.1,80,bücher.example,2026-01-31 10:20:30,malware,A common name\n"
	for _, label := range []string{"utf-8", "latin1", "utf-16le", "gbk"} {
		b.Run(label, func(b *testing.B) {
			src := []byte(strings.Repeat(strings.ReplaceAll(line, "ü", "u"), 1<<14))
			if label != "utf-8" {
				src = encode(b, label, string(src))
			}
			e := lookup(b, label)
			buf := make([]byte, 64<<10)
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				r := NewReader(bytes.NewReader(src), e)
				total := int64(0)
				for {
					n, err := r.Read(buf)
					if total += int64(n); err != nil {
						break
					}
					r.Forget(total)
				}
			}
		})
	}
}

func ExampleLookup() {
	_, err := Lookup("windows-1225")
	fmt.Println(err)
	// Output: unknown encoding "windows-1225", did you mean windows1252?
}
