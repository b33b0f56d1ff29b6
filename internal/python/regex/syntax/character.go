package syntax

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

func isOctal(r rune) bool { return '0' <= r && r <= '7' }

func isHex(r rune) bool { return isDigit(r) || 'a' <= r|0x20 && r|0x20 <= 'f' }

func isLetter(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' }
