package dataformat

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheck: a vector of each kind that holds has no difference, one that does not
// has one, and what Go has no counterpart for is left out.
func TestCheck(t *testing.T) {
	for _, test := range []struct{ file, vector, want string }{
		{"types", `{"type":"IPAddress","input":"192.0.2.1","ok":true}`, ""},
		{"types", `{"type":"IPAddress","input":"192.0.2.1 ","sanitation":true,"ok":true,"output":"192.0.2.1"}`, ""},
		{"types", `{"type":"IPAddress","input":"192.0.2","ok":true}`, "ok"},
		{"types", `{"type":"Integer","input":"2","sanitation":true,"ok":true,"output":3}`, "output"},
		{"types", `{"type":"Nothing","input":1,"ok":true}`, "type"},
		{"types", `{"type":"String","input":{"__bytes__":"eA=="},"ok":true}`, "absent"},
		{"messages", `{"call":"add","before":{},"args":["source.port","80"],"after":{"__type":"Event","source.port":80},"output":true}`, ""},
		{"messages", `{"call":"add","before":{},"args":["source.port","x"],"error":"InvalidValue"}`, ""},
		{"messages", `{"call":"get","before":{"source.port":80},"args":["source.port"],"output":81}`, "output"},
		{"messages", `{"call":"__delitem__","before":{"source.port":80},"args":["source.port"],"after":{"__type":"Event","source.port":80}}`, "after"},
		{"messages", `{"call":"__eq__","before":{},"args":[{}],"output":true}`, "absent"},
		{"functions", `{"function":"utils.parse_relative","args":["2 hours"],"output":120}`, ""},
		{"functions", `{"function":"DateTime.from_epoch_millis","args":[1769854830000],"output":"2026-01-31T10:20:31+00:00"}`, "output"},
		{"functions", `{"function":"utils.encode","args":["x"]}`, "absent"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, test.file+".jsonl"), []byte(test.vector+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		results, err := Check(dir)
		if err != nil || len(results) != 1 {
			t.Fatalf("%s: %d results, %v", test.vector, len(results), err)
		}
		var parts []string
		for _, d := range results[0].Diffs {
			parts = append(parts, d.Part)
		}
		if results[0].Absent != "" {
			parts = append(parts, "absent")
		}
		if got := strings.Join(parts, " "); got != test.want {
			t.Errorf("%s %s: %q, want %q: %v", test.file, test.vector, got, test.want, results[0].Diffs)
		}
	}
}
