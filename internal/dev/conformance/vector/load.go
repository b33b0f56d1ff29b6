package vector

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
)

// Chain is a vector and those that continue from its state, in order.
type Chain []*Vector

// LoadChains reads the vectors of the bots below dir.
func LoadChains(dir string) ([]Chain, error) {
	var chains []Chain
	at := map[string]int{} // where the chain of an id is
	for _, kind := range []string{"collector", "parser", "expert", "output"} {
		names, err := filepath.Glob(filepath.Join(dir, kind, "*.jsonl"))
		if err != nil {
			return nil, err
		}
		sort.Strings(names)
		for _, name := range names {
			err := ReadLines(name, func(line []byte) error {
				v, err := Parse(line)
				if err != nil {
					return err
				}
				if i, ok := at[v.Continues]; ok && v.Continues != "" {
					chains[i] = append(chains[i], v)
					at[v.ID] = i
					return nil
				}
				at[v.ID] = len(chains)
				chains = append(chains, Chain{v})
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return chains, nil
}

// ReadLines calls f with every line of a file; a file that is not there has none.
func ReadLines(name string, f func(line []byte) error) error {
	file, err := os.Open(name)
	if os.IsNotExist(err) {
		return nil
	} else if err != nil {
		return err
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, 1<<20)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := f(line); err != nil {
				return fmt.Errorf("%s:%d: %w", name, n, err)
			}
		}
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}
