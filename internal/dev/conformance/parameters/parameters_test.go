package parameters

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

const helpText = `usage: expert-x [FLAGS]

expert-x: do something

  --not-a-flag=X is in the text

Flags:
  --filter-keys=A,B,…     Keys. Default: raw.
  --[no-]overwrite        Overwrite. Also --force-overwrite.
  --match-fields=json:{…}
                          An object.
  --filter-value=VALUE|json:…
        A value.
  --host=TEXT
        A host.
  --http-password-file=FILE
        The password. Or the secret itself in INTELPIPE_HTTP_PASSWORD.
  --suffix-file=FILE
        A list.

Common flags:
  -h, --help
        Print this and exit.
  --redis-cache-port=N
        A port. Default: 6379.
`

func TestParseHelp(t *testing.T) {
	flags := ParseHelp(helpText)
	want := []string{"filter-keys", "filter-value", "force-overwrite", "help", "host", "http-password-file", "match-fields", "overwrite", "redis-cache-port", "suffix-file"}
	if got := slices.Sorted(maps.Keys(flags)); !slices.Equal(got, want) {
		t.Fatalf("flags %q, want %q", got, want)
	}
	if !flags["http-password-file"].Secret || flags["suffix-file"].Secret {
		t.Error("only the password is a secret")
	}
}

func TestTranslate(t *testing.T) {
	flags := ParseHelp(helpText)
	for _, test := range []struct{ parameters, want string }{
		{`{"filter_keys": ["a", "b"]}`, "--filter-keys=a,b"},
		{`{"filter_keys": ["a,b", "c"]}`, `--filter-keys=["a,b","c"]`},
		{`{"filter_keys": [" a", "<"]}`, `--filter-keys=[" a","<"]`},
		{`{"filter_keys": [true, false, 3]}`, "--filter-keys=true,false,3"},
		{`{"filter_keys": [{"a": 1}]}`, `--filter-keys=[{"a":1}]`},
		{`{"filter_keys": []}`, "--filter-keys="},
		{`{"filter_keys": [""]}`, `--filter-keys=[""]`},
		{`{"filter_keys": -3}`, "--filter-keys=-3"},
		{`{"filter_keys": "raw ,time.observation "}`, "--filter-keys=raw ,time.observation "},
		{`{"overwrite": true}`, "--overwrite=true"},
		{`{"force_overwrite": false}`, "--force-overwrite=false"},
		{`{"match_fields": {"b": "x", "a": 1}}`, `--match-fields=json:{"b":"x","a":1}`},
		{`{"match_fields": "{\"b\": 1}"}`, `--match-fields=json:{"b": 1}`},
		{`{"filter_value": true}`, "--filter-value=json:true"},
		{`{"filter_value": 2}`, "--filter-value=json:2"},
		{`{"filter_value": "true"}`, "--filter-value=true"},
		{`{"filter_value": "{}"}`, "--filter-value={}"},
		{`{"filter_value": "json:x"}`, `--filter-value=json:"json:x"`},
		{`{"filter_value": [1, 2]}`, "--filter-value=json:[1,2]"},
		{`{"host": null}`, ""},
		{`{"host": ""}`, "--host="},
		{`{"http_password": "a b"}`, "env INTELPIPE_HTTP_PASSWORD=a b"},
		{`{"http_password": null}`, ""},
		{`{"suffix": "x"}`, "dropped suffix"},
		{`{"logging_level": "DEBUG", "error_max_retries": 0, "destination_pipeline_broker": "x", "rate_limit": 5}`, ""},
		{`{"redis_cache_port": 6379}`, "--redis-cache-port=7"},
	} {
		var parameters map[string]json.RawMessage
		if err := json.Unmarshal([]byte(test.parameters), &parameters); err != nil {
			t.Fatal(err)
		}
		settings := map[string]string{"unknown": "x"}
		if parameters["redis_cache_port"] != nil {
			settings["redis-cache-port"] = "7"
		}
		got := ""
		tr := Translate(parameters, flags, settings)
		for _, arg := range tr.Args {
			got += arg
		}
		for _, env := range tr.Env {
			got += "env " + env
		}
		for _, name := range tr.Dropped {
			got += "dropped " + name
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.parameters, got, test.want)
		}
	}
}
