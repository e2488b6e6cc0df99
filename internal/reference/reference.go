// Package reference makes the API's documentation for reading of its OpenAPI
// document: one page of HTML, and one of Markdown. Both show every operation,
// parameter, member and error that the document has, and nothing else.
package reference

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// Reference is what an OpenAPI document tells its readers, in the order in
// which they read it.
type Reference struct {
	Title, Version string

	Intro    []Block
	Sections []Section
	Errors   []Error // of the whole API
	Problem  []Span  // the object that all errors are shown as
	Groups   []Group
	Objects  []Object
}

// Section is a part of the document's description, under a heading of its own.
type Section struct {
	ID, Title string
	Text      []Block
}

// Group is the operations that share a tag.
type Group struct {
	ID, Name   string
	Text       []Block
	Operations []Operation
}

// Operation is one route.
type Operation struct {
	ID, Method, Path, Summary string

	Text         []Block
	Scopes       []string
	OperatorOnly bool
	Public       bool // needs no key

	Parameters []Member // of path, query and header
	Body       []Member // nested ones are "events.succeeded"
	Request    string   // an example: a command line
	Answers    []Answer
	Examples   []Example
	Errors     []Error
}

// Answer is a success.
type Answer struct {
	Status  int
	Title   string
	Type    []Span // none = no body
	Headers []Member
}

// Example is a body that answers have.
type Example struct {
	Title string // which answers: "200 OK, 202 Accepted"
	JSON  string
}

// Error is one kind of error.
type Error struct {
	Status  int
	Code    string
	Meaning []Span
}

// Object is a JSON object that answers have.
type Object struct {
	ID, Name string
	Members  []Member
}

// Member is a parameter or a member of a JSON object.
type Member struct {
	Name   string
	In     string // "path", "query", "header"; "" = a member
	Type   []Span
	Mark   string // "required", "may be absent" or ""
	Text   []Span
	Limits []Span // "at least 1, at most 200, default 50"
}

// Parse reads an OpenAPI 3.1 document, in JSON.
func Parse(openAPI []byte) (*Reference, error) {
	d := &document{}
	if err := json.Unmarshal(openAPI, d); err != nil {
		return nil, fmt.Errorf("reference: the OpenAPI document cannot be read: %w", err)
	}
	p := &parser{document: d, order: map[string][]string{}, ids: map[string]string{}, wanted: map[string]bool{}}
	p.learn()
	r := &Reference{Title: d.Info.Title, Version: d.Info.Version, Errors: p.allErrors(), Problem: p.problem()}
	r.Intro, r.Sections = sections(d.Info.Description)
	for _, t := range d.tags() {
		g := Group{ID: "group-" + anchor(t.Name), Name: t.Name, Text: blocks(t.Description)}
		for _, route := range d.routes(t.Name) {
			g.Operations = append(g.Operations, p.operation(route))
		}
		r.Groups = append(r.Groups, g)
	}
	r.Objects = p.objects()
	return r, nil
}

// parser makes a Reference of a document.
type parser struct {
	*document

	// order is, by schema, the order in which examples show its members: the
	// document itself sorts them by name.
	order map[string][]string
	// ids is, by path up to a placeholder ("/v1/jobs/{id}"), an example of what
	// stands there.
	ids map[string]string
	// wanted are the schemas that answers show, toDescribe those of them that
	// are not described yet.
	wanted     map[string]bool
	toDescribe []string
}

// operations gives all of them, in the order in which they are shown.
func (p *parser) operations() (all []route) {
	for _, t := range p.tags() {
		all = append(all, p.routes(t.Name)...)
	}
	return all
}

// learn takes from the examples what the schemas do not say.
func (p *parser) learn() {
	for _, r := range p.operations() {
		for _, status := range successes(r.operation) {
			m := r.Responses[status].Content[jsonType]
			if m == nil {
				continue
			}
			example := parseJSON(m.Example)
			p.learnOrder(m.Schema, example)
			p.learnID(r, example)
		}
	}
}

// learnOrder notes in which order an example has a schema's members.
func (p *parser) learnOrder(s *schema, example *node) {
	resolved, name := p.resolve(s)
	if example == nil {
		return
	}
	if name != "" {
		p.order[name] = merge(p.order[name], example.names)
	}
	for i, member := range example.names {
		p.learnOrder(resolved.Properties[member], example.children[i])
	}
	if example.kind == '[' && resolved.Items != nil {
		for _, item := range example.children {
			p.learnOrder(resolved.Items, item)
		}
	}
}

// merge adds to a list what another one has more, each where it stands there.
func merge(into, from []string) []string {
	at := 0
	for _, name := range from {
		if i := slices.Index(into, name); i >= 0 {
			at = i + 1
			continue
		}
		into = slices.Insert(into, at, name)
		at++
	}
	return into
}

// learnID notes what stands for the last placeholder of "/v1/jobs/{id}".
func (p *parser) learnID(r route, example *node) {
	name, ok := lastPlaceholder(r.path)
	if !ok || r.method != "GET" || example == nil {
		return
	}
	if i := slices.Index(example.names, name); i >= 0 && example.children[i].kind == '"' {
		p.ids[r.path] = example.children[i].value()
	}
}

// allErrors gives every error of the document, by status and code.
func (p *parser) allErrors() (all []Error) {
	for _, r := range p.operations() {
		all = append(all, errorsOf(r.Responses)...)
	}
	all = append(all, errorsOf(p.Components.Responses)...)
	return sortErrors(all)
}

// problem finds the object that errors are shown as.
func (p *parser) problem() []Span {
	for _, r := range p.operations() {
		for _, answer := range r.Responses {
			if m := answer.Content[problemType]; m != nil && m.Schema != nil {
				return p.typeOf(m.Schema, true)
			}
		}
	}
	return nil
}

// successes gives the statuses of success of an operation, in order.
func successes(o *operation) (statuses []string) {
	for status := range o.Responses {
		if n, err := strconv.Atoi(status); err == nil && n < 400 {
			statuses = append(statuses, status)
		}
	}
	slices.Sort(statuses)
	return statuses
}
