// Package asndb is a table of prefixes and of the AS that originates each, in a file
// that is used as it was read.
//
// The prefixes cut the addresses of a family into ranges, in each of which the longest
// prefix has one length and one AS. That, and an address, is the prefix. All numbers of
// a file are big endian:
//
//	8 bytes    the magic; its last byte is the number of the format
//	4 bytes    CRC-32C of everything behind it
//	4+4 bytes  how many ranges of IPv4 and of IPv6 there are
//
// and then for IPv4, and again for IPv6, with addresses of w bytes:
//
//	65537*4    for each first 16 bits of an address: how many ranges begin below
//	n*(w+4+1)  the ranges: where one begins, the first at 0; its AS; the length of its
//	           prefix, or 255 where there is none
package asndb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"net/netip"
	"slices"
)

// Magic is how a file begins.
const Magic = "\x8aASNDB\n\x01"

const (
	header    = len(Magic) + 4 + 4 + 4
	buckets   = 1 << 16
	indexSize = 4 * (buckets + 1)
	none      = 255 // the length of no prefix
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errDamaged = errors.New("the table is damaged; make it again with --update")

// Table finds the longest prefix that holds an address. It may be used by many at once.
type Table struct{ v4, v6 family }

// family is the ranges of IPv4 or IPv6.
type family struct {
	width         int // of an address
	index, ranges []byte
}

// Parse takes what a file has, which must not change afterwards. It checks the sum over
// all of it, and that no lookup can lead out of it.
func Parse(data []byte) (*Table, error) {
	if len(data) < header || string(data[:len(Magic)]) != Magic {
		return nil, errors.New("this is no compiled table, or one of another version; make it again with --update")
	}
	if crc32.Checksum(data[len(Magic)+4:], castagnoli) != number(data[len(Magic):], 0) {
		return nil, errDamaged
	}
	n4, n6, rest := number(data, 3), number(data, 4), data[header:]
	if uint64(len(rest)) != size(4, n4)+size(16, n6) {
		return nil, errDamaged
	}
	at := int(size(4, n4))
	t := &Table{split(4, rest[:at]), split(16, rest[at:])}
	if !t.v4.sound() || !t.v6.sound() {
		return nil, errDamaged
	}
	return t, nil
}

// number is the i-th of four bytes each.
func number(b []byte, i int) uint32 { return binary.BigEndian.Uint32(b[4*i:]) }

// size is that of a family of n ranges, in bytes.
func size(width int, n uint32) uint64 { return indexSize + uint64(n)*uint64(width+4+1) }

func split(width int, b []byte) family { return family{width, b[:indexSize], b[indexSize:]} }

// count is how many ranges there are.
func (f *family) count() int { return len(f.ranges) / (f.width + 4 + 1) }

// at is the i-th range.
func (f *family) at(i int) (begin []byte, asn uint32, length int) {
	r := f.ranges[i*(f.width+4+1):][:f.width+4+1]
	return r[:f.width], binary.BigEndian.Uint32(r[f.width:]), int(r[f.width+4])
}

// sound says whether no lookup can lead out of the table.
func (f *family) sound() bool {
	n := f.count()
	if n == 0 || number(f.index, 0) != 0 || number(f.index, 1) == 0 || int(number(f.index, buckets)) != n {
		return false
	}
	for i := range buckets {
		if number(f.index, i) > number(f.index, i+1) {
			return false
		}
	}
	return slices.Max(f.ranges[:f.width]) == 0
}

// Lookup finds the longest prefix that holds an address, and its AS.
func (t *Table) Lookup(a netip.Addr) (asn uint32, prefix netip.Prefix, ok bool) {
	f, a16 := &t.v6, a.As16()
	key := a16[:]
	if a = a.WithZone("").Unmap(); a.Is4() {
		f, key = &t.v4, key[12:]
	}
	bucket := int(binary.BigEndian.Uint16(key))
	low, high := int(number(f.index, bucket)), int(number(f.index, bucket+1))
	for low < high { // for the first range that begins behind the address
		middle := (low + high) / 2
		if begin, _, _ := f.at(middle); !above(begin, key) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	_, asn, length := f.at(low - 1)
	if length > 8*f.width { // none
		return 0, netip.Prefix{}, false
	}
	prefix, err := a.Prefix(length)
	return asn, prefix, err == nil
}

// above reports whether a is greater than b; both are addresses of one family.
// Most of what is looked up is IPv4, for which one comparison will do.
func above(a, b []byte) bool {
	if len(a) == 4 {
		return binary.BigEndian.Uint32(a) > binary.BigEndian.Uint32(b)
	}
	return bytes.Compare(a, b) > 0
}

// Empty says whether the table has no prefix.
func (t *Table) Empty() bool {
	_, _, length4 := t.v4.at(0)
	_, _, length6 := t.v6.at(0)
	return t.v4.count() == 1 && length4 == none && t.v6.count() == 1 && length6 == none
}
