package spool

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/spool/layout"
	"github.com/intelpipe/intelpipe/internal/durable/spool/look"
)

// TestID has many who want the id of a new spool at once, by several paths.
func TestID(t *testing.T) {
	above := t.TempDir()
	dir, link := filepath.Join(above, "spool"), filepath.Join(above, "link")
	check1(t, os.Symlink("spool", link))
	paths := []string{dir, link, above + "/./spool/"}
	ids := make([]string, 12)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			if err := layout.Create(dir); err != nil {
				t.Error(err)
			}
			ids[i], _ = layout.ID(paths[i%len(paths)])
		})
	}
	all.Wait()
	for _, id := range ids {
		if len(id) < 16 || id != ids[0] {
			t.Errorf("got %q and %q", id, ids[0])
		}
	}
	path := filepath.Join(dir, layout.IDFile)
	if text := string(must(os.ReadFile(path))); text != "1 "+ids[0]+"\n" {
		t.Errorf("the file holds %q", text)
	}
	if mode := must(os.Stat(path)).Mode(); mode != 0o600 {
		t.Errorf("its mode is %v", mode)
	}
	moved := filepath.Join(above, "moved")
	check1(t, os.Rename(dir, moved))
	if id := must(layout.ID(moved)); id != ids[0] {
		t.Errorf("moved, it is %q", id)
	}
	other := filepath.Join(above, "other")
	check1(t, layout.Create(other))
	if id := must(layout.ID(other)); id == ids[0] {
		t.Error("two spools have one id")
	}
}

// TestSpoolWithoutID was made by hand. Who only looks does not write.
func TestSpoolWithoutID(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range layout.Folders {
		check1(t, os.Mkdir(filepath.Join(dir, sub), 0o700))
	}
	path := filepath.Join(dir, layout.IDFile)
	must(look.List(dir))
	for range look.Peek(dir) {
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("looking has made an id")
	}
	check1(t, os.WriteFile(filepath.Join(dir, "..id.tmp-1"), []byte("1 A"), 0o600)) // of a crash
	check1(t, must(OpenReader(dir, Options{})).Close())
	id := must(layout.ID(dir))
	if text := string(must(os.ReadFile(path))); text != "1 "+id+"\n" {
		t.Errorf("the file holds %q", text)
	}
	if _, err := os.Stat(filepath.Join(dir, "..id.tmp-1")); err == nil {
		t.Error("what a crash has left is there")
	}
	if id, err := layout.ID(t.TempDir()); err == nil {
		t.Errorf("where no spool is: %q", id)
	}
}

func TestFormats(t *testing.T) {
	dir := t.TempDir()
	check1(t, layout.Create(dir))
	id := must(layout.ID(dir))
	for text, want := range map[string]string{
		"2 " + id + "\n":                  "has format 2, and this version knows format 1 only",
		"17\n":                            "has format 17,",
		"":                                "damaged",
		"\n":                              "damaged",
		"1":                               "damaged",
		"1 \n":                            "damaged",
		"1 " + id + "\n\n":                "damaged",
		"1 " + id + " x\n":                "damaged",
		"x " + id + "\n":                  "damaged",
		"1 ../" + id:                      "damaged",
		"1 " + strings.Repeat("A", 65):    "damaged",
		"1 " + strings.ToLower("ABCDEFG"): "damaged",
	} {
		check1(t, os.WriteFile(filepath.Join(dir, layout.IDFile), []byte(text), 0o600))
		for what, do := range map[string]func() error{
			"ID":     func() error { _, err := layout.ID(dir); return err },
			"list":   func() error { _, err := look.List(dir); return err },
			"reader": func() error { _, err := OpenReader(dir, Options{}); return err },
			"writer": func() error { _, err := OpenWriter(t.Context(), dir, Options{}); return err },
			"peek": func() (last error) {
				for _, err := range look.Peek(dir) {
					last = err
				}
				return last
			},
		} {
			if err := do(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q, %s: got %v", text, what, err)
			}
		}
	}
}

func TestNetworkFileSystem(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	networkFS = func(path string) (string, error) { return "NFS", nil }
	defer func() { networkFS = disk.NetworkFS }()
	open := func(opt Options) (reader, writer error) {
		w, writer := OpenWriter(t.Context(), dir, opt)
		if writer == nil {
			check1(t, w.Close())
		}
		r, reader := OpenReader(dir, opt)
		if reader == nil {
			check1(t, r.Close())
		}
		return reader, writer
	}
	refused := func() {
		t.Helper()
		reader, writer := open(Options{})
		for _, err := range []error{reader, writer} {
			if err == nil || !strings.HasPrefix(err.Error(), dir+": lies on a network file system (NFS), ") || !strings.Contains(err.Error(), "--allow-network-fs") {
				t.Errorf("got %v", err)
			}
		}
	}
	refused()
	if _, err := os.Stat(dir); err == nil {
		t.Error("it was made")
	}
	if reader, writer := open(Options{AllowNetworkFS: true}); reader != nil || writer != nil {
		t.Errorf("got %v, %v", reader, writer)
	}
	refused()
}
