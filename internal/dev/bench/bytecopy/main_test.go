package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/iotest"
)

func TestCopyLines(t *testing.T) {
	for _, in := range []string{"", "a\n", "a\nb", "\n\n", strings.Repeat("x", 200<<10) + "\ny\n"} {
		var out bytes.Buffer
		if err := copyLines(&out, iotest.HalfReader(strings.NewReader(in))); err != nil || out.String() != in {
			t.Errorf("%d bytes became %d, error %v", len(in), out.Len(), err)
		}
	}
	if err := copyLines(new(bytes.Buffer), iotest.ErrReader(iotest.ErrTimeout)); err == nil {
		t.Error("an error of the reader is lost")
	}
}
