// Package rules measures expert-sieve with thousands of rules.
package rules

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/bench/job"
	"github.com/intelpipe/intelpipe/internal/dev/bench/table"
	"github.com/intelpipe/intelpipe/internal/dev/bench/tasks"
)

const (
	count  = 2000
	events = 100_000
	bar    = 20_000 // events in a second of one processor
)

// Sieve applies the rules to events, each of which is meant by some of them.
func Sieve(ctx context.Context, t *table.Table, p tasks.Places) {
	file, input, one := filepath.Join(p.Dir, "rules.sieve"), filepath.Join(p.Dir, "sieve.ndjson"), filepath.Join(p.Dir, "sieve-one.ndjson")
	rules, dropping := write()
	var all []byte
	kept := 0
	for i := range events {
		all = appendEvent(all, i%count)
		if !dropping[i%count] {
			kept++
		}
	}
	env := job.Environment(p.Dir)
	err := errors.Join(os.WriteFile(file, rules, 0o600), os.WriteFile(input, all, 0o600), os.WriteFile(one, appendEvent(nil, 1), 0o600))
	command := [][]string{p.Command("expert-sieve", "--file", file)}
	fastest := func(j job.Job, repeats int) time.Duration {
		if err == nil {
			err = j.Check(ctx, env)
		}
		least := time.Duration(0)
		for range repeats {
			u, failed := j.Run(ctx, env, nil)
			if err = errors.Join(err, failed); err != nil {
				break
			}
			if least == 0 || u.CPU < least {
				least = u.CPU
			}
		}
		return max(least, 1)
	}
	start := fastest(job.Job{Input: one, OneCore: true, Lines: 1, Procs: command}, job.Repeats)
	t.Add(table.Row{
		Task: fmt.Sprintf("compile %d rules", count), Ours: fmt.Sprintf("%.0f ms", float64(start)/float64(time.Millisecond)), Name: "expert-sieve", Bar: "none",
	}, true, err)
	took := fastest(job.Job{Input: input, OneCore: true, Lines: kept, Procs: command}, job.Repeats/3)
	rate := events / took.Seconds()
	t.Add(table.Row{
		Task: fmt.Sprintf("events with %d rules", count), Ours: fmt.Sprintf("%.0f events/s", rate), Name: "expert-sieve", Bar: fmt.Sprintf("≥ %d events/s", bar),
	}, rate >= bar, err)
}

// write writes rules of several kinds, and says of which events they drop. Nothing is
// known of a rule that has an expression alone before it is searched for.
func write() (rules []byte, dropping map[int]bool) {
	var b bytes.Buffer
	dropping = map[int]bool{}
	for i := range count {
		then := fmt.Sprintf("add! extra.rule = %d", i)
		switch {
		case i%20 == 19:
			fmt.Fprintf(&b, "if extra.name =~ '^(www|mail)-%d\\.' { %s }\n", i, then)
		case i%8 == 0:
			then = "drop"
			dropping[i] = true
			fallthrough
		case i%4 == 0:
			fmt.Fprintf(&b, "if source.ip << '%s/48' && source.asn == %d && extra.name =~ '^host-%d\\.' { %s }\n", network(i), asn(i), i, then)
		case i%4 == 1:
			fmt.Fprintf(&b, "if extra.name =~ '^(host|www)-%d\\.example' && source.ip << ['%s/48', '192.0.2.%d'] { %s }\n", i, network(i), i%256, then)
		case i%4 == 2:
			fmt.Fprintf(&b, "if source.asn == %d && (classification.type :in ['scanner', 'ddos'] || source.port < 1024) { append extra.rules %d }\n", 64496+i, i)
		default:
			fmt.Fprintf(&b, "if malware.name == 'family-%d' && ! :exists source.fqdn {\n  %s\n} elif extra.name == 'host-%d.example.org' {\n  update status = 'known'\n}\n", i, then, i)
		}
	}
	return b.Bytes(), dropping
}

func appendEvent(b []byte, i int) []byte {
	return fmt.Appendf(b, `{"__type":"Event","feed.name":"Example","time.observation":"2026-11-02T03:00:00+00:00","source.ip":"%s7","source.asn":%d,"source.port":%d,"classification.type":"scanner","status":"online","extra.name":"host-%d.example.org"}`+"\n",
		network(i), asn(i), 1000+i, i)
}

func network(i int) string { return fmt.Sprintf("2001:db8:%x::", i) }

func asn(i int) int { return 64496 + i%16 }
