package api

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// What follows reads usual values of members, as they are written in stable
// form. ok is false for any other value, be it right or wrong.

// plainString reads a string that is not empty and is written without escapes,
// in ASCII.
func plainString(value []byte) (string, bool) {
	if len(value) <= len(`""`) || value[0] != '"' {
		return "", false
	}
	text := value[1 : len(value)-1]
	for _, c := range text {
		if c < ' ' || c == '\\' || c > '~' {
			return "", false
		}
	}
	return string(text), true
}

// plainStrings reads an array of such strings without commas, that is not empty.
func plainStrings(value []byte) ([]string, bool) {
	if len(value) <= len(`[]`) || value[0] != '[' {
		return nil, false
	}
	var all []string
	for item := range bytes.SplitSeq(value[1:len(value)-1], []byte(",")) {
		text, ok := plainString(item)
		if !ok || item[len(item)-1] != '"' {
			return nil, false
		}
		all = append(all, text)
	}
	return all, true
}

// plainInt reads an integer within bounds that is written with digits alone.
func plainInt(value []byte, least, most int) (int, bool) {
	n := 0
	for _, c := range value {
		if c < '0' || c > '9' || n > most {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, least <= n && n <= most
}

// plainBool reads true or false.
func plainBool(value []byte) (is, ok bool) {
	is = string(value) == "true"
	return is, is || string(value) == "false"
}

// members writes an object as the framework does. Each member begins with its
// name, as in `"id":` or, but for the first, `,"type":`.
type members struct{ text []byte }

func (m *members) raw(name string, value json.RawMessage) {
	m.text = append(m.text, name...)
	if value == nil {
		value = json.RawMessage("null")
	}
	m.text = append(m.text, value...)
}

func (m *members) string(name, value string) {
	m.text = append(m.text, name...)
	m.text = appendString(m.text, value)
}

func (m *members) int(name string, value int) {
	m.text = append(m.text, name...)
	m.text = strconv.AppendInt(m.text, int64(value), 10)
}

func (m *members) bool(name string, value bool) {
	m.text = append(m.text, name...)
	m.text = strconv.AppendBool(m.text, value)
}

func (m *members) time(name string, value Instant) {
	m.text = append(m.text, name...)
	m.text = value.append(m.text)
}

// The members of which a name ends in "IfAny" are left out if they are empty.

func (m *members) rawIfAny(name string, value json.RawMessage) {
	if len(value) > 0 {
		m.raw(name, value)
	}
}

func (m *members) stringIfAny(name, value string) {
	if value != "" {
		m.string(name, value)
	}
}

func (m *members) timeIfAny(name string, value Instant) {
	if !value.IsZero() {
		m.time(name, value)
	}
}

// appendString appends a string as JSON.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c > '~' {
			var text bytes.Buffer
			_ = marshal(&text, s) // a string always is JSON
			return append(b, bytes.TrimSuffix(text.Bytes(), []byte("\n"))...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
