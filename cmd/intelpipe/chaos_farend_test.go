package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/killing"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/tool"
)

// Commands that only these tests have.
func init() {
	specs = append(specs,
		tool.Spec{Name: "output-far", New: func() any { return new(far) }},
		tool.Spec{Name: "output-far-transactions", New: func() any { return new(farTransactions) }},
		tool.Spec{Name: "expert-route", New: func() any { return new(route) }})
}

// far is an output that sends batches to a farEnd, by HTTP.
type far struct {
	URL     string  `name:"url" help:"The far end." required:""`
	Timeout float64 `help:"Wait so many seconds for an answer." default:"10"`

	client      http.Client
	transaction string
}

// verdict is what a farEnd answers: indexes of items.
type verdict struct {
	Refused, Again []int
	After          float64 // seconds
}

// Start has nothing to open.
func (o *far) Start(_ context.Context, _ *stage.Env) error {
	o.client.Timeout = time.Duration(o.Timeout * float64(time.Second))
	return nil
}

// Encode takes a message as it is.
func (o *far) Encode(m *event.Message) (stage.Item, error) {
	return stage.Item{Data: bytes.Clone(m.Append(nil))}, nil
}

// Send posts a batch.
func (o *far) Send(ctx context.Context, items []stage.Item) (stage.Result, error) {
	var body bytes.Buffer
	for _, item := range items {
		fmt.Fprintf(&body, "%s %s\n", item.ID, item.Data)
	}
	var v verdict
	if err := o.post(ctx, "/items?transaction="+o.transaction, &body, &v); err != nil {
		return stage.Result{}, err
	}
	result := stage.Result{Again: v.Again, After: time.Duration(v.After * float64(time.Second))}
	for _, i := range v.Refused {
		result.Refused = append(result.Refused, stage.Refused{Index: i, Err: fmt.Errorf("no sevens here: %d", numberOf(items[i].Data))})
	}
	return result, nil
}

func (o *far) post(ctx context.Context, path string, body io.Reader, v *verdict) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, o.URL+path, body)
	if err != nil {
		return stage.Fatal(err)
	}
	answer, err := o.client.Do(q)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
		return json.NewDecoder(answer.Body).Decode(v)
	case http.StatusTooManyRequests:
		after, _ := time.ParseDuration(answer.Header.Get("Retry-After") + "s")
		return &stage.RetryAfter{Err: errors.New(answer.Status), After: after}
	}
	return errors.New(answer.Status)
}

// numberOf is the number of an event.
func numberOf(text []byte) int {
	for n := range numbersOf(string(text)) {
		return n
	}
	return -1
}

// farTransactions commits what it has sent at a checkpoint. After an error it
// begins anew.
type farTransactions struct{ far }

func (o *farTransactions) Send(ctx context.Context, items []stage.Item) (stage.Result, error) {
	if o.transaction == "" {
		o.transaction = rand.Text()
	}
	r, err := o.far.Send(ctx, items)
	if err != nil {
		o.transaction = ""
	}
	return r, err
}

func (o *farTransactions) Checkpoint(ctx context.Context, _ string, _ stage.Emit) error {
	if o.transaction == "" {
		return nil
	}
	err := o.post(ctx, "/commit?transaction="+o.transaction, nil, new(verdict))
	o.transaction = ""
	return err
}

// farEnd is a server that makes trouble: it refuses every seventh event, puts
// every fifth off once, and does something else at some of the requests.
type farEnd struct {
	*ground
	addr   string
	server *http.Server
	away   func(f *farEnd, n int) // returns when it is back from its nth time away

	mu       sync.Mutex
	requests int                 // with items
	stored   map[int][]string    // by number, the ids; or the transactions
	staged   map[string][]string // by transaction
	putOff   map[int]bool
	absences int
}

// farScript is what happens at a request with items, if anything. Those that are
// closed and hang are in the middle of a window.
var farScript = map[int]string{
	1: "429", 3: "close", 6: "hang", 10: "close", 14: "away", 17: "429", 22: "away", 25: "hang", 28: "close",
}

func newFarEnd(g *ground, away func(f *farEnd, n int)) *farEnd {
	f := &farEnd{ground: g, away: away, stored: map[int][]string{}, staged: map[string][]string{}, putOff: map[int]bool{}}
	f.serve("127.0.0.1:0")
	g.Cleanup(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.server.Close()
	})
	return f
}

func (f *farEnd) listen(addr string) (l net.Listener) {
	f.await("the port", func() bool {
		var err error
		l, err = net.Listen("tcp", addr)
		return err == nil
	})
	return l
}

func (f *farEnd) serve(addr string) {
	l := f.listen(addr)
	f.addr = l.Addr().String()
	f.server = &http.Server{Handler: f}
	go f.server.Serve(l)
}

// hangUp lets so many clients come in vain.
func (f *farEnd) hangUp(clients int) {
	l := f.listen(f.addr)
	defer l.Close()
	for range clients {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		conn.Close()
	}
}

