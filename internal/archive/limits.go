package archive

import (
	"errors"
	"io"
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
