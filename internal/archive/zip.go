package archive

import (
	"archive/zip"
	"errors"
	"math"
	"strings"
	"unicode/utf8"
)

// zip unpacks a zip file.
func (w *walker) zip() error {
	// The directory goes into memory; half a kilobyte a member is plenty for it.
	directory := &bounded{w.file, int64(w.limits.Members)<<9 + 1<<20}
	z, err := zip.NewReader(directory, w.file.Size())
	if directory.left < 0 {
		return ErrMembers
	}
	if err != nil {
		return err
	}
	directory.left = math.MaxInt64
	if len(z.File) > w.limits.Members {
		return ErrMembers
	}
	unpacked := w.budgets()
	for i, f := range z.File {
		if f.Mode().IsDir() {
			continue
		}
		more, err := w.entry(i, f, unpacked)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// entry hands one file of a zip out, or checks it.
func (w *walker) entry(i int, f *zip.File, unpacked []*budget) (more bool, err error) {
	name := zipName(f.Name)
	err = refusal(f, name)
	if w.bombs[i] {
		err = ErrRatio
	}
	if err != nil {
		return w.hand(name, nil, err), nil
	}
	content, err := f.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return w.hand(name, nil, err), nil
	} else if err != nil {
		return false, err
	}
	defer content.Close()
	// The files of a zip are packed one by one, so one that is a bomb says
	// nothing of the others.
	own := w.ratio(int64(min(f.CompressedSize64, math.MaxInt64)))
	limited := w.limit(content, append([]*budget{own}, unpacked...)...)
	if !w.check {
		return w.hand(name, limited, nil), nil
	}
	err = drain(limited)
	if limited.over == own {
		if w.bombs == nil {
			w.bombs = map[int]bool{}
		}
		w.bombs[i], err = true, nil
	}
	return err == nil, err
}

// refusal says why a file of a zip is not handed out.
func refusal(f *zip.File, name string) error {
	switch {
	case f.Flags&1 != 0:
		return ErrEncrypted
	case !f.Mode().IsRegular():
		return ErrType
	}
	return checkName(name)
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
