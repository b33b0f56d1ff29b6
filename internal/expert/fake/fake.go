// Package fake implements expert-fake.
//
// expert-fake: put invented data into events, for tests and demonstrations
//
// --database is a JSON object with two members, both of which may be missing.
// ip_network is a list of networks: one of them is chosen for each event, its second
// address becomes source.ip, and the network source.network. event_fields has an
// object for each field, of which one of the values is taken:
//
//	{"ip_network": ["192.0.2.0/24", "2001:db8::/32"],
//	 "event_fields": {"feed.name":
//	   {"mode": "random_single_value", "values": ["One", "Two"]}}}
//
// Fields that are there already stay, unless --overwrite is given. With --seed the
// same events get the same data in every run; without it they differ. A file that
// somebody changes is read again within two seconds.
//
// # Examples
//
//	echo '{"ip_network":["192.0.2.0/24"]}' > fake.json
//	echo '{"comment":"a test"}' | expert-fake --database fake.json
//	echo '{"source.ip":"198.51.100.7"}' |
//	  expert-fake --database fake.json --seed 1 --overwrite
package fake

import (
	"context"
	"math/rand/v2"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup/database"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says which data there are.
type Command struct {
	Database string  `help:"The file with the data." placeholder:"FILE" required:""`
	Seed     *uint64 `help:"Choose in the same way in every run." placeholder:"N"`
	event.Overwrite

	*database.File[*data]
	random *rand.Rand
}

// Start reads the data.
func (c *Command) Start(_ context.Context, env *stage.Env) (err error) {
	seed := rand.Uint64()
	if c.Seed != nil {
		seed = *c.Seed
	}
	c.random = rand.New(rand.NewPCG(seed, 0))
	c.File, err = database.Open(env, c.Database, func(path string) (*data, error) { return load(path, env.Dictionary) })
	return err
}

// Process puts data into an event.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	d := *c.Get()
	if n := len(d.networks); n > 0 {
		network := d.networks[c.random.IntN(n)]
		if c.Wants(m, "source.ip") {
			m.Set("source.ip", second(network).String())
			m.SetNetwork("source.network", network)
		}
	}
	for _, f := range d.fields {
		v := f.values[c.random.IntN(len(f.values))]
		if c.Wants(m, f.key) {
			m.SetValue(f.key, v)
		}
	}
	if err := m.Err(); err != nil {
		return err
	}
	return emit(m)
}
