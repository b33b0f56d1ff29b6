// Cmd runs the benchmark. It exits with 1 if a bar is missed, and with 2 if it
// could not measure.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"

	"github.com/intelpipe/intelpipe/internal/dev/bench"
	"github.com/intelpipe/intelpipe/internal/dev/bench/data"
	"github.com/intelpipe/intelpipe/internal/dev/bench/table"
)

func main() {
	err := run()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "bench:", err)
	if errors.Is(err, table.ErrMissed) {
		os.Exit(1)
	}
	os.Exit(2)
}

func run() error {
	o := bench.Options{Out: os.Stdout, Progress: os.Stderr}
	flag.IntVar(&o.N, "n", 150_000, "events, or rows of CSV")
	flag.IntVar(&o.Runs, "runs", 5, "rounds, after one to warm up and check")
	flag.StringVar(&o.Bin, "bin", "bin", "directory of the commands")
	only := flag.String("only", "", "measure only tasks that match this regular expression; start-up, lookups and rules are some")
	startup := flag.Bool("startup", false, "measure only the start of every command, in full")
	streams := flag.Bool("streams", false, "measure only how the memory of parsers grows with their input")
	generate := flag.String("generate", "", "print -n lines of csv, events, routes, places or constituencies, or -n bytes of stream:PARSER, instead of measuring")
	flag.Parse()
	if flag.NArg() > 0 || o.N < 1 || o.Runs < 1 {
		return errors.New("no arguments are taken, and -n and -runs are at least 1")
	}
	if *generate != "" {
		return data.Generate(os.Stdout, *generate, o.N)
	}
	if *only != "" {
		re, err := regexp.Compile(*only)
		if err != nil {
			return err
		}
		o.Only = re
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *startup {
		return bench.Startup(ctx, o)
	}
	if *streams {
		return bench.Streams(ctx, o)
	}
	return bench.Run(ctx, o)
}
