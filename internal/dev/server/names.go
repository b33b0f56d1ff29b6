package server

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// NSD is an authoritative name server for the zones, whose records are by the
// zones' names. It returns the server's address.
func NSD(t testing.TB, zones map[string]string) string {
	t.Helper()
	path, dir := find(t, "nsd"), t.TempDir()
	conf := ""
	for name, text := range zones {
		file := filepath.Join(dir, name+".zone")
		conf += fmt.Sprintf("zone:\n name: %q\n zonefile: %q\n", name, file)
		write(t, file, "$ORIGIN "+name+".\n$TTL 60\n@ SOA ns.example.org. root.example.org. 1 3600 600 86400 60\n@ NS ns.example.org.\n"+text)
	}
	file := filepath.Join(dir, "nsd.conf")
	return named(t, "tcp", func(host, port string) *exec.Cmd {
		write(t, file, fmt.Sprintf("server:\n ip-address: %s@%s\n username: \"\"\n chroot: \"\"\n zonesdir: %q\n pidfile: %q\n xfrdfile: %q\n zonelistfile: %q\n xfrdir: %q\n server-count: 1\nremote-control:\n control-enable: no\n",
			host, port, dir, dir+"/pid", dir+"/xfrd", dir+"/list", dir)+conf)
		return exec.Command(path, "-d", "-c", file)
	})
}

// Dnsmasq is a forwarding name server with the lines of configuration. It returns
// the server's address.
func Dnsmasq(t testing.TB, lines string) string {
	t.Helper()
	path, file := find(t, "dnsmasq"), filepath.Join(t.TempDir(), "dnsmasq.conf")
	write(t, file, "no-resolv\nno-hosts\nno-daemon\nbind-interfaces\nlisten-address=127.0.0.1\nuser=\ngroup=\npid-file=\n"+lines)
	return named(t, "udp", func(_, port string) *exec.Cmd {
		return exec.Command(path, "--conf-file="+file, "--port="+port)
	})
}

// named starts a name server and waits until it answers for www.example.org.
func named(t testing.TB, network string, command func(host, port string) *exec.Cmd) string {
	t.Helper()
	said := ""
	for range tries {
		address := free(t)
		host, port, _ := net.SplitHostPort(address)
		cmd := command(host, port)
		var log strings.Builder
		cmd.Stdout, cmd.Stderr = &log, &log
		query := new(dns.Msg).SetQuestion("www.example.org.", dns.TypeA)
		client := dns.Client{Net: network, Timeout: time.Second}
		ended, ok, err := started(cmd, func() bool {
			r, _, err := client.Exchange(query, address)
			return err == nil && len(r.Answer) > 0
		})
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			t.Cleanup(func() {
				cmd.Process.Signal(syscall.SIGTERM)
				<-ended
			})
			return address
		}
		said = log.String()
	}
	t.Fatalf("the name server does not start: %s", said)
	return ""
}

func write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
