package http

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Collect fetches the report.
func (c *Command) Collect(ctx context.Context, emit stage.Emit) error {
	text, err := c.url(ctx)
	if err != nil {
		return err
	}
	s := &source{Command: c, env: c.env, url: c.client.Mask(text), name: c.client.Show(text), emit: emit}
	if c.DryRun {
		s.env.Warn("would fetch %s", s.url)
		return nil
	}
	response, err := c.client.Get(ctx, text, c.condition(ctx, text))
	switch {
	case errors.Is(err, httpclient.ErrRedirect):
		// It is an answer, and a bad one. The URL is said anyway.
		return s.refuse("", errors.New(strings.TrimPrefix(err.Error(), s.name+": ")))
	case errors.Is(err, httpclient.ErrNotModified):
		return nil
	case err != nil:
		return err
	}
	defer response.Body.Close()
	if asked, err := httpclient.Parse(nil, text); err == nil && asked.Host != response.Request.URL.Host {
		if c.moved == "" {
			c.env.Sum(func() (string, bool) { return "led to " + c.moved, false })
		}
		c.moved = c.client.Show(response.Request.URL.String())
	}
	answer, err := httpclient.Keep(response, s.env.StateDir, int64(c.MaxDownload))
	switch {
	case errors.Is(err, httpclient.ErrTooLarge):
		return s.refuse("", fmt.Errorf("%w, see --max-download", err))
	case errors.Is(err, httpclient.ErrRatio):
		return s.refuse("", httpclient.ErrRatio)
	case err != nil:
		return err
	}
	defer answer.Close()
	if answer.Size() == 0 {
		s.env.Warn("%s: the answer is empty", s.name)
		return nil
	}
	window := stage.Window{Name: s.name, State: c.version(text, response.Header), Extent: answer.Hash}
	return s.env.Deliver(window, func() error { return s.send(answer, response.Header) })
}
