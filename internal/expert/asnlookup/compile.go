package asnlookup

import (
	"bufio"
	"io"
	"os"

	"github.com/intelpipe/intelpipe/internal/asndb"
	"github.com/intelpipe/intelpipe/internal/mrt"
)

// compile makes a compiled table of text, or of a dump of routes.
func compile(to io.Writer, from io.Reader) error {
	in, err := unpacked(from)
	if err != nil {
		return err
	}
	b := new(asndb.Builder)
	if isDump(in) {
		b.First = true // the others are those of other peers
		err = mrt.Read(in, b.Add)
	} else {
		err = readText(in, "the table", b.Add)
	}
	if err == nil && b.Len() == 0 {
		err = errEmpty
	}
	if err != nil {
		return err
	}
	_, err = to.Write(b.Bytes())
	return err
}

// isDump says whether a record of a RIB dump is next.
func isDump(in *bufio.Reader) bool {
	head, _ := in.Peek(6)
	return len(head) == 6 && head[4] == 0 && (head[5] == 12 || head[5] == 13)
}

// check reads a compiled table.
func check(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	t, err := asndb.Parse(data)
	if err == nil && t.Empty() {
		err = errEmpty
	}
	return err
}
