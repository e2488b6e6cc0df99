package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// fault is the first thing that is wrong with a body.
type fault struct {
	shape Shape
	err   error
}

func (f *fault) report(member, message string) {
	if f.err == nil {
		f.err = &ShapeError{Shape: f.shape, Member: member, message: message}
	}
}

// members are those of one JSON object, by their exact names. Its methods
// report what is not as they want it to fault, and then return a zero value.
type members struct {
	fault  *fault
	path   string // what stands before a name to make a path
	values map[string]json.RawMessage
}

// newMembers reads an object. The name is the path that leads to it, "" for the
// body as a whole.
func newMembers(f *fault, name string, text []byte) *members {
	m := &members{fault: f}
	if name != "" {
		m.path = name + "."
	}
	if f.err != nil {
		return m
	}
	if kind := kindOf(text); kind != "an object" && json.Valid(text) {
		f.report(name, "is "+kind+", not an object")
		return m
	}
	values, err := readObject(text)
	if err != nil {
		f.report(name, err.Error())
		return m
	}
	m.values = values
	return m
}

// readObject reads one level of a JSON object, and nothing else: encoding/json
// alone would take names in any case and the last of several.
func readObject(text []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if start, err := d.Token(); err != nil {
		return nil, notJSON(err)
	} else if start != json.Delim('{') {
		return nil, errors.New("is not an object")
	}
	values := make(map[string]json.RawMessage)
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, notJSON(err)
		}
		name, ok := token.(string)
		if !ok {
			return nil, errors.New("has a member without a name")
		}
		if _, twice := values[name]; twice {
			return nil, errors.New("has a member twice")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, notJSON(err)
		}
		values[name] = value
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return nil, notJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("goes on after the object")
	}
	return values, nil
}

func notJSON(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("is not JSON: it ends too early")
	}
	return fmt.Errorf("is not JSON: %w", err)
}

// value returns the member as it is written.
func (m *members) value(name string) json.RawMessage {
	v, ok := m.values[name]
	if !ok {
		m.fault.report(m.path+name, "is missing")
	}
	return v
}

// read decodes a member that must be of a kind.
func (m *members) read(name, kind string, into any) {
	v := m.value(name)
	if m.fault.err != nil {
		return
	}
	if got := kindOf(v); got != kind {
		m.fault.report(m.path+name, "is "+got+", not "+kind)
		return
	}
	if err := json.Unmarshal(v, into); err != nil {
		m.fault.report(m.path+name, err.Error())
	}
}

func (m *members) text(name string) (s string) {
	m.read(name, "a string", &s)
	return s
}

// name returns a string that must say something.
func (m *members) name(name string) string {
	s := m.text(name)
	if s == "" {
		m.fault.report(m.path+name, "is empty")
	}
	return s
}

func (m *members) boolean(name string) (b bool) {
	m.read(name, "a boolean", &b)
	return b
}

// time returns a time in RFC 3339.
func (m *members) time(name string) time.Time {
	t, err := time.Parse(time.RFC3339, m.text(name))
	if err != nil {
		m.fault.report(m.path+name, "is not a time as RFC 3339 has it")
		return time.Time{}
	}
	return t.UTC()
}

func (m *members) object(name string) *members {
	return newMembers(m.fault, m.path+name, m.value(name))
}

// optional returns a string that need not be there, and "" if it is not or is
// something else.
func (m *members) optional(name string) (s string) {
	if v := m.values[name]; kindOf(v) == "a string" && json.Unmarshal(v, &s) == nil {
		return s
	}
	return ""
}

// kindOf names the kind of a JSON value by how it begins.
func kindOf(text []byte) string {
	text = bytes.TrimLeft(text, " \t\r\n")
	if len(text) == 0 {
		return "nothing"
	}
	switch text[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}
