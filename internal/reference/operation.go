package reference

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// operation describes a route.
func (p *parser) operation(r route) Operation {
	o := Operation{
		ID: r.OperationID, Method: r.method, Path: r.path, Summary: oneLine(r.Summary),
		Text: blocks(r.Description), Scopes: r.Scopes, OperatorOnly: r.OperatorOnly,
		Public: r.Security != nil && len(*r.Security) == 0,
		Errors: sortErrors(errorsOf(r.Responses)),
	}
	o.Answers, o.Examples = p.answers(r.operation)
	// Scopes and operators are shown by themselves: the sentence about them is
	// for viewers that do not know the extensions.
	o.Text = slices.DeleteFunc(o.Text, func(b Block) bool { return strings.HasPrefix(b.Items[0][0].Text, "Scope: ") })
	for _, in := range []string{"path", "query", "header"} {
		for _, parameter := range r.Parameters {
			if parameter.In == in {
				o.Parameters = append(o.Parameters, p.parameter(parameter))
			}
		}
	}
	var body *node
	if r.RequestBody != nil {
		if m := r.RequestBody.Content[jsonType]; m != nil {
			body = parseJSON(m.Example)
			o.Body = p.bodyMembers("", m.Schema, body, nil)
		}
	}
	o.Request = p.curl(r, o.Public, body)
	return o
}

func (p *parser) parameter(given parameter) Member {
	s := given.Schema
	if s == nil {
		s = &schema{}
	}
	m := p.member(given.Name, s, false)
	m.require(given.Required)
	m.In = given.In
	if given.Description != "" {
		m.Text = spans(given.Description)
	}
	return m
}

// answers describes what success looks like. Answers that share an example show
// it once.
func (p *parser) answers(o *operation) (answers []Answer, examples []Example) {
	for _, status := range successes(o) {
		response := o.Responses[status]
		number, _ := strconv.Atoi(status) // successes has checked it
		a := Answer{Status: number, Title: cmp.Or(http.StatusText(number), oneLine(response.Description))}
		for _, name := range slices.Sorted(maps.Keys(response.Headers)) {
			a.Headers = append(a.Headers, p.headerOf(name, response.Headers[name]))
		}
		if m := response.Content[jsonType]; m != nil {
			a.Type = p.typeOf(m.Schema, true)
			examples = addExample(examples, status+" "+a.Title, m.Example)
		}
		answers = append(answers, a)
	}
	return answers, examples
}

func addExample(to []Example, title string, text []byte) []Example {
	n := parseJSON(text)
	if n == nil {
		return to
	}
	for i := range to {
		if to[i].JSON == n.String() {
			to[i].Title += ", " + title
			return to
		}
	}
	return append(to, Example{Title: title, JSON: n.String()})
}

func (p *parser) headerOf(name string, header parameter) Member {
	header.Name, header.In = name, "header"
	return p.parameter(header)
}

// errorsOf gives the errors among some responses. Their examples are named by
// code, and an example's detail is what the code means.
func errorsOf(responses map[string]*response) (all []Error) {
	for _, r := range responses {
		m := r.Content[problemType]
		if m == nil {
			continue
		}
		for code, example := range m.Examples {
			var problem struct {
				Status int    `json:"status"`
				Detail string `json:"detail"`
			}
			_ = json.Unmarshal(example.Value, &problem) // an example of another shape has neither
			all = append(all, Error{Status: problem.Status, Code: code, Meaning: spans(problem.Detail)})
		}
	}
	return all
}

// sortErrors sorts by status and code, and leaves each once.
func sortErrors(all []Error) []Error {
	slices.SortFunc(all, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.Status, b.Status), cmp.Compare(a.Code, b.Code))
	})
	return slices.CompactFunc(all, func(a, b Error) bool { return a.Code == b.Code })
}

// curl writes an example of a request as a command line. The shell's variables
// URL and KEY say where the server is and what key to use; what the document
// has no example of is a variable, too.
func (p *parser) curl(r route, public bool, body *node) string {
	var line strings.Builder
	line.WriteString("curl -s ")
	if r.method != "GET" && (r.method != "POST" || body == nil) {
		line.WriteString("-X " + r.method + " ")
	}
	line.WriteString(`"$URL` + p.examplePath(r) + p.exampleQuery(r) + `"`)
	if !public {
		line.WriteString(" \\\n  -H \"Authorization: Bearer $KEY\"")
	}
	if body != nil {
		line.WriteString(" \\\n  -H 'Content-Type: application/json' \\\n  -d '")
		line.WriteString(strings.ReplaceAll(body.String(), "'", `'\''`) + "'")
	}
	return line.String()
}

// examplePath fills the placeholders of a path.
func (p *parser) examplePath(r route) string {
	var path, given strings.Builder
	for i, segment := range strings.Split(r.path, "/") {
		if i > 0 {
			path.WriteByte('/')
			given.WriteByte('/')
		}
		given.WriteString(segment)
		switch name, placeholder := lastPlaceholder(segment); {
		case !placeholder:
			path.WriteString(shellPath(segment))
		case p.ids[given.String()] != "":
			path.WriteString(shellPath(p.ids[given.String()]))
		default:
			path.WriteString("$" + variable(name))
		}
	}
	return path.String()
}

// exampleQuery gives the parameters that a request must have.
func (p *parser) exampleQuery(r route) string {
	query := ""
	for _, parameter := range r.Parameters {
		if parameter.In != "query" || !parameter.Required {
			continue
		}
		value := "$" + variable(parameter.Name)
		if example := parseJSON(parameter.Example); example != nil {
			value = url.QueryEscape(example.value())
		}
		query += "&" + url.QueryEscape(parameter.Name) + "=" + value
	}
	return strings.Replace(query, "&", "?", 1)
}

// shellPath escapes a segment of a path so that a shell leaves it as it is
// between double quotes.
func shellPath(segment string) string {
	return strings.ReplaceAll(url.PathEscape(segment), "$", "%24")
}

// variable makes a shell variable's name of a parameter's.
func variable(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
}

// lastPlaceholder gives the name of the placeholder that a path ends with.
func lastPlaceholder(path string) (name string, ok bool) {
	segment := path[strings.LastIndexByte(path, '/')+1:]
	if !strings.HasPrefix(segment, "{") || !strings.HasSuffix(segment, "}") {
		return "", false
	}
	return segment[1 : len(segment)-1], true
}
