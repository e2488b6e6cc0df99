package demo

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/ringback/ringback/internal/terminal"
)

const ellipsis = "…"

// abbreviate gives at most limit characters of a text, the last one being an
// ellipsis if some are left out.
func abbreviate(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	runes := []rune(text)
	return string(runes[:max(limit-1, 0)]) + ellipsis
}

// pad fills a text up with spaces to that many characters.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(width-utf8.RuneCountInString(text), 0))
}

// Strings within a sketched body that are longer than sketchKeep, or than
// sketchProse if they have spaces, are cut to sketchCut characters.
const (
	sketchKeep  = 24
	sketchProse = 60
	sketchCut   = 9
)

// sketch shows a JSON body with its long strings cut, so that its shape is
// seen. What is not JSON is shown as it is.
func sketch(body []byte) string {
	text, err := sketchJSON(body)
	if err != nil {
		text = string(body)
	}
	return terminal.Printable(text)
}

// wrap breaks a text into at most that many lines of at most width characters,
// after commas if it can. The last line is cut if it must be.
func wrap(text string, width, lines int) []string {
	var wrapped []string
	rest := []rune(text)
	for len(wrapped)+1 < lines && len(rest) > width {
		end := width
		for i := width; i > width/2; i-- {
			if rest[i-1] == ',' {
				end = i
				break
			}
		}
		wrapped = append(wrapped, string(rest[:end]))
		rest = rest[end:]
	}
	return append(wrapped, abbreviate(string(rest), width))
}

func sketchJSON(body []byte) (string, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	var open []*level
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && len(open) == 0 {
			return out.String(), nil
		}
		if err != nil {
			return "", err
		}
		if end, ok := token.(json.Delim); ok && (end == '}' || end == ']') {
			open = open[:len(open)-1]
			out.WriteRune(rune(end))
			continue
		}
		if len(open) > 0 {
			out.WriteString(open[len(open)-1].separator())
		}
		switch v := token.(type) {
		case json.Delim:
			open = append(open, &level{object: v == '{'})
			out.WriteRune(rune(v))
			continue
		case string:
			keep := sketchKeep
			if strings.Contains(v, " ") {
				keep = sketchProse
			}
			if utf8.RuneCountInString(v) > keep {
				token = abbreviate(v, sketchCut)
			}
		}
		if err := e.Encode(token); err != nil {
			return "", err
		}
		out.Truncate(out.Len() - 1) // the newline that Encode adds
	}
}

// level is an array or object that is being written.
type level struct {
	object bool
	tokens int
}

// separator gives what stands before the next token.
func (l *level) separator() string {
	l.tokens++
	switch {
	case l.tokens == 1:
		return ""
	case l.object && l.tokens%2 == 0:
		return ":"
	default:
		return ","
	}
}
