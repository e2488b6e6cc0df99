package schema

import (
	"net/url"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// install gives every subschema that can be reached a node, and lists them.
func install(m *meter, roots []*jsonschema.Schema) (all []*jsonschema.Schema) {
	seen := make(map[*jsonschema.Schema]bool)
	queue := roots
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if s == nil || seen[s] {
			continue
		}
		seen[s] = true
		all = append(all, s)
		queue = append(queue, subschemas(s)...)
		if s.Bool == nil {
			newNode(m, s)
		}
	}
	return all
}

// subschemas lists what a schema refers to; some may be nil.
func subschemas(s *jsonschema.Schema) []*jsonschema.Schema {
	all := []*jsonschema.Schema{
		s.Ref, s.RecursiveRef, s.Not, s.If, s.Then, s.Else, s.PropertyNames, s.UnevaluatedProperties,
		s.Contains, s.Items2020, s.UnevaluatedItems, s.ContentSchema,
	}
	if s.DynamicRef != nil {
		all = append(all, s.DynamicRef.Ref)
	}
	for _, list := range [][]*jsonschema.Schema{s.AllOf, s.AnyOf, s.OneOf, s.PrefixItems} {
		all = append(all, list...)
	}
	for _, members := range []map[string]*jsonschema.Schema{s.Properties, s.DependentSchemas} {
		for _, sub := range members {
			all = append(all, sub)
		}
	}
	for _, sub := range s.PatternProperties {
		all = append(all, sub)
	}
	others := []any{s.AdditionalProperties, s.Items, s.AdditionalItems}
	for _, d := range s.Dependencies {
		others = append(others, d)
	}
	for _, other := range others {
		switch other := other.(type) {
		case *jsonschema.Schema:
			all = append(all, other)
		case []*jsonschema.Schema:
			all = append(all, other...)
		}
	}
	return all
}

// longestChain gives the length of the longest chain of subschemas that look at
// the same value; ok is false if one leads back to itself, which could never
// end.
func longestChain(all []*jsonschema.Schema) (longest int, ok bool) {
	length := make(map[*jsonschema.Schema]int) // -1 = it is being measured
	var measure func(s *jsonschema.Schema) bool
	measure = func(s *jsonschema.Schema) bool {
		switch {
		case s == nil || length[s] > 0:
			return true
		case length[s] < 0:
			return false
		}
		length[s] = -1
		below := 0
		for _, sub := range sameValue(s) {
			if !measure(sub) {
				return false
			}
			below = max(below, length[sub])
		}
		length[s] = below + 1
		longest = max(longest, below+1)
		return true
	}
	for _, s := range all {
		if !measure(s) {
			return 0, false
		}
	}
	return longest, true
}

// sameValue lists the subschemas for the value itself; some may be nil.
func sameValue(s *jsonschema.Schema) []*jsonschema.Schema {
	all := []*jsonschema.Schema{s.Ref, s.Not, s.If, s.Then, s.Else}
	for _, list := range [][]*jsonschema.Schema{s.AllOf, s.AnyOf, s.OneOf} {
		all = append(all, list...)
	}
	for _, sub := range s.DependentSchemas {
		all = append(all, sub)
	}
	for _, d := range s.Dependencies {
		if sub, ok := d.(*jsonschema.Schema); ok {
			all = append(all, sub)
		}
	}
	return all
}

// dynamic compiles what a $dynamicRef may lead to: the library reaches it by
// members that it does not export. What is no schema, but part of an enum, say,
// may fail to compile, and is not reached either.
func dynamic(c *jsonschema.Compiler, doc any) (found []*jsonschema.Schema) {
	var walk func(v any, at []string)
	walk = func(v any, at []string) {
		switch v := v.(type) {
		case map[string]any:
			if _, ok := v["$dynamicAnchor"]; ok {
				if s, err := c.Compile(base + "#" + (&url.URL{Fragment: pointer(at)}).EscapedFragment()); err == nil {
					found = append(found, s)
				}
			}
			for name, member := range v {
				walk(member, append(slices.Clip(at), name))
			}
		case []any:
			for i, item := range v {
				walk(item, append(slices.Clip(at), index(i)))
			}
		}
	}
	walk(doc, nil)
	return found
}
