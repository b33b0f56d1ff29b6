package farend_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/ncruces/go-sqlite3/driver"

	collect "github.com/intelpipe/intelpipe/internal/collect/spool"
	"github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/durable/farend"
	"github.com/intelpipe/intelpipe/internal/event"
	output "github.com/intelpipe/intelpipe/internal/output/spool"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/tool"
)

// specs are the commands of this test, each of which this program is if it is
// called by its name.
var specs = []tool.Spec{
	{Name: "collect-spool", New: func() any { return new(collect.Command) }},
	{Name: "output-spool", New: func() any { return new(output.Command) }},
	{Name: "expert-moody", New: func() any { return new(moody) }},
	{Name: "output-sqlite", New: func() any { return new(sqlite) }},
}

func TestMain(m *testing.M) {
	if name := filepath.Base(os.Args[0]); slices.ContainsFunc(specs, func(s tool.Spec) bool { return s.Name == name }) {
		tool.Main(specs...)
	}
	os.Exit(m.Run())
}

// moody fails a message now and then, another one each time.
type moody struct {
	Often float64 `help:"How often." default:"0"`
}

func (e *moody) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	if rand.Float64() < e.Often {
		return errors.New("not today")
	}
	return emit(m)
}

// sqlite writes events into a table, a transaction a window.
type sqlite struct {
	File string `arg:""`

	db   *sql.DB
	tx   *sql.Tx
	once farend.Once
}

func (o *sqlite) Start(_ context.Context, _ *stage.Env) (err error) {
	if o.db, err = sql.Open("sqlite3", "file:"+o.File+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(wal)"); err != nil {
		return err
	}
	o.db.SetMaxOpenConns(1)
	o.once.Rows = o
	_, err = o.db.Exec(`CREATE TABLE IF NOT EXISTS events (n INTEGER); CREATE TABLE IF NOT EXISTS hashes (source TEXT, number INTEGER, hash INTEGER)`)
	return stage.Fatal(err)
}

func (o *sqlite) begin() (err error) {
	if o.tx == nil {
		o.tx, err = o.db.Begin()
	}
	return err
}

func (o *sqlite) Process(_ context.Context, m *event.Message, _ stage.Emit) error {
	if !o.once.New(m) {
		return nil
	}
	if err := o.begin(); err != nil {
		return stage.Fatal(err)
	}
	_, err := o.tx.Exec("INSERT INTO events VALUES (?)", m.Get("extra.n"))
	return stage.Fatal(err)
}

func (o *sqlite) Checkpoint(ctx context.Context, id string, _ stage.Emit) error {
	if err := errors.Join(o.begin(), o.once.Checkpoint(ctx, id)); err != nil {
		return err
	}
	err := o.tx.Commit()
	o.tx = nil
	return err
}

func (o *sqlite) Commit(ctx context.Context, id string) error { return o.once.Commit(ctx, id) }

func (o *sqlite) Close() error {
	if o.tx != nil {
		o.tx.Rollback()
	}
	return o.db.Close()
}

func (o *sqlite) Load(ctx context.Context, source string) (all []uint64, last uint64, err error) {
	if err := o.begin(); err != nil {
		return nil, 0, err
	}
	rows, err := o.tx.QueryContext(ctx, "SELECT hash, number FROM hashes WHERE source = ?", source)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var hash, number int64
		if err := rows.Scan(&hash, &number); err != nil {
			return nil, 0, err
		}
		all, last = append(all, uint64(hash)), max(last, uint64(number))
	}
	return all, last, rows.Err()
}

func (o *sqlite) Store(ctx context.Context, source string, number uint64, hashes []uint64) error {
	for _, h := range hashes {
		if _, err := o.tx.ExecContext(ctx, "INSERT INTO hashes VALUES (?, ?, ?)", source, int64(number), int64(h)); err != nil {
			return err
		}
	}
	return nil
}

func (o *sqlite) Forget(ctx context.Context, source string, number uint64) error {
	if err := o.begin(); err != nil {
		return err
	}
	_, err := o.tx.ExecContext(ctx, "DELETE FROM hashes WHERE source = ? AND number <= ?", source, int64(number))
	return err
}

// TestKills takes events out of a spool into SQLite, while the source and its
// pipeline are killed. Each event is in the table once, or in the dump.
func TestKills(t *testing.T) {
	kills := 10
	if n, err := strconv.Atoi(os.Getenv("INTELPIPE_KILLS")); err == nil {
		kills = n
	}
	for _, v := range []struct {
		name, filter string
		steady       bool
	}{
		{"steady", "expert-moody", true},
		{"moody", "expert-moody --often 0.05", false},
	} {
		t.Run(v.name, func(t *testing.T) {
			dir, events := t.TempDir(), 200*kills
			bin := filepath.Join(dir, "bin")
			os.Mkdir(bin, 0o755)
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range specs {
				if err := os.Symlink(self, filepath.Join(bin, s.Name)); err != nil {
					t.Fatal(err)
				}
			}
			sh := func(script string, stdin string) *exec.Cmd {
				c := exec.Command("sh", "-c", script)
				c.Dir, c.Stdin = dir, strings.NewReader(stdin)
				c.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HOME="+dir, "STATE_DIRECTORY="+dir+"/state")
				c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				return c
			}
			var in strings.Builder
			for n := range events {
				fmt.Fprintf(&in, `{"extra.n":%d,"comment":"%s"}`+"\n", n, strings.Repeat("x", 100))
			}
			if out, err := sh("output-spool q --segment-bytes 4KiB", in.String()).CombinedOutput(); err != nil {
				t.Fatalf("%v %s", err, out)
			}
			job := "exec collect-spool q -- sh -c '" + v.filter + " | output-sqlite db'"
			for range kills {
				c := sh(job, "")
				if err := c.Start(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Duration(20+rand.IntN(80)) * time.Millisecond)
				victim := c.Process.Pid
				if rand.IntN(2) == 0 { // a process of the pipeline, which leads a group of its own
					if out, err := exec.Command("pgrep", "-n", "-f", "output-sqlite db").Output(); err == nil {
						victim, _ = strconv.Atoi(strings.TrimSpace(string(out)))
					}
				}
				syscall.Kill(victim, syscall.SIGKILL)
				c.Process.Kill()
				c.Wait()
			}
			if out, err := sh(job, "").CombinedOutput(); err != nil && !strings.Contains(string(out), "failed") {
				t.Fatalf("%v %s", err, out)
			}
			times := map[int]int{}
			db, err := sql.Open("sqlite3", "file:"+dir+"/db")
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			rows, err := db.Query("SELECT n FROM events")
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				var n int
				rows.Scan(&n)
				times[n]++
			}
			dumped := map[int]bool{}
			if f, err := os.Open(filepath.Join(dir, "state", "expert-moody.dump")); err == nil {
				dump.Read(f, func(entries []dump.Entry, _ []byte) bool {
					for _, e := range entries {
						var n int
						fmt.Sscanf(e.Message, `{"extra.n":%d`, &n)
						dumped[n] = true
					}
					return true
				})
				f.Close()
			}
			lost, twice := 0, 0
			for n := range events {
				if times[n] == 0 && !dumped[n] {
					lost++
				}
				if times[n] > 1 {
					twice++
				}
			}
			t.Logf("%d events, %d kills, %d in the dump: lost %d, twice %d", events, kills, len(dumped), lost, twice)
			if lost > 0 || v.steady && (twice > 0 || len(times) != events) {
				t.Errorf("lost %d, twice %d", lost, twice)
			}
		})
	}
}
