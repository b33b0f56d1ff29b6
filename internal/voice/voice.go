// Package voice is what a run says to people: lines on stderr, of which those of
// a kind are counted when there are many, and how far it has come.
package voice

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/intelpipe/intelpipe/internal/plain"
)

const (
	// linesOfAKind are printed, further ones are counted.
	linesOfAKind = 10
	// manyKinds is how many kinds are told apart; all others are one kind.
	manyKinds = 100
	// anew is when lines of a kind are printed again. A stream that runs for
	// months must not fall silent after the first ten.
	anew = time.Hour
)

// A Voice writes the lines of a run to stderr.
type Voice struct {
	w        io.Writer
	progress *Progress
	mu       sync.Mutex
	kinds    map[string]*kind
	order    []*kind
}

// A kind is what was said before, in the same words but for its values.
type kind struct {
	name, text string // the first line that was not printed
	printed    int
	more       int64 // not printed
	since      time.Time
}

// New makes a voice that writes to w.
func New(w io.Writer) *Voice { return &Voice{w: w} }

// Progress is cleared before each line from now on.
func (v *Voice) Progress(p *Progress) { v.progress = p }

// Line writes one line.
func (v *Voice) Line(name, text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.write(name, text)
}

// write makes sure that what stands in the text cannot look like another line.
func (v *Voice) write(name, text string) {
	v.progress.Clear()
	fmt.Fprintf(v.w, "%s: %s\n", name, plain.Line(strings.TrimLeft(text, ": \n")))
}

// Say writes a line of which there may be many. What stands before the text,
// such as a place, differs among lines of a kind.
func (v *Voice) Say(name, before, text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	k := v.kind(name, text)
	if k.printed == linesOfAKind && time.Since(k.since) < anew {
		if k.more++; k.more == 1 {
			k.text = text
		}
		return
	} else if k.printed == linesOfAKind {
		v.rest(k)
		k.printed = 0
	}
	if k.printed++; k.printed == 1 {
		k.since = time.Now()
	}
	v.write(name, before+text)
}

func (v *Voice) kind(name, text string) *kind {
	key := name + ": " + withoutValues(text)
	if k := v.kinds[key]; k != nil {
		return k
	}
	if len(v.kinds) >= manyKinds {
		if key = name; v.kinds[key] != nil {
			return v.kinds[key]
		}
	}
	if v.kinds == nil {
		v.kinds = map[string]*kind{}
	}
	k := &kind{name: name}
	v.kinds[key] = k
	v.order = append(v.order, k)
	return k
}

// withoutValues leaves out numbers, and what stands in double quotes.
func withoutValues(text string) string {
	kept := make([]byte, 0, len(text))
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case !quoted && (c < '0' || c > '9'):
			kept = append(kept, c)
		}
	}
	return string(kept)
}

// rest says how many lines of a kind were not printed.
func (v *Voice) rest(k *kind) {
	if k.more > 0 {
		v.write(k.name, fmt.Sprintf("… and %d more like this: %s", k.more, k.text))
		k.more = 0
	}
}

// End says how many lines of all kinds were not printed.
func (v *Voice) End() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, k := range v.order {
		v.rest(k)
	}
}
