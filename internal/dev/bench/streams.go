package bench

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// stream is bare input of any size for one parser.
type stream struct {
	command string
	args    []string
	head    string // what comes first
	unit    string // what is repeated; ~ is a number that grows, ^ one of four digits
	between string // what stands between two units
	foot    string
}

const (
	lines = "\n"
	array = ",\n"
)

// streams has the parsers that read one line, row or element of an array after the
// other, in the form of their feeds.
var streams = []stream{
	{"parse-abusech-feodotracker", nil, "[", `{"ip_address":"192.0.2.1","port":443,"status":"online","hostname":"h~.example.org","as_number":64496,"first_seen":"2026-01-31 10:20:30","last_online":"2026-02-01","malware":"Dridex"}`, array, "]"},
	{"parse-alienvault", nil, "", "192.0.2.1#4#2#Malicious Host#AT#Vienna ~#48.2082,16.3738#3", lines, "\n"},
	{"parse-blocklistde", nil, "", "2001:db8::^", lines, "\n"},
	{"parse-blueliv-crimeserver", nil, "[", `{"url":"http://www.example.org/~","ip":"192.0.2.54","type":"MALWARE","status":"ONLINE","country":"AT"}`, array, "]"},
	{"parse-certstream", nil, "", `{"message_type":"certificate_update","data":{"leaf_cert":{"all_domains":["a~.example.org","b~.example.org"]},"seen":1769854830}}`, lines, "\n"},
	{"parse-ci-army", nil, "", "192.0.2.1", lines, "\n"},
	{"parse-csv", []string{"--columns", "time.source,source.ip,source.port,source.fqdn,extra.note", "--type", "scanner"}, "", `2026-01-31 10:20:30,192.0.2.1,443,h~.example.org,"a note, ~"`, lines, "\n"},
	{"parse-cymru-cap-program", nil, "# Data file written at 2018-01-31 10:00 GMT\n", "bots|192.0.2.1|64496|2018-01-31 10:20:30|srcport 61458 mwtype bot ~ dstaddr 198.51.100.7|EXAMPLE", lines, "\n"},
	{"parse-cymru-full-bogons", nil, "# last updated 1769854830 (Sat Jan 31 10:20:30 2026 GMT)\n", "2001:db8:^::/48", lines, "\n"},
	{"parse-cznic-haas", nil, "[", `{"ip":"192.0.2.1","time":"2026-01-31T10:20:30","country":"AT","login_successful":false,"number":~}`, array, "]"},
	{"parse-cznic-proki", nil, "[", `{"malware.name":"conficker ~","source.asn":64496,"classification.type":"infected-system","source.ip":"192.0.2.1","time.source":"2026-01-31T10:20:30+00:00"}`, array, "]"},
	{"parse-danger-rulez", nil, "", "192.0.2.1\t# 2026-01-31 10:20:30\t3\t~", lines, "\n"},
	{"parse-dataplane", nil, "", "64496  |  EXAMPLE ~  |  192.0.2.1  |  2026-01-31 10:20:30  |  sshpwauth", lines, "\n"},
	{"parse-dshield-block", nil, "#   updated: Sat Jan 31 10:20:30 2026 UTC\nStart\tEnd\tNetblock\tAttacks\tName\tCountry\temail\n", "192.0.2.0\t192.0.2.255\t24\t~\tEXAMPLE-NET\tAT\tabuse@example.org", lines, "\n"},
	{"parse-json", []string{"--splitlines"}, "", `{"feed.name":"a","source.ip":"192.0.2.1","source.fqdn":"h~.example.org","classification.type":"scanner"}`, lines, "\n"},
	{"parse-key-value", []string{"--keys", `json:{"ip":"source.ip","host":"source.fqdn","note":"extra.note"}`}, "", `ip=192.0.2.1 host=h~.example.org note=~`, lines, "\n"},
	{"parse-microsoft-bingmurls", nil, "[", `{"Description":"d","FirstReportedDateTime":"2026-01-28T07:00:00Z","IndicatorThreatType":"MaliciousUrl","NetworkDestinationAsn":64496,"NetworkDestinationIPv4":"192.0.2.48","NetworkDestinationPort":80,"Tags":["at"],"TLPLevel":"Amber","Url":"http://www.example.org/~","Version":1.5}`, array, "]"},
	{"parse-microsoft-ctip", nil, "", `{"DataFeed":"CTIP-Infected","SourcedFrom":"SinkHoleMessage","DateTimeReceivedUtc":132144960000000000,"SourceIp":"192.0.2.1","SourcePort":"4711","ThreatCode":"B~","ThreatConfidence":"Low"}`, lines, "\n"},
	{"parse-n6", nil, "[", `{"type":"event","category":"cnc","name":"~","fqdn":"h~.example.org"}`, array, "]"},
	{"parse-netset", nil, "# a list\n", "2001:db8::^ # number ~", lines, "\n"},
	{"parse-openphish", nil, "", "http://www.example.org/~", lines, "\n"},
	{"parse-openphish-commercial", nil, "", `{"url":"https://www.example.org/~","ip":"192.0.2.1","asn":"AS64496","isotime":"2026-01-31T10:20:30Z","brand":"Example Bank"}`, lines, "\n"},
	{"parse-phishtank", nil, "[", `{"phish_id":"~","url":"http://www.example.org/~","submission_time":"2026-01-31T10:20:30+00:00","verified":"yes","details":[{"ip_address":"192.0.2.1"}],"target":"Example Bank"}`, array, "]"},
	{"parse-shadowserver", []string{"--feedname", "Accessible-Telnet"}, "\"timestamp\",\"ip\",\"protocol\",\"port\",\"hostname\",\"tag\",\"asn\",\"geo\",\"banner\"\n", `"2026-01-31 10:20:30","192.0.2.1","tcp",23,"h~.example.org","telnet",64496,"AT","login ~"`, lines, "\n"},
	{"parse-shodan", nil, "", `{"hash":~,"ip_str":"192.0.2.1","port":21,"transport":"tcp","data":"220 ready","asn":"AS64496","location":{"country_code":"AT"},"timestamp":"2026-01-31T10:20:30.371273"}`, lines, "\n"},
	{"parse-spamhaus-cert", nil, "; Bots\n", "192.0.2.1,AS64496,AT,1769854830,sshauth,,198.51.100.1,22,~,tcp", lines, "\n"},
	{"parse-spamhaus-drop", nil, "; Last-Modified: Sat, 31 Jan 2026 10:20:30 GMT\n", "192.0.2.0/24 ; SBL~", lines, "\n"},
	{"parse-turris", nil, "Address,Tags\n", `192.0.2.1,"smtp,port_scan"`, lines, "\n"},
	{"parse-sslbl", nil, "# Firstseen,DstIP,DstPort\n", "2026-01-31 10:20:30,2001:db8::^,443", lines, "\n"},
	{"parse-threatfox", nil, "# \"first_seen_utc\",\"ioc_value\",\"ioc_type\",\"threat_type\"\n", `"2026-01-31 10:20:30", "h~.example.org", "domain", "botnet_cc"`, lines, "\n"},
	{"parse-urlhaus", nil, "{", `"~":[{"dateadded":"2026-01-31 10:20:30 UTC","url":"http://www.example.org/~","threat":"malware_download"}]`, array, "}"},
	{"parse-zoneh", nil, `"add_date","accept_date","attacker","domain","ip_address","system","web_server","reason","hackmode","defacement_id","country_code"` + "\n", `"2026-01-31 10:20:30","2026-01-31 12:00:00","someone","http://www.example.org/~","192.0.2.1","Linux","Apache","for fun","SQL Injection","~","AT"`, lines, "\n"},
}

