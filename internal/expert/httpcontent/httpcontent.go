// Package httpcontent implements expert-http-content.
//
// expert-http-content: say whether the page of a URL has a text in it
//
// The URL in the field --field is fetched, and status becomes online if the page has the
// text of --needle in it. Otherwise status becomes offline, and extra.reason the reason:
// that the text is not there, the phrase of a status from 400 on, or why there is no
// answer. An event without the field passes as it is, and so do all without --needle. A
// page is read in the encoding that its server names, UTF-8 if it names none.
//
// What is fetched is what events name. Private, loopback and link-local addresses are not
// connected to, and count as offline, unless --http-allow-private is given. An answer is
// used again for ten minutes, a failure for one.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1"}' | expert-http-content --needle password
//	echo '{"source.url":"http://127.0.0.1:1/"}' |
//	  expert-http-content --needle password --no-overwrite
package httpcontent

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/lookup/site"
	"github.com/intelpipe/intelpipe/internal/lookup/web"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says what is fetched, and what has to be in it.
type Command struct {
	Field        string             `help:"The field with the URL." default:"source.url" placeholder:"FIELD" field:"event"`
	Needle       string             `help:"The text to look for." placeholder:"TEXT"`
	Overwrite    bool               `help:"Replace status and extra.reason if they are there already." default:"true"`
	Retries      int                `kong:"-"` // the client has its own
	OnError      string             `kong:"-"` // that there is no answer is an answer
	HTTP         httpclient.Foreign `embed:""`
	lookup.Flags `set:"redis_cache_ttl=600"`

	web   web.Service
	pages *lookup.Lookup[page]
}

// page is what became of a request, and whether the text is in the page.
type page struct {
	site.State
	Has bool `json:"has,omitempty"`
}

// maxPage is how long a page may be, in bytes.
const maxPage = 8 << 20

// Start prepares the client.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	c.web.Most = maxPage
	if c.web.Client, err = c.HTTP.Client(env); err != nil {
		return err
	}
	c.pages, err = lookup.New(ctx, env, &c.Flags, "pages", c.fetch)
	return err
}

// fetch asks for a URL, which stands behind the text in the key.
func (c *Command) fetch(ctx context.Context, key string) (page, error) {
	a, err := c.web.Get(ctx, strings.TrimPrefix(key, c.Needle+"\n"))
	if err != nil {
		lookup.GoodFor(ctx, time.Duration(c.CacheTTLFailure)*time.Second)
		return page{State: site.Failed(err)}, nil
	}
	return page{site.Answered(a.Code, a.Status), bytes.Contains(text(a), []byte(c.Needle))}, nil
}

// text is the page in UTF-8. An encoding that nobody knows is taken for that.
func text(a *web.Answer) []byte {
	_, parameters, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	encoding, _ := charset.Lookup(parameters["charset"])
	decoded, err := charset.Decode(a.Body, encoding, charset.Replace)
	if err != nil {
		return a.Body
	}
	return decoded
}

// Process says whether the page of an event has the text.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	url := m.Get(c.Field)
	if url == "" || c.Needle == "" {
		return emit(m)
	}
	p, found, err := c.pages.Get(ctx, c.Needle+"\n"+url)
	switch {
	case err != nil:
		return err
	case !found:
	case !p.OK():
		site.Offline(m, p.Reason, c.Overwrite)
	case p.Has:
		site.Online(m, c.Overwrite)
	default:
		site.Offline(m, fmt.Sprintf("Text %s not found in response from %s", c.Needle, url), c.Overwrite)
	}
	return emit(m)
}
