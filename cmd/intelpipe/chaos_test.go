package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/dev/killing"
)

// A chaosVariant is a pipeline that has to survive, and what happens to it.
type chaosVariant struct {
	name   string
	script string       // $1 is the output, $DNS a name server
	fused  bool         // script is a chain, and no pipe of a shell
	strike func(*chaos) // what is done to it; the default is kill
	has    string       // part of each line that arrives

	consumers int    // of the same spool; the default is one
	segment   string // the size of a segment; the default is 16KiB
	comment   string // of each event
	side      string // pattern of the files that the phishing goes to
	sideSpool bool   // which are those of a spool
}

var chaosVariants = []chaosVariant{
	{name: "plain", script: "expert-taxonomy | expert-deduplicator --state seen | expert-rfc1918 --fields source.ip --policy del | output-file --file $1"},
	{name: "two deduplicators", script: "expert-deduplicator --state seen | expert-taxonomy | expert-deduplicator --state again | output-file --file $1"},
	{name: "gethostbyname --jobs 16", has: `"destination.ip": "198.51.100.`,
		script: "expert-taxonomy | expert-deduplicator --state seen | expert-gethostbyname --nameserver $DNS --timeout 60 --jobs 16 | output-file --file $1"},
	{name: "through jq", segment: "32KiB", script: "expert-deduplicator --state seen | through jq -c . | output-file --file $1"},
	{name: "fused", fused: true, script: "expert-taxonomy then expert-deduplicator --state seen then output-file --file $1"},
	{name: "kills and SIGTERM", strike: (*chaos).killOrTerminate,
		script: "expert-taxonomy --grace 1 | expert-deduplicator --grace 1 --state seen | output-file --grace 1 --file $1"},
	// Several blocks of a window go to the side path before its checkpoint.
	{name: "side path", segment: "256KiB", comment: strings.Repeat("x", 500), side: "side.ndjson",
		script: "expert-deduplicator --state seen | expert-filter --filter-key classification.type --filter-value phishing --filter-action drop --to action_other=side.ndjson | output-file --file $1"},
	{name: "side path, a spool", segment: "256KiB", comment: strings.Repeat("x", 500), side: "side/new/*.ndjson", sideSpool: true,
		script: "expert-deduplicator --state seen | expert-filter --filter-key classification.type --filter-value phishing --filter-action drop --to action_other=side/ | output-file --file $1"},
	{name: "side path, a spool, fused", fused: true, segment: "256KiB", comment: strings.Repeat("x", 500), side: "side/new/*.ndjson", sideSpool: true,
		script: "expert-deduplicator --state seen then expert-filter --filter-key classification.type --filter-value phishing --filter-action drop --to action_other=side/ then output-file --file $1"},
	{name: "two consumers", consumers: 2, script: "expert-taxonomy | output-file --file $1"},
	{name: "SIGTERM to the source", strike: (*chaos).terminateSource, script: "expert-taxonomy | expert-deduplicator --state seen | output-file --file $1"},
	{name: "SIGTERM to all", strike: (*chaos).terminateAll, script: "expert-taxonomy | expert-deduplicator --state seen | output-file --file $1"},
	{name: "SIGTERM to a stage", strike: (*chaos).terminateStage, script: "expert-taxonomy --grace 0 | expert-deduplicator --grace 0 --state seen | output-file --grace 0 --file $1"},
	{name: "SIGTERM to two consumers", consumers: 2, strike: (*chaos).terminateSource, script: "expert-taxonomy | output-file --file $1"},
}

// chaosPortion is how many events are fed for each kill.
const chaosPortion = 1000

