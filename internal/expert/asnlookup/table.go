package asnlookup

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"

	"github.com/gaissmai/bart"
	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/intelpipe/intelpipe/internal/asndb"
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
