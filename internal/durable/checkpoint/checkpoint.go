// Package checkpoint is the id that control lines carry: it says whose stream
// it belongs to, and how far into it.
package checkpoint

import (
	"fmt"
	"strconv"
	"strings"
)

// An ID is written SOURCE:NUMBER:NONCE.
type ID struct {
	Source string // is the same in every run, and may have colons
	Number uint64 // grows from window to window, also over runs
	Nonce  string // tells runs apart, and says nothing about order
}

// maxLength bounds what a foreign stream can make us keep, in bytes.
const maxLength = 4096

// Parse takes an id apart.
func Parse(text string) (ID, error) {
	rest, nonce, ok := cutLast(text)
	source, digits, _ := cutLast(rest)
	number, err := strconv.ParseUint(digits, 10, 64)
	if !ok || err != nil || source == "" || len(text) > maxLength {
		return ID{}, fmt.Errorf("checkpoint id %.80q: not SOURCE:NUMBER:NONCE", text)
	}
	return ID{source, number, nonce}, nil
}

func (id ID) String() string {
	return id.Source + ":" + strconv.FormatUint(id.Number, 10) + ":" + id.Nonce
}

// MarshalText writes the id, as in JSON.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is Parse.
func (id *ID) UnmarshalText(text []byte) (err error) {
	*id, err = Parse(string(text))
	return err
}

func cutLast(s string) (before, after string, found bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}
