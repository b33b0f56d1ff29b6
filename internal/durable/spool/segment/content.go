package segment

import (
	"bytes"
	"fmt"
	"iter"
	"os"
	"strings"
)

// Max bounds what is read into memory at once, in bytes.
const Max = 1 << 30

// Content is a segment as it was read.
type Content struct {
	Name
	Data []byte
	File string // its name
}

// Lines are the events, without their newlines.
func (s *Content) Lines() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for data := s.Data; len(data) > 0; {
			i := bytes.IndexByte(data, '\n')
			if i < 0 || !yield(data[:i]) {
				return
			}
			data = data[i+1:]
		}
	}
}

// Read reads and verifies a segment without any claim.
func Read(path, name string) (*Content, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &Damage{Offset: 0, What: "this is no regular file"}
	}
	if info.Size() > Max {
		return nil, &Damage{Offset: Max, What: fmt.Sprintf("%d bytes are more than any segment has", info.Size())}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	text, _, _ := strings.Cut(name, "@")
	n, ok := ParseName(text)
	if !ok {
		return nil, &Damage{Offset: 0, What: "its name is not that of a segment"}
	}
	if d := Check(n, data); d != nil {
		return nil, d
	}
	return &Content{Name: n, Data: data, File: name}, nil
}