// write writes at least size bytes.
func (s *stream) write(w io.Writer, size int64) error {
	out := bufio.NewWriterSize(w, 1<<20)
	out.WriteString(s.head)
	parts := regexp.MustCompile(`[~^]|[^~^]+`).FindAllString(s.unit, -1)
	n := int64(len(s.head))
	for i := int64(0); n < size; i++ {
		if i > 0 {
			out.WriteString(s.between)
			n += int64(len(s.between))
		}
		for _, part := range parts {
			switch part {
			case "~":
				part = strconv.FormatInt(1_000_000+i, 10)
			case "^":
				part = strconv.FormatInt(1000+i%9000, 10)
			}
			out.WriteString(part)
			n += int64(len(part))
		}
	}
	out.WriteString(s.foot)
	return out.Flush()
}

// How much memory may grow with what is read.
const (
	shortStream = 32 << 20
	longStream  = 256 << 20
	growthBar   = 12 << 20
)

// endless are those that are also given 2 GiB.
var endless = []string{"parse-blocklistde", "parse-csv", "parse-cznic-haas", "parse-json"}

// netsetBar is how many lines parse-netset reads in a second of one processor.
const netsetBar = 1_000_000

// measureNetset reads a million addresses.
func (x *extra) measureNetset(ctx context.Context, p places, env []string) {
	const n = 1_000_000
	var list bytes.Buffer
	for i := range n {
		fmt.Fprintf(&list, "203.0.%d.%d\n", i>>8&0xff, i&0xff|1)
	}
	file := filepath.Join(p.dir, "netset.txt")
	err := os.WriteFile(file, list.Bytes(), 0o600)
	j := job{input: file, oneCore: true, lines: n, procs: [][]string{p.command("parse-netset")}}
	if err == nil {
		err = j.check(ctx, env)
	}
	best := 0.0
	for range startRuns {
		u, failed := j.run(ctx, env, nil)
		if err = errors.Join(err, failed); err != nil {
			break
		}
		best = max(best, n/u.cpu.Seconds())
	}
	x.add("lines of a list of addresses", fmt.Sprintf("%.2f million/s", best/1e6), "parse-netset", "", "", "", "≥ 1.00 million/s", best >= netsetBar, err)
}

