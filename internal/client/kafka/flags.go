package kafka

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// Flags name a cluster and say how to log in. They are embedded in the commands
// that use one. The names are those of IntelMQ's parameters, where it has them.
type Flags struct {
	BootstrapServers []string     `help:"Brokers to ask first. They name the other ones." default:"localhost:9092" placeholder:"HOST:PORT,…"`
	SSL              bool         `name:"ssl" help:"Use TLS. Any file given for it says so, too." group:"connection"`
	SSLCAFile        string       `name:"ssl-cafile" aliases:"ssl-ca-certificate" help:"Trust the certificate authorities in this PEM file, instead of those of the system." placeholder:"FILE" group:"connection"`
	SSLCertFile      string       `name:"ssl-certfile" aliases:"ssl-client-certificate" help:"Show this client certificate, PEM." placeholder:"FILE" group:"connection"`
	SSLKeyFile       string       `name:"ssl-keyfile" help:"The key of the client certificate, if it is not in the same file." placeholder:"FILE" group:"connection"`
	SSLCheckHostname bool         `name:"ssl-check-hostname" help:"Check that the certificate of a broker is for its name." default:"true" group:"connection"`
	SASLUsername     string       `name:"sasl-username" help:"Log in as this user." placeholder:"NAME" group:"connection"`
	SASLPassword     stage.Secret `name:"sasl-password-file" help:"The file that holds the user's password." placeholder:"FILE" group:"connection"`
	SASLMechanism    string       `name:"sasl-mechanism" help:"How to log in. PLAIN sends the password as it is: use TLS." enum:"PLAIN,SCRAM-SHA-256,SCRAM-SHA-512" default:"SCRAM-SHA-512" group:"connection"`
	Timeout          float64      `help:"Give up when no broker answers for SECONDS." default:"60" placeholder:"SECONDS" group:"connection"`
}

// Check looks at the values.
func (f *Flags) Check() error {
	switch {
	case len(f.BootstrapServers) == 0:
		return errors.New("--bootstrap-servers: name a broker, such as localhost:9092")
	case !(f.Timeout > 0):
		return errors.New("--timeout: a number of seconds above 0 is expected")
	case f.SSLKeyFile != "" && f.SSLCertFile == "":
		return errors.New("--ssl-keyfile: the certificate is missing, see --ssl-certfile")
	case f.SASLUsername == "" && f.SASLPassword != "":
		return errors.New("--sasl-password-file: the user is missing, see --sasl-username")
	case f.SASLUsername != "" && f.SASLPassword == "":
		return errors.New("--sasl-username: the password is missing, see --sasl-password-file")
	}
	_, err := f.tls()
	return err
}

// String names the cluster for people and for states.
func (f *Flags) String() string { return strings.Join(f.BootstrapServers, ",") }

func (f *Flags) timeout() time.Duration { return time.Duration(f.Timeout * float64(time.Second)) }

// options are those of every client.
func (f *Flags) options() ([]kgo.Opt, error) {
	options := []kgo.Opt{
		kgo.SeedBrokers(f.BootstrapServers...),
		kgo.ClientID("intelpipe"),
		kgo.DisableClientMetrics(),
		kgo.DialTimeout(min(f.timeout(), 10*time.Second)),
		kgo.RetryTimeout(f.timeout()),
		kgo.MetadataMinAge(time.Second), kgo.MetadataMaxAge(time.Minute),
	}
	config, err := f.tls()
	if err != nil {
		return nil, err
	}
	if config != nil {
		options = append(options, kgo.DialTLSConfig(config))
	}
	if f.SASLUsername != "" {
		options = append(options, kgo.SASL(f.login()))
	}
	return options, nil
}

func (f *Flags) login() sasl.Mechanism {
	switch f.SASLMechanism {
	case "PLAIN":
		return plain.Auth{User: f.SASLUsername, Pass: string(f.SASLPassword)}.AsMechanism()
	case "SCRAM-SHA-256":
		return scram.Auth{User: f.SASLUsername, Pass: string(f.SASLPassword)}.AsSha256Mechanism()
	}
	return scram.Auth{User: f.SASLUsername, Pass: string(f.SASLPassword)}.AsSha512Mechanism()
}

// tls is nil if it is not wanted.
func (f *Flags) tls() (*tls.Config, error) {
	if !f.SSL && f.SSLCAFile == "" && f.SSLCertFile == "" {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.SSLCAFile != "" {
		text, err := os.ReadFile(f.SSLCAFile)
		if err != nil {
			return nil, fmt.Errorf("--ssl-cafile: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("--ssl-cafile: %s has no certificate in PEM", f.SSLCAFile)
		}
	}
	if f.SSLCertFile != "" {
		pair, err := tls.LoadX509KeyPair(f.SSLCertFile, cmp.Or(f.SSLKeyFile, f.SSLCertFile))
		if err != nil {
			return nil, fmt.Errorf("--ssl-certfile %s: %w", f.SSLCertFile, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if !f.SSLCheckHostname {
		config.InsecureSkipVerify = true // of the name; the chain is verified here
		config.VerifyConnection = func(state tls.ConnectionState) error { return verifyChain(state, config.RootCAs) }
	}
	return config, nil
}

func verifyChain(state tls.ConnectionState, roots *x509.CertPool) error {
	certificates := state.PeerCertificates
	o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range certificates[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := certificates[0].Verify(o)
	return err
}
