// Package dump implements dump.
//
// dump: look at messages that failed, change them, send them again
//
// Every command keeps the messages that failed in a dump, COMMAND.dump in the
// state directory or what --dump names. FILE is the name of a dump, or of a
// command. ENTRY is the id of an entry, which begins with a letter; its first
// digits are enough, at least four, if no other id begins with them. An id stays
// when other entries come and go. ENTRY may also be a number that dump list
// shows, from 1, or a range such as 3-7; numbers change when entries go. Without
// ENTRY all entries are meant.
//
// dump list shows what there is: number, id, time, command, where in the input
// the message stood, and why it failed. dump show prints messages for people,
// with control characters escaped; with --raw it prints the content of raw
// alone, decoded, or the whole message where there is no raw. dump delete removes
// entries.
//
// dump edit opens $VISUAL or $EDITOR with a file for each entry. Of a report
// the file has the content, decoded; of any other message the file has the
// message itself, which has to stay on one line. What is not changed stays as
// it is, byte for byte.
//
// dump replay sends messages once more, as they were. With --edit a command
// changes them on their way: it reads the same content as an editor gets, and
// what it prints is sent. In a bare pipe dump replay prints messages, and they
// stay in the dump. With a pipeline of its own, after -- or then, which ends
// with an output, it removes those that have arrived. What fails again is a new
// entry that says when and where the message failed first. The last line says
// how many have passed and failed; the exit code is 1 if some have failed. What
// a pipeline cannot be given stays: lines that are no message, or of which only
// a part was kept, and messages for which the command of --edit fails.
//
// Only one process at a time can replay or edit a dump; a second one exits with
// code 3 and names the first. Meanwhile other commands may add entries, and dump
// delete may remove some: an entry that is deleted before it is sent is not sent.
// If a replay is killed, the next one continues it, and sends what had not
// arrived.
//
// A message that a source sends again after a crash is stored once. Each source
// has its own limit of --dump-bytes in a dump; all bare pipes share one.
//
// # Format
//
// A dump is NDJSON, which jq reads, and dumps can be joined with cat. A few
// entries are one object a line: id, time, command, reason, file, line, column,
// the source and the number of its window, again (the id of the entry that was
// replayed and has failed again), and message, or base64 of what is not UTF-8. A
// line that is too large for the dump lies in the file kept, beside it. Where
// many messages of one file fail in a row, a line may have several entries, which
// share what they have in common.
//
// # Examples
//
//	echo '{' | expert-taxonomy --dump failed.dump || dump list failed.dump
//	echo '{"source.ip":"x"}' | expert-harmonize --dump mend.dump ||
//	  dump replay --edit 'sed s/x/192.0.2.1/' mend.dump -- sh -c \
//	  'expert-harmonize | output-file --file events.ndjson'
package dump

// Command is dump.
type Command struct {
	List   listing  `cmd:"" help:"List entries; without FILE, of all dumps in the state directory."`
	Show   showing  `cmd:"" help:"Print messages for people."`
	Edit   editing  `cmd:"" help:"Change the content of messages in an editor."`
	Replay replay   `cmd:"" help:"Send messages once more."`
	Delete deletion `cmd:"" help:"Delete entries."`
}
