// Package conformance runs the commands against vectors: inputs and outputs of
// the reference implementation, captured while it ran its own tests.
//
//	make conformance VECTORS=DIR
//
// Every vector is one run of a command as a process. Its parameters become
// flags by the rules of the design alone, so that no command has code here;
// what a vector brings along (HTTP, DNS, a cache, files, mails) is served on
// loopback. The data format has its own vectors, which call the packages.
//
// A vector passes if the result is the same, message by message. Where it is
// not and [Deviations] has a rule with a reason, it counts as a deviation; else
// it fails the test. Vectors of commands that do not exist are left out of the
// count and named.
package conformance
