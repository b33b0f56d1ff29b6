package trustedintroducer

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/python/idna"
)

// contacts are the addresses of teams, by what they are responsible for.
type contacts struct{ domains, asns map[string]string }

// team is the part of an entry of the directory that is read.
type team struct {
	Emails []struct {
		Address string   `json:"address"`
		Usage   []string `json:"usage"`
	} `json:"emails"`
	Constituency struct {
		Domains []string `json:"domains"`
		ASNs    []uint32 `json:"asns"`
	} `json:"constituency"`
}

// contact is the first address that is meant for it, or "".
func (t *team) contact() string {
	for _, mail := range t.Emails {
		if slices.Contains(mail.Usage, "contact") {
			return mail.Address
		}
	}
	return ""
}

var (
	errTeams = errors.New("a list of teams is expected, with emails and constituency in the form of Trusted Introducer")
	errEmpty = errors.New("there is no team with an address for contact in it")
)

// load reads a directory. Later teams win.
func load(path string) (*contacts, error) {
	text, err := charset.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := json.Check(string(text)); err != nil {
		return nil, json.InFile(path, err)
	}
	var teams []team
	if err := json.Unmarshal(text, &teams); err != nil {
		return nil, fmt.Errorf("%s: %w", path, errTeams)
	}
	all, found := &contacts{map[string]string{}, map[string]string{}}, false
	for _, t := range teams {
		address := t.contact()
		if address == "" {
			continue
		}
		found = true
		for _, domain := range t.Constituency.Domains {
			// A domain with any ending, as example.*, is nobody's in particular.
			if name, ok := idna.Host(strings.TrimPrefix(domain, "*.")); ok && name != "" && !strings.Contains(name, ".*") {
				all.domains[name] = address
			}
		}
		for _, asn := range t.Constituency.ASNs {
			all.asns[strconv.FormatUint(uint64(asn), 10)] = address
		}
	}
	if !found {
		return nil, fmt.Errorf("%s: %w", path, errEmpty)
	}
	return all, nil
}
