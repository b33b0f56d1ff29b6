package spool

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
)

// A Name is what a segment's name says of it.
type Name struct {
	Seq   uint64
	Count int
	CRC   uint32
	Nonce string // tells segments apart that were sealed by two writers at once
}

const suffix = ".ndjson"

func (n Name) String() string {
	return fmt.Sprintf("%020d-%d-%08x-%s%s", n.Seq, n.Count, n.CRC, n.Nonce, suffix)
}

// ParseName takes a name apart. There is only one way to write each.
func ParseName(s string) (Name, bool) {
	text, ok := strings.CutSuffix(s, suffix)
	parts := strings.Split(text, "-")
	if !ok || len(parts) != 4 || len(parts[0]) != 20 || len(parts[2]) != 8 || len(parts[3]) > 32 || parts[3] == "" {
		return Name{}, false
	}
	seq, err1 := strconv.ParseUint(parts[0], 10, 64)
	count, err2 := strconv.ParseUint(parts[1], 10, 31)
	crc, err3 := strconv.ParseUint(parts[2], 16, 32)
	if err1 != nil || err2 != nil || err3 != nil || strings.Trim(parts[3], "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
		return Name{}, false
	}
	n := Name{seq, int(count), uint32(crc), parts[3]}
	return n, n.String() == s
}

func newNonce() string { return strconv.FormatUint(rand.Uint64(), 36) }

const (
	partSuffix   = ".part"    // SEQ-NONCE.part: of a stream without control lines
	windowInfix  = ".window@" // NONCE.window@SOURCE@RUN: no checkpoint has come yet
	lostSuffix   = ".lost"    // NAME.lost: the lines that salvaging could not keep
	ackedPrefix  = ".acked@"  // .acked@NUMBER@SOURCE: up to where a source is acknowledged
	maxSource    = 120        // so that no name is longer than 255 bytes
	keptOfSource = 80
)

// partName sorts by when a file was begun, so that it is recovered in order.
func partName(seq uint64, nonce string) string {
	return fmt.Sprintf("%020d-%s%s", seq, nonce, partSuffix)
}

// nonceOf returns the nonce of a part, or a new one if a stranger named it.
func nonceOf(part string) string {
	_, nonce, _ := strings.Cut(strings.TrimSuffix(part, partSuffix), "-")
	if nonce == "" || len(nonce) > 32 || strings.Trim(nonce, "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
		return newNonce()
	}
	return nonce
}

// A mark is what the name of a file says of the id of a checkpoint: the source is
// escaped, and the run is a hash of its nonce. Notes of readers have no run.
type mark struct {
	source string
	number uint64
	run    string
}

func markOf(id checkpoint.ID) mark {
	sum := sha256.Sum256([]byte(id.Nonce))
	return mark{escape(id.Source), id.Number, hex.EncodeToString(sum[:8])}
}

// escape makes a part of a file's name of a source. Two sources never share one.
func escape(source string) string {
	var b strings.Builder
	for i := range len(source) {
		switch c := source[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-', c == ':':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	if b.Len() <= maxSource {
		return b.String()
	}
	sum := sha256.Sum256([]byte(source))
	return b.String()[:keptOfSource] + "~" + hex.EncodeToString(sum[:16])
}

// claimed is what the name of a file in cur/ says: whose it is, and that it was the
// orderth of that consumer.
type claimed struct {
	file  string // the segment
	owner string // escaped; empty if the consumer has no name
	order uint64
}

func (c claimed) String() string {
	if c.owner == "" {
		return c.file
	}
	return c.file + "@" + c.owner + "@" + strconv.FormatUint(c.order, 10)
}

// parseClaimed takes any name for that of a segment, perhaps a damaged one.
func parseClaimed(name string) claimed {
	file, of, _ := strings.Cut(name, "@")
	owner, order, _ := strings.Cut(of, "@")
	n, err := strconv.ParseUint(order, 10, 64)
	c := claimed{file, owner, n}
	if err != nil || c.String() != name {
		return claimed{file: name}
	}
	return c
}

// waiting is the name in tmp/ of a segment whose Commit has not come.
func (m mark) waiting(n Name) string { return n.String() + "@" + m.at() }

func (m mark) at() string { return strconv.FormatUint(m.number, 10) + "@" + m.of() }

// of names a source, and one of its runs.
func (m mark) of() string {
	if m.run == "" {
		return m.source
	}
	return m.source + "@" + m.run
}

func parseAt(s string) (mark, bool) {
	number, of, ok := strings.Cut(s, "@")
	n, err := strconv.ParseUint(number, 10, 64)
	source, run, _ := strings.Cut(of, "@")
	m := mark{source, n, run}
	return m, ok && err == nil && source != "" && m.at() == s
}

// window is the name in tmp/ of a file that no checkpoint has come for.
func (m mark) window(nonce string) string { return nonce + windowInfix + m.of() }

func parseWindow(s string) (mark, bool) {
	_, of, ok := strings.Cut(s, windowInfix)
	source, run, _ := strings.Cut(of, "@")
	return mark{source: source, run: run}, ok
}

func parseWaiting(s string) (Name, mark, bool) {
	name, at, _ := strings.Cut(s, "@")
	n, ok1 := ParseName(name)
	m, ok2 := parseAt(at)
	return n, m, ok1 && ok2
}

func parseAcked(s string) (mark, bool) {
	at, ok := strings.CutPrefix(s, ackedPrefix)
	m, ok2 := parseAt(at)
	return m, ok && ok2
}
