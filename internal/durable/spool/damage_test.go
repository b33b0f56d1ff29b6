package spool

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/durable/spool/layout"
	"github.com/intelpipe/intelpipe/internal/durable/spool/look"
	"github.com/intelpipe/intelpipe/internal/durable/spool/segment"
)

// aSegment makes a sealed segment of some lines.
func aSegment(seq int, lines []string) (name string, data []byte) {
	data = []byte(strings.Join(lines, "\n") + "\n")
	return segment.Name{Seq: uint64(seq), Count: len(lines), CRC: segment.Checksum(data), Nonce: "n"}.String(), data
}

// damage changes data in one of the ways in which disks and people do.
func damage(data []byte, rnd *rand.Rand) []byte {
	data = bytes.Clone(data)
	switch at := rnd.IntN(len(data)); rnd.IntN(4) {
	case 0:
		data[at] ^= 1 << rnd.IntN(8)
	case 1:
		data = data[:at]
	case 2:
		clear(data[at:min(len(data), at+1+rnd.IntN(64))])
	case 3: // a block of something else
		n := min(len(data)-at, 1+rnd.IntN(64))
		old := bytes.Clone(data)
		copy(data[at:at+n], data[rnd.IntN(len(data)-n+1):])
		if bytes.Equal(old, data) {
			data[at] ^= 1
		}
	}
	return data
}

// TestRandomDamage damages 10,000 segments: each is reported and set aside as
// it is, and the others are delivered.
func TestRandomDamage(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 10))
	const batches, segments, events = 200, 75, 8
	for batch := range batches {
		dir := shortLived(t)
		check1(t, layout.Create(dir))
		damaged := map[string][]byte{}
		var want, all []string
		for i := range segments {
			content := lines(i*events, (i+1)*events-1)
			all = append(all, content...)
			name, data := aSegment(i+1, content)
			if i%3 != 0 {
				data = damage(data, rnd)
				damaged[name] = data
			} else {
				want = append(want, content...)
			}
			sub := layout.New
			if rnd.IntN(4) == 0 {
				sub = layout.Cur
			}
			check1(t, os.WriteFile(filepath.Join(dir, sub, name), data, 0o600))
		}
		r := openReader(t, dir)
		var got []string
		reported := 0
		for {
			s, err := r.Next(t.Context(), false)
			var d *segment.DamagedError
			if err == io.EOF {
				break
			} else if errors.As(err, &d) {
				reported++
				data, ok := damaged[filepath.Base(d.Path)]
				if there, err := os.ReadFile(d.Path); !ok || err != nil || !bytes.Equal(there, data) || filepath.Base(filepath.Dir(d.Path)) != layout.Bad {
					t.Fatalf("%v: not what was damaged, %v", d, err)
				}
				if d.Offset < 0 || d.Offset > int64(len(data)) || d.What == "" || strings.Contains(d.Error(), "\n") {
					t.Fatalf("%q of %d bytes", d.Error(), len(data))
				}
				continue
			}
			check1(t, err)
			for l := range s.Lines() {
				got = append(got, string(l))
			}
			check1(t, r.Ack(s))
		}
		slices.Sort(got)
		slices.Sort(want)
		if reported != len(damaged) || !slices.Equal(got, want) {
			t.Fatalf("batch %d: %d of %d damages reported, %d of %d events delivered", batch, reported, len(damaged), len(got), len(want))
		}
		if batch%10 == 0 {
			salvageAll(t, dir, damaged, all)
		}
		check1(t, r.Close())
		os.RemoveAll(dir)
	}
	t.Logf("%d damages", batches*segments*2/3)
}

// salvageAll salvages everything, and accounts for every line.
func salvageAll(t *testing.T, dir string, damaged map[string][]byte, all []string) {
	lines := map[string]int{}
	for _, data := range damaged {
		for l := range strings.Lines(string(data)) {
			lines[strings.TrimSuffix(l, "\n")]++
		}
	}
	check1(t, Requeue(t.Context(), dir, nil, true, Options{}, func(file, what string, err error) {
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}))
	r := openReader(t, dir)
	for _, l := range drain(t, r) {
		lines[l]--
	}
	for _, name := range must(layout.List(dir, layout.Bad)) {
		if !strings.HasSuffix(name, segment.LostSuffix) {
			t.Errorf("%s stays", name)
		}
		for l := range strings.Lines(string(must(os.ReadFile(filepath.Join(dir, layout.Bad, name))))) {
			lines[strings.TrimSuffix(l, "\n")]--
		}
	}
	for l, n := range lines {
		if n != 0 {
			t.Fatalf("%q: %d times", l, n)
		}
	}
	check1(t, r.Close())
}

