package asnlookup

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/oschwald/maxminddb-golang/v2"
	"go4.org/netipx"

	"github.com/intelpipe/intelpipe/internal/mrt"
)

// A compiled table is a MaxMind DB, which is looked into where it lies on the disk.
// Such files of others, GeoLite2-ASN, will do as well. A network of theirs may be
// cut where a longer prefix lies in it, so that our own files keep the length.
const (
	asnKey  = "autonomous_system_number"
	bitsKey = "prefix_length"
)

// compiled is a table in a file.
type compiled struct {
	*maxminddb.Reader
	path string
}

type record struct {
	ASN  uint32 `maxminddb:"autonomous_system_number"`
	Bits uint16 `maxminddb:"prefix_length"`
}

func (t *compiled) lookup(a netip.Addr) (asn uint32, prefix netip.Prefix, ok bool, err error) {
	result := t.Lookup(a)
	if err := result.Err(); err != nil {
		return 0, prefix, false, fmt.Errorf("%s: %w", t.path, err)
	}
	if !result.Found() {
		return 0, prefix, false, nil
	}
	var r record
	if err := result.Decode(&r); err != nil {
		return 0, prefix, false, fmt.Errorf("%s: %w", t.path, err)
	}
	prefix = result.Prefix()
	if bits := int(r.Bits); bits > 0 && bits <= prefix.Bits() {
		prefix = netip.PrefixFrom(prefix.Addr(), bits).Masked()
	}
	return r.ASN, prefix, true, nil
}

// mark stands before the description of a MaxMind DB, in the last 128 KiB of it.
const mark = "\xab\xcd\xefMaxMind.com"

// open opens a compiled table. It returns nil if the file is none.
func open(path string) (table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	end := make([]byte, min(info.Size(), 128<<10))
	if _, err := f.ReadAt(end, info.Size()-int64(len(end))); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if !strings.Contains(string(end), mark) {
		return nil, nil
	}
	r, err := maxminddb.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &compiled{r, path}, nil
}

// check reads all of a compiled table.
func check(path string) error {
	t, err := open(path)
	if err != nil {
		return err
	}
	db, ok := t.(*compiled)
	switch {
	case !ok:
		return errors.New("it is no compiled table")
	case db.Metadata.NodeCount < 2:
		return errEmpty
	}
	return errors.Join(db.Verify(), db.Close())
}

// maxUnpacked bounds a table without its packing, in bytes.
const maxUnpacked = 16 << 30

// compile makes a compiled table of text, or of a dump of routes.
func compile(to io.Writer, from io.Reader) error {
	in, err := unpacked(from)
	if err != nil {
		return err
	}
	type entry struct {
		prefix netip.Prefix
		asn    uint32
	}
	var all []entry
	add := func(prefix netip.Prefix, asn uint32) error {
		all = append(all, entry{prefix, asn})
		return nil
	}
	limited := io.LimitReader(in, maxUnpacked)
	head, _ := in.Peek(6)
	isDump := len(head) == 6 && head[4] == 0 && (head[5] == 12 || head[5] == 13)
	if isDump {
		err = mrt.Read(limited, add)
	} else {
		err = readText(limited, "the table", add)
	}
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return errEmpty
	}
	// A shorter prefix takes the place of what is in it. Of equal ones the first counts
	// in a dump, where each is that of another peer, and the last in text.
	slices.SortStableFunc(all, func(a, b entry) int {
		return cmp.Compare(a.prefix.Bits()-a.prefix.Addr().BitLen(), b.prefix.Bits()-b.prefix.Addr().BitLen())
	})
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		DatabaseType: "intelpipe-ASN", Description: map[string]string{"en": "prefixes and the AS that originates them"},
		RecordSize: 28, IncludeReservedNetworks: true, DisableIPv4Aliasing: true,
	})
	if err != nil {
		return err
	}
	seen := make(map[netip.Prefix]bool, len(all))
	for _, e := range all {
		if isDump && seen[e.prefix] {
			continue
		}
		seen[e.prefix] = true
		value := mmdbtype.Map{asnKey: mmdbtype.Uint32(e.asn), bitsKey: mmdbtype.Uint16(e.prefix.Bits())}
		if err := tree.Insert(netipx.PrefixIPNet(e.prefix), value); err != nil {
			return fmt.Errorf("%s: %w", e.prefix, err)
		}
	}
	_, err = tree.WriteTo(to)
	return err
}
