// Package constituencies is a table of who is responsible for what: which row belongs to an
// address, an AS, a domain or a country, and what it adds to an event.
//
// People write it as CSV or JSON, which Read reads. Every error says where: the file, the line
// and the column. Compiled, it is a file that is used as it is. All numbers of that are big
// endian:
//
//	8 bytes    the magic; its last byte is the number of the format
//	4 bytes    CRC-32C of the sections
//	4*6 bytes  how many bytes each section has
//
// and then the sections:
//
//	source     the name of the file that the table was made of
//	columns    the names of its columns, a line break behind each
//	records    what rows add. Many rows add the same, which is there once: how many cells,
//	           and for each its column, twice its length, one more if it is JSON, and its
//	           text. These numbers are varints
//	rows       for each row, the line it stands in, and where its record begins
//	keys       sorted, for each AS, domain and country: where its text begins, and its row;
//	           and where the last text ends
//	texts      of the keys, each with its kind before it
//
// The rest of the file is a table of prefixes, of package asndb, which has its own sum. The
// numbers that it gives are those of rows.
package constituencies

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"net/netip"
	"strings"
	"unsafe"

	"github.com/intelpipe/intelpipe/internal/asndb"
)

// Magic is how a file begins.
const Magic = "\x8aCONST\n\x01"

const (
	sections = 6
	header   = len(Magic) + 4 + 4*sections
	rowSize  = 8
	keySize  = 8
)

// Kind is what a key is.
type Kind byte

// The kinds of keys.
const (
	ASN     Kind = 'a'
	Country Kind = 'c'
	Domain  Kind = 'd'
)

// Cell is a value that a row adds to an event.
type Cell struct {
	Column int
	Text   string
	JSON   bool // or else a string
}

var (
	errOther   = errors.New("this is no compiled table, or one of another version; make it again with --update")
	errDamaged = errors.New("the table is damaged; make it again with --update")
)

// Table finds rows. It may be used by many at once.
type Table struct {
	Source  string
	Columns []string

	records, rows, keys, texts []byte
	prefixes                   *asndb.Table
}

// Parse takes what a file has, which must not change afterwards. It checks the sums over all
// of it, and that no lookup can lead out of it.
func Parse(data []byte) (*Table, error) {
	if len(data) < header || string(data[:len(Magic)]) != Magic {
		return nil, errOther
	}
	rest := data[header:]
	var parts [sections][]byte
	for i := range parts {
		size := uint64(number(data[len(Magic)+4:], i))
		if size > uint64(len(rest)) {
			return nil, errDamaged
		}
		parts[i], rest = rest[:size], rest[size:]
	}
	if crc32.Checksum(data[len(Magic)+4:len(data)-len(rest)], crc32.MakeTable(crc32.Castagnoli)) != number(data[len(Magic):], 0) {
		return nil, errDamaged
	}
	prefixes, err := asndb.Parse(rest)
	if err != nil {
		return nil, errDamaged
	}
	t := &Table{string(parts[0]), strings.Fields(string(parts[1])), parts[2], parts[3], parts[4], parts[5], prefixes}
	if !t.sound() {
		return nil, errDamaged
	}
	return t, nil
}

// IsCompiled says whether a file is a table of this package, of whatever format.
func IsCompiled(data []byte) bool { return strings.HasPrefix(view(data), Magic[:len(Magic)-1]) }

// sound says whether no lookup can lead out of the table.
func (t *Table) sound() bool {
	if len(t.rows)%rowSize != 0 || len(t.keys)%keySize != 4 {
		return false
	}
	for row := range t.Len() {
		if uint64(number(t.rows[row*rowSize:], 1)) >= uint64(len(t.records)) {
			return false
		}
	}
	end := 0
	for i := range t.keyCount() {
		begin, row := t.key(i)
		if begin != end || row >= t.Len() {
			return false
		}
		if end, _ = t.key(i + 1); end <= begin || end > len(t.texts) {
			return false
		}
	}
	return true
}

// number is the i-th of four bytes each.
func number(b []byte, i int) uint32 { return binary.BigEndian.Uint32(b[4*i:]) }

// Len is how many rows there are.
func (t *Table) Len() int { return len(t.rows) / rowSize }

func (t *Table) keyCount() int { return len(t.keys) / keySize }

// key is where the text of the i-th key begins, and its row. Behind the last one there is
// only the end of its text.
func (t *Table) key(i int) (begin, row int) {
	begin = int(number(t.keys, 2*i))
	if i < t.keyCount() {
		row = int(number(t.keys, 2*i+1))
	}
	return begin, row
}

// Address finds the row of the longest prefix that holds an address.
func (t *Table) Address(a netip.Addr) (row int, ok bool) {
	n, _, ok := t.prefixes.Lookup(a)
	return int(n), ok && int(n) < t.Len()
}

// Find finds the row of a key: the number of an AS, a domain or a country.
func (t *Table) Find(kind Kind, text string) (row int, ok bool) {
	low, high := 0, t.keyCount()
	for low < high {
		middle := (low + high) / 2
		begin, at := t.key(middle)
		end, _ := t.key(middle + 1)
		switch compare(kind, text, t.texts[begin:end]) {
		case 0:
			return at, true
		case -1:
			high = middle
		default:
			low = middle + 1
		}
	}
	return 0, false
}

// compare compares a key with one of the table, which has its kind before it.
func compare(kind Kind, text string, key []byte) int {
	switch {
	case byte(kind) < key[0]:
		return -1
	case byte(kind) > key[0]:
		return 1
	}
	return strings.Compare(text, view(key[1:]))
}

// Suffix finds the row of the longest domain that a name is or ends in.
func (t *Table) Suffix(name string) (row int, ok bool) {
	for {
		if row, ok = t.Find(Domain, name); ok {
			return row, true
		}
		_, rest, more := strings.Cut(name, ".")
		if !more {
			return 0, false
		}
		name = rest
	}
}

// Line is the line in which a row stands.
func (t *Table) Line(row int) int { return int(number(t.rows[row*rowSize:], 0)) }

// Cells calls add for each cell of a row. Texts are good as long as the table is.
func (t *Table) Cells(row int, add func(Cell) error) error {
	b := t.records[number(t.rows[row*rowSize:], 1):]
	n, b, ok := varint(b)
	for i := uint64(0); ok && i < n; i++ {
		var column, length uint64
		if column, b, ok = varint(b); !ok || column >= uint64(len(t.Columns)) {
			return errDamaged
		}
		if length, b, ok = varint(b); !ok || length/2 > uint64(len(b)) {
			return errDamaged
		}
		if err := add(Cell{int(column), view(b[:length/2]), length%2 == 1}); err != nil {
			return err
		}
		b = b[length/2:]
	}
	if !ok {
		return errDamaged
	}
	return nil
}

// varint reads a number, and returns what is behind it.
func varint(b []byte) (n uint64, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 {
		return 0, nil, false
	}
	return n, b[size:], true
}

// view is the text of b, good as long as b is.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
