// Package server starts the servers of Debian that tests talk to. Each listens on
// 127.0.0.1 only, keeps its files in a directory of its own, and ends with its test.
package server

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// find returns the path of a server's program, which an ordinary user may not have
// in PATH. A test whose server is not installed is left out, and says how to get it.
// When it ends it prints how long it took, which scripts/check adds up.
func find(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		path, err = exec.LookPath(filepath.Join("/usr/sbin", program))
	}
	if err != nil {
		t.Skipf("left out: %s not found, apt-get install %[1]s", program)
	}
	begin := time.Now()
	t.Cleanup(func() { fmt.Printf("server %s %.1f s %s\n", program, time.Since(begin).Seconds(), t.Name()) })
	return path
}

// tries is how often a server is started on another port, since somebody else may
// take the one that was free a moment ago.
const tries = 5

// free is an address of 127.0.0.1 that nobody listens on.
func free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// started waits until up, or until the server has ended, and tells which.
func started(cmd *exec.Cmd, up func() bool) (ended chan struct{}, ok bool, err error) {
	if err := cmd.Start(); err != nil {
		return nil, false, err
	}
	ended = make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	for {
		select {
		case <-ended:
			return ended, false, nil
		default:
			if up() {
				return ended, true, nil
			}
			time.Sleep(10 * time.Millisecond) // a refused connection takes no time
		}
	}
}
