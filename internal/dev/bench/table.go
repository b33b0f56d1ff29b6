package bench

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// writeTable writes rows in columns as wide as their widest cell, two blanks
// apart. The letters of align, l or r, say to which side the cells of a column
// go: text to the left, figures to the right.
func writeTable(w io.Writer, align string, rows [][]string) error {
	var width []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i > 0 {
				line.WriteString("  ")
			}
			if align[i] == 'l' {
				line.WriteString(cell + pad)
			} else {
				line.WriteString(pad + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (b bar) String() string {
	switch b.sense {
	case atMost:
		return fmt.Sprintf("≤ %.4g", b.limit)
	case below:
		return fmt.Sprintf("< %.4g", b.limit)
	case shown:
		return "none"
	}
	return fmt.Sprintf("≥ %.4g", b.limit)
}
