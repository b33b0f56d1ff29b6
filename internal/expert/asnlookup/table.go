package asnlookup

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"github.com/gaissmai/bart"
	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/intelpipe/intelpipe/internal/asndb"
	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/python/csv"
)

// table finds the longest prefix that holds an address.
type table interface {
	lookup(a netip.Addr) (asn uint32, prefix netip.Prefix, ok bool, err error)
}

// trie is a table that was read from text. It takes less memory than to compile it.
type trie struct{ bart.Table[uint32] }

func (t *trie) add(prefix netip.Prefix, asn uint32) error {
	if a := prefix.Addr(); a.Is4In6() && prefix.Bits() >= 96 { // as addresses are looked up
		prefix = netip.PrefixFrom(a.Unmap(), prefix.Bits()-96)
	}
	t.Insert(prefix.Masked(), asn)
	return nil
}

func (t *trie) lookup(a netip.Addr) (asn uint32, prefix netip.Prefix, ok bool, err error) {
	prefix, asn, ok = t.LookupPrefixLPM(netip.PrefixFrom(a, a.BitLen()))
	return asn, prefix, ok, nil
}

// compiled is a table of our own.
type compiled struct{ *asndb.Table }

func (t compiled) lookup(a netip.Addr) (asn uint32, prefix netip.Prefix, ok bool, err error) {
	asn, prefix, ok = t.Lookup(a)
	return asn, prefix, ok, nil
}

// load reads a table of any kind. It is read and not mapped into memory: a file that
// somebody writes over would otherwise end the process.
func load(path string) (table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := read(f)
	if err != nil && !strings.HasPrefix(err.Error(), path+":") {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return t, err
}

func read(f *os.File) (table, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(f, 4<<10)
	if isCompiled(in) {
		data, err := whole(in, info)
		if err != nil {
			return nil, err
		}
		t, err := asndb.Parse(data)
		return compiled{t}, err
	}
	if isMaxMind(f, info) {
		data, err := whole(in, info)
		if err != nil {
			return nil, err
		}
		t, err := maxminddb.OpenBytes(data)
		return maxmind{t, f.Name()}, err
	}
	t := new(trie)
	if in, err = unpacked(in); err == nil {
		err = readText(in, f.Name(), t.add)
	}
	if err == nil && t.Size() == 0 {
		err = errEmpty
	}
	return t, err
}

// isCompiled says whether a table of our own is next, of whatever format.
func isCompiled(in *bufio.Reader) bool {
	head, _ := in.Peek(len(asndb.Magic) - 1)
	return string(head) == asndb.Magic[:len(asndb.Magic)-1]
}

// whole reads a file into memory that is touched once.
func whole(in io.Reader, info os.FileInfo) ([]byte, error) {
	data := make([]byte, info.Size())
	_, err := io.ReadFull(in, data)
	return data, err
}

var errEmpty = errors.New("there are no prefixes in it")

// unpacked reads what may be packed with gzip or bzip2.
func unpacked(r io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	switch head, _ := in.Peek(3); {
	case strings.HasPrefix(string(head), "\x1f\x8b"):
		z, err := gzip.NewReader(in)
		return bufio.NewReaderSize(z, 1<<20), err
	case string(head) == "BZh":
		return bufio.NewReaderSize(bzip2.NewReader(in), 1<<20), nil
	}
	return in, nil
}

// readText reads lines of a prefix, a tab and an AS number.
func readText(in io.Reader, path string, add func(netip.Prefix, uint32) error) error {
	lines := csv.NewReader(charset.Text(in, path), '\t')
	for {
		line, err := lines.ReadLine()
		if err == io.EOF {
			return nil
		} else if err != nil && strings.HasPrefix(err.Error(), path) {
			return err // of charset, with the place
		} else if err != nil {
			return fmt.Errorf("%s:%d: %w", path, lines.Line(), err)
		}
		text := bytes.TrimSpace(line)
		if len(text) == 0 || text[0] == ';' || text[0] == '#' {
			continue
		}
		prefix, asn, column, err := parse(text)
		if err != nil {
			return fmt.Errorf("%s:%d:%d: %w", path, lines.Line(), bytes.Index(line, text)+column, err)
		}
		if err := add(prefix, asn); err != nil {
			return err
		}
	}
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
	return prefix, uint32(n), 0, nil
}

// view is the text of b, good as long as b is.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
