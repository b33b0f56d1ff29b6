package tasks

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// generateElsewhere has a copy of this program generate the data, so that the
// memory it takes is not taken for that of the processes measured later.
func generateElsewhere(ctx context.Context, file, kind string, n int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer out.Close()
	c := exec.CommandContext(ctx, self, "-generate", kind, "-n", fmt.Sprint(n))
	c.Stdout, c.Stderr = out, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("generating %s: %w", kind, err)
	}
	return out.Close()
}
