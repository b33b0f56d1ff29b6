package constituencies

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
)

// json reads objects, one after the other or in an array.
func (r *reader) json(in io.Reader) error {
	var o event.Object
	var cells []cell
	for e, err := range json.Documents(in) {
		at := place{e.Line, e.Column}
		r.locate = func(offset int) place {
			line, column := e.Place(offset)
			return place{line, column}
		}
		var syntax *event.SyntaxError
		switch {
		case err != nil && strings.HasPrefix(err.Error(), r.path+":"):
			return err // of charset, with the place
		case err != nil:
			return r.wrong(at, err)
		}
		if err := o.Parse(e.Text); errors.As(err, &syntax) {
			return r.wrong(r.locate(syntax.Offset), err)
		} else if err != nil {
			return r.wrong(at, err)
		}
		cells = cells[:0]
		for key, text := range o.All {
			offset := cap(o.Text()) - cap(text) // in the object: both are parts of one text
			if _, _, err := Fields(r.dictionary, key); err != nil && !IsKey(key) {
				return r.wrong(r.locate(offset), err)
			}
			if text[0] != '[' || !IsKey(key) {
				cells = append(cells, cell{key, o.Value(key), offset})
				continue
			}
			for one, err := range json.Elements(bytes.NewReader(text)) {
				if err != nil {
					return r.wrong(r.locate(offset), err)
				}
				at := offset
				if one.Line == 1 {
					at += one.Column - 1
				}
				cells = append(cells, cell{key, harmonization.JSON(string(one.Text)), at})
			}
		}
		if err := r.add(at, cells); err != nil {
			return err
		}
	}
	return nil
}
