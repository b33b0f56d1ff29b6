// Empty does nothing. It is the limit of how fast a program in Go can start.
package main

func main() {}
