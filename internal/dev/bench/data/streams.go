package data

import (
	"bufio"
	"io"
	"regexp"
	"strconv"
)

// Stream is bare input of any size for one parser.
type Stream struct {
	Command string   // the parser
	Args    []string // its flags
	head    string   // what comes first
	unit    string   // what is repeated; ~ is a number that grows, ^ one of four digits
	between string   // what stands between two units
	foot    string
}

const (
	lines = "\n"
	array = ",\n"
)

// Streams has the parsers that read one line, row or element of an array after the
// other, in the form of their feeds.
var Streams = []Stream{
	{"parse-abusech-feodotracker", nil, "[", `{"ip_address":"192.0.2.1","port":443,"status":"online","hostname":"h~.example.org","as_number":64496,"first_seen":"2026-01-31 10:20:30","last_online":"2026-02-01","malware":"Dridex"}`, array, "]"},
	{"parse-alienvault", nil, "", "192.0.2.1#4#2#Malicious Host#AT#Vienna ~#48.2082,16.3738#3", lines, "\n"},
	{"parse-bambenek", []string{"--file-name", "c2-ipmasterlist.txt"}, "## Master Feed\n", "192.0.2.1,IP used by bebloh C&C,2026-01-31 10:20,http://osint.example.org/manual/~.txt", lines, "\n"},
	{"parse-blocklistde", nil, "", "2001:db8::^", lines, "\n"},
	{"parse-blueliv-crimeserver", nil, "[", `{"url":"http://www.example.org/~","ip":"192.0.2.54","type":"MALWARE","status":"ONLINE","country":"AT"}`, array, "]"},
	{"parse-cef", nil, "", "CEF:0|Example|Sensor|1|1|scan ~|5|src=192.0.2.1 spt=40000 dst=198.51.100.7 dpt=22 proto=TCP", lines, "\n"},
	{"parse-certstream", nil, "", `{"message_type":"certificate_update","data":{"leaf_cert":{"all_domains":["a~.example.org","b~.example.org"]},"seen":1769854830}}`, lines, "\n"},
	{"parse-ci-army", nil, "", "192.0.2.1", lines, "\n"},
	{"parse-csv", []string{"--columns", "time.source,source.ip,source.port,source.fqdn,extra.note", "--type", "scanner"}, "", `2026-01-31 10:20:30,192.0.2.1,443,h~.example.org,"a note, ~"`, lines, "\n"},
	{"parse-cymru-cap-program", nil, "# Data file written at 2018-01-31 10:00 GMT\n", "bots|192.0.2.1|64496|2018-01-31 10:20:30|srcport 61458 mwtype bot ~ dstaddr 198.51.100.7|EXAMPLE", lines, "\n"},
	{"parse-cymru-full-bogons", nil, "# last updated 1769854830 (Sat Jan 31 10:20:30 2026 GMT)\n", "2001:db8:^::/48", lines, "\n"},
	{"parse-cznic-haas", nil, "[", `{"ip":"192.0.2.1","time":"2026-01-31T10:20:30","country":"AT","login_successful":false,"number":~}`, array, "]"},
	{"parse-cznic-proki", nil, "[", `{"malware.name":"conficker ~","source.asn":64496,"classification.type":"infected-system","source.ip":"192.0.2.1","time.source":"2026-01-31T10:20:30+00:00"}`, array, "]"},
	{"parse-danger-rulez", nil, "", "192.0.2.1\t# 2026-01-31 10:20:30\t3\t~", lines, "\n"},
	{"parse-dataplane", nil, "", "64496  |  EXAMPLE ~  |  192.0.2.1  |  2026-01-31 10:20:30  |  sshpwauth", lines, "\n"},
	{"parse-dshield-asn", []string{"--file-name", "asdetailsascii.html?as=64497"}, "# source IP\tReports\n", "192.0.2.1\t~\t3\t2026-01-01\t2026-01-31\t2026-01-31 10:20:30", lines, "\n"},
	{"parse-dshield-block", nil, "#   updated: Sat Jan 31 10:20:30 2026 UTC\nStart\tEnd\tNetblock\tAttacks\tName\tCountry\temail\n", "192.0.2.0\t192.0.2.255\t24\t~\tEXAMPLE-NET\tAT\tabuse@example.org", lines, "\n"},
	{"parse-dyn", []string{"--file-name", "list.txt"}, "# last updated: Sat Jan 31 10:20:30 PST 2026\n", "192.0.2.1 h~.example.org http://h~.example.org/url www.example.net", lines, "\n"},
	{"parse-ioc", nil, "", "seen hxxp://www.example[.]org/~ and 2001:db8::^", lines, "\n"},
	{"parse-json", []string{"--splitlines"}, "", `{"feed.name":"a","source.ip":"192.0.2.1","source.fqdn":"h~.example.org","classification.type":"scanner"}`, lines, "\n"},
	{"parse-key-value", []string{"--keys", `json:{"ip":"source.ip","host":"source.fqdn","note":"extra.note"}`}, "", `ip=192.0.2.1 host=h~.example.org note=~`, lines, "\n"},
	{"parse-malwarebazaar", nil, "# \"first_seen_utc\",\"sha256_hash\",\"md5_hash\",\"sha1_hash\",\"reporter\",\"file_name\"\n", `"2026-01-31 10:20:30", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef01234567", "somebody", "~.exe"`, lines, "\n"},
	{"parse-malwarepatrol-dansguardian", nil, "# Generated at: 20260131102030 UTC\n", "www.example.org/~", lines, "\n"},
	{"parse-microsoft-bingmurls", nil, "[", `{"Description":"d","FirstReportedDateTime":"2026-01-28T07:00:00Z","IndicatorThreatType":"MaliciousUrl","NetworkDestinationAsn":64496,"NetworkDestinationIPv4":"192.0.2.48","NetworkDestinationPort":80,"Tags":["at"],"TLPLevel":"Amber","Url":"http://www.example.org/~","Version":1.5}`, array, "]"},
	{"parse-microsoft-ctip", nil, "", `{"DataFeed":"CTIP-Infected","SourcedFrom":"SinkHoleMessage","DateTimeReceivedUtc":132144960000000000,"SourceIp":"192.0.2.1","SourcePort":"4711","ThreatCode":"B~","ThreatConfidence":"Low"}`, lines, "\n"},
	{"parse-n6", nil, "[", `{"type":"event","category":"cnc","name":"~","fqdn":"h~.example.org"}`, array, "]"},
	{"parse-netset", nil, "# a list\n", "2001:db8::^ # number ~", lines, "\n"},
	{"parse-openphish", nil, "", "http://www.example.org/~", lines, "\n"},
	{"parse-openphish-commercial", nil, "", `{"url":"https://www.example.org/~","ip":"192.0.2.1","asn":"AS64496","isotime":"2026-01-31T10:20:30Z","brand":"Example Bank"}`, lines, "\n"},
	{"parse-phishtank", nil, "[", `{"phish_id":"~","url":"http://www.example.org/~","submission_time":"2026-01-31T10:20:30+00:00","verified":"yes","details":[{"ip_address":"192.0.2.1"}],"target":"Example Bank"}`, array, "]"},
	{"parse-shadowserver", []string{"--feedname", "Accessible-Telnet"}, "\"timestamp\",\"ip\",\"protocol\",\"port\",\"hostname\",\"tag\",\"asn\",\"geo\",\"banner\"\n", `"2026-01-31 10:20:30","192.0.2.1","tcp",23,"h~.example.org","telnet",64496,"AT","login ~"`, lines, "\n"},
	{"parse-shodan", nil, "", `{"hash":~,"ip_str":"192.0.2.1","port":21,"transport":"tcp","data":"220 ready","asn":"AS64496","location":{"country_code":"AT"},"timestamp":"2026-01-31T10:20:30.371273"}`, lines, "\n"},
	{"parse-spamhaus-cert", nil, "; Bots\n", "192.0.2.1,AS64496,AT,1769854830,sshauth,,198.51.100.1,22,~,tcp", lines, "\n"},
	{"parse-spamhaus-drop", nil, "; Last-Modified: Sat, 31 Jan 2026 10:20:30 GMT\n", "192.0.2.0/24 ; SBL~", lines, "\n"},
	{"parse-sslbl", nil, "# Firstseen,DstIP,DstPort\n", "2026-01-31 10:20:30,2001:db8::^,443", lines, "\n"},
	{"parse-surbl", nil, ":127.0.0.8:Blocked, $ on lists [ph]\n", ".h~.example.org", lines, "\n"},
	{"parse-suricata-eve", nil, "", `{"timestamp":"2026-01-31T11:20:30.123456+0100","flow_id":~,"event_type":"alert","src_ip":"192.0.2.1","src_port":40000,"dest_ip":"198.51.100.7","dest_port":80,"proto":"TCP","alert":{"signature_id":2100498,"signature":"an attack","severity":2}}`, lines, "\n"},
	{"parse-threatfox", nil, "# \"first_seen_utc\",\"ioc_value\",\"ioc_type\",\"threat_type\"\n", `"2026-01-31 10:20:30", "h~.example.org", "domain", "botnet_cc"`, lines, "\n"},
	{"parse-turris", nil, "Address,Tags\n", `192.0.2.1,"smtp,port_scan"`, lines, "\n"},
	{"parse-urlhaus", nil, "{", `"~":[{"dateadded":"2026-01-31 10:20:30 UTC","url":"http://www.example.org/~","threat":"malware_download"}]`, array, "}"},
	{"parse-vxvault", nil, "<pre>\nVX Vault last 100 Links\nSat, 31 Jan 2026 10:20:30 +0000\n\n", "http://www.example.net/~.exe", lines, "\n"},
	{"parse-zoneh", nil, `"add_date","accept_date","attacker","domain","ip_address","system","web_server","reason","hackmode","defacement_id","country_code"` + "\n", `"2026-01-31 10:20:30","2026-01-31 12:00:00","someone","http://www.example.org/~","192.0.2.1","Linux","Apache","for fun","SQL Injection","~","AT"`, lines, "\n"},
}

// write writes at least size bytes.
func (s *Stream) write(w io.Writer, size int64) error {
	out := bufio.NewWriterSize(w, 1<<20)
	out.WriteString(s.head)
	parts := regexp.MustCompile(`[~^]|[^~^]+`).FindAllString(s.unit, -1)
	n := int64(len(s.head))
	for i := int64(0); n < size; i++ {
		if i > 0 {
			out.WriteString(s.between)
			n += int64(len(s.between))
		}
		for _, part := range parts {
			switch part {
			case "~":
				part = strconv.FormatInt(1_000_000+i, 10)
			case "^":
				part = strconv.FormatInt(1000+i%9000, 10)
			}
			out.WriteString(part)
			n += int64(len(part))
		}
	}
	out.WriteString(s.foot)
	return out.Flush()
}
