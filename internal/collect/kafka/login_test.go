package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// TestLogin has users with the right password, the wrong one and none.
func TestLogin(t *testing.T) {
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		s := newSuite(t, 1, kfake.EnableSASL(), kfake.Superuser(mechanism, "reader", "sesame"))
		file := filepath.Join(s.dir, "password")
		if err := os.WriteFile(file, []byte("sesame\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		login := s.words("--sasl-username", "reader", "--sasl-mechanism", mechanism)
		if r := s.run(append(login, "--sasl-password-file", file)...); r != (result{}) {
			t.Errorf("%s: %+v", mechanism, r)
		}
		if r := s.with(map[string]string{"INTELPIPE_SASL_PASSWORD": "sesame"}, login...); r != (result{}) {
			t.Errorf("%s: %+v", mechanism, r)
		}
		begun := time.Now()
		for _, flags := range [][]string{nil, {"--group", group, "then", "output-kafka", "--bootstrap-servers", "127.0.0.1:9", "--topic", "x", "--timeout", "1"}} {
			r := s.with(map[string]string{"INTELPIPE_COLLECT_KAFKA_SASL_PASSWORD": "open"}, append(login, flags...)...)
			if r.code != 3 || flags == nil && !strings.Contains(r.stderr, "--sasl-password-file") || strings.Contains(r.stderr, "open") {
				t.Errorf("%s: %+v", mechanism, r)
			}
		}
		if r := s.run(s.words("--timeout", "5")...); r.code != 3 || !strings.Contains(r.stderr, "--sasl-username") {
			t.Errorf("without: %+v", r)
		}
		if time.Since(begun) > 20*time.Second {
			t.Errorf("it took %v", time.Since(begun))
		}
	}
	s := newSuite(t, 1, kfake.EnableSASL(), kfake.Superuser("PLAIN", "reader", "sesame"))
	r := s.with(map[string]string{"INTELPIPE_SASL_PASSWORD": "sesame"}, s.words("--sasl-username", "reader")...)
	if r.code != 3 || !strings.Contains(r.stderr, "--sasl-mechanism") {
		t.Errorf("another mechanism: %+v", r)
	}
}

// authority signs certificates.
type authority struct {
	dir         string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// issue writes NAME.pem with certificate and key, and returns the pair.
func (a *authority) issue(t *testing.T, name string, addresses ...net.IP) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: addresses, DNSNames: []string{name + ".example.org"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := a.certificate, a.key
	if parent == nil {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
		parent, signer = c, key
		a.certificate, a.key = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	if err := os.WriteFile(filepath.Join(a.dir, name+".pem"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// TestTLS verifies brokers and shows certificates.
func TestTLS(t *testing.T) {
	a := &authority{dir: t.TempDir()}
	a.issue(t, "ca")
	right := a.issue(t, "broker", net.IPv4(127, 0, 0, 1))
	wrong := a.issue(t, "other")
	a.issue(t, "client")
	pool := x509.NewCertPool()
	pool.AddCert(a.certificateOf(t, "ca"))
	file := func(name string) string { return filepath.Join(a.dir, name+".pem") }
	for _, c := range []struct {
		name   string
		server *tls.Config
		flags  []string
		want   string // on stderr; none: it works
	}{
		{"by file", &tls.Config{Certificates: []tls.Certificate{right}}, []string{"--ssl-cafile", file("ca")}, ""},
		{"by its other name", &tls.Config{Certificates: []tls.Certificate{right}}, []string{"--ssl-ca-certificate", file("ca")}, ""},
		{"unknown authority", &tls.Config{Certificates: []tls.Certificate{right}}, []string{"--ssl"}, "see --ssl-cafile and --ssl-check-hostname"},
		{"another name", &tls.Config{Certificates: []tls.Certificate{wrong}}, []string{"--ssl-cafile", file("ca")}, "see --ssl-cafile and --ssl-check-hostname"},
		{"whatever name", &tls.Config{Certificates: []tls.Certificate{wrong}}, []string{"--ssl-cafile", file("ca"), "--no-ssl-check-hostname"}, ""},
		{"whatever name, unknown authority", &tls.Config{Certificates: []tls.Certificate{wrong}}, []string{"--ssl", "--ssl-check-hostname=false"}, "unknown authority"},
		{"client", &tls.Config{Certificates: []tls.Certificate{right}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}, []string{"--ssl-cafile", file("ca"), "--ssl-certfile", file("client")}, ""},
		{"no client", &tls.Config{Certificates: []tls.Certificate{right}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}, []string{"--ssl-cafile", file("ca")}, "certificate required"},
		{"no TLS", &tls.Config{Certificates: []tls.Certificate{right}}, nil, "see --ssl"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSuite(t, 1, kfake.TLS(c.server))
			r := s.run(s.words(append(c.flags, "--timeout", "5")...)...)
			if c.want == "" && r != (result{}) || c.want != "" && (r.code != 3 || !strings.Contains(r.stderr, c.want)) {
				t.Errorf("%+v", r)
			}
		})
	}
}

func (a *authority) certificateOf(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(a.dir, name+".pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
