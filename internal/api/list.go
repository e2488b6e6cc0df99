package api

import (
	"time"

	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// List is a page of a list, the newest first.
type List[T any] struct {
	Items      []T    `json:"items" doc:"The newest first"`
	NextCursor string `json:"next_cursor,omitempty" doc:"Give it as cursor to get the next page; absent on the last one"`
}

type listOutput[T any] struct{ Body List[T] }

// show makes the answer of a list.
func show[E, T any](l *engine.List[E], view func(*E) T) *listOutput[T] {
	out := &listOutput[T]{Body: List[T]{Items: make([]T, len(l.Items)), NextCursor: l.Next}}
	for i, item := range l.Items {
		out.Body.Items[i] = view(item)
	}
	return out
}

// PageParams ask for a page of a list. (It is exported, as SpanParams is, since
// the framework passes over embedded types that are not.)
type PageParams struct {
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"200" doc:"How many items at most"`
	Cursor string `query:"cursor" doc:"next_cursor of the page before; absent for the first page"`
}

func (p PageParams) paging() engine.Paging {
	return engine.Paging{Limit: p.Limit, Cursor: p.Cursor}
}

// SpanParams bound the time of creation.
type SpanParams struct {
	Since string `query:"since" format:"date-time" doc:"Only what was created at this time or later"`
	Until string `query:"until" format:"date-time" doc:"Only what was created before this time"`
}

func (s SpanParams) span() (span store.Span, err error) {
	if span.Since, err = parseTime("since", s.Since); err != nil {
		return store.Span{}, err
	}
	span.Until, err = parseTime("until", s.Until)
	return span, err
}

// parseTime reads a parameter that has passed validation; "" is the zero time.
func parseTime(parameter, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, ringback.Invalid(parameter, "%s", notATime)
	}
	return t.UTC(), checkTime(parameter, t)
}

// checkType refuses a filter that nothing can match.
func checkType(parameter, value string) error {
	if value == "" || ringback.ValidEventType(value) {
		return nil
	}
	return ringback.Invalid(parameter, "%q is no type: those match [A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)* with at most %d characters",
		limit(value, maxFieldName), ringback.MaxEventType)
}
