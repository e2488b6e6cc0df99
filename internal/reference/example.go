package reference

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// node is JSON that remembers the order of members.
type node struct {
	kind     rune     // '{', '[', '"', or 0 for all else
	text     string   // of a scalar, in JSON
	names    []string // of an object's children
	children []*node
}

// parseJSON reads a JSON value; nil if it is none.
func parseJSON(text []byte) *node {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	n, err := readNode(d)
	if err != nil {
		return nil
	}
	return n
}

func readNode(d *json.Decoder) (*node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch v := token.(type) {
	case json.Delim:
		n := &node{kind: rune(v)}
		for d.More() {
			if n.kind == '{' {
				name, err := d.Token()
				if err != nil {
					return nil, err
				}
				text, _ := name.(string)
				n.names = append(n.names, text)
			}
			child, err := readNode(d)
			if err != nil {
				return nil, err
			}
			n.children = append(n.children, child)
		}
		_, err = d.Token()
		return n, err
	case string:
		return &node{kind: '"', text: quote(v)}, nil
	case json.Number:
		return &node{text: v.String()}, nil
	case bool:
		if v {
			return &node{text: "true"}, nil
		}
		return &node{text: "false"}, nil
	}
	return &node{text: "null"}, nil
}

// quote writes a string as JSON, with <, > and & as they are.
func quote(s string) string {
	text, _ := jsontext.AppendQuote(nil, s) // fails for invalid UTF-8, which nothing that was JSON has
	return string(text)
}

// value is a scalar as people write it: strings without quotes.
func (n *node) value() string {
	var s string
	if n.kind == '"' && json.Unmarshal([]byte(n.text), &s) == nil {
		return s
	}
	return n.String()
}

// lineWidth is how long an object or a list may be, in bytes, to stand in one
// line of an example.
const lineWidth = 56

// String writes the value for reading: what is short in one line, else each
// member in its own.
func (n *node) String() string {
	var text strings.Builder
	n.write(&text, "\n", true)
	return text.String()
}

func (n *node) write(to *strings.Builder, newline string, top bool) {
	if n.kind != '{' && n.kind != '[' {
		to.WriteString(n.text)
		return
	}
	opening, closing := "{", "}"
	if n.kind == '[' {
		opening, closing = "[", "]"
	}
	between, start, end := ", ", opening, closing
	inside := newline
	if broad := !n.fits(); broad || top && len(n.children) > 1 {
		inside += "  "
		between, start, end = ","+inside, opening+inside, newline+closing
	}
	to.WriteString(start)
	for i, child := range n.children {
		if i > 0 {
			to.WriteString(between)
		}
		if n.kind == '{' {
			to.WriteString(quote(n.names[i]) + ": ")
		}
		child.write(to, inside, false)
	}
	to.WriteString(end)
}

// fits says whether the value can stand in one line.
func (n *node) fits() bool { return n.width() <= lineWidth }

// width is the value's length in one line.
func (n *node) width() int {
	width := len(n.text) + 2*len(n.children)
	for i, child := range n.children {
		if n.kind == '{' {
			width += len(n.names[i]) + len(`"": `)
		}
		width += child.width()
	}
	return width
}
