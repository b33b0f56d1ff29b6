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
	"strconv"
	"strings"
	"unsafe"

	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/python/csv"
)

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
