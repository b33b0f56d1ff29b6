package tool

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// picky reads so much of a report before it finds that it is none of its own.
type picky struct {
	Read stage.Size `default:"0"`
}

func (p *picky) Process(_ context.Context, report *event.Message, _ stage.Emit) error {
	if _, err := io.CopyN(io.Discard, report.Raw(), int64(p.Read)); err != nil && err != io.EOF {
		return err
	}
	return errors.New("not my format")
}

var said = regexp.MustCompile(`^parse-picky: stdin(:\d)?: not my format\nparse-picky: read 1, passed 0, failed 1 \(kept: dump list parse-picky\)\n$`)

// TestFailedReport looks for the content of reports that fail as a whole after
// a part of them was read.
func TestFailedReport(t *testing.T) {
	specs := []Spec{{Name: "parse-picky", New: func() any { return new(picky) }}}
	content := bytes.Repeat([]byte("192.0.2.1,scanner\n"), 200_000) // 3.4 MiB
	line := func(raw []byte) string {
		return `{"feed.name":"N","raw": "` + base64.StdEncoding.EncodeToString(raw) + `"}` + "\n"
	}
	const begin, end = `{"__type":"Commit","id":"S:0:n"}` + "\n", `{"__type":"Checkpoint","id":"S:1:n"}` + "\n" + `{"__type":"Commit","id":"S:1:n"}` + "\n"
	for _, test := range []struct {
		name, in, read string
		want           []byte // nil if it is gone
		kept           bool   // in a file
	}{
		{"small", string(content[:5000]), "1KiB", content[:5000], false},
		{"bare, at once", string(content), "0", content, true},
		{"bare, early", string(content), "64KiB", content, true},
		{"bare, late", string(content), "2MiB", nil, false},
		{"report, early", line(content), "64KiB", content, true},
		{"report, late", line(content), "2MiB", content, true},
		{"report, in a stream with control lines", begin + line(content) + end, "2MiB", content, true},
		{"report, read to its end", begin + line(content) + end, "1GiB", content, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := run1(t, specs, []string{"parse-picky", "--read", test.read, "--record-limit", "100KiB"}, nil, strings.NewReader(test.in))
			if r.exit != ExitFailed || !said.MatchString(r.stderr) {
				t.Fatalf("%d, %s", r.exit, r.stderr)
			}
			var entry dump.Entry
			if err := json.Unmarshal([]byte(r.dump), &entry); err != nil {
				t.Fatal(err)
			}
			text, err := entry.Text()
			if test.kept {
				text, err = os.ReadFile(filepath.Join(r.dir, entry.Kept))
			}
			if err != nil || test.kept != (entry.Kept != "") || entry.Cut {
				t.Fatalf("%+v, %v", entry, err)
			}
			var report struct {
				Name string `json:"feed.name"`
				Raw  []byte `json:"raw"`
			}
			if err := json.Unmarshal(text, &report); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(report.Raw, test.want) || bytes.HasSuffix(text, []byte("\n")) {
				t.Errorf("kept %d bytes, %.80q", len(report.Raw), text)
			}
			if files, _ := filepath.Glob(filepath.Join(r.dir, ".*")); len(files) > 0 {
				t.Errorf("left: %q", files)
			}
		})
	}
}

// TestFailedReportTooLarge holds what is kept of a report to --dump-bytes.
func TestFailedReportTooLarge(t *testing.T) {
	specs := []Spec{{Name: "parse-picky", New: func() any { return new(picky) }}}
	in := strings.Repeat("192.0.2.1\n", 300_000)
	r := run1(t, specs, []string{"parse-picky", "--dump-bytes", "500KiB"}, nil, strings.NewReader(in))
	if r.exit != ExitFailed || !strings.Contains(r.dump, `"bytes":512000,"cut":true`) {
		t.Errorf("%d, %s, %s", r.exit, r.stderr, r.dump)
	}
}
