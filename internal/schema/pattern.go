package schema

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Limits of patterns. An instruction takes some 40 bytes, and in the worst case
// each is looked at for every character.
const (
	maxPattern      = 1024 // bytes of one
	maxInstructions = 2000 // of all of a schema's together
)

// patterns compiles the patterns of one schema, each once.
type patterns struct {
	meter        *meter // nil while the schema is being compiled
	compiled     map[string]*pattern
	instructions int
	err          error // of the first that was refused: no further one is looked at
}

func newPatterns() *patterns { return &patterns{compiled: make(map[string]*pattern)} }

// pattern charges for matching.
type pattern struct {
	*regexp.Regexp

	of           *patterns
	instructions int
}

func (p *patterns) compile(text string) (jsonschema.Regexp, error) {
	if have := p.compiled[text]; have != nil {
		return have, nil
	}
	if p.err != nil {
		return nil, p.err
	}
	var made *pattern
	if made, p.err = p.make(text); p.err != nil {
		return nil, p.err
	}
	p.compiled[text] = made
	return made, nil
}

func (p *patterns) make(text string) (*pattern, error) {
	parsed, err := readPattern(text)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, err
	}
	n := len(program.Inst)
	if p.instructions += n; p.instructions > maxInstructions {
		return nil, errors.New("the patterns of the schema are too large together; repeat fewer things fewer times")
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	return &pattern{Regexp: re, of: p, instructions: n}, nil
}

// MatchString charges an eighth of instructions times bytes, and then matches.
func (p *pattern) MatchString(s string) bool {
	if p.of.meter != nil {
		p.of.meter.charge(1 + p.instructions*len(s)/8)
	}
	return p.Regexp.MatchString(s)
}

// readPattern reads a pattern without compiling it.
func readPattern(text string) (*syntax.Regexp, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("the pattern has %d bytes; at most %d are allowed", len(text), maxPattern)
	}
	return syntax.Parse(text, syntax.Perl)
}
