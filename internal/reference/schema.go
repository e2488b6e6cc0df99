package reference

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// objects describes what answers show, and what those refer to.
func (p *parser) objects() (all []Object) {
	for len(p.toDescribe) > 0 {
		name := p.toDescribe[0]
		p.toDescribe = p.toDescribe[1:]
		s := p.Components.Schemas[name]
		o := Object{ID: objectID(name), Name: name}
		for _, member := range p.sorted(s, p.order[name]) {
			m := p.member(member, s.Properties[member], true)
			if !slices.Contains(s.Required, member) {
				m.Mark = "may be absent"
			}
			o.Members = append(o.Members, m)
		}
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b Object) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func objectID(name string) string { return "object-" + name }

// want has an object described, and gives its ID.
func (p *parser) want(name string) string {
	if p.Components.Schemas[name] == nil {
		return ""
	}
	if !p.wanted[name] {
		p.wanted[name] = true
		p.toDescribe = append(p.toDescribe, name)
	}
	return objectID(name)
}

// bodyMembers describes a request's body, with what is nested in it.
func (p *parser) bodyMembers(prefix string, s *schema, example *node, above []*schema) (all []Member) {
	s, _ = p.resolve(s)
	if slices.Contains(above, s) {
		return nil // it contains itself
	}
	above = append(above, s)
	var order []string
	if example != nil {
		order = example.names
	}
	for _, name := range p.sorted(s, order) {
		property := s.Properties[name]
		m := p.member(prefix+name, property, false)
		m.require(slices.Contains(s.Required, name))
		all = append(all, m)
		var inner *node
		if i := slices.Index(order, name); i >= 0 {
			inner = example.children[i]
		}
		nested, _ := p.resolve(property)
		path := prefix + name
		if nested.Items != nil {
			nested, path = nested.Items, path+"[]"
			if inner != nil && len(inner.children) > 0 {
				inner = inner.children[0]
			}
		}
		all = append(all, p.bodyMembers(path+".", nested, inner, above)...)
	}
	return all
}

// sorted gives the names of a schema's members: as an example has them, then
// what must be there, then by name.
func (p *parser) sorted(s *schema, order []string) []string {
	names := slices.Collect(maps.Keys(s.Properties))
	rank := func(name string) int {
		if i := slices.Index(order, name); i >= 0 {
			return i
		}
		if slices.Contains(s.Required, name) {
			return len(order)
		}
		return len(order) + 1
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b))
	})
	return names
}

// member describes a parameter or a member.
func (p *parser) member(name string, s *schema, links bool) Member {
	resolved, _ := p.resolve(s)
	return Member{
		Name: name, Type: p.typeOf(s, links),
		Text: spans(cmp.Or(s.Description, resolved.Description)), Limits: limits(resolved),
	}
}

func (m *Member) require(required bool) {
	if required {
		m.Mark = "required"
	}
}

// typeOf says in words what a value is: "string or null", "list of Job". With
// links, objects go by their names, and are described by themselves.
func (p *parser) typeOf(s *schema, links bool) []Span {
	resolved, name := p.resolve(s)
	if name != "" && links {
		return []Span{{Text: name, Link: p.want(name)}}
	}
	var kinds [][]Span
	for _, t := range resolved.Type {
		switch {
		case t == "array" && resolved.Items != nil:
			kinds = append(kinds, append([]Span{{Text: "list of "}}, p.typeOf(resolved.Items, links)...))
		case t == "array":
			kinds = append(kinds, []Span{{Text: "list"}})
		case t == "object" && resolved.AdditionalProperties.schema != nil:
			kinds = append(kinds, append([]Span{{Text: "object of "}}, p.typeOf(resolved.AdditionalProperties.schema, links)...))
		case t == "string" && resolved.Format == "date-time":
			kinds = append(kinds, []Span{{Text: "time"}})
		default:
			kinds = append(kinds, []Span{{Text: t}})
		}
	}
	for _, alternative := range slices.Concat(resolved.OneOf, resolved.AnyOf) {
		kinds = append(kinds, p.typeOf(alternative, links))
	}
	if len(kinds) == 0 {
		return []Span{{Text: "any JSON"}}
	}
	all := kinds[0]
	for _, kind := range kinds[1:] {
		all = append(append(all, Span{Text: " or "}), kind...)
	}
	return all
}

// limits says which values there may be.
func limits(s *schema) (all []Span) {
	add := func(spans ...Span) {
		if len(all) > 0 {
			all = append(all, Span{Text: ", "})
		}
		all = append(all, spans...)
	}
	for i, value := range s.Enum {
		before := []Span{{Text: "one of "}}
		if i > 0 {
			before = nil
		}
		add(append(before, literal(value))...)
	}
	for _, l := range []struct {
		before string
		value  json.RawMessage
		after  string
	}{
		{"at least ", s.Minimum, ""},
		{"more than ", s.ExclusiveMinimum, ""},
		{"at most ", s.Maximum, ""},
		{"less than ", s.ExclusiveMaximum, ""},
		{"at least ", s.MinLength, " characters"},
		{"at most ", s.MaxLength, " characters"},
		{"at least ", s.MinItems, " items"},
		{"at most ", s.MaxItems, " items"},
	} {
		switch {
		case l.value == nil:
		case l.before == "at least " && l.after != "" && string(l.value) == "1":
			add(Span{Text: "not empty"})
		default:
			add(Span{Text: l.before + string(l.value) + l.after})
		}
	}
	if s.Pattern != "" {
		add(Span{Text: "matches "}, Span{Text: s.Pattern, Code: true})
	}
	if s.Default != nil {
		add(Span{Text: "default "}, literal(s.Default))
	}
	return all
}

// literal shows a value of the document as it is sent.
func literal(value json.RawMessage) Span {
	return Span{Text: parseJSON(value).value(), Code: true}
}
