package json

// AppendSpaced writes JSON with its white space as Python writes it: one
// blank behind each comma and colon, and none elsewhere.
func AppendSpaced(dst, text []byte) []byte {
	quoted := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted:
			dst = append(dst, c)
			if c == '\\' {
				i++
				dst = append(dst, text[i])
			}
			quoted = c != '"'
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		case c == ',' || c == ':':
			dst = append(dst, c, ' ')
		default:
			dst = append(dst, c)
			quoted = c == '"'
		}
	}
	return dst
}
