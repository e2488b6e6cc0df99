// Package schema compiles the JSON Schemas of event types and checks data
// against them. Both come from customers, so that everything is bounded: what a
// schema may refer to and how large it may be, and how much work one check may
// be, whatever schema and data are.
//
// Schemas are of draft 2020-12 unless $schema names another one (4, 6, 7,
// 2019-09). format is asserted; contentEncoding, contentMediaType and
// contentSchema are annotations. Patterns are Go's regular expressions (RE2):
// without lookaround and backreferences.
package schema

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Limits of a schema.
const (
	MaxBytes  = 64 << 10
	maxValues = 2000 // objects, true and false in its text: what may be a subschema
	maxDepth  = 64   // arrays and objects nested in one another
	maxChain  = 200  // subschemas that look at the same value, one below the other
)

// base is where a schema seems to be, so that its references to itself can be
// told from those to elsewhere.
const base = "ringback://event-type/schema"

// Schema is a compiled schema. It may be used concurrently; its checks take
// turns.
type Schema struct {
	root  *jsonschema.Schema
	probe *jsonschema.Schema // {"not": …}; see matches
	nodes int
	chain int // of subschemas that look at the same value, at most

	turn  sync.Mutex
	meter meter
}

// Error says why a text is no schema that can be used.
type Error struct {
	Place  string // JSON pointer into the schema; "" = the whole
	Reason string
}

// Error gives place and reason.
func (e *Error) Error() string {
	if e.Place == "" {
		return e.Reason
	}
	return "at " + e.Place + ": " + e.Reason
}

// Compile compiles a schema. An *Error says what is wrong with it.
func Compile(text []byte) (*Schema, error) {
	if len(text) > MaxBytes {
		return nil, &Error{Reason: fmt.Sprintf("it has %d bytes; at most %d are allowed", len(text), MaxBytes)}
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, &Error{Reason: "it is no JSON"}
	}
	if err := checkText(doc); err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(nowhere{})
	patterns := newPatterns()
	c.UseRegexpEngine(patterns.compile)
	s := &Schema{}
	if err := errors.Join(c.AddResource(base, doc), c.AddResource(base+"/probe", map[string]any{"not": true})); err != nil {
		return nil, err
	}
	if s.root, err = c.Compile(base); err != nil {
		return nil, explainSchema(err)
	}
	if s.probe, err = c.Compile(base + "/probe"); err != nil {
		return nil, err
	}
	patterns.meter = &s.meter
	all := install(&s.meter, append(dynamic(c, doc), s.root))
	s.nodes = len(all)
	var ends bool
	if s.chain, ends = longestChain(all); !ends {
		return nil, &Error{Reason: "it leads back to itself without going into the value: its check would never end"}
	}
	if s.chain > maxChain {
		return nil, &Error{Reason: fmt.Sprintf("%d of its subschemas look at the same value, one below the other; at most %d may", s.chain, maxChain)}
	}
	for _, sub := range all {
		if sub.DynamicRef != nil || sub.RecursiveRef != nil {
			s.chain = maxChain // where it leads depends on the data
		}
	}
	// The library cuts each subschema's location off the front of its child's.
	s.probe.Location = ""
	return s, nil
}

// Weight is about how much memory the compiled schema takes, in bytes.
func (s *Schema) Weight() int { return 64<<10 + s.nodes*1024 }

// nowhere refuses to load what a schema refers to.
type nowhere struct{}

var errElsewhere = errors.New("not within the schema")

func (nowhere) Load(string) (any, error) { return nil, errElsewhere }

// checkText checks what bounds the work of compiling.
func checkText(doc any) error {
	if depth(doc) > maxDepth {
		return &Error{Reason: fmt.Sprintf("it is nested deeper than %d levels", maxDepth)}
	}
	if n := count(doc); n > maxValues {
		return &Error{Reason: fmt.Sprintf("it has %d objects and booleans; at most %d are allowed", n, maxValues)}
	}
	if at, ok := hugeNumber(doc, nil); ok {
		return &Error{Place: pointer(at), Reason: tooManyDigits}
	}
	return nil
}

// count counts what may be a subschema.
func count(v any) int {
	switch v := v.(type) {
	case bool:
		return 1
	case map[string]any:
		n := 1
		for _, member := range v {
			n += count(member)
		}
		return n
	case []any:
		n := 0
		for _, item := range v {
			n += count(item)
		}
		return n
	}
	return 0
}

// explainSchema puts the compiler's errors in words.
func explainSchema(err error) error {
	if e, ok := errors.AsType[*jsonschema.LoadURLError](err); ok {
		return &Error{Reason: fmt.Sprintf("it refers to %q, which is not within it; files and other addresses are never read",
			cut(strings.TrimPrefix(e.URL, "ringback://event-type/")))}
	}
	if e, ok := errors.AsType[*jsonschema.SchemaValidationError](err); ok {
		if cause, ok := errors.AsType[*jsonschema.ValidationError](e.Err); ok {
			leaf := firstLeaf(cause)
			return &Error{Place: pointer(leaf.InstanceLocation), Reason: cut(reasonOf(leaf))}
		}
	}
	return &Error{Reason: cut(strings.ReplaceAll(err.Error(), base, ""))}
}

// firstLeaf finds the error without causes that comes first by its place.
func firstLeaf(e *jsonschema.ValidationError) *jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return e
	}
	var first *jsonschema.ValidationError
	for _, cause := range e.Causes {
		leaf := firstLeaf(cause)
		if first == nil || pointer(leaf.InstanceLocation) < pointer(first.InstanceLocation) {
			first = leaf
		}
	}
	return first
}

// cut keeps what is repeated of a schema to a readable length.
func cut(s string) string {
	const limit = 300
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

// pointer writes a JSON pointer (RFC 6901).
func pointer(tokens []string) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteByte('/')
		b.WriteString(strings.NewReplacer("~", "~0", "/", "~1").Replace(t))
	}
	return b.String()
}
