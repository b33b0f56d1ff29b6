// Package archive opens what feeds are packed in: zip, tar, gzip and bzip2, and
// tar inside the last two.
//
// An archive is delivered whole or not at all. It is unpacked twice: first to
// its very end, to check sums, structure and Limits, and then, if it is sound,
// for whoever wants its members. What a damaged or truncated archive holds is
// never handed out, since nobody could tell how much of it is missing.
//
// Content comes from strangers. So everything is counted against Limits,
// nothing is written under a member's name, members are handed out with their
// names checked, and an archive inside an archive stays closed. A member that
// is refused for its name or kind costs only itself.
//
// The standard library does the unpacking: feeds are small, and it keeps the
// binary so. A format more is a case in Detect and one in walk.
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

// A File is an archive: a *bytes.Reader, a *strings.Reader, an *io.SectionReader.
type File interface {
	io.ReaderAt
	Size() int64
}

// Limits bounds what is unpacked from one archive. Zero values mean the defaults.
type Limits struct {
	Total   int64 // bytes unpacked; 2 GiB
	Ratio   int64 // bytes unpacked per byte packed, beyond the first MiB; 1000
	Members int   // files and directories; 10000

	// Packed is how many bytes the archive came in, if they were fewer than it
	// has because it was compressed once more on its way. The ratio is one for
	// all layers together.
	Packed int64
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
	ErrMembers     = errors.New("archive has too many members")
	ErrRatio       = errors.New("archive unpacks to suspiciously much more than its size") // or a single member of a zip
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

// Members yields the files in an archive in its order, which for a zip is that
// of its directory. Directories are left out. A member that is refused comes as
// its name and an error, and the others follow. An archive that is damaged,
// truncated or over a limit yields nothing but an error without a name.
func Members(f File, limits Limits) iter.Seq2[Member, error] {
	return func(yield func(Member, error) bool) {
		limits := limits.orDefault(f)
		check := walker{file: f, limits: limits, check: true}
		if err := check.walk(func(Member, error) bool { return true }); err != nil {
			yield(Member{}, broken(err))
			return
		}
		unpack := walker{file: f, limits: limits, bombs: check.bombs}
		if err := unpack.walk(yield); err != nil {
			yield(Member{}, broken(err)) // the file has changed
		}
	}
}

// broken says of an error of unpacking what it is about.
func broken(err error) error {
	for _, own := range []error{ErrNotArchive, ErrUnsupported, ErrTooLarge, ErrMembers, ErrRatio} {
		if errors.Is(err, own) {
			return err
		}
	}
	return fmt.Errorf("archive cannot be unpacked: %w", err)
}

func (l Limits) orDefault(f File) Limits {
	if l.Total <= 0 {
		l.Total = defaultTotal
	}
	if l.Ratio <= 0 {
		l.Ratio = defaultRatio
	}
	if l.Members <= 0 {
		l.Members = defaultMembers
	}
	if l.Packed <= 0 {
		l.Packed = f.Size()
	}
	return l
}

// walker goes through an archive once. To check, it reads all there is and
// returns what is wrong with the archive as a whole.
type walker struct {
	file    File
	limits  Limits
	check   bool
	bombs   map[int]bool // members of a zip, by their place, that are over the ratio
	members int
	yield   func(Member, error) bool
}

func (w *walker) walk(yield func(Member, error) bool) error {
	w.yield = yield
	head := make([]byte, HeadSize)
	n, err := w.file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return err
	}
	r := bufio.NewReaderSize(io.NewSectionReader(w.file, 0, w.file.Size()), 64<<10)
	switch Detect(head[:n]) {
	case Zip:
		return w.zip()
	case Tar:
		return w.tar(w.limit(r, w.budgets()...))
	case Gzip:
		return w.stream(&gunzip{src: r})
	case Bzip2:
		return w.stream(bzip2.NewReader(r))
	case XZ:
		return ErrUnsupported
	}
	return ErrNotArchive
}

// stream unpacks a compressed stream: a tar, or else a single file.
func (w *walker) stream(packed io.Reader) error {
	r := bufio.NewReaderSize(w.limit(packed, w.budgets()...), 64<<10)
	// An error in the head is met again when the content is read.
	if head, _ := r.Peek(HeadSize); isTar(head) {
		if err := w.tar(r); err != nil || !w.check {
			return err
		}
		return drain(r) // the sum stands behind the padding of the tar
	}
	w.yield(Member{Reader: r}, nil)
	if w.check {
		return drain(r)
	}
	return nil
}

func (w *walker) tar(r io.Reader) error {
	stream := &counter{r: r}
	unpacked := w.budgets()
	for tr := tar.NewReader(stream); ; {
		at := stream.n
		h, err := tr.Next()
		if err == io.EOF && w.check && stream.n-at < HeadSize {
			// A tar ends with a block of zeros. This one was cut between two files,
			// which package tar does not mind.
			return io.ErrUnexpectedEOF
		} else if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if w.members++; w.members > w.limits.Members {
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
		content := w.limit(tr, unpacked...)
		if !w.hand(name, content, err) {
			return nil
		}
		if w.check {
			if err := drain(content); err != nil {
				return err
			}
		}
	}
}

// hand yields a member, or why it is refused.
func (w *walker) hand(name string, content io.Reader, err error) bool {
	if err != nil {
		return w.yield(Member{Name: name}, fmt.Errorf("%q: %w", name, err))
	}
	return w.yield(Member{Name: name, Reader: content}, nil)
}

func drain(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
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
