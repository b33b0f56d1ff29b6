package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Verdict is what to think of a feed.
type Verdict struct {
	Word string // ok, or what is wrong; see Words
	Says string // what was seen and what to do, for people
}

// Words are the verdicts that there are.
var Words = [...]string{"ok", "slow", "redirected", "stale", "drift", "unparsable", "truncated", "empty", "login", "large", "unreachable", "dead", "unchecked"}

// Expected is what a feed should be.
type Expected struct {
	Fresh  time.Duration // how old the newest entry may be, or 0
	Slow   time.Duration // how long a fetch may take
	Page   bool          // the feed is a web page
	Limit  int64         // of the check, in bytes
	Last   *Measure      // of the last good run, or nil
	Accept bool          // what is different now is right
}

// Judge finds the first thing that is wrong with a feed.
func Judge(m *Measure, e Expected) Verdict {
	for _, judge := range []func(*Measure, Expected) Verdict{unreachable, login, empty, truncated, drift, unparsable, stale, redirected, slow} {
		if v := judge(m, e); v.Word != "" {
			return v
		}
	}
	if m.Failed > 0 {
		return Verdict{"ok", fmt.Sprintf("%d of %d entries fail: %s", m.Failed, m.Events+m.Failed, m.fails)}
	}
	return Verdict{Word: "ok"}
}

func has(text string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(text, p) })
}

func unreachable(m *Measure, e Expected) Verdict {
	switch {
	case m.ended:
		return Verdict{"unreachable", fmt.Sprintf("nothing complete came within %.0f s; try again, or give it more --timeout", m.Took)}
	case m.code == 0:
		return Verdict{}
	case has(m.says, "unexpected EOF", "stopped sending", "http: unexpected EOF"):
		return Verdict{"truncated", m.says + ": the server broke off; try again later"}
	case has(m.says, "too large", "unpacks to", "more than the limit"):
		return Verdict{"large", fmt.Sprintf("%s: it has more than %d MiB; give the check a larger --max-download", m.says, e.Limit>>20)}
	case has(m.says, ": 401", ": 402", ": 403", ": 407"):
		return Verdict{"login", m.says + ": the server wants to know who asks, or to be paid; look at the credentials, which feeds show names"}
	case has(m.says, ": 404", ": 410"):
		return Verdict{"unreachable", m.says + ": the address is no more; look for the new one in the documentation"}
	case m.code == 2:
		return Verdict{"unreachable", m.says + ": the collector cannot start like this"}
	}
	return Verdict{"unreachable", cmp.Or(m.says, "the collector ended without a word") + "; try again, and then ask the provider"}
}

func login(m *Measure, e Expected) Verdict {
	if m.Kind != "html" || e.Page && (m.Events > 0 || m.shape.page == "a web page") {
		return Verdict{}
	}
	return Verdict{"login", m.shape.page + " in place of data; look at it with a browser, and at the credentials"}
}

func empty(m *Measure, e Expected) Verdict {
	switch {
	case m.none || m.Kind == "empty":
		return Verdict{"empty", "nothing came, without an error; ask the provider if it stays so"}
	case m.Events == 0 && m.Failed == 0 && m.parser == 0 && !m.shape.cut:
		return Verdict{"empty", fmt.Sprintf("%d bytes came, and no entry is in them", m.Bytes)}
	}
	return Verdict{}
}

func truncated(m *Measure, e Expected) Verdict {
	switch last := e.Last; {
	case m.shape.cut:
		return Verdict{"truncated", "the JSON ends in the middle; try again later"}
	case last != nil && last.Ended && !m.Ended && m.Kind != "json" && m.Bytes < last.Bytes*9/10:
		return Verdict{"truncated", fmt.Sprintf("the last line has no end, and %d bytes came where %d did before; try again later", m.Bytes, last.Bytes)}
	}
	return Verdict{}
}

