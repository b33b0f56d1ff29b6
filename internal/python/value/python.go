package value

import (
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/python/number"
)

func (n *Node) appendRepr(dst []byte) []byte {
	if n.Value.Kind != Compound {
		return n.Value.AppendRepr(dst)
	}
	open, end := byte('{'), byte('}')
	if n.List {
		open, end = '[', ']'
	}
	dst = append(dst, open)
	for i := range n.Items {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if !n.List {
			dst = append(appendRepr(dst, n.Keys[i]), ": "...)
		}
		dst = n.Items[i].appendRepr(dst)
	}
	return append(dst, end)
}

// appendDumps appends json.dumps(n, sort_keys=sorted): only ASCII, a blank after colon
// and comma, numbers in the form of repr.
func (n *Node) appendDumps(dst []byte, sorted bool) []byte {
	switch {
	case n.Value.Kind == String:
		return appendString(dst, n.Value.Text)
	case n.Value.Kind == Number:
		return number.Append(dst, n.Value.Text)
	case n.Value.Kind != Compound:
		return n.Value.AppendJSON(dst)
	case n.List:
		dst = append(dst, '[')
		for i := range n.Items {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = n.Items[i].appendDumps(dst, sorted)
		}
		return append(dst, ']')
	}
	order := make([]int, len(n.Keys))
	for i := range order {
		order[i] = i
	}
	if sorted {
		slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(n.Keys[a], n.Keys[b]) })
	}
	dst = append(dst, '{')
	for i, at := range order {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(appendString(dst, n.Keys[at]), ": "...)
		dst = n.Items[at].appendDumps(dst, sorted)
	}
	return append(dst, '}')
}

// Python returns str(v).
func (v Value) Python() string {
	switch v.Kind {
	case String:
		return v.Text
	case Number:
		if number.CanonicalInt(v.Text) || number.CanonicalFloat(v.Text) {
			return v.Text
		}
	case Boolean:
		if v.Text == "true" {
			return "True"
		}
		return "False"
	case Null:
		return "None"
	}
	return string(v.AppendRepr(nil))
}

// AppendRepr appends repr(v).
func (v Value) AppendRepr(dst []byte) []byte {
	switch v.Kind {
	case Null:
		return append(dst, "None"...)
	case Boolean:
		if v.Text == "true" {
			return append(dst, "True"...)
		}
		return append(dst, "False"...)
	case Number:
		return number.Append(dst, v.Text)
	case String:
		return appendRepr(dst, v.Text)
	}
	n, ok := Parse(v.Text)
	if !ok {
		return appendRepr(dst, v.Text)
	}
	return n.appendRepr(dst)
}

// Dumps returns json.dumps(v, sort_keys=True): only ASCII, a blank after colon and
// comma, numbers in the form of repr. The Text of a Compound that is not JSON comes
// back unchanged.
func (v Value) Dumps() string { return v.dumps(true) }

// DumpsInOrder is [Value.Dumps] without sort_keys: members stay in their order.
func (v Value) DumpsInOrder() string { return v.dumps(false) }

// DumpsInOrder returns json.dumps(n).
func (n *Node) DumpsInOrder() string { return string(n.appendDumps(nil, false)) }

func (v Value) dumps(sorted bool) string {
	switch v.Kind {
	case String:
		return string(appendString(nil, v.Text))
	case Compound:
		if n, ok := Parse(v.Text); ok {
			return string(n.appendDumps(nil, sorted))
		}
	case Number:
		return string(number.Append(nil, v.Text))
	}
	return string(v.AppendJSON(nil))
}
