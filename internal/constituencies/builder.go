package constituencies

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/asndb"
)

// Builder collects rows for a table.
type Builder struct {
	Source  string   // the name of the file that the rows are of
	Columns []string // the names of the columns that cells belong to, without white space

	prefixes asndb.Builder
	known    map[netip.Prefix]uint32 // their rows
	keys     map[string]uint32       // the same, by kind and text
	records  []byte
	begins   map[string]uint32 // where each record is
	rows     []byte
}

var errSize = errors.New("the rows add more than 4 GiB of text")

// Row begins a row and returns its number. What stands in the same row gets the same one.
func (b *Builder) Row(line int, cells []Cell) (row int, err error) {
	var record []byte
	record = binary.AppendUvarint(record, uint64(len(cells)))
	for _, c := range cells {
		length := uint64(len(c.Text)) << 1
		if c.JSON {
			length++
		}
		record = append(binary.AppendUvarint(binary.AppendUvarint(record, uint64(c.Column)), length), c.Text...)
	}
	begin, ok := b.begins[string(record)]
	if !ok {
		if len(b.records)+len(record) > math.MaxUint32 {
			return 0, errSize
		}
		if b.begins == nil {
			b.begins, b.known, b.keys = map[string]uint32{}, map[netip.Prefix]uint32{}, map[string]uint32{}
		}
		begin = uint32(len(b.records))
		b.begins[string(record)] = begin
		b.records = append(b.records, record...)
	}
	b.rows = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b.rows, uint32(line)), begin)
	return b.Len() - 1, nil
}

// Len is how many rows there are.
func (b *Builder) Len() int { return len(b.rows) / rowSize }

// Prefix says that a row is for the addresses of a network.
func (b *Builder) Prefix(p netip.Prefix, row int) error {
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 { // as addresses are looked up
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	if first, ok := b.known[p]; ok {
		return b.again(p.String(), first, row)
	}
	b.known[p] = uint32(row)
	return b.prefixes.Add(p, uint32(row))
}

// Key says that a row is for an AS, a domain or a country.
func (b *Builder) Key(kind Kind, text string, row int) error {
	key := string(kind) + text
	if first, ok := b.keys[key]; ok {
		return b.again(text, first, row)
	}
	b.keys[key] = uint32(row)
	return nil
}

// again is nil if what comes twice stands twice in the same row.
func (b *Builder) again(text string, first uint32, row int) error {
	if int(first) == row {
		return nil
	}
	return fmt.Errorf("%s stands in line %d already", text, number(b.rows[first*rowSize:], 0))
}

// Bytes is a file with the rows, for Parse.
func (b *Builder) Bytes() []byte {
	var keys, texts, columns []byte
	names := make([]string, 0, len(b.keys))
	for name := range b.keys {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		keys = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(keys, uint32(len(texts))), b.keys[name])
		texts = append(texts, name...)
	}
	keys = binary.BigEndian.AppendUint32(keys, uint32(len(texts)))
	if len(b.Columns) > 0 {
		columns = []byte(strings.Join(b.Columns, "\n") + "\n")
	}
	parts := [sections][]byte{[]byte(b.Source), columns, b.records, b.rows, keys, texts}
	out := append([]byte(Magic), 0, 0, 0, 0)
	for _, part := range parts {
		out = binary.BigEndian.AppendUint32(out, uint32(len(part)))
	}
	for _, part := range parts {
		out = append(out, part...)
	}
	binary.BigEndian.PutUint32(out[len(Magic):], crc32.Checksum(out[len(Magic)+4:], crc32.MakeTable(crc32.Castagnoli)))
	return append(out, b.prefixes.Bytes()...)
}