// Streams gives each parser a short and a long report, and says how its memory
// grows between them.
func Streams(ctx context.Context, o Options) error {
	dir, err := os.MkdirTemp(cmp.Or(os.Getenv("TMPDIR"), onDisk), "intelpipe-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	p := places{bin: o.Bin, dir: dir}
	rows := [][]string{{"parser", "read MiB", "MiB/s", "peak MiB", "of 32 MiB", "growth MiB/GiB", ""}}
	var missed []string
	for i := range streams {
		s := &streams[i]
		if o.Only != nil && !o.Only.MatchString(s.command) {
			continue
		}
		fmt.Fprintf(o.Progress, "bench: %s\n", s.command)
		measure := func(size int64) (usage, error) {
			parser := p.command(append([]string{s.command, "--input", "raw"}, s.args...)...)
			j := job{procs: [][]string{{self, "-generate", "stream:" + s.command, "-n", fmt.Sprint(size)}, parser}}
			return j.run(ctx, environment(dir), nil)
		}
		short, err := measure(shortStream)
		sizes := []int64{longStream}
		if slices.Contains(endless, s.command) {
			sizes = append(sizes, 8*longStream)
		}
		for _, size := range sizes {
			var long usage
			if err == nil {
				long, err = measure(size)
			}
			if err != nil {
				missed = append(missed, fmt.Sprintf("%s: %v", s.command, err))
				rows = append(rows, []string{s.command, "", "", "", "", "", "FAILED"})
				break
			}
			growth, verdict := long.rss-short.rss, "ok"
			if growth > growthBar {
				verdict = "MISSED"
				missed = append(missed, fmt.Sprintf("%s: %.1f MiB more for %d MiB", s.command, mebibytes(growth), size>>20))
			}
			rows = append(rows, []string{
				s.command, fmt.Sprint(size >> 20), fmt.Sprintf("%.0f", mebibytes(size)/long.cpu.Seconds()),
				fmt.Sprintf("%.1f", mebibytes(long.rss)), fmt.Sprintf("%.1f", mebibytes(short.rss)),
				fmt.Sprintf("%.1f", mebibytes(growth)/(float64(size-shortStream)/(1<<30))), verdict,
			})
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if err := writeTable(o.Out, "lrrrrrl", rows); err != nil {
		return err
	}
	return conclude(o.Out, missed, nil)
}
