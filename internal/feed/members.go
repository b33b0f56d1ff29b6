package feed

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
)

var errNoObjects = errors.New("none of the members is an object or an array of objects")

// members yields the objects in the members of an object, once its status is known to
// be good.
func (f JSON) members(report *event.Message) func(io.Reader) iter.Seq2[json.Element, error] {
	words, lists := strings.Fields(f.Status), strings.Fields(f.In)
	return func(r io.Reader) iter.Seq2[json.Element, error] {
		return func(yield func(json.Element, error) bool) {
			found, other, answer := false, false, false
			for e, err := range json.Members(r) {
				known := e.Key == "" || len(e.Text) > 0 && (e.Text[0] == '{' || e.Text[0] == '[')
				switch {
				case err == nil && e.Key != "" && answer && !slices.Contains(lists, e.Key):
					other = true // what else the service knows
				case err != nil, known:
					found = true
					if !yield(e, err) {
						return
					}
				case len(words) > 0 && e.Key == words[0]:
					var status string
					if json.Unmarshal(e.Text, &status) != nil || !slices.Contains(words[1:], status) {
						Fail(report, fmt.Errorf("the service answers %s: %s", e.Key, e.Text))
						return
					}
					answer, found = true, found || status != words[1]
				default:
					other = true
				}
			}
			switch {
			case found:
			case answer:
				Fail(report, fmt.Errorf("the answer has no member %s", f.In))
			case other:
				Fail(report, errNoObjects)
			}
		}
	}
}
