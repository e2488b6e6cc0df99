package schema

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

const noMatch = "it does not match the schema"

// explain finds out why a value does not match: it goes from the root to a
// subschema and a value that do not match for a reason of their own. The same
// data gets the same answer always, which the library's maps do not give.
func (s *Schema) explain(v any) *Mismatch {
	e := &explanation{Schema: s, sub: s.root, value: v, reason: noMatch}
	s.meter.within(func() {
		for e.descend() {
		}
	})
	return &Mismatch{Place: pointer(e.at), Reason: e.reason}
}

// explanation is where the search stands: value, at that place, does not match
// sub.
type explanation struct {
	*Schema

	sub    *jsonschema.Schema
	value  any
	at     []string
	reason string
}

// descend takes a step, or settles the reason.
func (e *explanation) descend() (further bool) {
	if e.sub.Bool != nil {
		e.reason = "nothing is allowed here"
		return false
	}
	if reason := own(e.sub, e.value); reason != "" {
		e.reason = reason
		return false
	}
	switch v := e.value.(type) {
	case map[string]any:
		if done, further := e.intoObject(v); done {
			return further
		}
	case []any:
		for i, item := range v {
			for _, sub := range itemSchemas(e.sub, i) {
				if e.into(sub, item, index(i)) {
					return true
				}
			}
		}
	}
	if e.same() {
		return true
	}
	e.reason = combined(e.sub)
	return false
}

// into goes to a subschema that a value does not match.
func (e *explanation) into(sub *jsonschema.Schema, v any, token ...string) bool {
	if sub == nil || e.matches(sub, v) {
		return false
	}
	e.sub, e.value, e.at = sub, v, append(e.at, token...)
	return true
}

func (e *explanation) intoObject(v map[string]any) (done, further bool) {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		sub, known := e.sub.Properties[name]
		if known && e.into(sub, v[name], name) {
			return true, true
		}
		for _, pattern := range sortedPatterns(e.sub) {
			if !pattern.MatchString(name) {
				continue
			}
			if known = true; e.into(e.sub.PatternProperties[pattern], v[name], name) {
				return true, true
			}
		}
		if known {
			continue
		}
		switch additional := e.sub.AdditionalProperties.(type) {
		case bool:
			if !additional {
				e.at, e.reason = append(e.at, name), "the schema has no such member"
				return true, false
			}
		case *jsonschema.Schema:
			if e.into(additional, v[name], name) {
				return true, true
			}
		}
	}
	return false, false
}

func sortedPatterns(s *jsonschema.Schema) []jsonschema.Regexp {
	return slices.SortedFunc(maps.Keys(s.PatternProperties), func(a, b jsonschema.Regexp) int {
		return strings.Compare(a.String(), b.String())
	})
}

// itemSchemas lists what an item of an array must match.
func itemSchemas(s *jsonschema.Schema, i int) []*jsonschema.Schema {
	switch items := s.Items.(type) {
	case *jsonschema.Schema:
		return []*jsonschema.Schema{items}
	case []*jsonschema.Schema:
		if i < len(items) {
			return items[i : i+1]
		}
		if additional, ok := s.AdditionalItems.(*jsonschema.Schema); ok {
			return []*jsonschema.Schema{additional}
		}
		return nil
	}
	if i < len(s.PrefixItems) {
		return s.PrefixItems[i : i+1]
	}
	return []*jsonschema.Schema{s.Items2020}
}

// same goes to a subschema for the same value.
func (e *explanation) same() bool {
	s := e.sub
	candidates := append([]*jsonschema.Schema{s.Ref}, s.AllOf...)
	if s.If != nil {
		if e.matches(s.If, e.value) {
			candidates = append(candidates, s.Then)
		} else {
			candidates = append(candidates, s.Else)
		}
	}
	if v, ok := e.value.(map[string]any); ok {
		for _, name := range slices.Sorted(maps.Keys(s.DependentSchemas)) {
			if _, given := v[name]; given {
				candidates = append(candidates, s.DependentSchemas[name])
			}
		}
	}
	for _, sub := range candidates {
		if e.into(sub, e.value) {
			return true
		}
	}
	return false
}

// own says what is wrong with a value by a schema's own keywords, those that
// have no subschemas; "" = nothing.
func own(s *jsonschema.Schema, v any) string {
	alone := *s
	alone.Ref, alone.RecursiveRef, alone.DynamicRef = nil, nil, nil
	alone.Not, alone.AllOf, alone.AnyOf, alone.OneOf = nil, nil, nil, nil
	alone.If, alone.Then, alone.Else = nil, nil, nil
	alone.PropertyNames, alone.Properties, alone.PatternProperties = nil, nil, nil
	alone.AdditionalProperties, alone.Dependencies, alone.DependentSchemas = nil, nil, nil
	alone.UnevaluatedProperties, alone.UnevaluatedItems = nil, nil
	alone.Contains, alone.MinContains, alone.MaxContains = nil, nil, nil
	alone.Items, alone.AdditionalItems, alone.PrefixItems, alone.Items2020 = nil, nil, nil, nil
	err, failed := errors.AsType[*jsonschema.ValidationError](alone.Validate(v))
	if !failed || len(err.Causes) == 0 {
		return ""
	}
	return cut(reasonOf(err.Causes[0]))
}

// reasonOf puts one error of the library in words, without the value.
func reasonOf(e *jsonschema.ValidationError) string {
	switch k := e.ErrorKind.(type) {
	case *kind.Type:
		return "it is of the type " + k.Got + ", not " + strings.Join(k.Want, " or ")
	case *kind.Required:
		return "it has no member " + strconv.Quote(k.Missing[0])
	case *kind.Pattern:
		return "it does not match the pattern " + strconv.Quote(k.Want)
	case *kind.Format:
		if k.Want == "ringback" {
			return k.Err.Error()
		}
		return fmt.Sprintf("it is no %s: %v", k.Want, k.Err)
	}
	_, text, _ := strings.Cut(e.Error(), "': ")
	return text
}

// combined names the keywords with subschemas that may be at fault.
func combined(s *jsonschema.Schema) string {
	switch {
	case s.AnyOf != nil:
		return "it matches none of the schemas of anyOf"
	case s.OneOf != nil:
		return "it does not match exactly one of the schemas of oneOf"
	case s.Not != nil:
		return "it matches the schema of not"
	case s.Contains != nil:
		return "it has too few or too many items that match contains"
	case s.AdditionalItems == false:
		return "it has more items than the schema allows"
	case s.PropertyNames != nil:
		return "the name of a member does not match propertyNames"
	}
	return noMatch
}
