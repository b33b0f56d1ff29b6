// Package urltext finds URLs and host names in text that people have written, where
// they may be defanged. It is what parse-ioc-extractor does, and parse-twitter, as the
// command was called before.
package urltext

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/intelpipe/intelpipe/internal/python/regex"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Extractor has the flags of the commands.
type Extractor struct {
	DomainWhitelist    []string `help:"Regular expressions for what is left out, sought anywhere in it." default:"t.co" placeholder:"REGEX"`
	Substitutions      string   `help:"What is replaced in the text first, and by what, in pairs: [.];.;hxxp;http" default:".net;[.]net" placeholder:"FROM;TO"`
	ClassificationType string   `help:"The type of all events." default:"blacklist" placeholder:"TYPE" vocabulary:"classification.type"`
	DefaultScheme      string   `help:"The scheme of all URLs." default:"https" placeholder:"SCHEME"`

	pairs   []string
	allowed []*regex.Regexp
	found   *regexp.Regexp
}

var errPairs = errors.New("--substitutions: texts and their replacements are expected in pairs, FROM;TO;FROM;TO")

// Start reads the flags.
func (x *Extractor) Start(context.Context, *stage.Env) error {
	if x.Substitutions != "" {
		x.pairs = strings.Split(x.Substitutions, ";")
	}
	if len(x.pairs)%2 != 0 || slices.Contains(everySecond(x.pairs), "") {
		return errPairs
	}
	for _, expr := range x.DomainWhitelist {
		p, err := regex.Compile(expr, false)
		if err != nil {
			return fmt.Errorf("--domain-whitelist: %w", err)
		}
		x.allowed = append(x.allowed, p)
	}
	x.found = regexp.MustCompile(`(?://|^)([a-z0-9.-]*[a-z]\.[a-z][a-z-]*?(?:[/:].*|$))`)
	return nil
}

func everySecond(list []string) (half []string) {
	for i := 0; i < len(list); i += 2 {
		half = append(half, list[i])
	}
	return half
}

// Max bounds a text, in bytes.
const Max = 16 << 20

// maxRaw bounds what the events of a text take, each of which has all of it in raw.
const maxRaw = 256 << 20

// Find returns the URLs in a text. It fails if there are too many for its size.
func (x *Extractor) Find(text string) (all []string, err error) {
	whole := len(text)
	for i := 0; i+1 < len(x.pairs); i += 2 {
		text = strings.ReplaceAll(text, x.pairs[i], x.pairs[i+1])
	}
	for word := range strings.FieldsSeq(text) {
		address := x.address(strings.ToLower(word))
		if address == "" {
			continue
		}
		if all = append(all, address); len(all) > 1 && len(all)*whole > maxRaw {
			return nil, errors.New("with the whole text in raw, the events of its URLs take more than 256 MiB: split it into smaller texts, or use parse-ioc")
		}
	}
	return all, nil
}

// address is the URL in a word, or "".
func (x *Extractor) address(word string) string {
	m := x.found.FindStringSubmatch(word)
	if m == nil {
		return ""
	}
	for _, p := range x.allowed {
		if p.MatchString(m[1]) {
			return ""
		}
	}
	host, _, _ := strings.Cut(m[1], "/")
	host, _, _ = strings.Cut(host, ":")
	if _, known := publicsuffix.PublicSuffix(host[strings.LastIndexByte(host, '.')+1:]); !known {
		return ""
	}
	u, err := url.Parse(cmp.Or(x.DefaultScheme, "https") + "://" + m[1])
	if err != nil {
		return ""
	}
	if port := u.Port(); u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		u.Host = u.Hostname()
	}
	u.Path = cmp.Or(u.Path, "/")
	return u.String()
}
