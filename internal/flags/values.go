package flags

import (
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// typed is a value of the configuration file that is no string.
type typed string

// mappers make values of text.
func mappers() []kong.Option {
	return []kong.Option{
		kong.TypeMapper(reflect.TypeFor[[]string](), kong.MapperFunc(listMapper)),
		kong.TypeMapper(reflect.TypeFor[stage.Object](), kong.MapperFunc(objectMapper)),
		kong.TypeMapper(reflect.TypeFor[stage.Secret](), kong.MapperFunc(secretMapper)),
		kong.TypeMapper(reflect.TypeFor[harmonization.Value](), kong.MapperFunc(valueMapper)),
		kong.TypeMapper(reflect.TypeFor[stage.Value](), kong.MapperFunc(fieldValueMapper)),
		kong.TypeMapper(reflect.TypeFor[[]float64](), kong.MapperFunc(numbersMapper)),
		kong.KindMapper(reflect.Bool, kong.MapperFunc(boolMapper)),
		kong.KindMapper(reflect.Int, kong.MapperFunc(intMapper)),
		kong.KindMapper(reflect.Int64, kong.MapperFunc(intMapper)),
		kong.KindMapper(reflect.Float64, kong.MapperFunc(floatMapper)),
	}
}

// text pops a flag's value as text.
func text(ctx *kong.DecodeContext) string { return fmt.Sprint(ctx.Scan.Pop().Value) }

// listMapper reads a,b,c or, where an element holds a comma, ["a","b,c"]. A
// flag tagged sep:"none" takes its value as one element.
func listMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	if ctx.Value.Flag == nil { // arguments
		list := []string{}
		for token := ctx.Scan.Pop(); !token.IsEOL(); token = ctx.Scan.Pop() {
			list = append(list, fmt.Sprint(token.Value))
		}
		target.Set(reflect.ValueOf(list))
		return nil
	}
	s := text(ctx)
	if ctx.Value.Tag.Sep == -1 {
		target.Set(reflect.ValueOf(append(target.Interface().([]string), s)))
		return nil
	}
	list, err := elements(s)
	target.Set(reflect.ValueOf(list))
	return err
}

// elements reads a comma list or a JSON array.
func elements(s string) ([]string, error) {
	list := []string{}
	switch {
	case strings.HasPrefix(s, "["):
		var items []any
		if err := json.Unmarshal([]byte(s), &items); err != nil {
			return list, fmt.Errorf("a comma list or a JSON array is expected: %w", err)
		}
		for _, item := range items {
			list = append(list, fmt.Sprint(item))
		}
	case s != "":
		list = strings.Split(s, ",")
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
		}
	}
	return list, nil
}

// numbersMapper reads a list of numbers.
func numbersMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	list, err := elements(text(ctx))
	if err != nil {
		return err
	}
	numbers := make([]float64, len(list))
	for i, s := range list {
		if numbers[i], err = number(s); err != nil {
			return err
		}
	}
	target.Set(reflect.ValueOf(numbers))
	return nil
}

func number(s string) (float64, error) {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		return 0, fmt.Errorf("%s: a number is expected", plain.Quote(s))
	}
	return n, nil
}

func floatMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	n, err := number(text(ctx))
	target.SetFloat(n)
	return err
}

func intMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	s := text(ctx)
	n, err := strconv.ParseInt(s, 10, target.Type().Bits())
	if errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%s: this number is too large", plain.Quote(s))
	} else if err != nil {
		return fmt.Errorf("%s: a whole number is expected", plain.Quote(s))
	}
	target.SetInt(n)
	return nil
}

func boolMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	s := text(ctx)
	switch strings.ToLower(s) {
	case "true", "yes", "on", "1":
		target.SetBool(true)
	case "false", "no", "off", "0":
		target.SetBool(false)
	default:
		return fmt.Errorf("%s: true or false is expected", plain.Quote(s))
	}
	return nil
}

// objectMapper reads json:{…}.
func objectMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	s := text(ctx)
	if err := checkJSON(s); err != nil {
		return err
	}
	var value any
	if err := json.Unmarshal([]byte(strings.TrimPrefix(s, "json:")), &value); err != nil {
		return err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: an object is expected, json:{…}", plain.Quote(s))
	}
	target.Set(reflect.ValueOf(stage.Object(object)))
	return nil
}

// checkJSON looks at a JSON document that may stand behind json:. Columns count
// from the beginning of the flag's value.
func checkJSON(s string) error {
	literal := strings.TrimPrefix(s, "json:")
	err := json.Check(literal)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) && syntax.Line == 1 {
		syntax.Column += len(s) - len(literal)
	}
	return err
}

// valueMapper reads a string, or after json: a value of any type.
func valueMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	v, err := fieldValue(ctx)
	target.Set(reflect.ValueOf(v.Value))
	return err
}

// fieldValueMapper also says whether the value has its type already.
func fieldValueMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	v, err := fieldValue(ctx)
	target.Set(reflect.ValueOf(v))
	return err
}

func fieldValue(ctx *kong.DecodeContext) (v stage.Value, err error) {
	token := ctx.Scan.Pop()
	s := fmt.Sprint(token.Value)
	literal, isJSON := strings.CutPrefix(s, "json:")
	if _, ok := token.Value.(typed); ok {
		literal, isJSON = s, true
	}
	if !isJSON {
		return stage.Value{Value: harmonization.Text(s)}, nil
	}
	if err := checkJSON(s); err != nil {
		return v, err
	}
	v.Typed = true
	v.Value, err = event.ParseValue(literal)
	return v, err
}

// secretMapper reads the file that the flag names. From the environment the
// secret comes as it is.
func secretMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	token := ctx.Scan.Pop()
	secret, ok := token.Value.(stage.Secret)
	if !ok {
		data, err := os.ReadFile(fmt.Sprint(token.Value))
		if err != nil {
			return err
		}
		secret = stage.Secret(strings.TrimRight(string(data), "\r\n"))
	}
	target.Set(reflect.ValueOf(secret))
	return nil
}
