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
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/ncruces/go-sqlite3/driver"

	collect "github.com/intelpipe/intelpipe/internal/collect/spool"
	"github.com/intelpipe/intelpipe/internal/dev/killing"
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

const (
	killsHead = "chaos                       events  kills  in the dump    lost   twice\n"
	killsRow  = "%-26s%8d%7d%13d%8d%8d\n"
)

// TestKills takes events out of a spool into SQLite, while the source and its
// pipeline are killed. Each event is in the table once, or in the dump.
func TestKills(t *testing.T) {
	kills := killing.Times(t, 2)
	fmt.Print(killsHead)
	for _, v := range []struct {
		name, filter string
		steady       bool
	}{
		{"SQLite", "expert-moody", true},
		{"SQLite, a moody filter", "expert-moody --often 0.05", false},
	} {
		t.Run(v.name, func(t *testing.T) {
			k := newKilled(t, v.filter)
			events := 0
			for range kills {
				k.feed(events)
				events += portion
				time.Sleep(time.Duration(rand.IntN(120)) * time.Millisecond)
				k.kill()
			}
			k.drain()
			times, dumped := k.table(), k.dumped()
			lost, twice := 0, 0
			for n := range events {
				if times[n] == 0 && !dumped[n] {
					lost++
				}
				if times[n] > 1 {
					twice++
				}
			}
			fmt.Printf(killsRow, v.name, events, kills, len(dumped), lost, twice)
			if lost > 0 || v.steady && (twice > 0 || len(times) != events) {
				t.Errorf("lost %d, twice %d, %d in the table, %s", lost, twice, len(times), k.said())
			}
		})
	}
	fmt.Println()
}

// portion is how many events are fed for each kill.
const portion = 200

// killed is a source with its pipeline that is killed.
type killed struct {
	*testing.T
	dir, pipeline string
	source        *exec.Cmd
}

func newKilled(t *testing.T, filter string) *killed {
	k := &killed{T: t, dir: t.TempDir(), pipeline: filter + " | output-sqlite db"}
	self, err := os.Executable()
	if err == nil {
		err = os.Mkdir(filepath.Join(k.dir, "bin"), 0o755)
	}
	for _, s := range specs {
		err = errors.Join(err, os.Symlink(self, filepath.Join(k.dir, "bin", s.Name)))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if k.source != nil {
			k.source.Process.Kill()
			k.source.Wait()
		}
	})
	return k
}

func (k *killed) sh(script string) *exec.Cmd {
	c := exec.Command("sh", "-c", script)
	c.Dir = k.dir
	c.Env = append(os.Environ(), "PATH="+filepath.Join(k.dir, "bin")+":"+os.Getenv("PATH"), "HOME="+k.dir, "STATE_DIRECTORY="+k.dir+"/state")
	stderr, err := os.OpenFile(filepath.Join(k.dir, "stderr"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		k.Fatal(err)
	}
	k.Cleanup(func() { stderr.Close() })
	c.Stderr = stderr
	return c
}

func (k *killed) said() string {
	text, _ := os.ReadFile(filepath.Join(k.dir, "stderr"))
	return fmt.Sprintf("stderr: %.5000s", text)
}

// feed adds a portion, and starts the source if it does not run.
func (k *killed) feed(first int) {
	k.Helper()
	var in strings.Builder
	for n := first; n < first+portion; n++ {
		fmt.Fprintf(&in, `{"extra.n":%d,"comment":"%s"}`+"\n", n, strings.Repeat("x", 100))
	}
	c := k.sh("output-spool q --segment-bytes 4KiB")
	c.Stdin = strings.NewReader(in.String())
	if err := c.Run(); err != nil {
		k.Fatalf("%v, %s", err, k.said())
	}
	if k.source == nil {
		k.source = k.sh("exec collect-spool q --follow --restarts 1000 -- sh -c '" + k.pipeline + "'")
		if err := k.source.Start(); err != nil {
			k.Fatal(err)
		}
	}
}

// kill kills one process: the source, or one of its pipeline.
func (k *killed) kill() {
	all := killing.Family(k.source.Process.Pid)
	victim := rand.IntN(len(all))
	syscall.Kill(all[victim], syscall.SIGKILL)
	if victim == 0 {
		k.source.Wait()
		k.source = nil
	}
}

// drain ends the source, and lets another one send what is left.
func (k *killed) drain() {
	k.Helper()
	if k.source != nil {
		k.source.Process.Signal(syscall.SIGTERM)
		k.source.Wait()
		k.source = nil
	}
	c := k.sh("exec collect-spool q -- sh -c '" + k.pipeline + "'")
	if err := c.Run(); err != nil && c.ProcessState.ExitCode() != 1 {
		k.Fatalf("the last run: %v, %s", err, k.said())
	}
}

// table is how often each event is in the table.
func (k *killed) table() map[int]int {
	k.Helper()
	db, err := sql.Open("sqlite3", "file:"+k.dir+"/db")
	if err != nil {
		k.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT n FROM events")
	if err != nil {
		k.Fatal(err)
	}
	defer rows.Close()
	times := map[int]int{}
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			k.Fatal(err)
		}
		times[n]++
	}
	if err := rows.Err(); err != nil {
		k.Fatal(err)
	}
	return times
}

// dumped are the events in the dump of the filter.
func (k *killed) dumped() map[int]bool {
	found := map[int]bool{}
	f, err := os.Open(filepath.Join(k.dir, "state", "expert-moody.dump"))
	if err != nil {
		return found
	}
	defer f.Close()
	dump.Read(f, func(entries []dump.Entry, _ []byte) bool {
		for _, e := range entries {
			var n int
			fmt.Sscanf(e.Message, `{"extra.n":%d`, &n)
			found[n] = true
		}
		return true
	})
	return found
}
