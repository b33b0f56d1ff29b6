package syslog

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// all reads the frames of a connection whose end is err.
func all(text string, end error) (frames []string, octets []int, err error) {
	in := bufio.NewReaderSize(iotest.OneByteReader(io.MultiReader(strings.NewReader(text), iotest.ErrReader(end))), 16)
	for {
		frame, n, err := readFrame(in, 20)
		if n > 0 && !errors.As(err, new(*tornError)) {
			frames, octets = append(frames, string(frame)), append(octets, n)
		}
		if err != nil {
			return frames, octets, err
		}
	}
}

func TestFrames(t *testing.T) {
	long := strings.Repeat("x", 30)
	for text, want := range map[string][]string{
		"":                             nil,
		"<1>a\n<2>b\n":                 {"<1>a", "<2>b"},
		"<1>a\r\n<2>b":                 {"<1>a\r", "<2>b"},
		"4 <1>a5 <2>\nb":               {"<1>a", "<2>\nb"},
		"4 <1>a\n<2>b\n4 <3>c":         {"<1>a", "<2>b", "<3>c"},
		"2026 a\n12\n1 2 <3\n7":        {"2026 a", "12", "1 2 <3", "7"},
		"04 <1>a\n 4 <1>a\n<\n":        {"04 <1>a", " 4 <1>a", "<"},
		"1234567890 <1>a\n1  <1>a\n":   {"1234567890 <1>a", "1  <1>a"},
		"1 <2 <3":                      {"<", "<3"},
		"<1>" + long + "\n<2>b\n":      {"<1>" + long[:17], "<2>b"},
		"33 <1>" + long + "<2>b\n":     {"<1>" + long[:17], "<2>b"},
		"<1>" + long[:17] + "\n<2>b\n": {"<1>" + long[:17], "<2>b"},
		"20 <1>" + long[:17] + "\n\n":  {"<1>" + long[:17]},
	} {
		frames, octets, err := all(text, io.EOF)
		if !slices.Equal(frames, want) || err != io.EOF {
			t.Errorf("%q: got %q, %v, want %q", text, frames, err, want)
		}
		for i, n := range octets {
			if full := len(frames[i]); n != full && (full != 20 || n != 33) {
				t.Errorf("%q: %q has %d octets", text, frames[i], n)
			}
		}
	}
}

// TestTornFrames end before a message does.
func TestTornFrames(t *testing.T) {
	reset := errors.New("reset")
	for _, c := range []struct {
		text string
		end  error
		want int // whole frames
		torn bool
	}{
		{"<1>a\n<2>b", reset, 1, true},
		{"<1>a\n", reset, 1, false},
		{"<1>a\n12", reset, 1, true},
		{"<1>a\n12 ", reset, 1, true},
		{"4 <1>a4 <2>", io.EOF, 1, true},
		{"4 <1>a40 <2>" + strings.Repeat("x", 30), io.EOF, 1, true},
		{"4 <1>a4 <", reset, 1, true},
		{"", reset, 0, false},
	} {
		frames, _, err := all(c.text, c.end)
		var torn *tornError
		if len(frames) != c.want || errors.As(err, &torn) != c.torn || !c.torn && err != c.end {
			t.Errorf("%q: got %q, %v", c.text, frames, err)
		}
	}
}

func FuzzFrames(f *testing.F) {
	f.Add("4 <1>a\n<2>b\n4 <3>c")
	f.Add("999999999 <1>a\n1  <1>a\n")
	f.Fuzz(func(t *testing.T, text string) {
		frames, octets, _ := all(text, io.EOF)
		sum := 0
		for i, n := range octets {
			sum += n
			if len(frames[i]) != min(n, 20) {
				t.Errorf("%q has %d octets", frames[i], n)
			}
		}
		if sum > len(text) {
			t.Errorf("%d octets of %d", sum, len(text))
		}
	})
}
