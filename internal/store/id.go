package store

import (
	"fmt"
	"strconv"
	"strings"
)

// An id is the place of a checkpoint in the stream of its source.
type id struct {
	source string
	number uint64
}

// parseID takes SOURCE:NUMBER:NONCE apart from the right, as a source may
// contain colons. The nonce tells runs apart and says nothing about order.
func parseID(s string) (id, error) {
	rest, _, ok1 := cutLast(s)
	source, digits, ok2 := cutLast(rest)
	n, err := strconv.ParseUint(digits, 10, 64)
	if !ok1 || !ok2 || err != nil || source == "" || len(s) > maxID {
		return id{}, fmt.Errorf("checkpoint id %.80q: not SOURCE:NUMBER:NONCE", s)
	}
	return id{source, n}, nil
}

// maxID bounds what a foreign stream can make us write.
const maxID = 4096

func cutLast(s string) (before, after string, found bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}
