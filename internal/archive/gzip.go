package archive

import (
	"bufio"
	"compress/gzip"
	"io"
)

// gunzip reads a gzip stream of any number of parts. Zeros may pad it, which
// tapes and block devices leave behind and gzip itself accepts, unlike
// compress/gzip.
type gunzip struct {
	src *bufio.Reader
	z   *gzip.Reader
}

func (g *gunzip) Read(p []byte) (int, error) {
	if g.z == nil {
		z, err := gzip.NewReader(g.src)
		if err != nil {
			return 0, unexpected(err)
		}
		g.z = z
		g.z.Multistream(false)
	}
	n, err := g.z.Read(p)
	if err != io.EOF {
		return n, err
	}
	for {
		c, err := g.src.ReadByte()
		if err != nil {
			return n, err
		}
		if c != 0 {
			g.src.UnreadByte()
			break
		}
	}
	if err := g.z.Reset(g.src); err != nil {
		return n, unexpected(err)
	}
	g.z.Multistream(false)
	return n, nil
}

// unexpected is for an end of file where there cannot be one.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
