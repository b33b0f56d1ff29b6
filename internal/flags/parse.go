// Package flags reads command lines: the flags of a command, those that all
// commands have, the environment and the configuration file.
package flags

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// Asked is the error for a command line that asks for something instead of a run.
type Asked struct {
	Flag  string // --help, --help-all or --version
	Model *kong.Application
}

func (a *Asked) Error() string { return a.Flag + " was asked for" }

// Parse reads the words behind a command's name: the command, or the subcommand
// that was chosen, is filled in and returned. commands are all that there are,
// for suggestions. What is wrong is marked by stage.Usage.
func (f *Flags) Parse(c *Command, commands []Command, args []string, getenv func(string) string) (any, error) {
	cmd := c.New()
	k, err := parser(c, cmd, f, getenv)
	if err != nil {
		return nil, err // a mistake in the command's struct
	}
	if err := asked(k.Model, args); err != nil {
		return nil, err
	}
	if err := f.load(args, getenv); err != nil {
		return nil, stage.Usage(err)
	}
	if err := f.check(c.Name, k.Model, commands); err != nil {
		return nil, stage.Usage(err)
	}
	node, err := f.bind(c, k.Model, args, getenv)
	if err != nil {
		return nil, stage.Usage(err)
	}
	if node != k.Model.Node {
		return node.Target.Addr().Interface(), nil
	}
	return cmd, nil
}

// asked looks for a flag that asks for something instead of a run.
func asked(model *kong.Application, args []string) error {
	words := 0
	for _, arg := range args {
		if !strings.HasPrefix(arg, "-") {
			if foreign(model.Node, words) {
				break
			}
			words++
		}
		switch arg {
		case "-h":
			arg = "--help"
		case "--help", "--help-all", "--version":
		default:
			continue
		}
		return &Asked{arg, model}
	}
	return nil
}

// ParseOwn reads a command line of which target has all flags.
func ParseOwn(c *Command, target any, args []string, getenv func(string) string) error {
	k, err := kong.New(target, append([]kong.Option{kong.Name(c.Name), kong.NoDefaultHelp(), kong.Exit(func(int) {})}, mappers()...)...)
	if err != nil {
		return err
	}
	for _, arg := range args {
		if arg == "--help" || arg == "-h" {
			return &Asked{"--help", k.Model}
		}
	}
	f := new(Flags)
	if err := f.load(args, getenv); err != nil {
		return stage.Usage(err)
	}
	if _, err := f.bind(c, k.Model, args, getenv); err != nil {
		_, name, _ := strings.Cut(c.Name, " ")
		return stage.Usage(fmt.Errorf("%s: %w", name, err))
	}
	return nil
}
