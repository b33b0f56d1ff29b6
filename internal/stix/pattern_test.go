package stix

import (
	"fmt"
	"strings"
	"testing"
)

func TestPattern(t *testing.T) {
	for pattern, want := range map[string]string{
		`[url:value = 'http://example.org/\'a\\']`:                                                                                           `[[{source.url http://example.org/'a\}]]`,
		`[ipv4-addr:value = '192.0.2.1:80' OR ipv4-addr:value='198.51.100.0/24']`:                                                            `[[{source.ip 192.0.2.1}] [{source.network 198.51.100.0/24}]]`,
		`[ipv6-addr:value = '2001:db8::1/128'] FOLLOWEDBY [domain-name:value = 'example.org']`:                                               `[[{source.ip 2001:db8::1}] [{source.fqdn example.org}]]`,
		`[file:hashes.MD5 = 'a' AND file:hashes.'SHA-256' = 'b' AND file:name = 'c']`:                                                        `[[{malware.hash.md5 a} {malware.hash.sha256 b}]]`,
		`[(file:hashes.SHA1 = 'a' OR file:hashes."SHA-1" = 'b')]`:                                                                            `error`,
		`[domain-name:value = 'a.example' AND (url:value = 'u' OR url:value = 'v')]`:                                                         `[[{source.fqdn a.example} {source.url u}] [{source.fqdn a.example} {source.url v}]]`,
		`[domain-name:value = 'a.example' AND domain-name:value = 'b.example']`:                                                              `[[{source.fqdn a.example}] [{source.fqdn b.example}]]`,
		`([url:value = 'u'] AND [url:value = 'v']) WITHIN 5 SECONDS REPEATS 2 TIMES`:                                                         `[[{source.url u}] [{source.url v}]]`,
		`[url:value IN ('u', 'v')] START t'2026-01-31T10:20:30Z' STOP t'2026-01-31T10:20:31Z'`:                                               `[[{source.url u}] [{source.url v}]]`,
		`[ipv4-addr:value ISSUBSET '198.51.100.0/24' AND network-traffic:dst_port = 80]`:                                                     `[[{source.network 198.51.100.0/24} {source.port 80}]]`,
		`[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '192.0.2.1' AND network-traffic:dst_port = '8080']`: `[[{source.ip 192.0.2.1} {source.port 8080}]]`,
		`[network-traffic:src_ref.value = '2001:db8::1/128' OR network-traffic:dst_ref.value = 'www.example.org']`:                           `[[{source.ip 2001:db8::1}] [{source.fqdn www.example.org}]]`,
		`[domain-name:value = 'www.example.org' AND domain-name:resolves_to_refs[*].value = '192.0.2.0/24']`:                                 `[[{source.fqdn www.example.org} {source.network 192.0.2.0/24}]]`,
		`[email-message:from_ref.value = 'a@example.org' OR autonomous-system:number = 64496]`:                                               `[[{source.account a@example.org}] [{source.asn 64496}]]`,
		`[network-traffic:dst_port = 445 OR network-traffic:src_port = 1]`:                                                                   `[]`,
		`[url:value = 5 OR url:value = '' OR domain-name:value = 1.5]`:                                                                       `[]`,
		`[url:value != 'u' OR url:value NOT = 'v' OR url:value LIKE '%w' OR NOT url:value = 'x']`:                                            `[]`,
		`[file:size > 1.5 AND EXISTS file:name AND file:extensions.'a-b'.sections[*].entropy = 7]`:                                           `[]`,
		`[email-addr:value = 'a@example.org' AND file:hashes.SSDEEP = 'x' AND windows-registry-key:k='']`:                                    `[[{source.account a@example.org}]]`,
		`[url:value = 'u'`:                `error`,
		`[url:value = 'u]`:                `error`,
		`[url:value 'u']`:                 `error`,
		`[url:value = ]`:                  `error`,
		`url:value = 'u'`:                 `error`,
		`[url:value = 'u'] OR`:            `error`,
		`[url:value = 'u'] more`:          `error`,
		`[url = 'u']`:                     `error`,
		`[url:value = 'u' AND]`:           `error`,
		`[url:value IN ('u' 'v')]`:        `error`,
		`[url:value = 'u'] WITHIN 5 x`:    `error`,
		``:                                `error`,
		`{}`:                              `error`,
		strings.Repeat("(", 100000):       `error`,
		"[" + strings.Repeat("(", 100000): `error`,
		strings.Repeat(" ", maxPattern+1): `error`,
	} {
		sets, err := Pattern(pattern)
		got := fmt.Sprint(sets)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%.100s: got %s %v, want %s", pattern, got, err, want)
		}
	}
}

func FuzzPattern(f *testing.F) {
	f.Add(`[url:value = 'u' AND (file:hashes.'SHA-256' IN ('a','b') OR NOT x:y < 5)] WITHIN 5 SECONDS`)
	f.Fuzz(func(t *testing.T, text string) {
		sets, err := Pattern(text)
		if err != nil && sets != nil {
			t.Error("events of a pattern that is wrong")
		}
	})
}