// drift compares with the last good run.
func drift(m *Measure, e Expected) Verdict {
	last := e.Last
	if last == nil || e.Accept {
		return Verdict{}
	}
	var seen []string
	add := func(format string, args ...any) { seen = append(seen, fmt.Sprintf(format, args...)) }
	if m.Kind != last.Kind && !(isLines(m.Kind) && isLines(last.Kind)) {
		add("it is %s and was %s", m.Kind, last.Kind)
	}
	if len(last.Columns) > 0 && len(m.Columns) > 0 {
		for _, name := range slices.Sorted(maps.Keys(last.Columns)) {
			was := last.Columns[name]
			is, ok := m.Columns[name]
			switch {
			case !ok && len(m.Columns) < maxFields:
				add("the column %s is gone", name)
			case ok && is != was && is != "" && was != "" && is != "text" && was != "text":
				add("the column %s is of type %s and was %s", name, is, was)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(m.Columns)) {
			if _, ok := last.Columns[name]; !ok && len(last.Columns) < maxFields {
				add("the column %s is new", name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(last.Fields)) {
		if last.Fields[name] >= 0.5 && m.Fields[name] == 0 && m.Events > 0 {
			add("no event has %s, which %.0f%% had", name, 100*last.Fields[name])
		}
	}
	if big, small := max(m.Bytes, last.Bytes), min(m.Bytes, last.Bytes); big-small > 4096 && big > 4*small {
		add("it has %d bytes and had %d", m.Bytes, last.Bytes)
	}
	if len(seen) == 0 {
		return Verdict{}
	}
	more := ""
	if len(seen) > 5 {
		seen, more = seen[:5], ", and more"
	}
	if m.Failed > 0 {
		more += fmt.Sprintf("; %d of %d entries fail", m.Failed, m.Failed+m.Events)
	}
	return Verdict{"drift", strings.Join(seen, ", ") + more + "; if that is right, run feeds check --accept"}
}

func isLines(kind string) bool { return kind == "table" || kind == "text" }

func unparsable(m *Measure, e Expected) Verdict {
	switch {
	case m.parser > 1 || m.parser < 0:
		return Verdict{"unparsable", "the parser ended: " + m.fails}
	case m.Failed > 0 && m.Failed >= m.Events:
		return Verdict{"unparsable", fmt.Sprintf("%d of %d entries fail, the first one: %s; the format may have changed", m.Failed, m.Failed+m.Events, m.fails)}
	}
	return Verdict{}
}

func stale(m *Measure, e Expected) Verdict {
	at, what := m.Newest, "the newest entry is"
	if at.IsZero() {
		at, what = m.Since, "the content has been the same for"
	}
	if age := m.Time.Sub(at); e.Fresh > 0 && age > e.Fresh {
		if m.Newest.IsZero() {
			return Verdict{"stale", fmt.Sprintf("%s %s, and %s are expected at most; ask the provider", what, Age(age), Age(e.Fresh))}
		}
		return Verdict{"stale", fmt.Sprintf("%s %s old, and %s are expected at most; ask the provider", what, Age(age), Age(e.Fresh))}
	}
	return Verdict{}
}

func redirected(m *Measure, e Expected) Verdict {
	if m.Redirect == "" || e.Accept || e.Last != nil && e.Last.Redirect == m.Redirect {
		return Verdict{}
	}
	return Verdict{"redirected", "the server leads to " + m.Redirect + "; if that is the provider's, run feeds check --accept"}
}

func slow(m *Measure, e Expected) Verdict {
	if m.Took <= e.Slow.Seconds() {
		return Verdict{}
	}
	return Verdict{"slow", fmt.Sprintf("it took more than %s to fetch %d bytes", e.Slow, m.Bytes)}
}

// Age writes a span of time for people, such as 3d.
func Age(d time.Duration) string {
	for _, u := range []struct {
		name string
		d    time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"min", time.Minute}} {
		if d >= 2*u.d {
			return fmt.Sprintf("%d %s", d/u.d, u.name)
		}
	}
	return fmt.Sprintf("%d s", d/time.Second)
}