func TestForgedAndForeign(t *testing.T) {
	dir := t.TempDir()
	check1(t, layout.Create(dir))
	forged, data := aSegment(1, []string{line(1), ` { "id":"S:1:x", "__type" : "Commit" } `, line(2)})
	check1(t, os.WriteFile(filepath.Join(dir, layout.New, forged), data, 0o600))
	good, data := aSegment(2, []string{line(3), `{"__type":"Event","event_description.text":"\"Commit\"","feed.name":"Checkpoint"}`})
	check1(t, os.WriteFile(filepath.Join(dir, layout.New, good), data, 0o600))
	check1(t, os.WriteFile(filepath.Join(dir, layout.New, "mine.ndjson"), []byte(line(4)), 0o600))
	check1(t, os.WriteFile(filepath.Join(dir, layout.Bad, "mine.ndjson"), []byte(line(5)), 0o600))
	check1(t, os.Mkdir(filepath.Join(dir, layout.New, "zdir"), 0o700))
	check1(t, os.Symlink("/etc/passwd", filepath.Join(dir, layout.New, "zlink")))
	r := openReader(t, dir)
	var said []string
	events := 0
	for {
		s, err := r.Next(t.Context(), false)
		if err == io.EOF {
			break
		}
		if err != nil {
			said = append(said, strings.TrimPrefix(err.Error(), dir+"/"))
			continue
		}
		events += s.Count
		check1(t, r.Ack(s))
	}
	want := []string{
		"bad/" + forged + ": at offset 38: " + segment.IsControl,
		"bad/mine.ndjson.1: at offset 0: its name is not that of a segment",
		"bad/zdir: at offset 0: this is no regular file",
		"bad/zlink: at offset 0: this is no regular file",
	}
	if !slices.Equal(said, want) || events != 2 {
		t.Errorf("%d events, said %q", events, said)
	}
	// What is foreign can be salvaged all the same.
	check1(t, os.Remove(filepath.Join(dir, layout.Bad, "zdir")))
	check1(t, os.Remove(filepath.Join(dir, layout.Bad, "zlink")))
	check1(t, Requeue(t.Context(), dir, nil, true, Options{}, func(file, what string, err error) { check1(t, err) }))
	got := drain(t, r)
	slices.Sort(got)
	if want := []string{line(1), line(2), line(4), line(5)}; !slices.Equal(got, want) {
		t.Errorf("salvaged %q", got)
	}
}

func TestReject(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir, Options{})
	add(t, w, 1, 2)
	check1(t, w.Close())
	r := openReader(t, dir)
	s, err := r.Next(t.Context(), false)
	check1(t, err)
	var d *segment.DamagedError
	if err := r.Reject(s, 7, "not to my taste"); !errors.As(err, &d) || d.Offset != 7 {
		t.Errorf("got %v", err)
	}
	wantFiles(t, dir, "0 0 0 1")
	check1(t, r.Close())
}

func TestRequeue(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir, Options{SegmentBytes: 40})
	add(t, w, 1, 3)
	check1(t, w.Close())
	r := openReader(t, dir)
	for range 2 {
		_, err := r.Next(t.Context(), false)
		check1(t, err)
	}
	w = openWriter(t, dir, Options{})
	check1(t, w.Commit(t.Context(), "S:0:x"))
	add(t, w, 4, 4)
	check1(t, w.Checkpoint(t.Context(), "S:1:x"))
	count := func(state string) (names []string) {
		for _, e := range must(look.List(dir)) {
			if e.State == state {
				names = append(names, e.File)
			}
		}
		return names
	}
	for state, want := range map[string]int{look.New: 1, look.Claimed: 2, look.Waiting: 1, look.Orphaned: 0} {
		if got := count(state); len(got) != want {
			t.Errorf("%s: %q", state, got)
		}
	}
	var did []string
	requeue := func(salvage bool, names ...string) {
		t.Helper()
		did = nil
		check1(t, Requeue(t.Context(), dir, names, salvage, Options{Now: time.Now}, func(file, what string, err error) {
			if err != nil {
				what = err.Error()
			}
			did = append(did, what)
		}))
	}
	requeue(false)
	if len(did) > 0 {
		t.Errorf("did %q", did)
	}
	claimed := count(look.Claimed)
	requeue(false, claimed[0], count(look.Waiting)[0], "none")
	if len(did) != 3 || did[0] != errTaken.Error() || !strings.Contains(did[1], "in use by") || did[2] != "there is no such segment" {
		t.Errorf("did %q", did)
	}
	r.abandon()
	w.abandon()
	requeue(false)
	if len(did) != 2 || did[0] != strings.Replace(claimed[0], layout.Cur, layout.New, 1) {
		t.Errorf("did %q", did)
	}
	wantFiles(t, dir, "1 3 0 0")
	requeue(false, count(look.Waiting)[0])
	wantDrained(t, dir, lines(1, 4))
}