// TestChaos kills a random process of a pipeline, or its source, again and
// again, while events come in. Each of them has to arrive once. Beside it the
// same commands are killed in a bare pipe, so that one sees what that loses.
func TestChaos(t *testing.T) {
	kills := killing.Times(t, 2)
	dns := "DNS=" + serveNames(t)
	fmt.Println(chaosHead)
	for n, v := range chaosVariants {
		t.Run(v.name, func(t *testing.T) {
			if strings.Contains(v.script, "jq") {
				if _, err := exec.LookPath("jq"); err != nil {
					t.Skip("jq is not there")
				}
			}
			a := newArrivals(t, v, rand.New(rand.NewPCG(uint64(n), 1)), dns)
			newChaos(a).run(kills)
			if v.strike == nil && v.consumers == 0 && !v.sideSpool { // a spool keeps what was not sealed for the next who comes
				a := newArrivals(t, v, rand.New(rand.NewPCG(uint64(n), 2)), dns)
				runBare(a, kills)
			}
		})
	}
	for n, trial := range chaosTrials {
		t.Run(trial.name, func(t *testing.T) { trial.run(newGround(t, trial.name, uint64(n)), kills) })
	}
	t.Run("far ends", func(t *testing.T) {
		for n, trial := range farEndTrials { // which wait most of the time
			t.Run(trial.name, func(t *testing.T) {
				t.Parallel()
				trial.run(newGround(t, trial.name, uint64(n)), kills)
			})
		}
	})
	fmt.Print(chaosFoot)
}

// A chaosRow is what became of one variant.
type chaosRow struct {
	name          string
	events, kills int
	moments       moments
	restarts      [2]int // of the source, of the pipeline
	tally
}

// moments are what kills have met: not all commands were running, or nothing
// had been acknowledged since the last kill; windows were open; a checkpoint was
// durable at the output and not acknowledged.
type moments struct{ early, open, prepared int }

// tally is what is wrong with what has arrived. A deduplicator has dropped those
// of the lost events that it takes for known.
type tally struct{ lost, twice, torn, dropped int }

const (
	chaosHead = "chaos                       events  kills  early   open  prepared  source  pipeline    lost   twice   torn  dropped"
	chaosFoot = `
early: kills before all commands ran, or anything was acknowledged since the last kill. open: while
windows were on their way. prepared: while a checkpoint had reached the output and not the source.
source, pipeline: how often each was started again. dropped: how many of the lost a deduplicator
takes for known, so that to send them again would not help.

`
)

func (r *chaosRow) print() {
	m := fmt.Sprintf("%7d%7d%10d", r.moments.early, r.moments.open, r.moments.prepared)
	if r.moments == (moments{}) {
		m = strings.Repeat(" ", len(m))
	}
	fmt.Printf("%-26s%8d%7d%s%8d%10d%8d%8d%7d%9d\n", r.name, r.events, r.kills, m,
		r.restarts[0], r.restarts[1], r.lost, r.twice, r.torn, r.dropped)
}

// serveNames is a name server that has an address for each name.
func serveNames(t *testing.T) string {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		query := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(query)
			if err != nil {
				return
			}
			// The header and the question come back, with one answer.
			end := 12
			for end < n && query[end] != 0 {
				end += 1 + int(query[end])
			}
			if end += 5; end > n {
				continue
			}
			reply := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0}, query[12:end]...)
			reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 198, 51, 100, query[1])
			conn.WriteTo(reply, from)
		}
	}()
	return conn.LocalAddr().String()
}

// commands is how many there are in a pipe of the variant.
func (v *chaosVariant) commands() int { return strings.Count(v.script, "|") + 1 }

// pipes are the processes that a source, or the shell of a bare pipe, has
// started, and how many of them are commands of the variant.
func pipes(pid int) (all []int, commands int) {
	all = killing.Family(pid)[1:]
	for _, pid := range all {
		if name := commandOf(pid); name != "sh" && name != "cat" && name != "jq" {
			commands++
		}
	}
	return all, commands
}

// commandOf is the name under which a process was started.
func commandOf(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	name, _, _ := strings.Cut(string(text), "\x00")
	return name
}
