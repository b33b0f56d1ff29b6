// Package deviations lists the differences from the reference that are meant, each
// with its reason.
package deviations

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/compare"
)

// Reason returns why a difference of a command with these parameters is meant, or
// nothing. The parameters of types, messages and functions are the members of the
// vector.
func Reason(command string, parameters map[string]any, d compare.Diff) string {
	for _, rule := range meant {
		if rule.command == command && rule.part == d.Part && rule.when(parameters, d) {
			return rule.reason
		}
	}
	return ""
}

// deviation excuses one kind of difference, and nothing else about a vector.
type deviation struct {
	command string
	part    string // see compare.Diff
	when    func(parameters map[string]any, d compare.Diff) bool
	reason  string
}

// meant are all deviations.
var meant = []deviation{
	{
		"expert-http-status", "extra.reason", notInTheReference,
		"the reason phrase of the answer: what answers the reference in its tests sends none, other than a server",
	},
	{
		"parse-csv", "raw", ownDelimiter,
		"raw keeps the feed's delimiter: the reference writes the row with commas, and nothing can parse that again with the same parameters",
	},
	{
		"parse-csv", "dumped.raw", sameCharacters,
		"the dump has the row as it was: the reference writes a comma after every single character",
	},
	{
		"parse-dataplane", "event_description.text", always,
		"the toolkit's own words",
	},
	{
		"parse-dataplane", "dumped.raw", commentsAbove,
		"the dump has the comments above the line: the reference adds those that stand below it",
	},
	{
		"parse-dyn", "event_description.text", always,
		"the toolkit's own words",
	},
	{
		"parse-html-table", "exit", fuzzyTimes,
		"a time without year is refused: the reference takes the year of the run",
	},
	{
		"parse-html-table", "count", fuzzyTimes,
		"a time without year is refused: the reference takes the year of the run",
	},
	{
		"parse-html-table", "dumped", fuzzyTimes,
		"a time without year is refused: the reference takes the year of the run",
	},
	{
		"parse-spamhaus-cert", "event_description.text", always,
		"the toolkit's own words",
	},
	{
		"parse-microsoft-ctip", "time.source", microseconds,
		"ticks are converted exactly: the reference computes in floating point and is off by up to two microseconds",
	},
	{
		"parse-n6", "count", oneMore,
		"there is an event without address only if there is no address: the reference always adds one",
	},
	{
		"parse-cznic-proki", "raw", sameJSON,
		"raw keeps numbers as the feed writes them, such as 0.000",
	},
	{
		"parse-github-feed", "raw", sameNotation,
		"raw has the element as the feed writes it: the reference writes it as Python does, which nothing can parse again",
	},
	{
		"types", "ok", filledUp,
		"a time without year, month or day is refused: the reference takes what is missing from the day of the run",
	},
}

// notInTheReference holds for a field that the reference does not have.
func notInTheReference(_ map[string]any, d compare.Diff) bool { return d.Want == "" }

// always holds where a field is never that of the reference.
func always(map[string]any, compare.Diff) bool { return true }

// sameJSON holds for JSON that differs in nothing but how numbers and white space are
// written.
func sameJSON(_ map[string]any, d compare.Diff) bool { return same(d.Want, d.Got) }

// sameNotation holds for JSON that the reference writes as Python shows values.
func sameNotation(_ map[string]any, d compare.Diff) bool {
	return same(strings.ReplaceAll(d.Want, "'", `\"`), d.Got)
}

// same compares JSON in quotes by its values.
func same(want, got string) bool {
	var values [2]any
	for i, quoted := range []string{want, got} {
		text, err := strconv.Unquote(quoted)
		if err != nil || json.Unmarshal([]byte(text), &values[i]) != nil {
			return false
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}

// commentsAbove holds for lines that the reference has more comments with, if all
// else is the same.
func commentsAbove(_ map[string]any, d compare.Diff) bool {
	want, err1 := strconv.Unquote(d.Want)
	got, err2 := strconv.Unquote(d.Got)
	if err1 != nil || err2 != nil {
		return false
	}
	above, line := cutLast(got)
	all, same := cutLast(want)
	more, ok := strings.CutPrefix(all, above)
	for text := range strings.Lines(strings.TrimPrefix(more, "\n")) {
		ok = ok && strings.HasPrefix(text, "#")
	}
	return ok && line == same
}

func cutLast(text string) (before, line string) {
	i := strings.LastIndexByte(text, '\n') + 1
	return text[:max(i-1, 0)], text[i:]
}

// fuzzyTimes holds for tables whose times are in no particular form, and which have
// fewer events for that.
func fuzzyTimes(parameters map[string]any, d compare.Diff) bool {
	columns, _ := json.Marshal(parameters["columns"])
	return parameters["time_format"] == nil && strings.Contains(string(columns), "time.source") && (d.Part != "exit" || d.Want == "0" && d.Got == "1")
}

// ownDelimiter holds for rows that are not separated by commas, if all else in
// them is the same.
func ownDelimiter(parameters map[string]any, d compare.Diff) bool {
	delimiter, ok := parameters["delimiter"].(string)
	return ok && delimiter != "," && content(d.Want, delimiter) == content(d.Got, delimiter)
}

// sameCharacters holds for rows that differ in nothing but how they are joined.
func sameCharacters(parameters map[string]any, d compare.Diff) bool {
	delimiter, _ := parameters["delimiter"].(string)
	return content(d.Want, delimiter) == content(d.Got, delimiter)
}

// content is what is left of a text without delimiters, quotes and line ends.
func content(shown, delimiter string) string {
	text, err := strconv.Unquote(shown)
	if err != nil {
		text = shown
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(",\"\r\n"+delimiter, r) {
			return -1
		}
		return r
	}, text)
}

// microseconds holds for times that differ by two microseconds at most.
func microseconds(_ map[string]any, d compare.Diff) bool {
	want, err1 := time.Parse(`"`+time.RFC3339Nano+`"`, d.Want)
	got, err2 := time.Parse(`"`+time.RFC3339Nano+`"`, d.Got)
	return err1 == nil && err2 == nil && got.Sub(want).Abs() <= 2*time.Microsecond
}

// oneMore holds where the reference has one event more than the one or more that
// there should be.
func oneMore(_ map[string]any, d compare.Diff) bool {
	number, _, _ := strings.Cut(d.Want, ",")
	want, err1 := strconv.Atoi(number)
	got, err2 := strconv.Atoi(d.Got)
	return err1 == nil && err2 == nil && got > 0 && want == got+1
}

var numbers = regexp.MustCompile(`\d+`)

// filledUp holds for a time that the reference accepts although its year or
// its day is not in the input.
func filledUp(parameters map[string]any, d compare.Diff) bool {
	in, ok1 := parameters["input"].(string)
	out, ok2 := parameters["output"].(string)
	if parameters["type"] != "DateTime" || !ok1 || !ok2 || d.Want != "valid" || len(out) < len("2006-01-02") {
		return false
	}
	has := map[int]bool{}
	for _, text := range numbers.FindAllString(in, -1) {
		if n, err := strconv.Atoi(text); err == nil {
			has[n] = true
		}
	}
	year, err1 := strconv.Atoi(out[:4])
	day, err2 := strconv.Atoi(out[8:10])
	return err1 == nil && err2 == nil && (!has[year] && !has[year%100] || !has[day])
}
