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
// not and package deviations has a reason for the difference, it counts as a
// deviation; else it fails the test. Vectors of commands that do not exist are left
// out of the count and named.
//
// This package runs the commands. The parts of it are packages of their own, and each
// knows only those before it in this list: vector, compare, parameters, services,
// deviations, report, dataformat.
package conformance
