// Package serve implements serve.
//
// serve: run a command that finds the files of a directory at a web server
//
// The server listens on 127.0.0.1, on a port that is free, for as long as the
// command runs. Its address is in the command's environment as SERVER. With it
// a collector can be tried without a network. The exit code is that of the
// command.
//
// # Examples
//
//	printf '192.0.2.4\n' > ssh.txt
//	serve . sh -c 'collect-http --http-url $SERVER/ssh.txt | parse-blocklistde'
//	serve . sh -c 'collect-http --http-url $SERVER/ssh.txt --name "SSH attacks"'
package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is serve.
type Command struct {
	Dir     string `arg:"" help:"The directory with the files."`
	Command []word `arg:"" passthrough:"" sep:"none" help:"What to run, with its arguments."`
}

type word string

// Run serves until the command has ended.
func (c *Command) Run(ctx context.Context, stdout io.Writer) error {
	if info, err := os.Stat(c.Dir); err != nil {
		return stage.Usage(err)
	} else if !info.IsDir() {
		return stage.Usage(fmt.Errorf("%s: not a directory", c.Dir))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return stage.Fatal(err)
	}
	server := &http.Server{Handler: http.FileServer(http.Dir(c.Dir)), ReadHeaderTimeout: time.Minute}
	defer server.Close()
	go server.Serve(listener)
	var words []string
	for _, w := range c.Command {
		words = append(words, string(w))
	}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	env := stage.From(ctx)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = env.Stdin, stdout, env.Stderr
	cmd.Env = append(os.Environ(), "SERVER=http://"+listener.Addr().String())
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return stage.Exit(exit.ExitCode())
	case errors.As(err, &exit):
		return fmt.Errorf("%s: %w", words[0], err)
	}
	return stage.Usage(err)
}
