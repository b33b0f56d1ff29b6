package rdap

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/intelpipe/intelpipe/internal/lookup/web"
	"github.com/intelpipe/intelpipe/internal/plain"
)

// server is an RDAP service, and how it is asked.
type server struct {
	url    string // with / at its end
	header http.Header
}

// accept is what an answer may be.
const accept = "application/rdap+json, application/json"

// find returns the server of the longest suffix that a name has, and the domain right
// below that suffix. A name that is a suffix itself belongs to nobody.
func find(name string, known func(suffix string) (server, bool)) (at server, domain string, ok bool) {
	if _, bare := known(name); bare {
		return at, "", false
	}
	for domain = name; ; {
		_, suffix, more := strings.Cut(domain, ".")
		if !more {
			return at, "", false
		}
		if at, ok = known(suffix); ok {
			return at, domain, true
		}
		domain = suffix
	}
}

// suffix and base are the forms in which a suffix and the URL of a server are kept.
func suffix(text string) string { return strings.ToLower(strings.Trim(text, ".")) }
func base(url string) string    { return strings.TrimSuffix(url, "/") + "/" }

// readServers reads --rdap-bootstrapped-servers.
func readServers(object map[string]any) (map[string]server, error) {
	own := map[string]server{}
	for name, value := range object {
		url, token, err := readServer(value)
		if err != nil {
			return nil, fmt.Errorf("--rdap-bootstrapped-servers: %s: %w", plain.Quote(name), err)
		}
		header := http.Header{}
		if token != "" {
			header = web.Bearer(token)
		}
		header.Set("Accept", accept)
		own[suffix(name)] = server{base(url), header}
	}
	return own, nil
}

// readServer reads a URL, or an object with url and auth.
func readServer(value any) (url, token string, err error) {
	if url, ok := value.(string); ok && url != "" {
		return url, "", nil
	}
	object, _ := value.(map[string]any)
	if url, _ = object["url"].(string); url == "" {
		return "", "", errors.New(`the URL of a server is expected, or an object with "url"`)
	}
	auth, given := object["auth"]
	if !given {
		return url, "", nil
	}
	how, _ := auth.(map[string]any)
	if how["type"] != "jwt" {
		return "", "", errors.New(`"auth" has to have the "type" "jwt": no other one is known`)
	}
	if file, ok := how["token_file"].(string); ok {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", "", err
		}
		token = strings.TrimSpace(string(text))
	} else {
		token, _ = how["token"].(string)
	}
	if token == "" {
		return "", "", errors.New(`"auth" has to have a "token_file", which holds the token`)
	}
	return url, token, nil
}

// readList reads IANA's list, whose services are pairs of suffixes and URLs (RFC 9224).
// The first URL of a service counts.
func readList(answer *web.Answer) (map[string]string, error) {
	var list struct{ Services [][][]string }
	if err := answer.JSON(&list); err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, service := range list.Services {
		if len(service) < 2 || len(service[1]) == 0 {
			continue
		}
		for _, name := range service[0] {
			all[suffix(name)] = base(service[1][0])
		}
	}
	if len(all) == 0 {
		return nil, answer.Unexpected(errors.New("there is no server in it"))
	}
	return all, nil
}
