package http

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"

	"github.com/intelpipe/intelpipe/internal/json"
)

// version is what the server said of the last report that has arrived.
type version struct {
	Of           string `json:"of"` // a hash, as a URL may hold secrets
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
}

// Identity is the URL as it was given, which may stand for several.
func (c *Command) Identity() string { return c.HTTPURL }

// of tells answers apart, and what is made of them.
func (c *Command) of(url string) string {
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%s %v %q", url, c.extract, c.members)))
}

// version is kept when the report has arrived.
func (c *Command) version(url string, header http.Header) string {
	text, err := json.Marshal(version{c.of(url), header.Get("ETag"), header.Get("Last-Modified")})
	if err != nil {
		return ""
	}
	return string(text)
}

// condition asks for something new.
func (c *Command) condition(ctx context.Context, url string) http.Header {
	pipeline := c.env.Pipeline
	if pipeline == nil {
		return nil
	}
	var v version
	if err := json.Unmarshal([]byte(pipeline.State()), &v); err != nil || v.Of != c.of(url) {
		return nil
	}
	header := http.Header{}
	if v.ETag != "" {
		header.Set("If-None-Match", v.ETag)
	}
	// A server whose clock was ahead would be asked for what is newer than its
	// mistake, for as long as that lies in the future.
	if at, err := http.ParseTime(v.LastModified); err == nil && !at.After(c.env.Now()) {
		header.Set("If-Modified-Since", v.LastModified)
	}
	return header
}
