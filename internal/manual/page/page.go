// Package page has the texts of all commands, out of the comments of their packages:
// the only copy in a binary, which so knows also the commands that it has not.
package page

// A Page is what a command says about itself.
type Page struct {
	Summary string // one line, without the name
	Doc     string // the manual
	Full    bool   // the command is in intelpipe-full only
}
