package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type file struct{ name, text string }

var twoFiles = []file{{"subdir/", ""}, {"subdir/bar", "192.0.2.1\n"}, {"foo", "198.51.100.1\n"}}

func zipped(t testing.TB, files ...file) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, NonUTF8: true})
		if err == nil {
			_, err = io.WriteString(w, f.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarred(t testing.TB, files ...file) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Mode: 0o600, Size: int64(len(f.text)), Typeflag: tar.TypeReg}
		if strings.HasSuffix(f.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if strings.HasPrefix(f.name, "link") {
			h.Typeflag, h.Linkname = tar.TypeSymlink, "/etc/passwd"
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Name = "secret-name"
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func cat(parts ...[]byte) []byte { return slices.Concat(parts...) }

// bzip2 of a tar with the files a ("192.0.2.1\n") and b ("198.51.100.1\n"), and of "192.0.2.1\n" alone.
const (
	tarBzip2  = "QlpoOTFBWSZTWQZdQfIAAJN7gMqQIABAAXdgAADwAB4ACAggAHQSUyEaANGhoFUkBoAAD7jnApTkCVcRCGOnTVea1ZL00ISEzKQ7wrwMhczGESgI7HEOOolIdFS5O0tyZjKLFCcRgt8U8Lly5gJB+LuSKcKEgDLqD5A="
	lineBzip2 = "QlpoOTFBWSZTWeEsDwoAAANYAAAQAAFwICAAMMAGmm0QQIv3C7kinChIcJYHhQA="
)

func decoded(t testing.TB, s string) []byte {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// list unpacks everything and tells of it, a line a member.
func list(f File, limits Limits) []string {
	var got []string
	for m, err := range Members(f, limits) {
		if err != nil {
			got = append(got, fmt.Sprintf("%q refused: %v", m.Name, err))
			continue
		}
		text, err := io.ReadAll(m)
		if len(text) > 100 {
			text = fmt.Appendf(nil, "%d bytes", len(text))
		}
		line := fmt.Sprintf("%q %q", m.Name, text)
		if err != nil {
			line += " " + err.Error()
		}
		got = append(got, line)
	}
	return got
}

func TestMembers(t *testing.T) {
	two := []string{`"subdir/bar" "192.0.2.1\n"`, `"foo" "198.51.100.1\n"`}
	line := []byte("192.0.2.1\n")
	refused := func(why string) []string { return []string{`"" refused: ` + why} }
	notArchive := refused("not a zip, tar, gzip or bzip2 file")
	broken := zipped(t, file{"a", "aaaa"}, file{"b", "bbbb"})
	broken[bytes.IndexByte(broken, 'a')+2] ^= 0xff // in the compressed text of a
	encrypted := zipped(t, file{"a", "aaaa"}, file{"b", "bbbb"})
	encrypted[bytes.Index(encrypted, []byte("PK\x01\x02"))+8] |= 1
	method := zipped(t, file{"a", "aaaa"}, file{"b", "bbbb"})
	method[bytes.Index(method, []byte("PK\x01\x02"))+10] = 99
	twoTar := tarred(t, twoFiles...)
	flipped := gzipped(t, bytes.Repeat(line, 99))
	flipped[len(flipped)-6] ^= 1 // in the sum
	for _, test := range []struct {
		name   string
		input  []byte
		limits Limits
		want   []string
	}{
		{"zip", zipped(t, twoFiles...), Limits{}, two},
		{"tar", twoTar, Limits{}, two},
		{"tar.gz", gzipped(t, twoTar), Limits{}, two},
		{"tar.bz2", decoded(t, tarBzip2), Limits{}, []string{`"a" "192.0.2.1\n"`, `"b" "198.51.100.1\n"`}},
		{"bz2", decoded(t, lineBzip2), Limits{}, []string{`"" "192.0.2.1\n"`}},
		{"gz", gzipped(t, line), Limits{}, []string{`"" "192.0.2.1\n"`}},
		{"gz of nothing", gzipped(t, nil), Limits{}, []string{`"" ""`}},
		{"gz in parts", cat(gzipped(t, line), gzipped(t, nil), gzipped(t, line)), Limits{}, []string{`"" "192.0.2.1\n192.0.2.1\n"`}},
		{"gz padded", cat(gzipped(t, line), make([]byte, 700)), Limits{}, []string{`"" "192.0.2.1\n"`}},
		{"gz and garbage", cat(gzipped(t, line), line), Limits{}, refused("archive cannot be unpacked: gzip: invalid header")},
		{"gz with a wrong sum", flipped, Limits{}, refused("archive cannot be unpacked: gzip: invalid checksum")},
		{"cut gz", gzipped(t, nil)[:3], Limits{}, refused("archive cannot be unpacked: unexpected EOF")},
		{"gz cut in its sum", gzipped(t, line)[:len(gzipped(t, line))-3], Limits{}, refused("archive cannot be unpacked: unexpected EOF")},
		{"cut bz2", decoded(t, lineBzip2)[:30], Limits{}, refused("archive cannot be unpacked: unexpected EOF")},
		{"empty zip", zipped(t), Limits{}, nil},
		{"empty tar", make([]byte, 1024), Limits{}, nil},
		{"nothing", nil, Limits{}, notArchive},
		{"garbage", []byte("192.0.2.1,phishing\n"), Limits{}, notArchive},
		{"long garbage", bytes.Repeat([]byte("192.0.2.1,phishing\n"), 99), Limits{}, notArchive},
		{"xz", []byte("\xfd7zXZ\x00\x00\x04"), Limits{}, refused("xz is not supported")},
		{"no zip after all", []byte("PK\x03\x04 and so on"), Limits{}, refused("archive cannot be unpacked: zip: not a valid zip file")},
		{"cut zip", zipped(t, twoFiles...)[:50], Limits{}, refused("archive cannot be unpacked: zip: not a valid zip file")},
		{"tar cut in a file", twoTar[:512+512+4], Limits{}, refused("archive cannot be unpacked: unexpected EOF")},
		{"tar cut in a header", tarred(t, file{"a", "x"})[:1024+100], Limits{}, refused("archive cannot be unpacked: unexpected EOF")},
		{"tar cut between two files", twoTar[:512+1024], Limits{}, refused("archive cannot be unpacked: unexpected EOF")},
		{"tar.gz cut behind the last file", gzipped(t, twoTar[:512+2*1024]), Limits{}, refused("archive cannot be unpacked: unexpected EOF")},
		{"tar.gz cut in its sum", gzipped(t, twoTar)[:len(gzipped(t, twoTar))-3], Limits{}, refused("archive cannot be unpacked: unexpected EOF")},
		{"broken file in a zip", broken, Limits{}, refused("archive cannot be unpacked: zip: checksum error")},
		{"encrypted member", encrypted, Limits{}, []string{`"a" refused: "a": member is encrypted`, `"b" "bbbb"`}},
		{"unknown method", method, Limits{}, []string{`"a" refused: "a": zip: unsupported compression algorithm`, `"b" "bbbb"`}},
		{"names in a zip", zipped(t, file{"../a", "x"}, file{"a/../../b", "x"}, file{"/c", "x"}, file{"d\\e", "x"}, file{"f\x00g", "x"},
			file{"", "x"}, file{"a..b/..c", "ok"}, file{"k\x81he", "ok"}, file{"é", "ok"}), Limits{}, []string{
			`"../a" refused: "../a": unsafe member name`, `"a/../../b" refused: "a/../../b": unsafe member name`,
			`"/c" refused: "/c": unsafe member name`, `"d\\e" refused: "d\\e": unsafe member name`,
			`"f\x00g" refused: "f\x00g": unsafe member name`, `"" refused: "": unsafe member name`,
			`"a..b/..c" "ok"`, `"kühe" "ok"`, `"é" "ok"`}},
		{"names in a tar", tarred(t, file{"../a", "x"}, file{"/c", "x"}, file{"link", ""}, file{"ok", "ok"}), Limits{}, []string{
			`"../a" refused: "../a": unsafe member name`, `"/c" refused: "/c": unsafe member name`,
			`"link" refused: "link": member is not a regular file`, `"ok" "ok"`}},
		{"zip with too many", zipped(t, twoFiles...), Limits{Members: 2}, refused("archive has too many members")},
		{"tar with too many", twoTar, Limits{Members: 2}, refused("archive has too many members")},
		{"too large content of a zip", zipped(t, file{"a", strings.Repeat("x", 600)}, file{"b", strings.Repeat("x", 600)}, file{"c", "x"}),
			Limits{Total: 1000}, refused("archive unpacks to more than the limit")},
		{"too large gz", gzipped(t, bytes.Repeat(line, 200)), Limits{Total: 1000}, refused("archive unpacks to more than the limit")},
		{"too large tar", tarred(t, file{"a", strings.Repeat("x", 600)}, file{"b", "x"}), Limits{Total: 512 + 600}, refused("archive unpacks to more than the limit")},
		{"sparse tar", sparse(t, 1<<40), Limits{Total: 1 << 16}, refused("archive unpacks to more than the limit")},
		{"bomb in a gz", gzipped(t, bytes.Repeat(line, 3<<17)), Limits{Ratio: 100}, refused("archive unpacks to suspiciously much more than its size")},
		{"bomb that was compressed twice", gzipped(t, bytes.Repeat(line, 3<<17)), Limits{Packed: 100}, refused("archive unpacks to suspiciously much more than its size")},
		{"bomb in a zip", zipped(t, file{"a", strings.Repeat("\x00", 3<<20)}, file{"b", "x"}), Limits{Ratio: 1000},
			[]string{`"a" refused: "a": archive unpacks to suspiciously much more than its size`, `"b" "x"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := list(bytes.NewReader(test.input), test.limits); !slices.Equal(got, test.want) {
				t.Errorf("got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(test.want, "\n     "))
			}
		})
	}
}

// TestEveryCut cuts archives everywhere: nothing of what is left may come out.
func TestEveryCut(t *testing.T) {
	for name, input := range map[string][]byte{
		"zip": zipped(t, twoFiles...), "gz": gzipped(t, []byte("192.0.2.1\n")), "bz2": decoded(t, lineBzip2),
		"tar.gz": gzipped(t, tarred(t, twoFiles...)), "tar.bz2": decoded(t, tarBzip2), "tar": tarred(t, twoFiles...)[:512+2*1024],
	} {
		for n := range len(input) {
			if got := list(bytes.NewReader(input[:n]), Limits{}); len(got) != 1 || !strings.HasPrefix(got[0], `"" refused: `) {
				t.Errorf("%s, %d of %d bytes: got %s", name, n, len(input), got)
			}
		}
	}
}

// sparse returns a tar with one file that is a single hole.
func sparse(t testing.TB, size int64) []byte {
	b := tarred(t, file{"holes", ""})
	h := b[:512]
	h[156] = 'S'
	copy(h[257:], "ustar  \x00")
	clear(h[345:500])
	h[483] = 0x80 // the real size, in binary
	binary.BigEndian.PutUint64(h[483+4:], uint64(size))
	var sum int
	copy(h[148:156], "        ")
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return b
}

// failing is a file that cannot be read behind some point.
type failing struct {
	*bytes.Reader
	from int64
}

var errBroken = errors.New("broken")

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.Reader.ReadAt(p, off)
	if err == nil && off+int64(n) > f.from {
		err = errBroken
	}
	return n, err
}

func TestSourceError(t *testing.T) {
	for name, text := range map[string][]byte{"zip": zipped(t, twoFiles...), "tar": tarred(t, twoFiles...), "gz": gzipped(t, bytes.Repeat([]byte("x"), 999))} {
		got := list(failing{bytes.NewReader(text), 10}, Limits{})
		if len(got) != 1 || !strings.HasSuffix(got[0], "broken") {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

// TestSkipAndStop holds that a member need not be read and that a loop may end.
func TestSkipAndStop(t *testing.T) {
	for _, input := range [][]byte{zipped(t, twoFiles...), tarred(t, twoFiles...), gzipped(t, tarred(t, twoFiles...))} {
		var names []string
		for m, err := range Members(bytes.NewReader(input), Limits{}) {
			names = append(names, m.Name)
			if err != nil {
				t.Error(err)
			}
		}
		if !slices.Equal(names, []string{"subdir/bar", "foo"}) {
			t.Errorf("got %s", names)
		}
		for range Members(bytes.NewReader(input), Limits{}) {
			break
		}
	}
}

func TestDirectoryBomb(t *testing.T) {
	files := make([]file, 4000)
	for i := range files {
		files[i].name = strings.Repeat("n", 1000)
	}
	got := list(bytes.NewReader(zipped(t, files...)), Limits{Members: 10})
	if !slices.Equal(got, []string{`"" refused: archive has too many members`}) {
		t.Errorf("got %s", got)
	}
}

func TestDetect(t *testing.T) {
	for want, head := range map[Format][]byte{
		Zip: zipped(t, twoFiles...), Tar: tarred(t, twoFiles...), Gzip: gzipped(t, nil), Bzip2: decoded(t, lineBzip2), None: []byte("PK\x03"),
	} {
		if got := Detect(head); got != want {
			t.Errorf("%.20q: got %d, want %d", head, got, want)
		}
	}
}

func FuzzMembers(f *testing.F) {
	f.Add(zipped(f, twoFiles...))
	f.Add(tarred(f, twoFiles...))
	f.Add(gzipped(f, tarred(f, twoFiles...)))
	f.Add(decoded(f, tarBzip2))
	f.Add(sparse(f, 1<<40))
	f.Fuzz(func(t *testing.T, input []byte) {
		limits := Limits{Total: 1 << 20, Members: 20}
		var total int64
		members := 0
		for m, err := range Members(bytes.NewReader(input), limits) {
			members++
			if err != nil {
				if err.Error() == "" {
					t.Error("an error without text")
				}
				continue
			}
			if m.Name != "" && checkName(m.Name) != nil {
				t.Errorf("unsafe name %q", m.Name)
			}
			n, _ := io.Copy(io.Discard, m)
			total += n
		}
		if total > limits.Total || members > limits.Members+1 {
			t.Errorf("%d bytes, %d members", total, members)
		}
	})
}

// TestVectors compares with what the reference unpacks, where its vectors are at hand.
func TestVectors(t *testing.T) {
	dir := os.Getenv("INTELPIPE_VECTORS")
	if dir == "" {
		dir = "../../../shared/vectors"
	}
	f, err := os.Open(filepath.Join(dir, "functions.jsonl"))
	if err != nil {
		t.Skip("no vectors")
	}
	defer f.Close()
	type blob struct {
		Bytes []byte `json:"__bytes__"`
	}
	n := 0
	for d := json.NewDecoder(f); ; {
		var v struct {
			Function string
			ID       string
			Args     []json.RawMessage
			Kwargs   struct {
				ReturnNames bool            `json:"return_names"`
				Extract     json.RawMessage `json:"extract_files"`
			}
			Output json.RawMessage
		}
		if err := d.Decode(&v); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if v.Function != "utils.unzip" || string(v.Kwargs.Extract) != "true" {
			continue
		}
		var input blob
		if err := json.Unmarshal(v.Args[0], &input); err != nil {
			t.Fatal(err)
		}
		var texts []string
		for m, err := range Members(bytes.NewReader(input.Bytes), Limits{}) {
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(m)
			if err != nil {
				t.Fatal(err)
			}
			text = fmt.Appendf(nil, `{"__bytes__": %q}`, base64.StdEncoding.EncodeToString(text))
			if v.Kwargs.ReturnNames {
				name := "null"
				if m.Name != "" {
					name = fmt.Sprintf("%q", m.Name)
				}
				text = fmt.Appendf(nil, `{"__tuple__": [%s, %s]}`, name, text)
			}
			texts = append(texts, string(text))
		}
		n++
		// The reference returns a list here and a tuple there.
		got := "[" + strings.Join(texts, ", ") + "]"
		if want := string(v.Output); got != want && `{"__tuple__": `+got+`}` != want {
			t.Errorf("%s: got %s, want %s", v.ID, got, want)
		}
	}
	if n == 0 {
		t.Error("no vector is about archives")
	}
}
