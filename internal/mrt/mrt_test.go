package mrt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
)

// record writes one.
func record(kind, sub uint16, body ...[]byte) []byte {
	all := bytes.Join(body, nil)
	b := binary.BigEndian.AppendUint32(nil, 1769854830)
	b = binary.BigEndian.AppendUint16(b, kind)
	b = binary.BigEndian.AppendUint16(b, sub)
	b = binary.BigEndian.AppendUint32(b, uint32(len(all)))
	return append(b, all...)
}

func u16(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
func u32(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

// segment is a part of a path.
func segment(size, kind int, asns ...int) []byte {
	b := []byte{byte(kind), byte(len(asns))}
	for _, n := range asns {
		if size == 2 {
			b = append(b, u16(n)...)
		} else {
			b = append(b, u32(n)...)
		}
	}
	return b
}

// attributes are those of a path, with an origin before it.
func attributes(kind int, segments ...[]byte) []byte {
	path := bytes.Join(segments, nil)
	b := []byte{0x40, 1, 1, 0}
	b = append(b, 0x50, byte(kind))
	return append(append(b, u16(len(path))...), path...)
}

func rib(prefix string, id bool, paths ...[]byte) []byte {
	p := netip.MustParsePrefix(prefix)
	b := append(u32(7), byte(p.Bits()))
	b = append(b, p.Addr().AsSlice()[:(p.Bits()+7)/8]...)
	b = append(b, u16(len(paths))...)
	for _, path := range paths {
		b = append(append(b, u16(1)...), u32(0)...)
		if id {
			b = append(b, u32(9)...)
		}
		b = append(append(b, u16(len(path))...), path...)
	}
	return b
}

func oldRIB(prefix string, path []byte) []byte {
	p := netip.MustParsePrefix(prefix)
	address := p.Addr().AsSlice()
	b := append(u16(0), u16(1)...)
	b = append(append(b, address...), byte(p.Bits()), 1)
	b = append(append(append(b, u32(0)...), address...), u16(64511)...)
	return append(append(b, u16(len(path))...), path...)
}

func dump() []byte {
	sequence := func(asns ...int) []byte { return attributes(asPath, segment(4, asSequence, asns...)) }
	return bytes.Join([][]byte{
		record(tableDumpV2, 1, []byte("peers")),
		record(tableDumpV2, ribIPv4, rib("192.0.2.0/24", false, sequence(64500, 64496), sequence(64497))),
		record(tableDumpV2, ribIPv4, rib("0.0.0.0/0", false, sequence(64500))),
		record(tableDumpV2, ribIPv6, rib("2001:db8::/32", false, sequence(4200000000))),
		record(tableDumpV2, ribIPv4AddPath, rib("198.51.100.0/25", true, sequence(64498))),
		record(tableDumpV2, ribIPv4, rib("203.0.113.0/24", false, attributes(asPath), sequence(64499))),
		record(tableDumpV2, ribIPv4, rib("203.0.113.128/25", false)),
		record(tableDump, 1, oldRIB("192.0.2.128/25", attributes(asPath, segment(2, asSequence, 64500, 23456)))),
		record(tableDump, 2, oldRIB("2001:db8:1::/48", append(attributes(asPath, segment(2, asSequence, 23456)), attributes(as4Path, segment(4, asSequence, 4200000001))...))),
		record(16, 4, []byte("an update")),
	}, nil)
}

func read(in []byte) (string, error) {
	var all []string
	err := Read(bytes.NewReader(in), func(p netip.Prefix, asn uint32) error {
		all = append(all, fmt.Sprint(p, " ", asn))
		return nil
	})
	return strings.Join(all, ", "), err
}

func TestRead(t *testing.T) {
	got, err := read(dump())
	const want = "192.0.2.0/24 64496, 2001:db8::/32 4200000000, 198.51.100.0/25 64498, 203.0.113.0/24 64499, 192.0.2.128/25 23456, 2001:db8:1::/48 4200000001"
	if err != nil || got != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
	whole := dump()
	for n := range len(whole) {
		if _, err := read(whole[:n]); err == nil && !endsBetween(whole, n) {
			t.Errorf("cut at %d: no error", n)
		}
	}
	for text, want := range map[string]string{
		"": "record 1: EOF", "<!DOCTYPE html><html>": "this is no MRT dump",
		string(record(tableDumpV2, ribIPv4, []byte{0, 0, 0, 1, 33, 1, 2, 3, 4, 5})):   "a prefix of 33 bits",
		string(record(tableDumpV2, ribIPv4, []byte{0, 0, 0, 1, 24, 192, 0, 2, 0, 9})): "a record ends too early",
	} {
		if _, err := read([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	stop := errors.New("stop")
	if err := Read(bytes.NewReader(dump()), func(netip.Prefix, uint32) error { return stop }); err != stop {
		t.Errorf("got %v", err)
	}
	if err := Read(io.MultiReader(bytes.NewReader(dump()), errReader{stop}), func(netip.Prefix, uint32) error { return nil }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
}

// TestOrigin has what pyasn makes of the ends of paths, and where it gives up.
func TestOrigin(t *testing.T) {
	const confederation = 3
	two := func(wide ...[]byte) []byte {
		return append(attributes(asPath, segment(2, asSequence, 10, asTrans)), bytes.Join(wide, nil)...)
	}
	four := func(segments ...[]byte) []byte { return attributes(asPath, segments...) }
	for name, p := range map[string]struct {
		size int
		path []byte
		want uint32
	}{
		"a sequence":                  {4, four(segment(4, asSequence, 10, 20)), 20},
		"two sequences":               {4, four(segment(4, asSequence, 10), segment(4, asSequence, 20, 30)), 30},
		"a set of one":                {4, four(segment(4, asSequence, 10), segment(4, asSet, 20)), 20},
		"a set of more":               {4, four(segment(4, asSequence, 10), segment(4, asSet, 40, 20, 30)), 20},
		"a set alone":                 {4, four(segment(4, asSet, 40, 20, 30)), 20},
		"a set of private numbers":    {4, four(segment(4, asSequence, 10), segment(4, asSet, 64512, 64513)), 10},
		"a private number at the end": {4, four(segment(4, asSequence, 10, 20, 64512, 4200000000)), 20},
		"AS 0 at the end":             {4, four(segment(4, asSequence, 10, 0)), 10},
		"private numbers only":        {4, four(segment(4, asSequence, 64512, 64513)), 64513},
		"AS 0 only":                   {4, four(segment(4, asSequence, 0)), 0},
		"a confederation":             {4, four(segment(4, asSequence, 10), segment(4, confederation, 20)), 10},
		"an empty path":               {4, four(), 0},
		"an empty segment":            {4, four(segment(4, asSequence, 10), segment(4, asSequence)), 10},
		"no path":                     {4, []byte{0x40, 1, 1, 0}, 0},
		"not in two bytes":            {2, two(attributes(as4Path, segment(4, asSequence, 131072))), 131072},
		"wide numbers first":          {2, append(attributes(as4Path, segment(4, asSequence, 131072)), two()...), 131072},
		"no wide numbers":             {2, two(), asTrans},
		"wide numbers of others":      {2, append(attributes(asPath, segment(2, asSequence, 10)), attributes(as4Path, segment(4, asSequence, 131072))...), 10},
		"wide numbers twice":          {4, append(four(segment(4, asSequence, asTrans)), attributes(as4Path, segment(4, asSequence, 131072))...), asTrans},
	} {
		if got, err := (&cursor{rest: p.path}).origin(p.size); got != p.want || err != nil {
			t.Errorf("%s: %d, %v, want %d", name, got, err, p.want)
		}
		for n := range p.path {
			(&cursor{rest: p.path[:n]}).origin(p.size) // which must not panic
		}
	}
}

type errReader struct{ error }

func (r errReader) Read([]byte) (int, error) { return 0, r.error }

// endsBetween says whether a dump that is cut there ends with a record.
func endsBetween(dump []byte, n int) bool {
	at := 0
	for at < n {
		at += 12 + int(binary.BigEndian.Uint32(dump[at+8:]))
	}
	return at == n && n > 0
}

func FuzzRead(f *testing.F) {
	f.Add(dump())
	f.Fuzz(func(t *testing.T, in []byte) {
		Read(bytes.NewReader(in), func(p netip.Prefix, asn uint32) error {
			if !p.IsValid() || p != p.Masked() || asn == 0 {
				t.Errorf("%v, AS %d", p, asn)
			}
			return nil
		})
	})
}
