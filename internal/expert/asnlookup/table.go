package asnlookup

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"github.com/gaissmai/bart"

	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/csv"
)

// table finds the longest prefix that holds an address.
type table struct{ trie bart.Table[uint32] }

func (t *table) lookup(a netip.Addr) (asn uint32, prefix netip.Prefix, ok bool) {
	prefix, asn, ok = t.trie.LookupPrefixLPM(netip.PrefixFrom(a, a.BitLen()))
	return asn, prefix, ok
}

// load reads a table from a file.
func load(path string) (*table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<20)
	if head, _ := in.Peek(2); string(head) == "\x1f\x8b" {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		in = bufio.NewReaderSize(z, 1<<20)
	}
	t := new(table)
	lines := csv.NewReader(charset.Text(in, path), '\t')
	for {
		line, err := lines.ReadLine()
		if err == io.EOF {
			break
		} else if err != nil && strings.HasPrefix(err.Error(), path) {
			return nil, err // of charset, with the place
		} else if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, lines.Line(), err)
		}
		text := bytes.TrimSpace(line)
		if len(text) == 0 || text[0] == ';' || text[0] == '#' {
			continue
		}
		prefix, asn, column, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s:%d:%d: %w", path, lines.Line(), bytes.Index(line, text)+column, err)
		}
		t.trie.Insert(prefix, asn)
	}
	if t.trie.Size() == 0 {
		return nil, fmt.Errorf("%s: there are no prefixes in it", path)
	}
	return t, nil
}

// parse reads one line. With an error column says where in it, from 1.
func parse(line []byte) (prefix netip.Prefix, asn uint32, column int, err error) {
	end := bytes.IndexAny(line, "\t ")
	if end < 0 {
		return prefix, 0, 1, fmt.Errorf("a prefix, a tab and an AS number are expected, not %.60q", line)
	}
	// Neither parser keeps the text, so that it need not be copied.
	if prefix, err = netip.ParsePrefix(view(line[:end])); err != nil {
		return prefix, 0, 1, fmt.Errorf("not a prefix: %.60q", line[:end])
	}
	number := bytes.TrimLeft(line[end:], "\t ")
	n, err := strconv.ParseUint(view(number), 10, 32)
	if err != nil {
		return prefix, 0, len(line) - len(number) + 1, fmt.Errorf("not an AS number: %.60q", number)
	}
	if a := prefix.Addr(); a.Is4In6() && prefix.Bits() >= 96 { // as addresses are looked up
		prefix = netip.PrefixFrom(a.Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), uint32(n), 0, nil
}

// view is the text of b, good as long as b is.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
