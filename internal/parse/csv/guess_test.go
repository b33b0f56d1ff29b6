package csv

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// guessed is what --guess prints for a file.
func guessed(file []byte) (string, error) {
	env := stage.Standalone()
	env.Name, env.Stdin, env.Reading = "parse-csv", bytes.NewReader(file), &event.Reading{}
	c := &Command{Guess: "-", Delimiter: ",", DefaultUrlProtocol: "http://"}
	var out bytes.Buffer
	err := c.Errand().Run(context.Background(), env, &out)
	return out.String(), err
}

func TestGuessReadsOnlyTheBeginning(t *testing.T) {
	file := append([]byte("ip,port\n"), bytes.Repeat([]byte("192.0.2.1,80\n"), 200_000)...)
	text, err := guessed(file)
	if err != nil || !strings.HasPrefix(text, "parse-csv --columns ip=source.ip,port=source.port\n") || !strings.Contains(text, "With these flags the beginning of the file makes 80659 events. ") {
		t.Errorf("%.600s, %v", text, err)
	}
}

// FuzzGuess: the line that is printed is one that parse-csv takes, whatever stands
// in the file, and all below it are comments.
func FuzzGuess(f *testing.F) {
	for _, file := range []string{
		"ip;port\n192.0.2.1;80\n", "ip,ip,\"a,b\",x=y,3\n192.0.2.1:80,192.0.2.2,1,a,b\n", "#a|b\n192.0.2.1|1,5\n192.0.2.2|2\n",
		"Report;;\nwhen;who;how much\n24.11.2026;www.example.org;1,5\n", "time.source,extra.a,raw\n2026-01-31,1,YQ==\n", "\xff\xfei\x00,\x00b\x00\n\x001\x00,\x002\x00\n\x00",
		" = ,[,|,__IGNORE__\n1,192.0.2.1,http://example.org,2\n", "A|,A\n0", "1769854830\thxxp://example[.]org\n",
	} {
		f.Add([]byte(file))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		text, err := guessed(file)
		if err != nil {
			return
		}
		line, comments, _ := strings.Cut(text, "\n")
		if strings.Contains(comments, "cannot be parsed") || !strings.HasPrefix(line, "parse-csv --") || strings.Count("\n"+comments, "\n#") != strings.Count(comments, "\n") {
			t.Errorf("%q: %s", file, text)
		}
	})
}
