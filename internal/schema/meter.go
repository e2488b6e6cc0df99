package schema

import (
	"encoding/json"
	"errors"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// meter counts the work of a check and ends it when there was enough. The
// library has neither a limit nor a context, but it asks a schema's format about
// every value before it looks into it; that is where each subschema has a node
// of ours.
type meter struct{ left int }

// errTooMuch is what a check that costs too much panics with.
var errTooMuch = errors.New("schema: too much work")

func (m *meter) charge(units int) {
	if m.left -= units; m.left < 0 {
		panic(errTooMuch) // the only way out of the library; within recovers it
	}
}

// within runs f and says whether it ended within what is left.
func (m *meter) within(f func()) (enough bool) {
	defer func() {
		if cause := recover(); cause != nil {
			if cause != errTooMuch { //nolint:errorlint // a panic's value, compared with itself
				panic(cause)
			}
			enough = false
		}
	}()
	f()
	return true
}

// node stands in for the format of one subschema: it charges what looking at a
// value will cost, and checks enum, const and the format itself. The library
// compares a value with each member of an enum in turn, before anything could be
// charged for it.
type node struct {
	meter   *meter
	schema  *jsonschema.Schema
	format  *jsonschema.Format
	allowed []*valueSet
	weight  int // of the lists that are gone through for every value
}

var (
	errNotAllowed = errors.New("it is none of the values that are allowed")
	errFormat     = errors.New("format")
)

type formatError struct{ name string }

func (e *formatError) Error() string { return "it is no " + e.name }
func (e *formatError) Unwrap() error { return errFormat }

func newNode(m *meter, s *jsonschema.Schema) *node {
	n := &node{meter: m, schema: s, format: s.Format}
	if s.Const != nil {
		n.allowed = append(n.allowed, newValueSet([]any{*s.Const}))
	}
	if s.Enum != nil {
		n.allowed = append(n.allowed, newValueSet(s.Enum.Values))
	}
	n.weight = 1 + len(s.Required)/4 + len(s.AllOf) + len(s.AnyOf) + len(s.OneOf) + len(s.PrefixItems)/4 +
		len(s.Dependencies) + len(s.DependentSchemas) + len(s.DependentRequired)
	for _, names := range s.DependentRequired {
		n.weight += len(names) / 4
	}
	for _, d := range s.Dependencies {
		if names, ok := d.([]string); ok {
			n.weight += len(names) / 4
		}
	}
	s.Const, s.Enum = nil, nil
	s.Format = &jsonschema.Format{Name: "ringback", Validate: n.check}
	return n
}

// check is called by the library with every value that has the right type.
func (n *node) check(v any) error {
	n.meter.charge(n.weight)
	switch v := v.(type) {
	case map[string]any:
		n.meter.charge(len(v) * (1 + len(n.schema.PatternProperties)))
	case []any:
		n.meter.charge(len(v))
		if n.schema.UniqueItems {
			n.meter.charge(size(v))
		}
	case string:
		n.meter.charge(len(v) / 64)
	case json.Number:
		n.meter.charge(2 + len(v)/16)
	}
	for _, set := range n.allowed {
		if !set.has(n.meter, v) {
			return errNotAllowed
		}
	}
	return n.checkFormat(v)
}

// checkFormat checks a string's format. The library's formats are linear in its
// length, but for regex.
func (n *node) checkFormat(v any) error {
	text, isText := v.(string)
	if n.format == nil || !isText {
		return nil
	}
	n.meter.charge(1 + len(text)/16)
	var err error
	if n.format.Name == "regex" {
		_, err = readPattern(text)
	} else {
		err = n.format.Validate(v)
	}
	if err != nil {
		return &formatError{n.format.Name}
	}
	return nil
}
