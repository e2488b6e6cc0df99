package schema

import (
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// maxExponent bounds numbers, in decimal digits of each side of the point: the
// library computes with fractions as long as the number written out.
const maxExponent = 1000

const tooManyDigits = "the number has more than 1000 digits when it is written out"

// depth is how many arrays and objects are nested in one another.
func depth(v any) int {
	deepest := 0
	switch v := v.(type) {
	case map[string]any:
		for _, member := range v {
			deepest = max(deepest, depth(member))
		}
	case []any:
		for _, item := range v {
			deepest = max(deepest, depth(item))
		}
	default:
		return 0
	}
	return 1 + deepest
}

// size counts the values within a value, and their text.
func size(v any) int {
	n := 1
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			n += 1 + len(name)/16 + size(member)
		}
	case []any:
		for _, item := range v {
			n += size(item)
		}
	case string:
		n += len(v) / 16
	case json.Number:
		n += len(v) / 4
	}
	return n
}

// hugeNumber finds a number that is too long to compute with.
func hugeNumber(v any, at []string) (place []string, found bool) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if place, found = hugeNumber(v[name], append(at, name)); found {
				return place, true
			}
		}
	case []any:
		for i, item := range v {
			if place, found = hugeNumber(item, append(at, index(i))); found {
				return place, true
			}
		}
	case json.Number:
		return at, huge(string(v))
	}
	return nil, false
}

func huge(number string) bool {
	digits, exponent, ok := strings.Cut(strings.ToLower(number), "e")
	if !ok {
		return len(digits) > maxExponent
	}
	n, err := strconv.Atoi(exponent)
	return err != nil || len(digits) > maxExponent || n > maxExponent || n < -maxExponent
}

func index(i int) string { return strconv.Itoa(i) }

// valueSet is what an enum allows.
type valueSet struct {
	values    map[string]bool // in canonical form
	composite bool            // there is an object or an array among them
}

func newValueSet(values []any) *valueSet {
	s := &valueSet{values: make(map[string]bool, len(values))}
	for _, v := range values {
		s.values[string(appendCanonical(nil, v))] = true
		s.composite = s.composite || isComposite(v)
	}
	return s
}

func isComposite(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// has says whether a value is in the set.
func (s *valueSet) has(m *meter, v any) bool {
	if isComposite(v) && !s.composite {
		return false
	}
	m.charge(size(v))
	return s.values[string(appendCanonical(nil, v))]
}

// appendCanonical writes a value such that equal ones are written alike: members
// by name, numbers by what they are worth.
func appendCanonical(b []byte, v any) []byte {
	switch v := v.(type) {
	case map[string]any:
		b = append(b, '{')
		for _, name := range slices.Sorted(maps.Keys(v)) {
			b = append(strconv.AppendQuote(b, name), ':')
			b = append(appendCanonical(b, v[name]), ',')
		}
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for _, item := range v {
			b = append(appendCanonical(b, item), ',')
		}
		return append(b, ']')
	case string:
		return strconv.AppendQuote(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	case json.Number:
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return strconv.AppendInt(b, n, 10)
		}
		r, _ := new(big.Rat).SetString(string(v)) // it is JSON, and not huge
		return append(b, r.RatString()...)
	}
	return append(b, "null"...)
}
