package checkpoint

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// texts writes what waits, or was decided on, as "ID=VALUE", with a star behind
// what this run has prepared.
func texts(all []Prepared[string]) string {
	var words []string
	for _, one := range all {
		star := ""
		if one.Own {
			star = "*"
		}
		words = append(words, one.ID.String()+"="+one.Value+star)
	}
	return strings.Join(words, " ")
}

func waiting(p *Pending[string]) string {
	var all []Prepared[string]
	for i, one := range p.All() {
		if i != len(all) {
			return fmt.Sprintf("number %d comes as the %dth", i, len(all))
		}
		all = append(all, *one)
	}
	return texts(all)
}

func id(t *testing.T, text string) ID {
	t.Helper()
	at, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestPending plays steps, "found", "prepare" and "commit" with an id and
// perhaps a value, "discard" and "clear", and looks at the last one.
func TestPending(t *testing.T) {
	for _, c := range []struct {
		name, steps                   string
		promoted, discarded, thenWait string
	}{
		{"nothing", "commit S:1:x", "", "", ""},
		{"one", "prepare S:1:x a, commit S:1:x", "S:1:x=a*", "", ""},
		{"before the first", "prepare S:1:x a, commit S:0:x", "", "", "S:1:x=a*"},
		{"up to, in order", "prepare S:1:x a, prepare S:2:x b, prepare S:3:x c, commit S:2:x", "S:1:x=a* S:2:x=b*", "", "S:3:x=c*"},
		{"a number without state", "prepare S:1:x a, prepare S:5:x b, commit S:4:x", "S:1:x=a*", "", "S:5:x=b*"},
		{"numbers compare as numbers", "prepare S:9:x a, prepare S:10:x b, commit S:9:x", "S:9:x=a*", "", "S:10:x=b*"},
		{"twice under one number", "prepare S:1:x a, prepare S:1:x b, commit S:1:x", "S:1:x=a* S:1:x=b*", "", ""},
		{"twice committed", "prepare S:1:x a, commit S:1:x, commit S:1:x", "", "", ""},
		{"another source", "prepare S:1:x a, commit T:9:x", "", "", "S:1:x=a*"},
		{"sources with colons", "prepare a:b:1:x a, prepare a:2:x b, commit a:b:9:x", "a:b:1:x=a*", "", "a:2:x=b*"},
		{"several sources, in order", "prepare S:1:x a, prepare T:1:x b, prepare S:2:x c, prepare T:2:x d, commit S:1:x", "S:1:x=a*", "", "T:1:x=b* S:2:x=c* T:2:x=d*"},

		{"of a run before", "found S:1:x a, found S:2:x b, commit S:1:y", "S:1:x=a", "S:2:x=b", ""},
		{"of a run before, nothing acknowledged", "found S:1:x a, found S:2:x b, commit S:0:y", "", "S:1:x=a S:2:x=b", ""},
		{"of a run before, all acknowledged", "found S:1:x a, found S:2:x b, commit S:7:y", "S:1:x=a S:2:x=b", "", ""},
		{"of a run before, and of another source", "found S:2:x a, found T:2:x b, commit S:1:y", "", "S:2:x=a", "T:2:x=b"},
		{"the run says nothing of order", "found S:1:z a, commit S:1:a", "S:1:z=a", "", ""},
		{"later own state stays", "found S:2:x a, prepare S:2:y b, commit S:1:y", "", "S:2:x=a", "S:2:y=b*"},
		{"numbers come again", "found S:1:x a, found S:2:x b, commit S:1:y, prepare S:2:y c, commit S:2:y", "S:2:y=c*", "", ""},
		{"found late, yet older", "prepare T:1:y a, found S:1:x b, prepare T:2:y c, found S:2:x d, commit X:0:y", "", "", "S:1:x=b S:2:x=d T:1:y=a* T:2:y=c*"},
		{"found late, and settled", "prepare T:1:y a, found S:1:x b, found T:1:x c, commit S:1:y, prepare T:2:y d, found U:1:x e, commit T:0:y", "", "T:1:x=c", "U:1:x=e T:1:y=a* T:2:y=d*"},

		{"discard", "prepare S:1:x a, prepare S:2:x b, discard, commit S:1:y", "S:1:x=a", "S:2:x=b", ""},
		{"discard, and numbers come again", "prepare S:1:x a, discard, prepare S:1:x b, commit S:0:x", "", "S:1:x=a", "S:1:x=b*"},
		{"discard, then found", "prepare S:1:x a, discard, found S:2:w b, prepare S:3:x c, commit T:0:x", "", "", "S:1:x=a S:2:w=b S:3:x=c*"},
		{"clear", "found S:1:x a, prepare S:2:x b, clear, commit S:9:y", "", "", ""},
		{"after clear", "found S:1:x a, clear, prepare S:2:y b, found S:3:x c, commit S:1:y", "", "S:3:x=c", "S:2:y=b*"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p Pending[string]
			var promoted, discarded []Prepared[string]
			for step := range strings.SplitSeq(c.steps, ", ") {
				words := append(strings.Fields(step), "", "")
				switch verb, value := words[0], words[2]; verb {
				case "found":
					p.Found(id(t, words[1]), value)
				case "prepare":
					p.Prepare(id(t, words[1]), value)
				case "commit":
					promoted, discarded = p.Commit(id(t, words[1]))
				case "discard":
					p.Discard()
				case "clear":
					p.Clear()
				}
			}
			if got := texts(promoted); got != c.promoted {
				t.Errorf("promoted %q, want %q", got, c.promoted)
			}
			if got := texts(discarded); got != c.discarded {
				t.Errorf("discarded %q, want %q", got, c.discarded)
			}
			if got := waiting(&p); got != c.thenWait {
				t.Errorf("then %q waits, want %q", got, c.thenWait)
			}
			if want := len(strings.Fields(c.thenWait)); p.Len() != want {
				t.Errorf("then %d wait, want %d", p.Len(), want)
			}
		})
	}
}

