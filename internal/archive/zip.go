package archive

import (
	"archive/zip"
	"bufio"
	"io"
	"math"
	"os"
	"strings"
	"unicode/utf8"
)

// zip unpacks a zip file: br stands at its beginning and reads from src.
func (u *unpacker) zip(src io.Reader, br *bufio.Reader) error {
	var file io.ReaderAt
	if part := u.seekable(src); part != nil {
		file = part
	} else {
		f, err := u.spill(br)
		if err != nil {
			return err
		}
		defer f.Close()
		file = f
	}
	// The directory goes into memory; half a kilobyte a member is plenty for it.
	directory := &bounded{file, int64(u.limits.Members)<<9 + 1<<20}
	z, err := zip.NewReader(directory, u.packed)
	if directory.left < 0 {
		return ErrMembers
	}
	if err != nil {
		return err
	}
	directory.left = math.MaxInt64
	if len(z.File) > u.limits.Members {
		return ErrMembers
	}
	var unpacked int64
	for _, f := range z.File {
		if f.Mode().IsDir() {
			continue
		}
		name := zipName(f.Name)
		content, err := openFile(f, name)
		if err != nil {
			if !u.hand(name, nil, err) {
				return nil
			}
			continue
		}
		// The files of a zip are packed one by one, so one that is a bomb says
		// nothing of the others.
		limited, packed := u.limit(content, &unpacked), int64(f.CompressedSize64)
		limited.packed = &packed
		more := u.hand(name, limited, nil)
		content.Close()
		if !more || limited.err == ErrTooLarge {
			return nil
		}
	}
	return nil
}

func openFile(f *zip.File, name string) (io.ReadCloser, error) {
	switch {
	case f.Flags&1 != 0:
		return nil, ErrEncrypted
	case !f.Mode().IsRegular():
		return nil, ErrType
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	return f.Open()
}

// seekable returns the archive as a part of src if that is a file that needs no
// copy, else nil. What u has read of src so far belongs to the archive.
func (u *unpacker) seekable(src io.Reader) *io.SectionReader {
	file, ok := src.(interface {
		io.ReaderAt
		io.Seeker
	})
	if !ok {
		return nil
	}
	here, err := file.Seek(0, io.SeekCurrent)
	if err != nil || here < u.packed {
		return nil
	}
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil
	}
	start := here - u.packed
	u.packed = end - start
	return io.NewSectionReader(file, start, u.packed)
}

// spill copies the archive into a temporary file, which has no name by the time
// that it has content.
func (u *unpacker) spill(r io.Reader) (*os.File, error) {
	f, err := os.CreateTemp("", "intelpipe-*.zip")
	if err != nil {
		return nil, err
	}
	if err = os.Remove(f.Name()); err == nil {
		u.packed, err = io.Copy(f, io.LimitReader(r, u.limits.Total+1))
		if err == nil && u.packed > u.limits.Total {
			err = ErrTooLarge
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// zipName returns a member's name as UTF-8. A zip does not say reliably how its
// names are encoded: what is no UTF-8 is the code page of the first PC.
func zipName(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	high := []rune("ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0")
	var b strings.Builder
	for _, c := range []byte(name) {
		if c < utf8.RuneSelf {
			b.WriteByte(c)
		} else {
			b.WriteRune(high[c-utf8.RuneSelf])
		}
	}
	return b.String()
}
