package httpclient

import "errors"

// StatusError is an answer other than 2xx, or one of them that is not whole.
type StatusError struct {
	URL    string // without its secrets
	Code   int
	Status string
}

func (e *StatusError) Error() string { return e.URL + ": " + e.Status }

// ErrNotModified is the answer to a request that asked for something new.
var ErrNotModified = errors.New("not modified")

// ErrSilent is the end of a body whose server stopped sending.
var ErrSilent error = timeoutError("the server stopped sending")

type timeoutError string

func (e timeoutError) Error() string { return string(e) }

func (timeoutError) Timeout() bool { return true }
