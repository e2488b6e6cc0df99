package api_test

import (
	"strings"
	"testing"
)

// scenario is one request and what must come of it.
type scenario struct {
	Name string
	request
	Status int
	Code   string            // of the problem
	Field  string            // of the problem
	Want   []string          // texts that the body has
	Not    []string          // texts that it does not have
	Answer map[string]string // headers of the answer
}

// run runs scenarios one after the other. In paths and bodies, {name} stands
// for what names has.
func run(t *testing.T, e *env, names map[string]string, scenarios []scenario) {
	t.Helper()
	for _, s := range scenarios {
		name := s.Name
		if name == "" {
			name = s.Method + s.Path
		}
		t.Run(name, func(t *testing.T) {
			t.Helper()
			e.play(t, names, s)
		})
	}
}

func (e *env) play(t *testing.T, names map[string]string, s scenario) *answer {
	t.Helper()
	q := s.request
	for name, value := range names {
		q.Method = strings.ReplaceAll(q.Method, "{"+name+"}", value)
		q.Body = strings.ReplaceAll(q.Body, "{"+name+"}", value)
	}
	a := e.do(t, q)
	if a.Status != s.Status {
		t.Fatalf("status %d, want %d: %s", a.Status, s.Status, a.Body)
	}
	if s.Code != "" && a.text("code") != s.Code {
		t.Errorf("code %q, want %q: %s", a.text("code"), s.Code, a.Body)
	}
	if s.Field != "" && a.text("field") != s.Field {
		t.Errorf("field %q, want %q: %s", a.text("field"), s.Field, a.Body)
	}
	for _, want := range s.Want {
		if !strings.Contains(string(a.Body), want) {
			t.Errorf("the body has no %s: %s", want, a.Body)
		}
	}
	for _, not := range s.Not {
		if strings.Contains(string(a.Body), not) {
			t.Errorf("the body has %s: %s", not, a.Body)
		}
	}
	for header, want := range s.Answer {
		if got := a.Header.Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	return a
}
