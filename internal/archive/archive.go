// Package archive opens what feeds are packed in: zip, tar, gzip and bzip2, and
// tar inside the last two.
//
// Content comes from strangers. So everything is counted against Limits while
// it is unpacked, nothing is written under a member's name, members are handed
// out with their names checked, and an archive inside an archive stays closed.
// Streams are unpacked as they arrive; only a zip, whose directory is at its
// end, is spilled to a temporary file that has no name.
//
// The standard library does the unpacking: feeds are small, and it keeps the
// binary so. A format more is a case in Detect and one in open.
package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

// Limits bounds what is unpacked from one archive. Zero values mean the defaults.
type Limits struct {
	Total   int64 // bytes unpacked, and bytes of a zip spilled; 2 GiB
	Ratio   int64 // bytes unpacked per byte packed, beyond the first MiB; 1000
	Members int   // files and directories; 10000
}

const (
	defaultTotal   = 2 << 30
	defaultRatio   = 1000
	defaultMembers = 10000
	ratioGrace     = 1 << 20 // a few small files of zeros are no bomb
)

// What an archive can be refused for.
var (
	ErrNotArchive  = errors.New("not a zip, tar, gzip or bzip2 file")
	ErrUnsupported = errors.New("xz is not supported")
	ErrTooLarge    = errors.New("archive unpacks to more than the limit")
	ErrRatio       = errors.New("archive unpacks to suspiciously much more than its size")
	ErrMembers     = errors.New("archive has too many members")
)

// What a single member can be refused for.
var (
	ErrName      = errors.New("unsafe member name")
	ErrType      = errors.New("member is not a regular file")
	ErrEncrypted = errors.New("member is encrypted")
)

// Format is a file format.
type Format int

// The formats that Detect knows.
const (
	None Format = iota
	Zip
	Tar
	Gzip
	Bzip2
	XZ
)

// HeadSize is the number of bytes that Detect wants to see.
const HeadSize = 512

// Detect names the format of a file from its first HeadSize bytes, or fewer if
// the file has no more. What is inside a compressed stream does not show here.
func Detect(head []byte) Format {
	has := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	switch {
	case has("PK\x03\x04"), has("PK\x05\x06"): // the second is a zip without members
		return Zip
	case isTar(head):
		return Tar
	case has("\x1f\x8b"):
		return Gzip
	case has("BZh"):
		return Bzip2
	case has("\xfd7zXZ\x00"):
		return XZ
	}
	return None
}

// isTar checks the sum of a tar header, which all kinds of tar have. A block of
// zeros is a tar without members.
func isTar(head []byte) bool {
	if len(head) < HeadSize {
		return false
	}
	head = head[:HeadSize]
	var sum, signed, want int64
	for i, b := range head {
		if i >= 148 && i < 156 { // the field of the sum itself counts as blanks
			b = ' '
		}
		sum += int64(b)
		signed += int64(int8(b))
	}
	field := strings.Trim(string(head[148:156]), " \x00")
	if field == "" {
		return sum == 8*' '
	}
	for _, c := range field {
		if c < '0' || c > '7' {
			return false
		}
		want = want<<3 | int64(c-'0')
	}
	return want == sum || want == signed
}

// A Member is one file of an archive. Its content can be read until the next
// one is asked for. A compressed file that is no archive has one member without
// a name.
type Member struct {
	Name string
	io.Reader
}

// Members yields the files in r in the order of the archive, which for a zip is
// that of its directory. Directories are left out. A member that is refused
// comes as its name and an error, and the others follow; an error without a
// name is the end. An error met in the content of a member is returned by its
// Read, after all bytes that can be had, and not once more by the iteration.
func Members(r io.Reader, limits Limits) iter.Seq2[Member, error] {
	return func(yield func(Member, error) bool) {
		u := &unpacker{limits: limits.orDefault(), yield: yield}
		if err := u.open(r); err != nil {
			yield(Member{}, err)
		}
	}
}

func (l Limits) orDefault() Limits {
	if l.Total <= 0 {
		l.Total = defaultTotal
	}
	if l.Ratio <= 0 {
		l.Ratio = defaultRatio
	}
	if l.Members <= 0 {
		l.Members = defaultMembers
	}
	return l
}

type unpacker struct {
	limits  Limits
	yield   func(Member, error) bool
	packed  int64 // bytes of the archive read so far; of a zip, all of them
	members int
}

func (u *unpacker) open(r io.Reader) error {
	br := bufio.NewReaderSize(&counter{r: r, n: &u.packed}, 64<<10)
	head, err := br.Peek(HeadSize)
	if err != nil && err != io.EOF {
		return err
	}
	switch Detect(head) {
	case Zip:
		return u.zip(r, br)
	case Tar:
		return u.tar(u.limit(br, new(int64)))
	case Gzip:
		return u.stream(&gunzip{src: br})
	case Bzip2:
		return u.stream(bzip2.NewReader(br))
	case XZ:
		return ErrUnsupported
	}
	return ErrNotArchive
}

// stream unpacks a compressed stream: a tar, or else a single file.
func (u *unpacker) stream(r io.Reader) error {
	br := bufio.NewReaderSize(u.limit(r, new(int64)), 64<<10)
	// An error in the head is met again when the content is read.
	if head, _ := br.Peek(HeadSize); isTar(head) {
		return u.tar(br)
	}
	u.yield(Member{Reader: br}, nil)
	return nil
}

func (u *unpacker) tar(r io.Reader) error {
	var unpacked int64
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if u.members++; u.members > u.limits.Members {
			return ErrMembers
		}
		name := strings.ToValidUTF8(h.Name, "\ufffd")
		switch h.Typeflag {
		case tar.TypeDir, tar.TypeXGlobalHeader:
			continue
		case tar.TypeReg, tar.TypeGNUSparse:
			err = checkName(name)
		default:
			err = ErrType
		}
		// Counted once more, because the holes of a sparse file are in no stream.
		content := u.limit(tr, &unpacked)
		if !u.hand(name, content, err) {
			return nil
		}
		if content.err != nil && content.err != io.EOF {
			return nil // the stream is broken, and the reader of the member knows
		}
	}
}

// hand yields a member, or why it is refused.
func (u *unpacker) hand(name string, content io.Reader, err error) bool {
	if err != nil {
		return u.yield(Member{Name: name}, fmt.Errorf("%q: %w", name, err))
	}
	return u.yield(Member{Name: name, Reader: content}, nil)
}

// checkName refuses names that would be dangerous to whoever makes a file of them.
func checkName(name string) error {
	if name == "" || name[0] == '/' || strings.ContainsAny(name, "\\\x00") {
		return ErrName
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return ErrName
		}
	}
	return nil
}
