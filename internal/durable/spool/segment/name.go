// Package segment is the names of what lies in a spool, and what makes its content whole.
package segment

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

const Suffix = ".ndjson"

func (n Name) String() string {
	return fmt.Sprintf("%020d-%d-%08x-%s%s", n.Seq, n.Count, n.CRC, n.Nonce, Suffix)
}

// ParseName takes a name apart. There is only one way to write each.
func ParseName(s string) (Name, bool) {
	text, ok := strings.CutSuffix(s, Suffix)
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

func NewNonce() string { return strconv.FormatUint(rand.Uint64(), 36) }

const (
	PartSuffix   = ".part"    // SEQ-NONCE.part: of a stream without control lines
	windowInfix  = ".window@" // NONCE.window@SOURCE@RUN: no checkpoint has come yet
	LostSuffix   = ".lost"    // NAME.lost: the lines that salvaging could not keep
	AckedPrefix  = ".acked@"  // .acked@NUMBER@SOURCE: up to where a source is acknowledged
	maxSource    = 120        // so that no name is longer than 255 bytes
	keptOfSource = 80
)

// PartName sorts by when a file was begun, so that it is recovered in order.
func PartName(seq uint64, nonce string) string {
	return fmt.Sprintf("%020d-%s%s", seq, nonce, PartSuffix)
}

// NonceOf returns the nonce of a part, or a new one if a stranger named it.
func NonceOf(part string) string {
	_, nonce, _ := strings.Cut(strings.TrimSuffix(part, PartSuffix), "-")
	if nonce == "" || len(nonce) > 32 || strings.Trim(nonce, "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
		return NewNonce()
	}
	return nonce
}

// A Mark is what the name of a file says of the id of a checkpoint: the source is
// escaped, and the run is a hash of its nonce. Notes of readers have no run.
type Mark struct {
	Source string
	Number uint64
	Run    string
}

func MarkOf(id checkpoint.ID) Mark {
	sum := sha256.Sum256([]byte(id.Nonce))
	return Mark{Escape(id.Source), id.Number, hex.EncodeToString(sum[:8])}
}

// Escape makes a part of a file's name of a source. Two sources never share one.
func Escape(source string) string {
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

// Claim is what the name of a file in cur/ says: whose it is, and that it was the
// orderth of that consumer.
type Claim struct {
	File  string // the segment
	Owner string // escaped; empty if the consumer has no name
	Order uint64
}

func (c Claim) String() string {
	if c.Owner == "" {
		return c.File
	}
	return c.File + "@" + c.Owner + "@" + strconv.FormatUint(c.Order, 10)
}

// ParseClaim takes any name for that of a segment, perhaps a damaged one.
func ParseClaim(name string) Claim {
	file, of, _ := strings.Cut(name, "@")
	owner, order, _ := strings.Cut(of, "@")
	n, err := strconv.ParseUint(order, 10, 64)
	c := Claim{file, owner, n}
	if err != nil || c.String() != name {
		return Claim{File: name}
	}
	return c
}

// waiting is the name in tmp/ of a segment whose Commit has not come.
func (m Mark) Waiting(n Name) string { return n.String() + "@" + m.At() }

func (m Mark) At() string { return strconv.FormatUint(m.Number, 10) + "@" + m.Of() }

// of names a source, and one of its runs.
func (m Mark) Of() string {
	if m.Run == "" {
		return m.Source
	}
	return m.Source + "@" + m.Run
}

func ParseAt(s string) (Mark, bool) {
	number, of, ok := strings.Cut(s, "@")
	n, err := strconv.ParseUint(number, 10, 64)
	source, run, _ := strings.Cut(of, "@")
	m := Mark{source, n, run}
	return m, ok && err == nil && source != "" && m.At() == s
}

// window is the name in tmp/ of a file that no checkpoint has come for.
func (m Mark) Window(nonce string) string { return nonce + windowInfix + m.Of() }

func ParseWindow(s string) (Mark, bool) {
	_, of, ok := strings.Cut(s, windowInfix)
	source, run, _ := strings.Cut(of, "@")
	return Mark{Source: source, Run: run}, ok
}

func ParseWaiting(s string) (Name, Mark, bool) {
	name, at, _ := strings.Cut(s, "@")
	n, ok1 := ParseName(name)
	m, ok2 := ParseAt(at)
	return n, m, ok1 && ok2
}

func ParseAcked(s string) (Mark, bool) {
	at, ok := strings.CutPrefix(s, AckedPrefix)
	m, ok2 := ParseAt(at)
	return m, ok && ok2
}

// Whole cuts off what setAside adds to a name that is there already.
func Whole(name string) string {
	if i := strings.Index(name, Suffix); i >= 0 {
		return name[:i+len(Suffix)]
	}
	return name
}
