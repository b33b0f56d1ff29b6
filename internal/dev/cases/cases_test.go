package cases

import "testing"

func TestReadable(t *testing.T) {
	for text, want := range map[string]string{
		`{"raw":"MTkyLjAuMi4xCg==","a":1}` + "\n":          `{"raw":text"192.0.2.1\n","a":1}` + "\n",
		`{"raw":"","a":1}`:                                 `{"raw":text"","a":1}`,
		`{"raw":"/w=="}`:                                   `{"raw":"/w=="}`,                                  // no text
		`{"raw":"MTkyLjAuMi4xCh=="}`:                       `{"raw":"MTkyLjAuMi4xCh=="}`,                      // base64 with bits behind its end
		`{"raw":"AGE="}`:                                   `{"raw":"AGE="}`,                                  // a NUL
		`{"raw":text"x"}`:                                  `{"raw":text"x"}`,                                 // nothing that can come out
		`{"a":"b","raw":"YQ==","c":{"raw":"Yg=="}}`:        `{"a":"b","raw":text"a","c":{"raw":text"b"}}`,     //
		`{"line":1,"message":"{\"raw\":\"YQ==\"}"}` + "\n": `{"line":1,"message":json{"raw":text"a"}}` + "\n", // of a dump
		`{"message":"{\u0022"}` + "\n":                     `{"message":"{\u0022"}` + "\n",                    // escaped in another way
		`{"message":"{","line":1}` + "\n":                  `{"message":"{","line":1}` + "\n",                 // something behind it
	} {
		if got := Readable(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		if want != text && Unreadable(want) != text {
			t.Errorf("%s stands for %s", want, Unreadable(want))
		}
	}
	if got := Report(`{"raw":text,"a":1}` + "\n192.0.2.1\nb\n"); got != `{"raw":"MTkyLjAuMi4xCmIK","a":1}`+"\n" {
		t.Errorf("got %s", got)
	}
}
