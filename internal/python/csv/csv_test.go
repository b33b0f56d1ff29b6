package csv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/python/golden"
)

// row is what one Read gave.
type row struct {
	fields []string // nil if there was an error
	raw    string
	line   int
	err    error
}

func readAll(r *Reader) (rows []row, err error) {
	for {
		fields, err := r.Read()
		if err == io.EOF {
			return rows, nil
		}
		got := row{raw: string(r.Row()), line: r.Line(), err: err}
		if err == nil {
			got.fields = make([]string, 0, len(fields))
			for _, f := range fields {
				got.fields = append(got.fields, strings.Clone(f))
			}
		} else if e := new(Error); !errors.As(err, &e) {
			return rows, err
		}
		rows = append(rows, got)
	}
}

func delimiter(s string) rune {
	d, _ := utf8.DecodeRuneInString(s)
	return d
}

// TestPython compares with what Python made of the same inputs, however they
// are cut into pieces.
func TestPython(t *testing.T) {
	type record struct {
		Delimiter, Input string
		Rows             [][]string
		Pad              int
	}
	sources := map[string]func(io.Reader) io.Reader{
		"whole": func(r io.Reader) io.Reader { return r },
		"bytes": iotest.OneByteReader,
		"halves": func(r io.Reader) io.Reader {
			return iotest.DataErrReader(iotest.HalfReader(r))
		},
	}
	for _, rec := range golden.Read[record](t, "read.jsonl") {
		pad := strings.Repeat("x", rec.Pad)
		unpad := func(s string) string { return s }
		input := rec.Input
		if rec.Pad > 0 {
			input = strings.ReplaceAll(input, "@", pad)
			unpad = func(s string) string { return strings.ReplaceAll(s, pad, "@") }
		}
		for name, source := range sources {
			if name == "bytes" && len(input) > 1000 {
				continue
			}
			r := NewReader(source(strings.NewReader(input)), delimiter(rec.Delimiter))
			r.KeepUnbalanced = true
			rows, err := readAll(r)
			if err != nil {
				t.Fatal(err)
			}
			var got [][]string
			var raw string
			for _, row := range rows {
				for i := range row.fields {
					row.fields[i] = unpad(row.fields[i])
				}
				got = append(got, row.fields)
				raw += row.raw
			}
			if len(got)+len(rec.Rows) > 0 && !reflect.DeepEqual(got, rec.Rows) {
				t.Errorf("%s, pad %d, %q by %q:\n got %q\nwant %q", name, rec.Pad, rec.Input, rec.Delimiter, got, rec.Rows)
			}
			if raw != input {
				t.Errorf("%s, pad %d, %q: the rows are not the input: %q", name, rec.Pad, rec.Input, unpad(raw))
			}
		}
	}
}

func TestPythonWriter(t *testing.T) {
	type record struct {
		Delimiter, Terminator, Output string
		Fields                        []string
	}
	for _, rec := range golden.Read[record](t, "write.jsonl") {
		got := string(Append(nil, rec.Fields, delimiter(rec.Delimiter), rec.Terminator))
		if got != rec.Output {
			t.Errorf("%q by %q, %q: got %q, want %q", rec.Fields, rec.Delimiter, rec.Terminator, got, rec.Output)
		}
	}
}