func TestPendingOwn(t *testing.T) {
	var p Pending[string]
	own := func() (values []string) {
		for _, one := range p.Left() {
			if one.Own {
				t.Errorf("%s is left by a run before", one.ID)
			}
		}
		for _, one := range p.Own() {
			values = append(values, one.Value)
		}
		if p.HasOwn() != (len(values) > 0) {
			t.Errorf("has own: %v, with %q", p.HasOwn(), values)
		}
		return values
	}
	p.Prepare(id(t, "S:1:y"), "a")
	p.Found(id(t, "T:1:x"), "b")
	p.Prepare(id(t, "S:2:y"), "c")
	if got := own(); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("got %q", got)
	}
	for source, want := range map[string]bool{"S": true, "T": true, "U": false} {
		if p.Waits(source) != want {
			t.Errorf("%s waits: %v", source, !want)
		}
	}
	for range p.Own() {
		break
	}
	p.Commit(id(t, "T:1:y"))
	if got := own(); !slices.Equal(got, []string{"a", "c"}) || p.Waits("T") {
		t.Errorf("after the Commit %q", got)
	}
	p.Discard()
	if got := own(); len(got) > 0 {
		t.Errorf("given up, but still %q", got)
	}
	left := 0
	for i, one := range p.Left() {
		if left++; one.Value != []string{"a", "c"}[i] {
			t.Errorf("%d: left is %q", i, one.Value)
		}
	}
	if left != 2 {
		t.Errorf("%d are left", left)
	}
}

// What a clone changes is not changed in the other one.
func TestPendingClone(t *testing.T) {
	var p Pending[string]
	p.Found(id(t, "S:1:x"), "a")
	p.Prepare(id(t, "S:2:y"), "b")
	c := p.Clone()
	for _, one := range c.All() {
		one.Value += "!"
	}
	if got, want := waiting(&c), "S:1:x=a! S:2:y=b!*"; got != want {
		t.Errorf("the clone has %q, want %q", got, want)
	}
	c.Commit(id(t, "S:1:y"))
	c.Discard()
	if got, want := waiting(&p), "S:1:x=a S:2:y=b*"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
