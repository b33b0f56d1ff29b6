// Package feeds implements feeds.
//
// feeds: list feeds, show how to use them, check them, run them
//
// The catalogue has the feeds that IntelMQ lists and others that people ask for:
// where they are, how often to fetch them, which collector and parser they need
// with which flags, what they want to know of you, and a note on their licence. A
// feed of your own is a file in a directory, in the form of intelpipe-feeds(5).
//
// feeds list shows all feeds, or those with PATTERN in their name: whether one is
// public, how often it is collected, and whether it can be used; one that is dead
// says so, and which one has taken its place.
//
// feeds show prints what is known of a feed, and how to run it: as a line for a
// shell, for a crontab, and as a unit of systemd with its timer. Each can be used as
// it is; --as prints one of them alone. What stands behind -- becomes the pipeline.
//
// feeds run runs the pipeline behind -- for each feed: a process with collector,
// parser and pipeline, joined by then. If the pipeline ends with an output, each feed
// is a source of its own, and a second run asks its server only for what has changed.
// Without a pipeline events go to stdout. --repeat goes on, and collects each feed at
// its interval. Lines on stderr begin with the name of the feed, and the exit code is
// the highest one of all.
//
// # Values and credentials
//
// Some feeds ask for a value, such as a country: --set NAME=TEXT gives it. feeds show
// says what a feed asks for. To keep values, write a feed of your own that is like the
// one of the catalogue.
//
// A password or key never stands on a command line. It is a file with the name
// FEED.CREDENTIAL, such as openphish-premium.http-password, in the directory of your
// feeds or among the credentials of systemd. Where it is the only one of its kind, it
// may also be in the variable of its flag, such as INTELPIPE_HTTP_PASSWORD.
//
// # Examples
//
//	feeds list blocklist.de && feeds show blocklistde-ssh
//	echo 192.0.2.1 > ssh.txt && feeds run --from ssh.txt blocklistde-ssh -- \
//	  expert-taxonomy then output-file --file events.ndjson
package feeds

// Command is feeds.
type Command struct {
	List listing `cmd:"" help:"List feeds."`
	Show showing `cmd:"" help:"Print what is known of feeds, and how to run them."`
	Run  running `cmd:"" help:"Run a pipeline for each feed."`
}
