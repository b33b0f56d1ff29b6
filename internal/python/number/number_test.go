package number

import (
	"testing"

	"github.com/intelpipe/intelpipe/internal/python/golden"
)

// The tests compare with what Python does, see testdata/generate.py.

func TestInt(t *testing.T) {
	for _, row := range golden.Read[[2]*string](t, "int.jsonl") {
		got, ok := ParseInt(*row[0])
		if ok != (row[1] != nil) || ok && got != *row[1] {
			t.Errorf("ParseInt(%q) = %q, %v", *row[0], got, ok)
		}
	}
}

func TestFloat(t *testing.T) {
	for _, row := range golden.Read[[2]*string](t, "float.jsonl") {
		f, ok := ParseFloat(*row[0])
		got := string(AppendFloat(nil, f))
		if ok != (row[1] != nil) || ok && got != *row[1] {
			t.Errorf("ParseFloat(%q) = %s, %v", *row[0], got, ok)
		}
	}
}

func TestLiterals(t *testing.T) {
	for _, row := range golden.Read[[2]string](t, "literal.jsonl") {
		literal, want := row[0], row[1]
		if got := string(Append(nil, literal)); got != want {
			t.Errorf("Append(%s) = %s, want %s", literal, got, want)
		}
		if (CanonicalInt(literal) || CanonicalFloat(literal)) && literal != want {
			t.Errorf("%s is called canonical and is not: %s", literal, want)
		}
	}
}
