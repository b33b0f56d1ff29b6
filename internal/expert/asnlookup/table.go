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
	"unsafe"

	"github.com/gaissmai/bart"
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
	for n := 1; ; n++ {
		line, err := in.ReadSlice('\n')
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		if text := bytes.TrimSpace(line); len(text) > 0 && text[0] != ';' && text[0] != '#' {
			prefix, asn, err := parse(text)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, n, err)
			}
			t.trie.Insert(prefix, asn)
		}
		if err == io.EOF {
			break
		}
	}
	if t.trie.Size() == 0 {
		return nil, fmt.Errorf("%s: there are no prefixes in it", path)
	}
	return t, nil
}

// parse reads one line.
func parse(line []byte) (netip.Prefix, uint32, error) {
	end := bytes.IndexAny(line, "\t ")
	if end < 0 {
		return netip.Prefix{}, 0, fmt.Errorf("a prefix, a tab and an AS number are expected, not %.60q", line)
	}
	// Neither parser keeps the text, so that it need not be copied.
	prefix, err := netip.ParsePrefix(view(line[:end]))
	if err != nil {
		return prefix, 0, fmt.Errorf("not a prefix: %.60q", line[:end])
	}
	number := bytes.TrimLeft(line[end:], "\t ")
	asn, err := strconv.ParseUint(view(number), 10, 32)
	if err != nil {
		return prefix, 0, fmt.Errorf("not an AS number: %.60q", number)
	}
	return prefix.Masked(), uint32(asn), nil
}

// view is the text of b, good as long as b is.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
