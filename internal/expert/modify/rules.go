package modify

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/regex"
	"github.com/intelpipe/intelpipe/internal/python/strformat"
)

// rules are compiled rules. Lists of them have hundreds that look at the same
// field in the same way, so each condition is kept once, and what it said of
// an event is remembered until the event changes.
type rules struct {
	list       []rule
	conditions []condition
	fields     []field

	event *event.Message
	round uint64 // grows with each event, and each rule that changed one
}

// loader compiles rules.
type loader struct {
	rules
	dictionary    *harmonization.Dictionary
	caseSensitive bool
	known         map[condition]int // without what is computed from the rest
	keys          map[string]int
}

type rule struct {
	name       string
	conditions []int // the cheap ones first
	actions    []action
}

// action sets a field to a value or, if there is a template, to its result.
type action struct {
	key      string
	value    harmonization.Value
	template *strformat.Template
}

// condition looks at one field: an expression is found, or the value is equal,
// or the field is absent.
type condition struct {
	field  int
	expr   string
	regex  *regex.Regexp
	equal  harmonization.Value
	absent bool

	round uint64 // when holds was found out
	holds bool
}

// field is one that conditions look at.
type field struct {
	key   string
	round uint64 // when the value was read
	value harmonization.Value
	text  string
	ok    bool
}

// begin forgets what is known of the event.
func (r *rules) begin(m *event.Message) {
	r.event = m
	r.round++
}

// hold reports whether all conditions of a rule hold.
func (r *rules) hold(rule *rule) (bool, error) {
	for _, i := range rule.conditions {
		c := &r.conditions[i]
		if c.round != r.round {
			holds, err := r.check(c)
			if err != nil {
				return false, err
			}
			c.holds, c.round = holds, r.round
		}
		if !c.holds {
			return false, nil
		}
	}
	return true, nil
}

func (r *rules) check(c *condition) (bool, error) {
	f := &r.fields[c.field]
	if c.absent {
		return !r.event.Has(f.key), nil
	}
	if f.round != r.round {
		f.value, f.ok = r.event.Value(f.key)
		f.text = f.value.Python()
		f.round = r.round
	}
	switch {
	case !f.ok || f.value.Kind == harmonization.Null:
		return false, nil
	case c.regex == nil:
		return f.value.Equal(c.equal), nil
	case f.value.Kind == harmonization.Compound:
		return false, fmt.Errorf("%s: an expression is searched for in a text, not in a list or an object: %s", f.key, plain.Clip(f.value.Text, 100))
	}
	return c.regex.MatchString(f.text), nil
}

// group returns what a group of the rule's expression for a field has found.
// It is null if the group took no part. The actions of the rule may have
// changed the field meanwhile; what counts is the value that was matched.
func (r *rules) group(rule *rule, key, name string) (harmonization.Value, bool) {
	for _, i := range rule.conditions {
		c := &r.conditions[i]
		f := &r.fields[c.field]
		if f.key != key || c.regex == nil {
			continue
		}
		at := c.regex.FindStringSubmatchIndex(f.text)
		n := groupNumber(c.regex, name)
		if at == nil || n < 0 {
			return harmonization.Value{}, false
		}
		if at[2*n] < 0 {
			return harmonization.Value{}, true
		}
		return harmonization.Text(f.text[at[2*n]:at[2*n+1]]), true
	}
	return harmonization.Value{}, false
}

func groupNumber(re *regex.Regexp, name string) int {
	if n, err := strconv.Atoi(name); err == nil {
		if n < 0 || n >= len(re.SubexpNames()) {
			return -1
		}
		return n
	}
	if name == "" {
		return -1
	}
	return slices.Index(re.SubexpNames(), name)
}

// maxRules bounds a file of rules, in bytes.
const maxRules = 16 << 20

// load reads and compiles a file of rules.
func load(path string, caseSensitive bool, d *harmonization.Dictionary) (*rules, error) {
	text, err := charset.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(text) > maxRules {
		return nil, fmt.Errorf("%s: more than %d MiB of rules", path, maxRules>>20)
	}
	if wrong := json.CheckOnce(string(text)); wrong != nil {
		var invalid bool
		head := bytes.TrimSpace(text)
		if text, invalid, err = yamlToJSON(text); err != nil && invalid && len(head) > 0 && head[0] == '[' {
			return nil, json.InFile(path, wrong) // it looks like JSON
		} else if err != nil {
			return nil, fmt.Errorf("%s:%w", path, err)
		}
	}
	r := &loader{dictionary: d, caseSensitive: caseSensitive, known: map[condition]int{}, keys: map[string]int{}}
	n := 0
	for element, err := range json.Elements(bytes.NewReader(text)) {
		n++
		if err != nil {
			return nil, fmt.Errorf("%s: a list of rules is expected: %w", path, err)
		}
		name, err := r.add(element.Text)
		if err != nil {
			return nil, fmt.Errorf("%s: rule %d%s: %w", path, n, name, err)
		}
	}
	return &r.rules, nil
}

