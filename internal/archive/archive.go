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
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

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
