// Intelpipe-full is intelpipe with every command, also those whose clients are large
// or slow to start. What is linked to one of these leads here, and intelpipe hands
// over to it where a chain has one.
package main

import "github.com/intelpipe/intelpipe/internal/tool"

func main() {
	tool.Main(tools...)
}
