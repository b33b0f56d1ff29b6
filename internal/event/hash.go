package event

import (
	"bytes"
	"crypto/sha256"
	"slices"
)

// Hash is the SHA-256 of the message as the data format defines it: over key
// and Python representation of the fields, sorted by key. Without only, the
// named keys are left out; with only, all others are. time.observation and
// __type never count.
func (m *Message) Hash(keys []string, only bool) [sha256.Size]byte {
	var order [64]int
	sorted := order[:0]
	m.settle()
	if only { // mostly a few of many
		for i, key := range keys {
			if at := m.find(key); at >= 0 && counts([]byte(key)) && !slices.Contains(keys[:i], key) {
				sorted = append(sorted, at)
			}
		}
	} else {
		for i := range m.fields {
			if key := m.keyAt(i); counts(key) && !contains(keys, key) {
				sorted = append(sorted, i)
			}
		}
	}
	slices.SortFunc(sorted, func(a, b int) int { return bytes.Compare(m.keyAt(a), m.keyAt(b)) })
	text := m.scratch[:0]
	for _, i := range sorted {
		text = append(append(text, m.keyAt(i)...), 0xc0)
		text = append(appendRepr(text, m.jsonAt(i)), 0xc0)
	}
	m.scratch = text
	return sha256.Sum256(text)
}

// appendRepr is Value.AppendRepr, without decoding the plain strings that
// most values are.
func appendRepr(dst, text []byte) []byte {
	if text[0] == '"' {
		if inner := text[1 : len(text)-1]; plainASCII(inner) {
			return append(append(append(dst, '\''), inner...), '\'')
		}
	}
	return value(text).AppendRepr(dst)
}

func plainASCII(text []byte) bool {
	for _, c := range text {
		if c < 0x20 || c >= 0x7f || c == '\'' || c == '\\' {
			return false
		}
	}
	return true
}

// counts says whether a field may be a part of the hash.
func counts(key []byte) bool { return string(key) != "__type" && string(key) != "time.observation" }

func contains(keys []string, key []byte) bool {
	for _, k := range keys {
		if k == string(key) {
			return true
		}
	}
	return false
}
