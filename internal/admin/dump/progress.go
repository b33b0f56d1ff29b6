package dump

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"os"
	"sort"

	"github.com/intelpipe/intelpipe/internal/json"
)

// progress says which entries of a dump have arrived, by ranges of their
// numbers in ascending order. They are known by what stands there, so that a
// dump that was changed meanwhile never loses an entry that has not arrived.
type progress []part

type part struct {
	From int    `json:"from"`
	To   int    `json:"to"` // the first that does not belong to it
	Sum  string `json:"sha256"`
	hash hash.Hash
}

// readProgress takes the parts that are still as they were. It reads f from its
// beginning.
func readProgress(text string, f *os.File) (progress, error) {
	var parts, same progress
	if text == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &parts); err != nil {
		return nil, err
	}
	for i := range parts {
		parts[i].hash = sha256.New()
	}
	if err := read(io.NewSectionReader(f, 0, 1<<62), f.Name(), func(e *entry) error {
		if i := parts.after(e); i > 0 && e.number < parts[i-1].To {
			return parts[i-1].take(e)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	for _, p := range parts {
		if p.sum() == p.Sum {
			same = append(same, p)
		}
	}
	return same, nil
}

func (p *part) take(e *entry) error {
	line, err := e.Append(nil)
	p.hash.Write(line)
	return err
}

func (p *part) sum() string { return hex.EncodeToString(p.hash.Sum(nil)) }

// has says whether an entry has arrived.
func (p progress) has(e *entry) bool {
	i := p.after(e)
	return i > 0 && e.number < p[i-1].To
}

// after is the place of the first part that begins behind an entry.
func (p progress) after(e *entry) int {
	return sort.Search(len(p), func(i int) bool { return p[i].From > e.number })
}

// add adds an entry. They come in the order of the dump.
func (p *progress) add(e *entry) error {
	i := p.after(e)
	if i == 0 || (*p)[i-1].To != e.number {
		*p = append(*p, part{})
		copy((*p)[i+1:], (*p)[i:])
		(*p)[i] = part{From: e.number, To: e.number, hash: sha256.New()}
		i++
	}
	last := &(*p)[i-1]
	last.To++
	return last.take(e)
}

// count is how many entries have arrived.
func (p progress) count() (n int) {
	for _, part := range p {
		n += part.To - part.From
	}
	return n
}

func (p progress) String() string {
	for i := range p {
		p[i].Sum = p[i].sum()
	}
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // it is numbers and letters
	}
	return string(text)
}
