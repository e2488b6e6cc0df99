package schema

import (
	"bytes"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	// maxWork bounds one check; a unit is about one look at one value by one
	// subschema.
	maxWork = 1_000_000
	// maxNesting bounds how deep a check recurses: levels of the data times the
	// schema's chain. Each takes up to 1.7 KB of stack.
	maxNesting = 20_000
)

// Mismatch says where data does not match a schema, and why. It repeats names of
// members, but no values of the data.
type Mismatch struct { //nolint:errname // an answer about data, not a failure
	Place  string // JSON pointer into the data; "" = the whole
	Reason string
}

// Error gives place and reason.
func (m *Mismatch) Error() string {
	if m.Place == "" {
		return m.Reason
	}
	return "at " + m.Place + ": " + m.Reason
}

// Check checks one JSON value, which must be valid JSON of bounded depth. Its
// error is a *Mismatch: the data does not match, or finding out would be too
// much work. Numbers are compared exactly, digit by digit. budget is what several
// checks may cost together; nil = this one has its own.
func (s *Schema) Check(text []byte, budget *Budget) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return &Mismatch{Reason: "it is no JSON"}
	}
	if at, ok := hugeNumber(v, nil); ok {
		return &Mismatch{Place: pointer(at), Reason: tooManyDigits}
	}
	if d := depth(v); d*s.chain > maxNesting {
		return &Mismatch{Reason: fmt.Sprintf("it is nested %d levels deep; this schema can check %d", d, maxNesting/s.chain)}
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	s.meter.left = maxWork
	if budget != nil {
		s.meter.left = min(maxWork, budget.left)
		defer func(before int) { budget.left -= before - max(s.meter.left, 0) }(s.meter.left)
	}
	valid := false
	if !s.meter.within(func() { valid = s.matches(s.root, v) }) {
		return &Mismatch{Reason: "to check it is too much work; simplify the schema, or publish less at once"}
	}
	if valid {
		return nil
	}
	return s.explain(v)
}

// Budget bounds the work of several checks together.
type Budget struct{ left int }

// NewBudget gives the budget of one request with many checks: four times that
// of one.
func NewBudget() *Budget { return &Budget{left: 4 * maxWork} }

// matches says whether a value matches a subschema. It is asked by way of
// "not", so that the library collects no errors: those of much data would be
// many times its size.
func (s *Schema) matches(sub *jsonschema.Schema, v any) bool {
	probe := *s.probe
	probe.Not = sub
	return probe.Validate(v) != nil
}
