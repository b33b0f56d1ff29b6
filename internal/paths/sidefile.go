package paths

import (
	"context"

	"github.com/intelpipe/intelpipe/internal/durable/linefile"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// sideFile is a file that a path leads to.
type sideFile struct {
	*linefile.Files
	env  *stage.Env
	line []byte
}

// Append adds a message as a line.
func (s *sideFile) Append(ctx context.Context, m *event.Message) error {
	s.line = m.Append(s.line[:0])
	return s.Files.Append(ctx, "", s.line, s.env.Controlled)
}
