// Package dataformat compares the data format with that of the reference. That needs no
// command: its types, the operations on messages, and what helper functions there are.
package dataformat

import (
	"encoding/json"
	"path/filepath"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/report"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
)

// Check runs the vectors in dir that are for the data format.
func Check(dir string) ([]report.Result, error) {
	var results []report.Result
	for _, part := range []struct {
		name  string
		check func(line []byte, res *report.Result) error
	}{
		{"types", checkType}, {"messages", checkMessage}, {"functions", checkFunction},
	} {
		err := vector.ReadLines(filepath.Join(dir, part.name+".jsonl"), func(line []byte) error {
			res := report.Result{Command: part.name, Parameters: map[string]any{}}
			var id struct{ ID string }
			if err := json.Unmarshal(line, &id); err != nil {
				return err
			}
			v, err := vector.Decode(line)
			if err != nil {
				return err
			}
			res.ID = id.ID
			res.Parameters, _ = v.(map[string]any)
			if err := part.check(line, &res); err != nil {
				return err
			}
			results = append(results, res)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return results, nil
}
