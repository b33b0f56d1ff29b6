package segment

import "testing"

// TestForged tells control lines, however they are written, from events that
// only look like them.
func TestForged(t *testing.T) {
	for line, want := range map[string]bool{
		`{"__type":"Checkpoint","id":"S:1:n"}`:             true,
		`{ "id": "S:1:n", "__type": "Commit" }`:            true,
		`{"__type":"\u0043ommit","id":"S:1:n"}`:            true,
		`{"__type":"\u0043heckpoint","id":"\u0053:1:n"}`:   true,
		`{"__type":"Commit","id":"S:1:n","source.ip":"x"}`: false,
		`{"__type":"Event","comment":"\u0043ommit"}`:       false,
		`{"__type":"Commit","id":7}`:                       false,
	} {
		if d := forged([]byte(`{"a":1}` + "\n" + line + "\n")); (d != nil) != want || d != nil && d.Offset != 8 {
			t.Errorf("%s: %+v", line, d)
		}
	}
}

func TestControlWord(t *testing.T) {
	for text, want := range map[string]bool{
		`{"__type":"Checkpoint","id":"S:1:n"}`:  true,
		`CC{"id":"S:1:n","__type":"Commit"}`:    true,
		`{"a":"Checkpoints","b":"Commit 1C"}`:   false,
		`{"a":"Check`:                           false,
		`{"__type":"Event","raw":"Q29tbWl0C"}C`: false,
		``:                                      false,
	} {
		if got := controlWord([]byte(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