// TestErrors shows a reader that parsers use, with small limits.
func TestErrors(t *testing.T) {
	for _, test := range []struct {
		input string
		want  []string // fields joined by |, or an error, then the row
	}{
		{"a,b\nc,d", []string{`1 a|b "a,b\n"`, `2 c|d "c,d"`}},
		{"a,\"b\nc,d\ne\n", []string{
			`1 line 1, column 3: quoted field is never closed "a,\"b\n"`, `2 c|d "c,d\n"`, `3 e "e\n"`}},
		{"\"a\nb\",\"c\n", []string{
			`1 line 2, column 4: quoted field is never closed "\"a\nb\",\"c\n"`}},
		{"\"a\nb\",\"c\r\nd\r\n", []string{
			`1 line 2, column 4: quoted field is never closed "\"a\nb\",\"c\r\n"`, `3 d "d\r\n"`}},
		// A field of the limit, and one more.
		{"0123456789\nb\n", []string{`1 0123456789 "0123456789\n"`, `2 b "b\n"`}},
		{"a,01234567890,c\nb\n", []string{
			`1 line 1, column 3: field over the size limit "a,01234567890,c\n"`, `2 b "b\n"`}},
		{"a,\"01234567890\",c\nb\n", []string{
			`1 line 1, column 3: field over the size limit "a,\"01234567890\",c\n"`, `2 b "b\n"`}},
		{"\"\",01234567890,c\nb\n", []string{
			`1 line 1, column 4: field over the size limit "\"\",01234567890,c\n"`, `2 b "b\n"`}},
		// Long for the lines it spans, closed or not: one line is lost.
		{"\"0123\n56789\nx\",c\nb\n", []string{
			`1 line 1, column 1: quoted field is never closed "\"0123\n"`, `2 56789 "56789\n"`, `3 x"|c "x\",c\n"`, `4 b "b\n"`}},
		{"a\n\"0123\n56789\nabcdefgh\n", []string{
			`1 a "a\n"`, `2 line 2, column 1: quoted field is never closed "\"0123\n"`, `3 56789 "56789\n"`, `4 abcdefgh "abcdefgh\n"`}},
		// A line over MaxRow is cut, and thrown away to its end.
		{"a\n" + strings.Repeat("b,", 30) + "\nc\n", []string{
			`1 a "a\n"`, fmt.Sprintf(`2 line 2, column 1: row over the size limit %q`, strings.Repeat("b,", 20)), `3 c "c\n"`}},
		// A row over MaxRow costs its first line; what was read already is taken line by line.
		{strings.Repeat("x\",\"y\n", 10), nil},
		{"\"\n" + strings.Repeat("x\",\",y\n", 7), append(
			[]string{`1 line 1, column 1: row over the size limit "\"\n"`},
			"2 line 2, column 4: quoted field is never closed \"x\\\",\\\",y\\n\"",
			"3 line 3, column 4: quoted field is never closed \"x\\\",\\\",y\\n\"",
			"4 line 4, column 4: quoted field is never closed \"x\\\",\\\",y\\n\"",
			"5 line 5, column 4: quoted field is never closed \"x\\\",\\\",y\\n\"",
			"6 line 6, column 4: quoted field is never closed \"x\\\",\\\",y\\n\"",
			"7 line 7, column 4: quoted field is never closed \"x\\\",\\\",y\\n\"",
			"8 line 8, column 4: quoted field is never closed \"x\\\",\\\",y\\n\"",
		)},
	} {
		r := NewReader(strings.NewReader(test.input), ',')
		r.FieldLimit, r.MaxRow = 10, 40
		rows, err := readAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if test.want == nil {
			continue
		}
		var got []string
		for _, row := range rows {
			text := strings.Join(row.fields, "|")
			if row.err != nil {
				text = row.err.Error()
			}
			got = append(got, fmt.Sprintf("%d %s %q", row.line, text, row.raw))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%q:\n got %s\nwant %s", test.input, strings.Join(got, "\n     "), strings.Join(test.want, "\n     "))
		}
	}
}

func TestSourceError(t *testing.T) {
	broken := errors.New("broken")
	r := NewReader(io.MultiReader(strings.NewReader("a\n\"b\nc"), iotest.ErrReader(broken)), ',')
	if f, err := r.Read(); err != nil || len(f) != 1 || f[0] != "a" {
		t.Fatalf("got %q, %v", f, err)
	}
	if _, err := r.Read(); err != broken || string(r.Row()) != "\"b\nc" {
		t.Fatalf("got %v and the row %q", err, r.Row())
	}
	if _, err := r.Read(); err != broken {
		t.Fatalf("the error is not final: %v", err)
	}
}

func TestDelimiter(t *testing.T) {
	for _, d := range []rune{'"', '\n', '\r', 0, -1, utf8.RuneError} {
		if _, err := NewReader(strings.NewReader("a"), d).Read(); err != errDelimiter {
			t.Errorf("%q: %v", d, err)
		}
	}
}

func TestSkip(t *testing.T) {
	r := NewReader(strings.NewReader("# x \"\na,\"b\n#c\"\n\n  # y\r\nd"), ',')
	r.Skip = func(line []byte) bool {
		line = bytes.TrimLeft(line, " ")
		return len(line) == 0 || line[0] == '#'
	}
	rows, err := readAll(r)
	if err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	if rows[0].line != 2 || rows[0].fields[1] != "b\n#c" || rows[1].line != 6 || rows[1].raw != "d" {
		t.Errorf("got %+v", rows)
	}
}

func TestReset(t *testing.T) {
	r := NewReader(strings.NewReader("a\r\"x\r\n"), ',')
	for range 2 {
		rows, err := readAll(r)
		if err != nil || len(rows) != 2 || rows[1].line != 2 || !errors.Is(rows[1].err, ErrUnbalancedQuote) {
			t.Errorf("got %+v, %v", rows, err)
		}
		r.Reset(strings.NewReader("a\r\"x\r\n"))
	}
}

func TestAppendQuoted(t *testing.T) {
	if got := string(AppendQuoted(nil, []string{"", "a\"b", "c"}, ',', "\r\n")); got != "\"\",\"a\"\"b\",\"c\"\r\n" {
		t.Errorf("got %q", got)
	}
}

