package syntax

// Limits that keep a hostile expression from taking memory and time.
const (
	maxDepth = 100   // of groups in groups
	maxSize  = 10000 // of the program, and so of the work per character
	maxCount = 1 << 32
)

// Node is a part of a parsed expression.
type Node struct {
	Op       Op
	Set      *Set    // of a character
	Subs     []*Node // of concat, alternate, capture and repeat
	Group    int     // of capture
	Min, Max int     // of repeat; max is -1 for no limit
	Lazy     bool    // of repeat
	bare     bool    // a repeat or an assertion that is in no group: it cannot be repeated
}

// Op says what a Node is.
type Op uint8

const (
	Concat    Op = iota // the Subs one after the other
	Alternate           // one of the Subs, the first that leads on
	Character           // one of the Set
	Capture             // the only Sub, remembered as the Group
	Repeat              // the only Sub, Min to Max times

	// Assertions are places in the text.
	BeginText       // \A
	EndText         // \Z
	EndFinal        // $: the end, or before a line break there
	BeginLine       // (?m:^)
	EndLine         // (?m:$)
	Boundary        // \b
	NoBoundary      // \B
	ASCIIBoundary   // (?a:\b)
	ASCIINoBoundary // (?a:\B)
)

// size is how many instructions the node takes, or more than maxSize.
func (n *Node) size() int {
	total := 1
	for _, sub := range n.Subs {
		total = min(total+sub.size()+1, maxSize+1)
	}
	if n.Op == Repeat {
		copies := n.Max
		if copies < 0 {
			copies = n.Min + 1
		}
		if copies > maxSize {
			return maxSize + 1
		}
		total *= max(copies, 1)
	}
	return min(total, maxSize+1)
}

// Nullable reports whether the node may match the empty text.
func (n *Node) Nullable() bool {
	switch n.Op {
	case Character:
		return false
	case Repeat:
		return n.Min == 0 || n.Subs[0].Nullable()
	case Alternate:
		for _, sub := range n.Subs {
			if sub.Nullable() {
				return true
			}
		}
		return false
	}
	for _, sub := range n.Subs { // an assertion has none
		if !sub.Nullable() {
			return false
		}
	}
	return true
}
