package tally

import (
	"encoding/hex"
	"fmt"

	"github.com/intelpipe/intelpipe/internal/json"
)

// record is what is stored of one step, as JSON: a line of the journal. Commits come before what else stands in it.
type record struct {
	Format  uint64           `json:"format,omitempty"`
	Commits []string         `json:"commits,omitempty"`
	ID      string           `json:"id,omitempty"` // of the checkpoint that the changes are prepared under; without it they are state
	Times   []moment         `json:"times,omitempty"`
	Changes map[string]Entry `json:"changes,omitempty"` // by key, in hexadecimal digits
}

// with encodes the record with some changes.
func (r *record) with(changes map[Key]Entry) ([]byte, error) {
	if len(changes) > 0 {
		r.Changes = make(map[string]Entry, len(changes))
		for key, e := range changes {
			r.Changes[hex.EncodeToString(key[:])] = e
		}
	}
	return json.Marshal(r)
}

// keyed are the changes by key.
func (r *record) keyed() (map[Key]Entry, error) {
	changes := make(map[Key]Entry, len(r.Changes))
	for text, e := range r.Changes {
		var key Key
		if n, err := hex.Decode(key[:], []byte(text[:min(len(text), 2*len(key))])); err != nil || n != len(key) || len(text) != 2*n {
			return nil, fmt.Errorf("%.80q is no key", text)
		}
		changes[key] = e
	}
	return changes, nil
}
