package flags

import "strings"

func lower(s string) string {
	return strings.ToLower(s[:min(1, len(s))]) + strings.TrimSuffix(s[min(1, len(s)):], ".")
}

// Name is the name of a flag, for one that may be spelt as IntelMQ does.
func Name(name string) string { return strings.ReplaceAll(name, "_", "-") }
