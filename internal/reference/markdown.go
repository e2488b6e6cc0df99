package reference

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Markdown makes the document of GitHub Flavored Markdown. It is the same for
// every version of the program that has the same API. Texts of the document are
// shown as text, never as markup.
func (r *Reference) Markdown() []byte {
	m := &markdown{anchors: map[string]string{}}
	m.learnAnchors(r)
	m.linef("<!-- Made of the OpenAPI document: to change it, change that. -->")
	m.linef("# %s API", escape(r.Title))
	m.blocks(r.Intro)
	m.contents(r)
	for _, s := range r.Sections {
		m.linef("## %s", escape(s.Title))
		m.blocks(s.Text)
		if s.ID == errorsID {
			m.errors(r)
		}
	}
	for _, g := range r.Groups {
		m.linef("## %s", escape(capital(g.Name)))
		m.blocks(g.Text)
		for i := range g.Operations {
			m.operation(&g.Operations[i])
		}
	}
	m.linef("## Objects")
	m.linef("What answers show, by name.")
	for _, o := range r.Objects {
		m.linef("### %s", escape(o.Name))
		m.members("member", o.Members)
	}
	return []byte(strings.TrimSpace(m.text.String()) + "\n")
}

// errorsID is the section of the description that the table of errors ends.
const errorsID = "errors"

// markdown writes a document.
type markdown struct {
	text    strings.Builder
	anchors map[string]string // by ID: what GitHub calls the heading
}

// learnAnchors names the headings as GitHub does: in the order of the document,
// with a number where a name is taken.
func (m *markdown) learnAnchors(r *Reference) {
	used := map[string]int{}
	heading := func(id, title string) {
		name := anchor(title)
		m.anchors[id] = name
		if n := used[name]; n > 0 {
			m.anchors[id] += "-" + strconv.Itoa(n)
		}
		used[name]++
	}
	heading("", r.Title+" API")
	heading("", "Contents")
	for _, s := range r.Sections {
		heading(s.ID, s.Title)
	}
	for _, g := range r.Groups {
		heading(g.ID, g.Name)
		for i := range g.Operations {
			heading(g.Operations[i].ID, g.Operations[i].Summary)
		}
	}
	heading("objects", "Objects")
	for _, o := range r.Objects {
		heading(o.ID, o.Name)
	}
}

// linef writes a block of one line.
func (m *markdown) linef(format string, values ...any) {
	fmt.Fprintf(&m.text, format+"\n\n", values...)
}

func (m *markdown) contents(r *Reference) {
	m.linef("## Contents")
	item := func(indent, before, title, id string) {
		fmt.Fprintf(&m.text, "%s- %s[%s](#%s)\n", indent, before, escape(title), m.anchors[id])
	}
	for _, s := range r.Sections {
		item("", "", s.Title, s.ID)
	}
	for _, g := range r.Groups {
		item("", "", capital(g.Name), g.ID)
		for _, o := range g.Operations {
			item("  ", code(o.Method+" "+o.Path)+" ", o.Summary, o.ID)
		}
	}
	item("", "", "Objects", "objects")
	m.text.WriteByte('\n')
}

func (m *markdown) errors(r *Reference) {
	m.linef("All are shown as the object %s.", m.spans(r.Problem))
	m.text.WriteString("| status | code | meaning |\n|---|---|---|\n")
	for _, e := range r.Errors {
		fmt.Fprintf(&m.text, "| %d | %s | %s |\n", e.Status, cell(code(e.Code)), cell(m.spans(e.Meaning)))
	}
	m.text.WriteByte('\n')
}

