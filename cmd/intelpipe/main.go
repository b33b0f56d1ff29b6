// Intelpipe is all commands in one binary. The name under which it is called,
// or its first word, says which.
package main

import "github.com/intelpipe/intelpipe/internal/tool"

func main() {
	tool.Main(tools...)
}
