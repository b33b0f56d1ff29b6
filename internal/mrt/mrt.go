// Package mrt reads dumps of routing tables (RIBs) in the MRT format, RFC 6396, as
// Route Views and RIPE RIS publish them: which AS originates a prefix.
package mrt

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
)

// Types and subtypes of records.
const (
	tableDump   = 12
	tableDumpV2 = 13

	ribIPv4        = 2
	ribIPv6        = 4
	ribIPv4AddPath = 8 // RFC 8050
	ribIPv6AddPath = 10
)

// Attributes of a path, RFC 4271 and RFC 6793.
const (
	asPath  = 2
	as4Path = 17
	extLen  = 0x10 // the length has two bytes
)

const (
	asSet      = 1
	asSequence = 2
)

// maxRecord bounds a record, in bytes. One that has every route of a thousand peers
// has less.
const maxRecord = 16 << 20

var errShort = errors.New("a record ends too early")

// Read calls found for each prefix, with the AS that originates it by the first of
// the paths that tells, as pyasn takes it. A prefix may come again; the first counts. Prefixes without such a path, and the default route, are
// left out. An error says where in the dump something is wrong, or is that of found.
func Read(r io.Reader, found func(prefix netip.Prefix, asn uint32) error) error {
	in := bufio.NewReaderSize(r, 1<<20)
	var head [12]byte
	var body []byte
	for n := 1; ; n++ {
		if _, err := io.ReadFull(in, head[:]); err == io.EOF && n > 1 {
			return nil
		} else if err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		size := binary.BigEndian.Uint32(head[8:])
		if size > maxRecord {
			return fmt.Errorf("record %d: %d bytes are more than any record has; this is no MRT dump, or a damaged one", n, size)
		}
		if uint32(cap(body)) < size {
			body = make([]byte, size)
		}
		body = body[:size]
		if _, err := io.ReadFull(in, body); err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		prefix, asn, err := origin(binary.BigEndian.Uint16(head[4:]), binary.BigEndian.Uint16(head[6:]), body)
		if err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		if asn == 0 || prefix.Bits() <= 0 {
			continue
		}
		if err := found(prefix, asn); err != nil {
			return err
		}
	}
}

// origin reads one record. The AS is 0 if the record has none.
func origin(kind, sub uint16, body []byte) (prefix netip.Prefix, asn uint32, err error) {
	c := &cursor{rest: body}
	switch {
	case kind == tableDumpV2 && (sub == ribIPv4 || sub == ribIPv4AddPath):
		return c.rib(4, sub == ribIPv4AddPath)
	case kind == tableDumpV2 && (sub == ribIPv6 || sub == ribIPv6AddPath):
		return c.rib(16, sub == ribIPv6AddPath)
	case kind == tableDump && sub == 1:
		return c.oldRIB(4)
	case kind == tableDump && sub == 2:
		return c.oldRIB(16)
	}
	return prefix, 0, nil // peers, multicast, and what is no table
}

// cursor reads a record from its beginning to its end.
type cursor struct {
	rest []byte
	err  error
}

// take returns the next n bytes, or that many zeros behind the end.
func (c *cursor) take(n int) []byte {
	if n > len(c.rest) {
		c.err, c.rest = errShort, nil
		return make([]byte, min(n, 1<<16))
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) number8() int  { return int(c.take(1)[0]) }
func (c *cursor) number16() int { return int(binary.BigEndian.Uint16(c.take(2))) }

// rib is a record of TABLE_DUMP_V2: one prefix, and the paths of all peers.
func (c *cursor) rib(size int, ids bool) (prefix netip.Prefix, asn uint32, err error) {
	c.take(4) // the sequence
	bits := c.number8()
	prefix, err = prefixOf(c.take((bits+7)/8), bits, size)
	if err != nil || c.err != nil {
		return prefix, 0, errors.Join(err, c.err)
	}
	for range c.number16() {
		c.take(2 + 4) // the peer, and since when
		if ids {
			c.take(4)
		}
		path := &cursor{rest: c.take(c.number16())}
		if c.err != nil {
			return prefix, 0, c.err
		}
		if asn, err = path.origin(4); asn != 0 || err != nil {
			return prefix, asn, err
		}
	}
	return prefix, 0, c.err
}

// oldRIB is a record of TABLE_DUMP: one prefix, and the path of one peer.
func (c *cursor) oldRIB(size int) (prefix netip.Prefix, asn uint32, err error) {
	c.take(2 + 2) // the view, the sequence
	address := c.take(size)
	bits := c.number8()
	c.take(1 + 4 + size + 2) // the status, since when, the peer and its AS
	path := &cursor{rest: c.take(c.number16())}
	if c.err != nil {
		return prefix, 0, c.err
	}
	if prefix, err = prefixOf(address, bits, size); err != nil {
		return prefix, 0, err
	}
	asn, err = path.origin(2)
	return prefix, asn, err
}

func prefixOf(b []byte, bits, size int) (netip.Prefix, error) {
	if bits > size*8 {
		return netip.Prefix{}, fmt.Errorf("a prefix of %d bits", bits)
	}
	address := make([]byte, size)
	copy(address, b)
	a, _ := netip.AddrFromSlice(address)
	return netip.PrefixFrom(a, bits).Masked(), nil
}

// asTrans stands in a path of two bytes for what does not fit into them, RFC 6793.
const asTrans = 23456

// origin is the AS at the end of a path among attributes, whose numbers have so many
// bytes. AS4_PATH has those that do not fit into two.
func (c *cursor) origin(size int) (asn uint32, err error) {
	var wide uint32
	for len(c.rest) > 0 {
		flags, kind := c.number8(), c.number8()
		length := 0
		if flags&extLen != 0 {
			length = c.number16()
		} else {
			length = c.number8()
		}
		value := &cursor{rest: c.take(length)}
		if c.err != nil {
			return 0, c.err
		}
		switch {
		case kind == asPath && asn == 0:
			asn, err = value.last(size)
		case kind == as4Path && size == 2:
			wide, err = value.last(4)
		}
		if err != nil {
			return 0, err
		}
	}
	if asn == asTrans && wide != 0 {
		asn = wide
	}
	return asn, nil
}

// last is the last AS of a path that is not reserved, or else the last one. A path that
// was aggregated ends with a set, whose members have no order: the least one counts.
func (c *cursor) last(size int) (asn uint32, err error) {
	var reserved uint32
	for len(c.rest) > 0 {
		kind, count := c.number8(), c.number8()
		numbers := c.take(count * size)
		if c.err != nil {
			return 0, c.err
		}
		if kind != asSet && kind != asSequence {
			continue // a confederation is inside of one AS
		}
		var public, other uint32 // of this segment
		for i := range count {
			n := uint32(binary.BigEndian.Uint16(numbers[i*size:]))
			if size == 4 {
				n = binary.BigEndian.Uint32(numbers[i*size:])
			}
			to := &public
			if isReserved(n) {
				to = &other
			}
			if kind == asSequence || *to == 0 || n < *to {
				*to = n
			}
		}
		asn, reserved = cmp.Or(public, asn), cmp.Or(other, reserved)
	}
	return cmp.Or(asn, reserved), nil
}

// isReserved says whether an AS number belongs to nobody: those for private use, for
// documentation and those around them, by the registry of IANA. pyasn passes them over
// as well.
func isReserved(n uint32) bool {
	return n == 0 || n >= 64198 && n <= 131071 || n >= 4200000000
}
