// Package taxonomy implements expert-taxonomy.
//
// expert-taxonomy: add the taxonomy that belongs to an event's type
//
// An event with a classification.type and no classification.taxonomy gets the
// taxonomy of the Reference Incident Classification. One with neither becomes
// other and undetermined. What is already there stays.
//
// # Examples
//
//	echo '{"classification.type":"phishing"}' | expert-taxonomy
//	printf '192.0.2.4\n' | parse-blocklistde | expert-taxonomy
package taxonomy

import (
	"context"

	"github.com/intelpipe/intelpipe/harmonization/vocabulary"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct{}

// Process adds what is missing.
func (*Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	typ := m.Get("classification.type")
	if !m.Has("classification.taxonomy") {
		taxonomy, ok := vocabulary.Taxonomy(typ)
		if !ok {
			taxonomy = "other"
		}
		m.Set("classification.taxonomy", taxonomy)
	}
	if typ == "" {
		m.Set("classification.type", "undetermined")
	}
	return emit(m)
}