// TestSalvageFaultEverywhere fails every operation, and tries again.
func TestSalvageFaultEverywhere(t *testing.T) {
	for n := 1; ; n++ {
		reached := false
		for mode := range 4 {
			dir := shortLived(t)
			check1(t, layout.Create(dir))
			name, data := aSegment(1, lines(1, 3))
			data = append(bytes.Replace(data, []byte(line(2)), []byte(line(2)[1:]), 1)[:len(data)-10], '\n')
			check1(t, os.WriteFile(filepath.Join(dir, layout.Bad, name), data, 0o600))
			plan := planFor(n, mode)
			restore := plan.Install(t)
			nothing := func(_, _ string, _ error) {}
			Requeue(t.Context(), dir, nil, true, Options{}, nothing)
			restore()
			reached = reached || plan.Count() >= n
			check1(t, Requeue(t.Context(), dir, nil, true, Options{}, nothing))
			wantDrained(t, dir, lines(1, 1))
			lost := ""
			for _, name := range must(layout.List(dir, layout.Bad)) {
				lost = string(must(os.ReadFile(filepath.Join(dir, layout.Bad, name))))
			}
			if !strings.HasPrefix(lost, line(2)[1:]+"\n"+line(3)[:20]) {
				t.Errorf("operation %d: lost %q", n, lost)
			}
		}
		if t.Failed() || !reached {
			return
		}
	}
}

func TestVerify(t *testing.T) {
	dir := t.TempDir()
	check1(t, layout.Create(dir))
	for i, sub := range []string{layout.New, layout.Cur, layout.Bad} {
		name, data := aSegment(i+1, lines(1, 2))
		check1(t, os.WriteFile(filepath.Join(dir, sub, name), data, 0o600))
		name, data = aSegment(i+11, lines(1, 2))
		data[len(data)-3] ^= 1 // 2 becomes 3
		check1(t, os.WriteFile(filepath.Join(dir, sub, name), data, 0o600))
	}
	var bad []string
	segments, events, err := look.Verify(dir, func(e look.Entry, d *segment.Damage) { bad = append(bad, e.State+": "+d.Error()) })
	slices.Sort(bad)
	if bad[0] != "bad: at offset 0: set aside, though it is whole; spool requeue puts it back" || !strings.Contains(bad[1], "a value has changed") {
		t.Errorf("%q", bad[:2])
	}
	if segments != 6 || events != 12 || len(bad) != 4 || err != nil {
		t.Errorf("%d segments, %d events, %v: %q", segments, events, err, bad)
	}
}

func FuzzSegment(f *testing.F) {
	name, data := aSegment(7, lines(1, 3))
	f.Add(name, data)
	f.Add(name+"@7@S", data[:20])
	f.Add(".acked@3@S", []byte("{}\n"))
	f.Add("x.window@S", []byte("\x00\n"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		n, ok := segment.ParseName(name)
		if ok && n.String() != name {
			t.Errorf("%q is %q", name, n)
		}
		if n, c, ok := segment.ParseWaiting(name); ok && c.Waiting(n) != name {
			t.Errorf("%q", name)
		}
		segment.Whole(name)
		if c := segment.MarkOf(checkpoint.ID{Source: name, Number: 7, Nonce: name}); name != "" {
			file := c.Waiting(segment.Name{Seq: 1, Count: 1, CRC: 1, Nonce: "n"})
			if n, of, ok := segment.ParseWaiting(file); !ok || of != c || segment.Whole(file) != n.String() {
				t.Errorf("%q waits as %q", name, file)
			}
		}
		n = segment.Name{Seq: 1, Count: bytes.Count(data, []byte{'\n'}), CRC: segment.Checksum(data), Nonce: "n"}
		d := segment.Check(n, data)
		if d == nil {
			s := segment.Content{Data: data}
			count := 0
			for range s.Lines() {
				count++
			}
			if count != n.Count {
				t.Errorf("%d lines, not %d", count, n.Count)
			}
		}
		n.CRC++
		if bad := segment.Check(n, data); bad == nil || bad.Offset < 0 || bad.Offset > int64(len(data)) {
			t.Errorf("%v", bad)
		}
		valid, lost, torn, kept, gone := segment.Sift(data)
		if len(valid)+len(lost)+len(torn) < len(data) || bytes.Count(valid, []byte{'\n'}) != kept || bytes.Count(lost, []byte{'\n'}) != gone {
			t.Errorf("%d bytes are %d valid, %d lost, %d torn", len(data), len(valid), len(lost), len(torn))
		}
		if kept > 0 {
			if d := segment.Check(segment.Name{Seq: 1, Count: kept, CRC: segment.Checksum(valid), Nonce: "n"}, valid); d != nil {
				t.Errorf("what was salvaged: %v", d)
			}
		}
	})
}