func (m *markdown) operation(o *Operation) {
	m.linef("### %s", escape(o.Summary))
	facts := code(o.Method+" "+o.Path) + " · " + code(o.ID)
	if o.Public {
		facts += " · no key needed"
	}
	for i, scope := range o.Scopes {
		facts += []string{" · scope ", " and "}[min(i, 1)] + code(scope)
	}
	if o.OperatorOnly {
		facts += " · operators’ keys only"
	}
	m.linef("%s", facts)
	m.blocks(o.Text)
	m.members("parameter", o.Parameters)
	m.members("member of the body", o.Body)
	m.fenced("sh", o.Request)
	for _, a := range o.Answers {
		text := fmt.Sprintf("**%d %s**", a.Status, escape(a.Title))
		if a.Type != nil {
			text += ": " + m.spans(a.Type)
		}
		for _, h := range a.Headers {
			text += ". Header " + code(h.Name)
			if h.Text != nil {
				text += ": " + m.spans(h.Text)
			}
		}
		m.linef("%s", text)
	}
	for _, e := range o.Examples {
		m.fenced("json", e.JSON)
	}
	if len(o.Errors) > 0 {
		codes := make([]string, len(o.Errors))
		for i, e := range o.Errors {
			codes[i] = strconv.Itoa(e.Status) + " " + code(e.Code)
		}
		m.linef("[Errors](#%s): %s", m.anchors[errorsID], strings.Join(codes, ", "))
	}
}

func (m *markdown) members(title string, all []Member) {
	if len(all) == 0 {
		return
	}
	m.text.WriteString("| " + title + " | type | |\n|---|---|---|\n")
	for _, member := range all {
		kind := m.spans(member.Type)
		if member.In != "" {
			kind += ", " + member.In
		}
		if member.Mark != "" {
			kind += ", " + member.Mark
		}
		text := m.spans(member.Text)
		if limits := m.spans(member.Limits); text != "" && limits != "" {
			text += " (" + limits + ")"
		} else {
			text += limits
		}
		fmt.Fprintf(&m.text, "| %s | %s | %s |\n", cell(code(member.Name)), cell(kind), cell(text))
	}
	m.text.WriteByte('\n')
}

func (m *markdown) blocks(all []Block) {
	for _, b := range all {
		before := ""
		if b.List {
			before = "- "
		}
		for _, item := range b.Items {
			m.text.WriteString(before + m.spans(item) + "\n")
		}
		m.text.WriteByte('\n')
	}
}

func (m *markdown) spans(all []Span) string {
	text := ""
	for _, s := range all {
		switch {
		case s.Code:
			text += code(s.Text)
		case s.Link != "":
			text += "[" + escape(s.Text) + "](#" + m.anchors[s.Link] + ")"
		default:
			text += escape(s.Text)
		}
	}
	return text
}

// fenced writes a block of code, in a fence that the code does not contain.
func (m *markdown) fenced(language, text string) {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	m.linef("%s%s\n%s\n%s", fence, language, text, fence)
}

// code writes a span of code, in backticks that the code does not contain.
func code(text string) string {
	text = oneLine(text)
	if !strings.Contains(text, "`") {
		return "`" + text + "`"
	}
	ticks := "``"
	for strings.Contains(text, ticks) {
		ticks += "`"
	}
	return ticks + " " + text + " " + ticks
}

// cell makes a text fit for a table: a bar would end its cell, even in code.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// escape writes a text so that none of it is markup. An underscore within a
// word is none.
func escape(text string) string {
	var escaped strings.Builder
	previous := ' '
	for i, r := range text {
		next, _ := utf8.DecodeRuneInString(text[i+utf8.RuneLen(r):])
		markup := strings.ContainsRune("\\`*[]<>&~", r) ||
			r == '_' && (!word(previous) || !word(next)) ||
			i == 0 && strings.ContainsRune("#+-", r) || // a heading or a list
			i > 0 && strings.ContainsRune(".)", r) && strings.Trim(text[:i], "0123456789") == ""
		if markup {
			escaped.WriteByte('\\')
		}
		escaped.WriteRune(r)
		previous = r
	}
	return escaped.String()
}

func word(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// capital begins a title with a capital letter.
func capital(title string) string {
	r, size := utf8.DecodeRuneInString(title)
	return string(unicode.ToUpper(r)) + title[size:]
}
