package services

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/alicebob/miniredis/v2"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/compare"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
)

// fillCache makes content what one database holds.
func fillCache(server *miniredis.Miniredis, db int, content map[string]json.RawMessage) error {
	server.FlushAll()
	d := server.DB(db)
	for key, raw := range content {
		var kinds struct {
			Hash map[string]string
			List []string
		}
		var err error
		if raw[0] == '"' {
			err = d.Set(key, vector.Text(raw))
		} else if err = json.Unmarshal(raw, &kinds); err == nil {
			for field, value := range kinds.Hash {
				d.HSet(key, field, value)
			}
			if kinds.List != nil {
				_, err = d.Push(key, kinds.List...)
			}
		}
		if err != nil {
			return fmt.Errorf("cache %s: %w", key, err)
		}
	}
	return nil
}

// compareCache compares the databases of the server, of which a command uses
// one, with what the vector has. Times to live do not count.
func compareCache(server *miniredis.Miniredis, want map[string]json.RawMessage, given string) []compare.Diff {
	a, b := map[string]string{}, map[string]string{}
	for key, raw := range want {
		var kinds struct {
			Hash map[string]string
			List []string
		}
		if raw[0] == '"' {
			a[key] = vector.Text(raw)
			continue
		}
		if err := json.Unmarshal(raw, &kinds); err != nil {
			return []compare.Diff{{Part: "cache", Where: key, Want: err.Error()}}
		}
		for field, value := range kinds.Hash {
			a[key+" "+field] = value
		}
		if kinds.List != nil {
			a[key] = strings.Join(kinds.List, "\n")
		}
	}
	for db := range 16 {
		d := server.DB(db)
		for _, key := range d.Keys() {
			switch d.Type(key) {
			case "string":
				b[key], _ = d.Get(key)
			case "hash":
				fields, _ := d.HKeys(key)
				for _, field := range fields {
					b[key+" "+field] = d.HGet(key, field)
				}
			case "list":
				items, _ := d.List(key)
				b[key] = strings.Join(items, "\n")
			default:
				b[key] = d.Type(key)
			}
		}
	}
	var diffs []compare.Diff
	for key, value := range a {
		if got, ok := b[key]; !ok || !compare.SameText(value, got, given) {
			diffs = append(diffs, compare.Diff{Part: "cache", Where: key, Want: value, Got: got})
		}
		delete(b, key)
	}
	for key, value := range b {
		diffs = append(diffs, compare.Diff{Part: "cache", Where: key, Got: value})
	}
	sort.Slice(diffs, func(i, j int) bool { return diffs[i].Where < diffs[j].Where })
	return diffs
}
