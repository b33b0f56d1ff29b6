package asnlookup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/lookup/database"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// routeViews has a directory of dumps for each month.
const routeViews = "https://archive.routeviews.org/route-views4/bgpdata/"

// Update makes a compiled table.
func (c *Command) Update(ctx context.Context, env *stage.Env) error {
	from := c.From
	if from == "" {
		var err error
		if from, err = c.newest(ctx, env, routeViews); err != nil {
			return stage.Fatal(fmt.Errorf("%w; %s is as it was", err, c.Database))
		}
	}
	s := database.Source{URL: from, Convert: compile, Check: check}
	return s.Update(ctx, env, &c.HTTP, c.Database)
}

// maxListing bounds the list of a directory, in bytes.
const maxListing = 8 << 20

// newest is the URL of the newest dump of this month, or of the one before.
func (c *Command) newest(ctx context.Context, env *stage.Env, base string) (string, error) {
	client, err := c.HTTP.Client(env)
	if err != nil {
		return "", err
	}
	now := env.Now()
	for _, month := range []time.Time{now, now.AddDate(0, 0, -now.Day())} {
		dir := base + month.Format("2006.01") + "/RIBS/"
		r, err := client.Get(ctx, dir, nil)
		if status := (*httpclient.StatusError)(nil); errors.As(err, &status) && status.Code == http.StatusNotFound {
			continue // the month has just begun
		} else if err != nil {
			return "", err
		}
		page, err := io.ReadAll(io.LimitReader(r.Body, maxListing))
		r.Body.Close()
		if err != nil {
			return "", err
		}
		names := regexp.MustCompile(`rib\.[0-9]{8}\.[0-9]{4}\.bz2`).FindAllString(string(page), -1)
		if len(names) > 0 {
			return dir + slices.MaxFunc(names, strings.Compare), nil
		}
	}
	return "", fmt.Errorf("%s: there is no dump of this month or of the one before", base)
}
