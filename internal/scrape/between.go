package scrape

import "fmt"

// Between returns the pieces of a page that stand between two texts or tags, as in
// "Recent domains" and "/tbody", where keep says so.
func Between(page, begin, end string, keep func(Piece) bool) (pieces []Piece, err error) {
	begun := false
	for p := range Pieces(page) {
		name := p.Value
		if p.Tag != "" {
			name = p.Tag
		}
		switch {
		case begun && name == end:
			return pieces, nil
		case begun && keep(p):
			pieces = append(pieces, p)
		case name == begin:
			begun = true
		}
	}
	if !begun {
		return nil, fmt.Errorf("the page has no %q", begin)
	}
	return nil, fmt.Errorf("the page has no %q behind %q", end, begin)
}