// add compiles one rule. The name is for the error.
func (r *loader) add(text []byte) (name string, err error) {
	var object event.Object
	if err := object.Parse(text); err != nil {
		return "", fmt.Errorf("an object with rulename, if and then is expected: %w", err)
	}
	rule := rule{name: object.Get("rulename")}
	if rule.name != "" {
		name = fmt.Sprintf(" (%s)", rule.name)
	}
	for _, key := range []string{"rulename", "if", "then"} {
		if !object.Has(key) {
			return name, fmt.Errorf("%s is missing", key)
		}
	}
	var part event.Object
	if err := part.Parse([]byte(object.Value("if").Text)); err != nil {
		return name, fmt.Errorf("if: %w", err)
	}
	for key := range part.All {
		if err := r.check(key); err != nil {
			return name, fmt.Errorf("if: %w", err)
		}
		i, err := r.condition(key, part.Value(key))
		if err != nil {
			return name, fmt.Errorf("if: %s: %w", key, err)
		}
		rule.conditions = append(rule.conditions, i)
	}
	slices.SortStableFunc(rule.conditions, func(a, b int) int { return r.cost(a) - r.cost(b) })
	if err := part.Parse([]byte(object.Value("then").Text)); err != nil {
		return name, fmt.Errorf("then: %w", err)
	}
	for key := range part.All {
		a, err := r.action(&rule, key, part.Value(key))
		if err != nil {
			return name, fmt.Errorf("then: %s: %w", key, err)
		}
		rule.actions = append(rule.actions, a)
	}
	r.list = append(r.list, rule)
	return name, nil
}

func (r *rules) cost(i int) int {
	if r.conditions[i].regex != nil {
		return 1
	}
	return 0
}

// condition compiles a condition, unless there is one like it.
func (r *loader) condition(key string, v harmonization.Value) (int, error) {
	at, ok := r.keys[key]
	if !ok {
		at = len(r.fields)
		r.keys[key] = at
		r.fields = append(r.fields, field{key: key})
	}
	c := condition{field: at}
	switch {
	case v.Kind == harmonization.String && v.Text == "":
		c.absent = true
	case v.Kind == harmonization.String:
		c.expr = v.Text
	case v.Kind == harmonization.Null:
		return 0, errors.New(`null is the value of no field; "" wants the field to be absent`)
	default:
		c.equal = v
	}
	if i, ok := r.known[c]; ok {
		return i, nil
	}
	r.known[c] = len(r.conditions)
	if c.expr != "" {
		var err error
		if c.regex, err = regex.Compile(c.expr, !r.caseSensitive); err != nil {
			return 0, err
		}
	}
	r.conditions = append(r.conditions, c)
	return len(r.conditions) - 1, nil
}

// action compiles an action, and checks what can be checked before there is an
// event.
func (r *loader) action(rule *rule, key string, v harmonization.Value) (action, error) {
	a := action{key: key, value: v}
	if err := r.check(key); err != nil {
		return a, err
	}
	if v.Kind != harmonization.String {
		return a, r.fits(key, v)
	}
	t, err := strformat.Compile(v.Text, "msg", "matches")
	if err != nil {
		return a, err
	}
	for name, index := range t.Fields {
		switch {
		case name == "msg" && len(index) == 1:
			if err := r.check(index[0]); err != nil {
				return a, fmt.Errorf("{msg[%s]}: %w", index[0], err)
			}
		case name == "matches" && len(index) == 2:
			if err := r.checkGroup(rule, index[0], index[1]); err != nil {
				return a, err
			}
		default:
			return a, fmt.Errorf("{%s…}: {msg[FIELD]} or {matches[FIELD][GROUP]} is expected", name)
		}
	}
	if text, ok := t.Constant(); ok {
		a.value = harmonization.Text(text)
		return a, r.fits(key, a.value)
	}
	a.template = t
	return a, nil
}

// fits returns an error for a value that the field refuses: it would be one for
// each event.
func (r *loader) fits(key string, v harmonization.Value) error {
	f, err := r.dictionary.Field(harmonization.Event, key)
	if err != nil || v.Empty() { // a field of reports; nothing, which removes the field
		return nil
	}
	_, err = f.Sanitise(v)
	return err
}

// check returns an error for a name that no field has.
func (r *loader) check(key string) error {
	err := r.dictionary.Check(harmonization.Event, key)
	if err != nil && r.dictionary.Check(harmonization.Report, key) == nil {
		return nil
	}
	return err
}

func (r *rules) checkGroup(rule *rule, key, group string) error {
	for _, i := range rule.conditions {
		c := &r.conditions[i]
		if r.fields[c.field].key != key || c.regex == nil {
			continue
		}
		if groupNumber(c.regex, group) < 0 {
			return fmt.Errorf("{matches[%s][%s]}: the expression for %s has no such group", key, group, key)
		}
		return nil
	}
	return fmt.Errorf("{matches[%s][%s]}: the rule has no expression for %s", key, group, key)
}
