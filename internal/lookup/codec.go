package lookup

import (
	"encoding/json"
	"errors"
	"strings"
)

// Codec is how keys and answers stand in a cache. A command that has a
// counterpart in IntelMQ says what that keeps in Redis, see Lookup.InRedis.
type Codec[A any] struct {
	Key    func(key string) string                             // nil is the key itself
	Encode func(answer A, found bool) (text string, keep bool) // nil is JSON, and null for none
	Decode func(text string) (answer A, found bool, err error) // an error is an answer that is not there
}

// asJSON adds what a codec leaves out.
func (c Codec[A]) asJSON() Codec[A] {
	if c.Key == nil {
		c.Key = func(key string) string { return key }
	}
	if c.Encode == nil {
		c.Encode = func(answer A, found bool) (string, bool) {
			if !found {
				return "null", true
			}
			text, err := json.Marshal(answer)
			return string(text), err == nil
		}
	}
	if c.Decode == nil {
		c.Decode = func(text string) (answer A, found bool, err error) {
			if text == "null" {
				return answer, false, nil
			}
			return answer, true, json.Unmarshal([]byte(text), &answer)
		}
	}
	return c
}

// inFiles is the codec of the file, which many lookups may have: of each command,
// and of each by its name.
func inFiles[A any](command, what string) Codec[A] {
	plain := Codec[A]{}.asJSON()
	return Codec[A]{
		Key: func(key string) string { return command + "\n" + what + "\n" + key },
		Encode: func(answer A, found bool) (string, bool) {
			if !found {
				return "-", true
			}
			text, keep := plain.Encode(answer, true)
			return "+" + text, keep
		},
		Decode: func(text string) (answer A, found bool, err error) {
			switch value, ok := strings.CutPrefix(text, "+"); {
			case ok:
				return answer, true, json.Unmarshal([]byte(value), &answer)
			case text == "-":
				return answer, false, nil
			}
			return answer, false, errors.New("not an answer")
		},
	}
}
