package api

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ringback/ringback/internal/engine"
)

// optional is a member of a body that may be left out, but not null.
type optional[T any] struct{ member[T] }

// nullable is a member of a body that may be left out, or null.
type nullable[T any] struct{ member[T] }

// member tells a member that was left out from one that was given, be it null.
type member[T any] struct {
	maybe engine.Maybe[T]
	err   error // the value is not a T, in a way that the schema does not say
}

// UnmarshalJSON is called for members that are in the body. It does not fail:
// Resolve does, which knows the member's name.
func (m *member[T]) UnmarshalJSON(text []byte) error {
	m.maybe = engine.Maybe[T]{Set: true, Null: string(text) == "null"}
	if !m.maybe.Null {
		m.err = json.Unmarshal(text, &m.maybe.Value)
	}
	return nil
}

func (m *member[T]) faults(path *huma.PathBuffer, null bool) []error {
	switch {
	case m.maybe.Null && !null:
		return []error{&huma.ErrorDetail{Location: path.String(), Message: "null is not possible here; leave it out instead"}}
	case m.err != nil:
		return []error{&huma.ErrorDetail{Location: path.String(), Message: notTaken}}
	}
	return nil
}

// Resolve reports what the schema cannot.
func (o *optional[T]) Resolve(_ huma.Context, path *huma.PathBuffer) []error {
	return o.faults(path, false)
}

// Resolve reports what the schema cannot.
func (n *nullable[T]) Resolve(_ huma.Context, path *huma.PathBuffer) []error {
	return n.faults(path, true)
}

// Schema is that of the value.
func (optional[T]) Schema(r huma.Registry) *huma.Schema { return schemaOf[T](r, true) }

// Schema is that of the value, or null.
func (nullable[T]) Schema(r huma.Registry) *huma.Schema {
	s := schemaOf[T](r, false) // a reference has no place for "or null"
	s.Nullable = true
	return s
}

// schemaOf gives a copy, to be changed, of a type's schema.
func schemaOf[T any](r huma.Registry, reference bool) *huma.Schema {
	s := *r.Schema(reflect.TypeFor[T](), reference, "")
	return &s
}

// get gives the value, or the zero value if it was left out or null.
func (m *member[T]) get() T { return m.maybe.Value }

// given says whether there is a value.
func (m *member[T]) given() bool { return m.maybe.Set && !m.maybe.Null }

// convert makes the engine's form of a member from another type's.
func convert[T, U any](m engine.Maybe[T], to func(T) U) engine.Maybe[U] {
	c := engine.Maybe[U]{Set: m.Set, Null: m.Null}
	if m.Set && !m.Null {
		c.Value = to(m.Value)
	}
	return c
}

// object is any JSON object, in stable form.
type object json.RawMessage

// Schema is that of any object.
func (object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// UnmarshalJSON takes the text as it is.
func (o *object) UnmarshalJSON(text []byte) error {
	*o = append((*o)[:0], text...)
	return nil
}
