package json

import "errors"

// ErrTooDeep is the error for a value beyond MaxDepth.
var ErrTooDeep = errors.New(TooDeep)

// AppendCompact appends a valid value without the white space around its tokens,
// so that it is one line whatever it was. It fails for a value that is nested
// deeper than levels.
func AppendCompact[T string | []byte](dst []byte, text T, levels int) ([]byte, error) {
	start, level := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			if level++; level > levels {
				return dst, ErrTooDeep
			}
		case '}', ']':
			level--
		case ' ', '\t', '\r', '\n':
			dst = append(dst, text[start:i]...)
			start = i + 1
		}
	}
	return append(dst, text[start:]...), nil
}