func (f *farEnd) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	transaction := q.URL.Query().Get("transaction")
	text, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if q.URL.Path == "/commit" {
		for _, line := range f.staged[transaction] {
			n := numberOf([]byte(line))
			f.stored[n] = append(f.stored[n], transaction)
		}
		delete(f.staged, transaction)
		io.WriteString(w, "{}")
		return
	}
	f.requests++
	switch what := farScript[f.requests]; what {
	case "close":
		panic(http.ErrAbortHandler) // in the middle of the answer
	case "hang":
		f.mu.Unlock()
		<-q.Context().Done()
		f.mu.Lock()
		return
	case "429":
		w.Header().Set("Retry-After", "0.2")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case "away":
		f.absences++
		absence, server := f.absences, f.server
		go func() {
			server.Close()
			f.away(f, absence)
			f.mu.Lock()
			defer f.mu.Unlock()
			f.serve(f.addr)
		}()
		<-q.Context().Done()
		return
	}
	var v verdict
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		id, _, _ := strings.Cut(line, " ")
		n := numberOf([]byte(line))
		switch {
		case n%7 == 0:
			v.Refused = append(v.Refused, i)
		case n%5 == 0 && !f.putOff[n]:
			f.putOff[n] = true
			v.Again = append(v.Again, i)
		case transaction != "":
			f.staged[transaction] = append(f.staged[transaction], line)
		case !slices.Contains(f.stored[n], id): // an id that is known is the same item
			f.stored[n] = append(f.stored[n], id)
		}
	}
	if len(v.Again) > 0 {
		v.After = 0.01
	}
	json.NewEncoder(w).Encode(v)
}

func farEndWithIDs(g *ground, kills int) { farEndInTrouble(g, kills, "output-far") }
func farEndWithTransactions(g *ground, kills int) {
	farEndInTrouble(g, kills, "output-far-transactions")
}

// farEndInTrouble sends events to a far end, which is away twice: first for less
// than --retry-for, then for longer. Every seventh event is in the dump with its
// own line, and nothing else is; the others are there once. INTELPIPE_KILLS makes
// these times 45 s and 6 minutes; else they last until what has to happen meanwhile
// has happened.
func farEndInTrouble(g *ground, _ int, output string) {
	events, long := 300, killing.Thorough()
	flags, away := " --timeout 0.3 --retry-for 2", awayUntilMissed
	if long {
		events, flags, away = 3000, "", func(_ *farEnd, n int) { time.Sleep([]time.Duration{45 * time.Second, 6 * time.Minute}[n-1]) }
	}
	far := newFarEnd(g, away)
	g.feed("queue", 0, events)
	g.finish([]string{"collect-spool", "queue", "--", "sh", "-c", "expert-taxonomy | " + output + " --batch-events 20 --url http://" + far.addr + flags}, 1)
	times := map[int]int{}
	for n, ids := range far.stored {
		if n%7 == 0 || slices.Contains(ids, "") {
			g.Errorf("%d is there, by %q", n, ids)
		}
		times[n] = len(ids)
	}
	line, restarts := 0, 0
	for _, e := range dumped(g.T, g.dir, output) {
		n := numberOf([]byte(e.Message))
		times[n]++
		if n%7 != 0 || e.Reason != fmt.Sprintf("no sevens here: %d", n) {
			g.Errorf("in the dump: %+v", e)
		}
		if e.Line <= line { // of another process
			restarts++
		}
		line = e.Line
	}
	said := g.said()
	if far.absences != 2 || restarts < 1 || restarts > strings.Count(said, "is started again") {
		g.Errorf("the far end was away %d times, and lines begin anew %d times: %s", far.absences, restarts, said)
	}
	words := []string{output + ": 429 Too Many Requests: retrying for up to", "connection refused: gave up after", "and is started again in"}
	if long {
		words = append(words, "what comes behind may be waiting for its far end")
	}
	for _, word := range words {
		if !strings.Contains(said, word) {
			g.Errorf("%q is not said: %s", word, said)
		}
	}
	if strings.Contains(said, "through") {
		g.Errorf("the source speaks of through: %s", said)
	}
	g.count(times, events)
	g.print(0)
}

// awayUntilMissed is away until some have come in vain, and the second time until
// the output has given up.
func awayUntilMissed(f *farEnd, n int) {
	if n == 1 {
		f.hangUp(2)
		return
	}
	const word = "is started again"
	before := strings.Count(f.said(), word)
	f.await(word, func() bool { return strings.Count(f.said(), word) > before })
}

// route sends two of three events on a side path, and lets others overtake.
type route struct{ side stage.Route }

func (r *route) Paths() []string { return []string{"side"} }
func (r *route) Concurrent()     {}

func (r *route) Start(_ context.Context, env *stage.Env) error {
	r.side = env.Path("side")
	return nil
}

func (r *route) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	n := numberOf(m.Append(nil))
	for range n % 5 {
		time.Sleep(time.Microsecond)
	}
	if n%3 > 0 {
		return r.side(m, emit)
	}
	return emit(m)
}

// routesWithJobs has an expert with several workers that routes: all arrive, in
// order.
func routesWithJobs(g *ground, kills int) {
	const events = 30_000 // of which 20,000 go to the side file
	rounds := max(1, min(100, kills/2))
	if !killing.Thorough() {
		rounds = 1
	}
	for round := range rounds {
		queue, side, out := fmt.Sprint("queue", round), fmt.Sprint("side", round), fmt.Sprint("out", round)
		g.feed(queue, 0, events)
		g.finish([]string{"collect-spool", queue, "--", "sh", "-c", "expert-route --jobs 8 --to side=" + side + " | output-file --file " + out})
		for file, belongs := range map[string]func(n int) bool{side: func(n int) bool { return n%3 > 0 }, out: func(n int) bool { return n%3 == 0 }} {
			last := -1
			for line := range strings.Lines(read(g.dir, file)) {
				n := numberOf([]byte(line))
				if n <= last || !belongs(n) {
					g.Fatalf("%s: %d comes behind %d", file, n, last)
				}
				last = n
			}
		}
		g.count(numbersOf(read(g.dir, side)+read(g.dir, out)), events)
		for _, name := range []string{queue, side, out} {
			os.RemoveAll(filepath.Join(g.dir, name))
		}
	}
	g.print(0)
}
