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

// progress says which parts of a dump have arrived, in ascending order. They
// are known by what stands there, so that a dump that was changed meanwhile
// never loses an entry that has not arrived.
type progress []part

type part struct {
	From int64  `json:"from"`
	To   int64  `json:"to"`
	Sum  string `json:"sha256"`
	hash hash.Hash
}

// readProgress takes the parts that are still as they were.
func readProgress(text string, f *os.File) (progress, error) {
	var parts, same progress
	if text == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &parts); err != nil {
		return nil, err
	}
	for _, p := range parts {
		p.hash = sha256.New()
		if _, err := io.Copy(p.hash, io.NewSectionReader(f, p.From, p.To-p.From)); err != nil {
			return nil, err
		}
		if p.sum() == p.Sum {
			same = append(same, p)
		}
	}
	return same, nil
}

func (p *part) sum() string { return hex.EncodeToString(p.hash.Sum(nil)) }

// has says whether an entry has arrived.
func (p progress) has(e *entry) bool {
	i := p.after(e)
	return i > 0 && e.from+int64(len(e.line)) <= p[i-1].To
}

// after is the place of the first part that begins behind that of an entry.
func (p progress) after(e *entry) int {
	return sort.Search(len(p), func(i int) bool { return p[i].From > e.from })
}

// add adds an entry. They come in the order of the dump.
func (p *progress) add(e *entry) {
	i := p.after(e)
	if i == 0 || (*p)[i-1].To != e.from {
		*p = append(*p, part{})
		copy((*p)[i+1:], (*p)[i:])
		(*p)[i] = part{From: e.from, To: e.from, hash: sha256.New()}
		i++
	}
	last := &(*p)[i-1]
	last.To += int64(len(e.line))
	last.hash.Write(e.line)
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
