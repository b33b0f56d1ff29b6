package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// TestService: what is asked arrives with its header, and what is answered is whole, of a
// bounded size, and the JSON that was wanted.
func TestService(t *testing.T) {
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/echo":
			fmt.Fprintf(w, `{"said":"%s %s %s %s"}`, r.Method, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), r.FormValue("a"))
		case "/none":
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"message":"nothing here of that"}`)
		case "/gone":
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"said":"x"}`)
		case "/long":
			fmt.Fprint(w, strings.Repeat("x", 101))
		case "/torn":
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `{"said":"x"}`)
		case "/deep":
			fmt.Fprint(w, strings.Repeat("[", 99))
		}
	}))
	defer peer.Close()
	client, err := (&httpclient.Flags{HTTPTimeoutMaxTries: 1}).Client(stage.Standalone())
	if err != nil {
		t.Fatal(err)
	}
	s := Service{Client: client, Header: Bearer("abc"), Most: 100}
	const form = "application/x-www-form-urlencoded"
	ask := func(method, path string) (*Answer, error) {
		switch method {
		case "GET":
			return s.Get(t.Context(), peer.URL+path)
		case "POST":
			return s.Post(t.Context(), peer.URL+path, form, []byte("a=1"))
		}
		return s.Submit(t.Context(), peer.URL+path, form, []byte("a=2"))
	}
	for _, test := range []struct{ method, path, said, err string }{
		{"GET", "/echo?a=%20", "GET Bearer abc   ", ""},
		{"POST", "/echo", "POST Bearer abc " + form + " 1", ""},
		{"SUBMIT", "/echo", "POST Bearer abc " + form + " 2", ""},
		{"GET", "/none?key=x", "", "/none?…: 404 Not Found"},
		{"GET", "/gone", "", "/gone: 404 Not Found"},
		{"GET", "/long?a", "", "/long?…: the answer has more than 100 bytes"},
		{"GET", "/torn", "", "/torn: unexpected EOF"},
		{"GET", "/empty", "", "/empty: the answer is not what was expected: "},
		{"GET", "/deep", "", "/deep: the answer is not what was expected: "},
	} {
		a, err := ask(test.method, test.path)
		var answer struct{ Said string }
		if err == nil {
			if a.None("nothing here") != strings.HasPrefix(test.path, "/none") || a.None("nothing else") {
				t.Errorf("%s: whether there is nothing", test.path)
			}
			err = a.JSON(&answer)
		}
		if answer.Said != test.said || (err == nil) != (test.err == "") || err != nil && !strings.HasPrefix(err.Error(), peer.URL+test.err) {
			t.Errorf("%s %s: got %q, %v, want %q, %s", test.method, test.path, answer.Said, err, test.said, test.err)
		}
	}
	var status *httpclient.StatusError
	if a, err := s.Get(t.Context(), peer.URL+"/gone"); err != nil || !errors.As(a.OK(), &status) || status.Code != 404 {
		t.Errorf("%v, %v", a, err)
	}
	if s.Header.Get("Content-Type") != "" {
		t.Error("the header of all requests has changed")
	}
}
