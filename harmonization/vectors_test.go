package harmonization

import (
	"bufio"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/intelpipe/intelpipe/internal/json"
)

// vectors opens a file of the conformance vectors, or skips the test.
func vectors(t *testing.T, name string) *bufio.Scanner {
	t.Helper()
	dir := os.Getenv("INTELPIPE_VECTORS")
	if dir == "" {
		dir = "../../shared/vectors"
	}
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Skip("no vectors here")
	}
	t.Cleanup(func() { f.Close() })
	s := bufio.NewScanner(f)
	s.Buffer(nil, 16<<20)
	return s
}

// argument turns a value of a vector into a Value. Bytes are their text.
func argument(t *testing.T, raw json.RawMessage) (v Value, bytes bool) {
	t.Helper()
	v = JSON(string(raw))
	var b struct {
		Bytes *string `json:"__bytes__"`
	}
	if v.Kind == Compound && json.Unmarshal(raw, &b) == nil && b.Bytes != nil {
		text, err := base64.StdEncoding.DecodeString(*b.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		return Text(string(text)), true
	}
	return v, false
}

// same compares values as the vectors are to be compared: numbers by value.
func same(a, b Value) bool {
	if a.Kind == Number && b.Kind == Number {
		x, ok := parseFloat(a)
		y, ok2 := parseFloat(b)
		return ok && ok2 && x == y
	}
	return a == b
}

// deviations are vectors where the reference is wrong on purpose, or cannot be
// followed: id and reason.
var deviations = map[string]string{}

func TestTypeVectors(t *testing.T) {
	s := vectors(t, "types.jsonl")
	total, bytes, deviating := 0, 0, 0
	for s.Scan() {
		var x struct {
			ID, Type      string
			Input, Output json.RawMessage
			Sanitation    bool
			OK            bool
		}
		if err := json.Unmarshal(s.Bytes(), &x); err != nil {
			t.Fatal(err)
		}
		total++
		if x.Type == "GenericType" {
			x.Type = "String" // the reference's base class
		}
		typ, ok := Type(x.Type)
		if !ok {
			t.Fatalf("%s: unknown type %s", x.ID, x.Type)
		}
		in, isBytes := argument(t, x.Input)
		if isBytes && !x.Sanitation {
			bytes++ // JSON has no bytes, so there is nothing that could be valid as it is
			continue
		}
		if deviations[x.ID] != "" {
			deviating++
			continue
		}
		if !x.Sanitation {
			if err := typ.Valid(in); (err == nil) != x.OK {
				t.Errorf("%s: Valid(%v) = %v, want %v", x.ID, in, err, x.OK)
			}
			continue
		}
		got, err := typ.Sanitise(in)
		if err == nil {
			err = typ.Valid(got)
		}
		want := JSON(string(x.Output))
		if (err == nil) != x.OK || x.OK && !same(got, want) {
			t.Errorf("%s: Sanitise(%v) = %v, %v, want %v, %v", x.ID, in, got, err, want, x.OK)
		}
	}
	t.Logf("%d vectors, %d on bytes as they are, %d named deviations", total, bytes, deviating)
}
