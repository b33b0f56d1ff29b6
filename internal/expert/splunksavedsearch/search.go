package splunksavedsearch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/lookup/web"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// results are what a search has found. First has the members of the first one, as JSON.
type results struct {
	Count int               `json:"count"`
	First map[string]string `json:"first"`
}

// source runs searches.
type source struct {
	web             web.Service
	jobs            string // where searches are run
	first, interval time.Duration
	total           time.Duration // 0 for no limit
}

// maxResults is how long the results of a search may be, in bytes.
const maxResults = 8 << 20

func newSource(flags *httpclient.Flags, env *stage.Env, url, token string, interval float64) (*source, error) {
	if !(interval > 0 && interval < 1e6) {
		return nil, errors.New("--retry-interval: a number of seconds is expected")
	}
	client, err := flags.Client(env)
	if err != nil {
		return nil, err
	}
	s := &source{web: web.Service{Client: client, Header: web.Bearer(token), Most: maxResults}}
	s.jobs = strings.TrimSuffix(url, "/") + "/services/search/jobs"
	s.interval = time.Duration(interval * float64(time.Second))
	s.first = min(time.Second, s.interval)
	s.total = time.Duration(flags.HTTPTimeoutTotal * float64(time.Second))
	return s, nil
}

// run runs a search to its end.
func (s *source) run(ctx context.Context, search string) (r results, err error) {
	if s.total > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, s.total, fmt.Errorf("the search has not ended after %v, see --http-timeout-total", s.total))
		defer cancel()
	}
	job, err := s.start(ctx, search)
	if err != nil {
		return r, err
	}
	answer, err := s.wait(ctx, job)
	if err != nil {
		return r, err
	}
	var found struct{ Results []map[string]json.RawMessage }
	if err := answer.JSON(&found); err != nil {
		return r, err
	}
	if r.Count = len(found.Results); r.Count == 0 {
		return r, lookup.ErrNotThere
	}
	r.First = map[string]string{}
	for name, value := range found.Results[0] {
		r.First[name] = string(value)
	}
	return r, nil
}

// start starts a search, and returns where its results will be.
func (s *source) start(ctx context.Context, search string) (string, error) {
	form := url.Values{"search": {search}, "output_mode": {"json"}}.Encode()
	answer, err := s.web.Post(ctx, s.jobs, "application/x-www-form-urlencoded", []byte(form))
	if err != nil {
		return "", err
	}
	var job struct{ SID string }
	if err := answer.JSON(&job); err != nil {
		return "", err
	}
	if job.SID == "" {
		return "", answer.Unexpected(errors.New("the sid of the search is not in it"))
	}
	return s.jobs + "/" + url.PathEscape(job.SID) + "/results/?output_mode=json", nil
}

// wait waits for the results. Until Splunk has them it answers with 204.
func (s *source) wait(ctx context.Context, job string) (*web.Answer, error) {
	for pause := s.first; ; pause = s.interval {
		if err := httpclient.Sleep(ctx, pause); err != nil {
			return nil, err
		}
		answer, err := s.web.Get(ctx, job)
		if err != nil || answer.Code != http.StatusNoContent {
			return answer, err
		}
	}
}
