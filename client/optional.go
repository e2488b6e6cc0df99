package client

import "encoding/json"

// Optional is a member of a request that may be left out, null or a value, each
// with a meaning of its own. The zero value leaves it out.
type Optional[T any] struct {
	value T
	given given
}

type given int

const (
	leftOut given = iota
	isNull
	isValue
)

// Set gives a member a value.
func Set[T any](value T) Optional[T] { return Optional[T]{value: value, given: isValue} }

// Null makes a member null.
func Null[T any]() Optional[T] { return Optional[T]{given: isNull} }

// Get gives the value; ok is false if the member is left out or null.
func (o Optional[T]) Get() (value T, ok bool) { return o.value, o.given == isValue }

// IsZero says whether the member is left out; encoding/json asks it (omitzero).
func (o Optional[T]) IsZero() bool { return o.given == leftOut }

// MarshalJSON writes the value, or null.
func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if o.given != isValue {
		return []byte("null"), nil
	}
	return json.Marshal(o.value)
}