func TestAllocations(t *testing.T) {
	src := strings.NewReader("")
	text := strings.Repeat("a,b,c\n\"d\",\"e\"\"f\",\"g\nh\"\n", 1000)
	r := NewReader(src, ',')
	read := func() {
		src.Reset(text)
		r.Reset(src)
		for {
			if _, err := r.Read(); err == io.EOF {
				return
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
	read()
	if n := testing.AllocsPerRun(10, read); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzReader holds that the rows are the input in every mode, that rows come
// out the same however the input is cut, and that what was read and written
// again reads the same.
func FuzzReader(f *testing.F) {
	for _, s := range []string{"a,b\n", "a,\"b\"\"c\"d\r\n", "\"a\nb", "\r\r\n\n", "x\",\",y\nx\",\",y\n"} {
		f.Add(s, ',', uint8(0), false)
		f.Add(s, ';', uint8(9), true)
	}
	f.Fuzz(func(t *testing.T, input string, delim rune, limit uint8, keep bool) {
		reader := func(src io.Reader) *Reader {
			r := NewReader(src, delim)
			r.FieldLimit, r.KeepUnbalanced = int(limit), keep
			if limit > 0 {
				r.MaxRow = 3 * int(limit)
			}
			return r
		}
		r := reader(strings.NewReader(input))
		rows, err := readAll(r)
		if err == errDelimiter {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		var raw strings.Builder
		cut := false
		for _, row := range rows {
			raw.WriteString(row.raw)
			// A single line over MaxRow is the one thing that does not come back whole.
			cut = cut || errors.Is(row.err, ErrRowTooLong)
			if row.err == nil && utf8.ValidString(row.raw) && len(row.fields) > 0 {
				text := Append(nil, row.fields, delim, "\n")
				again, err := NewReader(bytes.NewReader(text), delim).Read()
				if err != nil || !slices.Equal(again, row.fields) {
					t.Errorf("%q came back as %q, %v", row.fields, again, err)
				}
			}
		}
		if !cut && raw.String() != input {
			t.Errorf("rows %q", raw.String())
		}
		bytewise, err := readAll(reader(iotest.OneByteReader(strings.NewReader(input))))
		if err != nil || len(bytewise) != len(rows) && !cut {
			t.Fatalf("%d rows, byte by byte %d, %v", len(rows), len(bytewise), err)
		}
		for i := range rows {
			if !cut && !reflect.DeepEqual(rows[i], bytewise[i]) {
				t.Errorf("row %d: %+v, byte by byte %+v", i, rows[i], bytewise[i])
			}
		}
	})
}

func benchmark(b *testing.B, field string) {
	line := strings.Repeat(field+",", 39) + field + "\n"
	text := strings.Repeat(line, 1000)
	src := strings.NewReader(text)
	r := NewReader(src, ',')
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Read(); err == io.EOF {
			src.Reset(text)
			r.Reset(src)
		} else if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPlain(b *testing.B)   { benchmark(b, "198.51.100.123") }
func BenchmarkQuoted(b *testing.B)  { benchmark(b, `"198.51.100.1"`) }
func BenchmarkEscaped(b *testing.B) { benchmark(b, `"198.5""100.1"`) }

// TestAppendMinimal compares it with Append on what Read makes of the row.
func TestAppendMinimal(t *testing.T) {
	for _, row := range []string{
		`a,b,c`, `"a",b`, `a,"b,c",d`, `"",x`, `""`, `a,""`, `"a""b",c`, `"a`, `a"b,c`, `a,"b"c,d`, `"a" ,b`, "a,\"b\nc\",d", `"a","b","c"`, ``, `,`, `"",""`, `""""`,
	} {
		r := NewReader(strings.NewReader(row), ',')
		fields, err := r.Read()
		if err != nil {
			continue
		}
		got, ok := AppendMinimal([]byte("x"), []byte(row), ',', "\r\n")
		if want := string(Append([]byte("x"), fields, ',', "\r\n")); ok && string(got) != want || !ok && string(got) != "x" {
			t.Errorf("%s: %q, want %q", row, got, want)
		}
		again, same := r.AppendMinimal([]byte("x"), "\r\n")
		if same != ok || string(again) != string(got) {
			t.Errorf("%s: the reader writes %q, %v, not %q, %v", row, again, same, got, ok)
		}
		if regular := !strings.Contains(row, `b"c`) && !strings.Contains(row, `" ,`) && !strings.Contains(row, `a"b,`) && row != `""`; ok != regular {
			t.Errorf("%s: ok is %v", row, ok)
		}
	}
}

// TestMaxFields holds rows with too many fields to their own line.
func TestMaxFields(t *testing.T) {
	for _, input := range []string{"a,b,c", `"a",b,c`, `a,"b,b,b,b",c`, "a,\"b\nb\",c", "a§b§c", `a,b"",c`} {
		for extra, want := range []error{nil, ErrTooManyFields} {
			sep := ','
			if strings.Contains(input, "§") {
				sep = '§'
			}
			row := input + strings.Repeat(string(sep), extra)
			r := NewReader(strings.NewReader(row+"\nx\n"), sep)
			r.MaxFields = 3
			fields, err := r.Read()
			if !errors.Is(err, want) || err == nil && len(fields) != 3 {
				t.Errorf("%q: %q, %v, want error %v", row, fields, err, want)
			}
			if fields, err := r.Read(); err != nil || !slices.Equal(fields, []string{"x"}) {
				t.Errorf("%q: the next row is %q, %v", row, fields, err)
			}
		}
	}
}

// TestManyFields measures what a row of nothing but commas takes.
func TestManyFields(t *testing.T) {
	const size = 15 << 20
	for _, head := range []string{"", `"a`, `"a"`} {
		row := head + strings.Repeat(",", size) + "\n"
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := NewReader(strings.NewReader(row), ',').Read()
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%.3q: no error", row)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 5*size {
			t.Errorf("%.3q: %d bytes were allocated", row, n)
		}
	}
}

// TestReadLine reads lines with all endings, however they are cut into pieces.
func TestReadLine(t *testing.T) {
	const text = "a\rb\r\nc\n\n\r\r\n\"d,\ne"
	want := []string{"a", "b", "c", "", "", "", `"d,`, "e"}
	for name, src := range map[string]io.Reader{
		"whole": strings.NewReader(text),
		"bytes": iotest.OneByteReader(strings.NewReader(text)),
		"eof":   iotest.DataErrReader(strings.NewReader(text)),
	} {
		r := NewReader(src, ',')
		var got []string
		var rows strings.Builder
		for {
			line, err := r.ReadLine()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if r.Offset() != int64(rows.Len()) || r.Line() != len(got)+1 {
				t.Errorf("%s: %q is line %d at %d", name, line, r.Line(), r.Offset())
			}
			got = append(got, string(line))
			rows.Write(r.Row())
		}
		if !slices.Equal(got, want) || rows.String() != text {
			t.Errorf("%s: %q of %q, want %q of %q", name, got, rows.String(), want, text)
		}
	}
}

// TestMore reads all of a line over the limit, which may be as long as it wants.
func TestMore(t *testing.T) {
	const input = "a,b\n0123456789012345678901234567890\r\nc\n"
	for _, goOn := range []bool{true, false} {
		r := NewReader(iotest.OneByteReader(strings.NewReader(input)), ',')
		r.MaxRow = 8
		var parts []string
		for {
			_, err := r.Read()
			if err == io.EOF {
				break
			}
			parts = append(parts, string(r.Row()))
			for goOn && r.More() {
				parts = append(parts, string(r.Row()))
			}
		}
		want := []string{"a,b\n", "01234567", "c\n"}
		if goOn {
			want = []string{"a,b\n", "01234567", "89012345", "67890123", "4567890\r", "\n", "c\n"}
		}
		if !reflect.DeepEqual(parts, want) {
			t.Errorf("%v: got %q", goOn, parts)
		}
	}
}

// TestLast looks behind each row, also where the buffer ends with it.
func TestLast(t *testing.T) {
	for _, size := range []int{1, 3, 4, 5, initialBuffer - 1, initialBuffer, initialBuffer + 1} {
		text := strings.Repeat("x", size) + ",y\nlast,z"
		for _, src := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
			r := NewReader(src, ',')
			fields, err := r.Read()
			if err != nil || r.Last() || len(fields[0]) != size || strings.Trim(fields[0], "x") != "" || fields[1] != "y" {
				t.Errorf("%d: %.20q, %v", size, fields, err)
			}
			fields, err = r.Read()
			if err != nil || !r.Last() || fields[0] != "last" || fields[1] != "z" || !r.Last() {
				t.Errorf("%d: %q, %v", size, fields, err)
			}
		}
	}
}

func TestSkipBlanks(t *testing.T) {
	for text, want := range map[string]string{
		`  a,  b , "c, d",  "e""f" ,` + "\n": "a|b |c, d|e\"f |",
		`"a", "b"`:                           "a|b",
		`a,   `:                              "a|",
		"\"a\",  \"b\nc\", d":                "a|b\nc|d",
	} {
		r := NewReader(strings.NewReader(text), ',')
		r.SkipBlanks = true
		fields, err := r.Read()
		if got := strings.Join(fields, "|"); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
}
