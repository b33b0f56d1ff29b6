package asnlookup

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"os"

	"github.com/oschwald/maxminddb-golang/v2"

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

// mark stands before the description of a MaxMind DB, in the last 128 KiB of it.
const mark = "\xab\xcd\xefMaxMind.com"

// isMaxMind says whether a file is a MaxMind DB.
func isMaxMind(f *os.File, info os.FileInfo) bool {
	if !info.Mode().IsRegular() {
		return false // it has no end to look at
	}
	end := make([]byte, min(info.Size(), 128<<10))
	n, _ := f.ReadAt(end, info.Size()-int64(len(end)))
	return bytes.Contains(end[:n], []byte(mark))
}

// maxmind is GeoLite2-ASN, or what is like it.
type maxmind struct {
	*maxminddb.Reader
	path string
}

func (t maxmind) lookup(a netip.Addr) (asn uint32, prefix netip.Prefix, ok bool, err error) {
	var record struct {
		ASN uint32 `maxminddb:"autonomous_system_number"`
	}
	result := t.Lookup(a)
	if err := result.Decode(&record); err != nil {
		return 0, prefix, false, fmt.Errorf("%s: %w", t.path, err)
	} else if !result.Found() {
		return 0, prefix, false, nil
	}
	return record.ASN, result.Prefix(), true, nil
}
