package event

import "encoding/binary"

// Fingerprint tells events apart in 64 bits, by all fields but time.observation and
// whatever the order of the fields is. It is that of Hash.
func (m *Message) Fingerprint() uint64 {
	sum := m.Hash(nil, false)
	return binary.BigEndian.Uint64(sum[:8])
}
