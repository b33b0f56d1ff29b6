package tally

import (
	"context"
	"encoding/binary"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// TestMemoryIsBounded counts under very many keys, in a stream that has no end.
func TestMemoryIsBounded(t *testing.T) {
	ctx := context.Background()
	now := int64(0)
	young := func(e Entry) bool { return e.Seen == 0 || now-e.Seen < 100 }
	onDisk, err := Open(ctx, filepath.Join(t.TempDir(), "counts"), stage.Standalone(), young)
	if err != nil {
		t.Fatal(err)
	}
	defer onDisk.Close()
	for name, tally := range map[string]*Tally{"memory": Memory(stage.Standalone(), young), "file": onDisk} {
		for now = 1; now < 5*some; now++ {
			var key Key
			binary.BigEndian.PutUint64(key[:], uint64(now))
			if err := tally.Add(ctx, key, Entry{Count: 1, Since: now, Seen: now}); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(tally.fresh) + len(tally.state.(*file).entries); n < 100 || n > some+1 {
			t.Errorf("%s: %d entries are there", name, n)
		}
	}
}

// TestDamagedFile refuses a file that is not what was written.
func TestDamagedFile(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "counts")
	tally, err := Open(ctx, path, stage.Standalone(), alive)
	if err != nil {
		t.Fatal(err)
	}
	if err := tally.Add(ctx, key(1), Entry{Count: 1, Since: 1, First: `{"comment":"x"}`}); err != nil {
		t.Fatal(err)
	}
	if _, err := tally.Commit(ctx, ""); err != nil {
		t.Fatal(err)
	}
	if err := tally.Close(); err != nil {
		t.Fatal(err)
	}
	good := read(t, path)
	for what, text := range map[string]string{
		"damaged at byte":                  strings.Replace(good, `"count":1`, `"count":2`, 1),
		"it is empty":                      "",
		"has format 2":                     line(`{"format":2}`),
		"bad checksum":                     "some text\n",
		`"xyz" is no key`:                  line(`{"format":1}`) + line(`{"changes":{"xyz":{"count":1}}}`),
		"not SOURCE:NUMBER:NONCE":          line(`{"format":1}`) + line(`{"id":"a"}`),
		`"a": not SOURCE:NUMBER:NONCE`:     line(`{"format":1}`) + line(`{"commits":["a"]}`),
		"damaged at byte 0: bad checksum;": "\x00\x00\x00\n",
	} {
		write(t, path, text)
		if tally, err := Open(ctx, path, stage.Standalone(), alive); err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v, %v", what, tally, err)
		}
		if read(t, path) != text {
			t.Errorf("%q was changed", text)
		}
	}
}
