package scan

// MaxMembers is how many members an object may have. One takes 28 bytes while
// it is in memory: without a limit a line of 16 MiB, which holds more than three
// million empty ones, would take many times its size in every stage.
const MaxMembers = 1 << 20

// TooMany is what is wrong with an object that has more.
const TooMany = "more than 1048576 fields"

// Member is one member of an object: `"key":value` is Buf[Start:End], the value
// begins at Value. The unescaped key is Buf[Key:Key+KeyLen].
type Member struct {
	Start, Value, End uint32
	Key, KeyLen       uint32
	Mark              uint32 // of the key, see Mark
	// Seq numbers members in the order of their text in Buf. Neighbours with
	// consecutive numbers are also neighbours in Buf, and the comma is between
	// them.
	Seq uint32
}

// Mark tells most keys apart at a glance: by their length and three of their
// characters.
func Mark[T string | []byte](key T) uint32 {
	n := len(key)
	if n < 3 {
		return uint32(n)
	}
	return uint32(n) | uint32(key[n-1])<<8 | uint32(key[n-3])<<16 | uint32(key[n/2])<<24
}

// Marks remembers roughly which marks a message has: it may say yes to one
// that is not there, but never no to one that is. Most keys that are looked up
// are not there, and most that are added are new.
type Marks [8]uint64

func (*Marks) place(mark uint32) (word int, bit uint64) {
	h := mark * 0x9e3779b1
	return int(h >> 29), 1 << (h >> 23 & 63)
}

// Has says whether the mark may be there.
func (s *Marks) Has(mark uint32) bool {
	word, bit := s.place(mark)
	return s[word]&bit != 0
}

// Add reports whether the mark may have been there before.
func (s *Marks) Add(mark uint32) bool {
	word, bit := s.place(mark)
	had := s[word]&bit != 0
	s[word] |= bit
	return had
}
