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
// its interval, until SIGTERM. A second pipeline on the same feed is another source, and
// needs --source; --if-running is that of collectors. Lines on stderr have the name of
// the feed, and the exit code is the highest one of all.
//
// # Checks
//
// feeds check fetches a feed by its own collector, within limits, parses it by its own
// parser, and keeps what it has seen in a small file in the state directory. The
// verdict is one of
//
//	ok           all as it should be
//	slow         the fetch takes longer than --slow
//	redirected   the server leads to another host
//	stale        the newest entry, or the last change, is older than it may be
//	drift        columns, types, fields or size are not those of the last good run
//	unparsable   half of the entries fail, or more
//	truncated    the server breaks off, or the end is missing
//	empty        there is no entry
//	login        a login page or the like comes in place of data
//	large        there is more than --max-download
//	unreachable  nothing comes: no such name, no connection, 404
//	dead         the catalogue says so
//	unchecked    a command, a value or a credential is missing
//
// with one sentence that says what was seen and what to do. A drift stays until
// --accept says that it is right. The exit code is 0 if all feeds are ok, else 1.
// Nothing is acknowledged, and the dumps of your pipelines get nothing.
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
	List  listing  `cmd:"" help:"List feeds."`
	Show  showing  `cmd:"" help:"Print what is known of feeds, and how to run them."`
	Check checking `cmd:"" help:"Look whether feeds are what they were."`
	Run   running  `cmd:"" help:"Run a pipeline for each feed."`
}
