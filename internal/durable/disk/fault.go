package disk

import "sync/atomic"

// An Op is a kind of operation, as a Fault sees it.
type Op string

// The operations that a Fault can see. A directory is synced by OpSync too.
const (
	OpOpen     Op = "open"
	OpWrite    Op = "write"
	OpSync     Op = "sync"
	OpRename   Op = "rename"
	OpTruncate Op = "truncate"
	OpRemove   Op = "remove"
	OpMkdir    Op = "mkdir"
)

// A Fault stands between this package and the operating system. It performs an
// operation by calling do, whose argument is how many of a write's n bytes to
// write, or returns an error in its place. For a rename, path is the new name.
type Fault func(op Op, path string, n int, do func(n int) (int, error)) (int, error)

var fault atomic.Pointer[Fault]

// SetFault puts f before every operation until restore is called. It is for
// tests, and for the whole process.
func SetFault(f Fault) (restore func()) {
	old := fault.Swap(&f)
	return func() { fault.Store(old) }
}

func do(op Op, path string, n int, fn func(n int) (int, error)) (int, error) {
	if f := fault.Load(); f != nil {
		return (*f)(op, path, n, fn)
	}
	return fn(n)
}
