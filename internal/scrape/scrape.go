// Package scrape reads pages of the web: their tags and texts, one after the other, each
// with the line of the source that it stands in, or the elements of a tree.
package scrape

import (
	"iter"
	"strings"

	"golang.org/x/net/html"
)

// Piece is a tag or a line of text.
type Piece struct {
	Tag   string // in lower case; of an end tag with a slash before it, of text ""
	Value string // the text, trimmed and never empty, or the attribute value of a tag
	Line  string // trimmed
}

// maxLine is how long a line may be that is worth keeping, in bytes. Pages that are
// written in one line would be kept with each of their pieces.
const maxLine = 4 << 10

// Pieces yields the pieces of a page. Comments and blank text are left out.
func Pieces(page string) iter.Seq[Piece] {
	return func(yield func(Piece) bool) {
		z := html.NewTokenizer(strings.NewReader(page))
		for at := 0; ; {
			kind, source := z.Next(), string(z.Raw())
			begin := at
			at += len(source)
			switch token := z.Token(); kind {
			case html.ErrorToken:
				return
			case html.StartTagToken, html.SelfClosingTagToken:
				p := Piece{Tag: token.Data, Line: line(page, begin, at)}
				for _, a := range token.Attr {
					if a.Key == "value" {
						p.Value = a.Val
					}
				}
				if !yield(p) {
					return
				}
			case html.EndTagToken:
				if !yield(Piece{Tag: "/" + token.Data, Line: line(page, begin, at)}) {
					return
				}
			case html.TextToken:
				for part := range strings.Lines(source) {
					end := begin + len(part)
					text := strings.TrimSpace(html.UnescapeString(part))
					if text != "" && !yield(Piece{Value: text, Line: line(page, begin, end)}) {
						return
					}
					begin = end
				}
			}
		}
	}
}

// line is what stands around a piece in its lines, or the piece alone if that is long.
func line(page string, begin, end int) string {
	if begin < end && page[end-1] == '\n' {
		end--
	}
	before := page[max(0, begin-maxLine):begin]
	behind := page[end:min(len(page), end+maxLine)]
	before = before[strings.LastIndexByte(before, '\n')+1:]
	behind, _, _ = strings.Cut(behind, "\n")
	if len(before)+len(behind) >= maxLine {
		return strings.TrimSpace(page[begin:end])
	}
	return strings.TrimSpace(before + page[begin:end] + behind)
}
