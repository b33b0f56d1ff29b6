package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGuessedLineRuns: a shell carries out what parse-csv --guess prints, as it is,
// and the events are right.
func TestGuessedLineRuns(t *testing.T) {
	for name, test := range map[string]struct{ flags, file, want string }{
		"Wochen bericht's.csv": {
			"--timezone Europe/Berlin --type scanner",
			"Bericht;;\r\nZeit;Adresse;Anteil in %;Ort\r\n24.11.2026 18:05;192.0.2.1;1.234,5;K\xf6ln\r\n24.07.2026 18:05;192.0.2.2;0,25;\r\n",
			`"time.source":"2026-11-24T17:05:00+00:00","source.ip":"192.0.2.1","extra.anteil_in":1234.5,"source.geolocation.city":"Köln","classification.type":"scanner"
"time.source":"2026-07-24T16:05:00+00:00","source.ip":"192.0.2.2","extra.anteil_in":0.25,"classification.type":"scanner"
`,
		},
		"-list$HOME.csv": {
			"",
			"when,\"a, b\",ip,ip,`x`\n11/24/2026 06:05 PM,c,192.0.2.1:80,192.0.2.2,hxxp://example[.]org\n",
			`"time.source":"2026-11-24T18:05:00+00:00","extra.a_b":"c","source.ip":"192.0.2.1","source.port":80,"destination.ip":"192.0.2.2","source.url":"http://example.org"
`,
		},
		"-": {"", "192.0.2.1\t1769854830123\n", `"source.ip":"192.0.2.1","time.source":"2026-01-31T10:20:30+00:00"` + "\n"},
	} {
		dir := t.TempDir()
		links(t, filepath.Join(dir, "bin"))
		path := filepath.Join(dir, name)
		if name == "-" {
			path = filepath.Join(dir, "stdin")
		}
		if err := os.WriteFile(path, []byte(test.file), 0o644); err != nil {
			t.Fatal(err)
		}
		var guessed result
		if name == "-" {
			guessed = shell(t, dir, "parse-csv --guess - < stdin")
		} else {
			guessed = shell(t, dir, `parse-csv "--guess=$NAME" `+test.flags, "NAME="+name)
		}
		line, comments, _ := strings.Cut(guessed.stdout, "\n")
		if guessed.exit != 0 || guessed.stderr != "" || strings.Count("\n"+comments, "\n#") != strings.Count(comments, "\n") {
			t.Errorf("%s: %+v", name, guessed)
		}
		ran := shell(t, dir, "unset HOME\n"+guessed.stdout)
		if name == "-" {
			ran = shell(t, dir, line+" < stdin")
		}
		got := strings.NewReplacer(`{"feed.accuracy":100.0,`, "", `,"__type":"Event"}`, "").Replace(varying.ReplaceAllString(ran.stdout, ""))
		if ran.exit != 0 || got != test.want {
			t.Errorf("%s: %s: %+v\n%s, want\n%s", name, line, ran, got, test.want)
		}
	}
}
