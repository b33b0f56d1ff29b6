package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/spool/layout"
)

const processEvents = 4 // a window

func TestMain(m *testing.M) {
	words := strings.Fields(os.Getenv("SPOOL_TEST_ROLE")) // role, number, directory
	if len(words) == 0 {
		os.Exit(m.Run())
	}
	role := map[string]func(dir, me string) error{"writer": writerProcess, "consumer": consumerProcess}[words[0]]
	if err := role(words[2], words[1]); err != nil {
		fmt.Fprintln(os.Stderr, words[0], words[1]+":", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// writerProcess is a source and a writer. What is acknowledged to the source is
// in a file, as a real one has it.
func writerProcess(dir, me string) error {
	ctx := context.Background()
	state := filepath.Join(dir, "acked-"+me)
	b, err := os.ReadFile(state)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	acked, _ := strconv.Atoi(string(b))
	w, err := OpenWriter(ctx, filepath.Join(dir, "spool"), Options{SegmentBytes: 100})
	if err != nil {
		return err
	}
	commit := func() error { return w.Commit(ctx, fmt.Sprintf("W%s:%d:%d", me, acked, os.Getpid())) }
	if err := commit(); err != nil {
		return err
	}
	var t testing.T
	for {
		// The kills decide when it is enough, so that no slow machine has too few.
		if _, err := os.Stat(filepath.Join(dir, "enough")); err == nil {
			return w.Close()
		}
		for n := range processEvents {
			e := message(&t, fmt.Sprintf(`{"extra.writer":%q,"extra.n":%d}`, me, acked*processEvents+n))
			if err := w.Append(ctx, e); err != nil {
				return err
			}
		}
		if err := w.Checkpoint(ctx, fmt.Sprintf("W%s:%d:%d", me, acked+1, os.Getpid())); err != nil {
			return err
		}
		acked++
		if err := disk.WriteFileAtomic(state, []byte(strconv.Itoa(acked)), 0o600); err != nil {
			return err
		}
		if err := commit(); err != nil {
			return err
		}
	}
}

// consumerProcess takes segments until the writers are done, and commits each
// to a directory of its own as an output would.
func consumerProcess(dir, me string) error {
	ctx := context.Background()
	r, err := OpenReader(filepath.Join(dir, "spool"), Options{})
	if err != nil {
		return err
	}
	out := filepath.Join(dir, "out-"+me)
	last, err := r.Acknowledged(me)
	if err != nil {
		return err
	}
	next := filepath.Join(out, strconv.FormatUint(last+1, 10))
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // the opening Commit
	}
	for {
		_, err := os.Stat(filepath.Join(dir, "done"))
		done := err == nil
		s, err := r.Next(ctx, false)
		if err == io.EOF {
			if done {
				return r.Close()
			}
			time.Sleep(time.Millisecond)
			continue
		}
		if err != nil {
			return err
		}
		last++
		if err := disk.WriteFileAtomic(filepath.Join(out, strconv.FormatUint(last, 10)), s.Data, 0o600); err != nil {
			return err
		}
		if err := r.AckAs(s, me, last); err != nil {
			return err
		}
	}
}

// TestKilledProcesses has writers and consumers that are killed with -9 at
// random: nothing is lost, and nothing is there twice.
func TestKilledProcesses(t *testing.T) {
	dir := shortLived(t)
	check1(t, layout.Create(filepath.Join(dir, "spool")))
	roles := []string{"writer 0", "writer 1", "consumer 0", "consumer 1"}
	for i := range 2 {
		check1(t, os.Mkdir(filepath.Join(dir, "out-"+strconv.Itoa(i)), 0o700))
	}
	const kills = 40
	rnd := rand.New(rand.NewPCG(3, 12))
	var mu sync.Mutex
	running := map[string]*exec.Cmd{}
	// Each role runs until it ends by itself, with an unkilled run at the end.
	run := func(role string) error {
		for {
			c := exec.Command(os.Args[0])
			c.Env = append(os.Environ(), "SPOOL_TEST_ROLE="+role+" "+dir)
			var said strings.Builder
			c.Stderr = &said
			mu.Lock()
			err := c.Start()
			running[role] = c
			mu.Unlock()
			if err != nil {
				return err
			}
			err = c.Wait()
			mu.Lock()
			delete(running, role)
			mu.Unlock()
			if err == nil {
				return nil
			}
			if c.ProcessState.ExitCode() != -1 {
				return fmt.Errorf("%s: %w: %s", role, err, said.String())
			}
		}
	}
	errs := make(chan error, len(roles))
	for _, role := range roles[2:] {
		go func() { errs <- run(role) }()
	}
	var writers sync.WaitGroup
	for _, role := range roles[:2] {
		writers.Go(func() {
			if err := run(role); err != nil {
				t.Error(err)
			}
		})
	}
	for killed := 0; killed < kills && !t.Failed(); {
		time.Sleep(time.Duration(1+rnd.IntN(15)) * time.Millisecond)
		mu.Lock()
		if c := running[roles[rnd.IntN(len(roles))]]; c != nil {
			c.Process.Kill()
			killed++
		}
		mu.Unlock()
	}
	// On a machine that is busy a writer may have been killed each time before
	// its first window was acknowledged; now it is left alone.
	for i := range 2 {
		for !t.Failed() {
			if _, err := os.Stat(filepath.Join(dir, "acked-"+strconv.Itoa(i))); err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
	check1(t, os.WriteFile(filepath.Join(dir, "enough"), nil, 0o600))
	writers.Wait()
	check1(t, os.WriteFile(filepath.Join(dir, "done"), nil, 0o600))
	for range 2 {
		check1(t, <-errs)
	}
	// A consumer that ended may have left claims of one that was killed.
	wantDrained(t, filepath.Join(dir, "spool"), nil)
	var got []string
	for i := range 2 {
		names, err := filepath.Glob(filepath.Join(dir, "out-"+strconv.Itoa(i), "[0-9]*"))
		check1(t, err)
		for _, name := range names {
			got = append(got, strings.Split(strings.TrimSuffix(string(must(os.ReadFile(name))), "\n"), "\n")...)
		}
	}
	slices.Sort(got)
	n := 0
	for i := range 2 {
		acked, err := strconv.Atoi(string(must(os.ReadFile(filepath.Join(dir, "acked-"+strconv.Itoa(i))))))
		check1(t, err)
		n += acked * processEvents
	}
	t.Logf("%d events", n)
	if len(got) != n || len(slices.Compact(slices.Clone(got))) != n {
		t.Errorf("%d events, %d different ones, want %d", len(got), len(slices.Compact(got)), n)
	}
	wantFiles(t, filepath.Join(dir, "spool"), "0 0 0 0")
}

// TestManyAtOnce is the same in one process, without kills, and with claims
// that are given back.
func TestManyAtOnce(t *testing.T) {
	dir := shortLived(t)
	check1(t, layout.Create(dir))
	const writers, consumers, events = 3, 3, 100
	var mu sync.Mutex
	var got []string
	var wg, done sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			w := openWriter(t, dir, Options{SegmentBytes: 120})
			add(t, w, i*events+1, (i+1)*events)
			check1(t, w.Checkpoint(t.Context(), ""))
			check1(t, w.Close())
		})
	}
	ended := make(chan struct{})
	for i := range consumers {
		done.Go(func() {
			rnd := rand.New(rand.NewPCG(5, uint64(i)))
			r := openReader(t, dir)
			for {
				over := false
				select {
				case <-ended:
					over = true
				default:
				}
				s, err := r.Next(t.Context(), false)
				if err == io.EOF {
					if over {
						check1(t, r.Close())
						return
					}
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if rnd.IntN(8) == 0 {
					check1(t, r.Release(s))
					continue
				}
				mu.Lock()
				for l := range s.Lines() {
					got = append(got, string(l))
				}
				mu.Unlock()
				check1(t, r.Ack(s))
			}
		})
	}
	wg.Wait()
	close(ended)
	done.Wait()
	got = append(got, drain(t, openReader(t, dir))...) // what was given back as the last
	slices.Sort(got)
	want := lines(1, writers*events)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d events, want %d", len(got), len(want))
	}
}
