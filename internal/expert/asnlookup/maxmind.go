package asnlookup

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"

	"github.com/oschwald/maxminddb-golang/v2"
)

// mark stands before the description of a MaxMind DB, in the last 128 KiB of it.
const mark = "\xab\xcd\xefMaxMind.com"

// isMaxMind says whether a file is a MaxMind DB.
func isMaxMind(f *os.File, info os.FileInfo) bool {
	if !info.Mode().IsRegular() {
		return false // it has no end to look at
	}
	end := make([]byte, min(info.Size(), 128<<10))
	n, _ := f.ReadAt(end, info.Size()-int64(len(end)))
	return bytes.Contains(end[:n], []byte(mark))
}

// maxmind is GeoLite2-ASN, or what is like it.
type maxmind struct {
	*maxminddb.Reader
	path string
}

func (t maxmind) lookup(a netip.Addr) (asn uint32, prefix netip.Prefix, ok bool, err error) {
	var record struct {
		ASN uint32 `maxminddb:"autonomous_system_number"`
	}
	result := t.Lookup(a)
	if err := result.Decode(&record); err != nil {
		return 0, prefix, false, fmt.Errorf("%s: %w", t.path, err)
	} else if !result.Found() {
		return 0, prefix, false, nil
	}
	return record.ASN, result.Prefix(), true, nil
}
