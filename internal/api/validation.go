package api

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/ringback/ringback/ringback"
)

// The framework's settings that are variables of its package. They hold for
// the whole process, so they are set once, before anything is served.
func init() { //nolint:gochecknoinits // see above
	huma.ValidateStrictCasing = true // "Type" is not "type", it is an unknown member
	huma.DefaultArrayNullable = false
	huma.NewError = validationProblem
}

const (
	maxFieldErrors = 20
	maxFieldName   = 128 // bytes of a member's name that are repeated
)

// validationProblem turns what the framework says of a request that does not
// match its operation's schema into a Problem.
func validationProblem(status int, message string, errs ...error) huma.StatusError {
	if status == 0 {
		return &Problem{} // an operation is being documented
	}
	if status != http.StatusUnprocessableEntity {
		// Bodies and all else were checked before the framework saw them.
		panic(fmt.Sprintf("the framework answers %d (%s) where it cannot", status, message))
	}
	fields := make([]FieldError, 0, len(errs))
	for _, err := range errs {
		fields = append(fields, fieldError(err))
	}
	// By name, since the framework's order is that of maps; the first reason
	// for each is the one that says most.
	slices.SortStableFunc(fields, func(a, b FieldError) int { return strings.Compare(a.Field, b.Field) })
	fields = slices.CompactFunc(fields, func(a, b FieldError) bool { return a.Field == b.Field })
	return invalidFields(withoutEchoes(fields))
}

// notTaken is said of a member that is not what its type wants. If that is so
// for a reason within it, the reason is there, too.
const notTaken = "it cannot be taken: it is of another type, out of range, or written in another form"

// withoutEchoes drops, of sorted faults, what only repeats the one behind it.
func withoutEchoes(sorted []FieldError) []FieldError {
	kept := sorted[:0:0]
	for i, f := range sorted {
		within := i+1 < len(sorted) && f.Field != "" && strings.HasPrefix(sorted[i+1].Field, f.Field) &&
			strings.ContainsRune(".[", rune(sorted[i+1].Field[len(f.Field)]))
		if f.Reason != notTaken || !within {
			kept = append(kept, f)
		}
	}
	return kept
}

// invalidFields makes the problem of a request with several faults.
func invalidFields(fields []FieldError) *Problem {
	if len(fields) == 0 {
		fields = []FieldError{{Reason: "the request does not match its description in /openapi.json"}}
	}
	fields = fields[:min(len(fields), maxFieldErrors)]
	p := newProblem(ringback.Invalid(fields[0].Field, "%s", fields[0].Reason))
	p.Errors = fields
	if len(fields) > 1 {
		all := make([]string, len(fields))
		for i, f := range fields {
			all[i] = f.Field + ": " + f.Reason
		}
		p.Detail = limit(strings.Join(all, "; "), maxDetail)
	}
	return p
}

// fieldError names the field as its sender knows it and says what is wrong.
func fieldError(err error) FieldError {
	d, ok := errors.AsType[*huma.ErrorDetail](err)
	if !ok {
		return FieldError{Reason: "it cannot be taken"}
	}
	field := d.Location
	for _, place := range []string{"body", "query", "path", "header"} {
		if field == place {
			field = ""
		}
		field = strings.TrimPrefix(field, place+".")
		if field != d.Location {
			break
		}
	}
	if member, ok := missingMember(d.Message); ok {
		return FieldError{Field: limit(strings.TrimPrefix(field+"."+member, "."), maxFieldName), Reason: "it is needed"}
	}
	return FieldError{Field: limit(field, maxFieldName), Reason: reason(d.Message) + harmless(d)}
}

// harmless repeats the value at fault if it surely is no secret: a number, true
// or false, or a short query parameter.
func harmless(d *huma.ErrorDetail) string {
	for _, sensitive := range []string{"secret", "token", "key", "headers"} {
		if strings.Contains(strings.ToLower(d.Location), sensitive) {
			return ""
		}
	}
	switch v := d.Value.(type) {
	case float64:
		if !math.IsInf(v, 0) {
			return ", not " + strconv.FormatFloat(v, 'g', -1, 64)
		}
	case int64, bool:
		return fmt.Sprintf(", not %v", v)
	case string:
		if strings.HasPrefix(d.Location, "query.") && v != "" {
			return fmt.Sprintf(", not %q", limit(v, maxFieldName))
		}
	}
	return ""
}

// missingMember reads the name of a missing member off the framework's message.
func missingMember(message string) (name string, ok bool) {
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	name, ok = strings.CutPrefix(message, before)
	name, ok2 := strings.CutSuffix(name, after)
	return name, ok && ok2
}

const notATime = "it is not an RFC 3339 time such as 2026-01-02T15:04:05Z (in a query, write + as %2B)"

// reason puts the framework's messages that say too little in other words.
func reason(message string) string {
	switch {
	case message == validation.MsgUnexpectedProperty:
		return "there is no such member"
	case message == "unknown query parameter":
		return "there is no such parameter"
	case message == fmt.Sprintf(validation.MsgExpectedMinLength, 1):
		return "it is empty"
	case message == "invalid integer":
		return validation.MsgExpectedInteger
	case message == validation.MsgExpectedRFC3339DateTime:
		return notATime
	}
	return message
}

// renameField makes an error about a field one about the header that the value
// came from.
func renameField(err error, field, header string) error {
	e, ok := errors.AsType[*ringback.Error](err)
	if !ok || e.Field != field {
		return err
	}
	renamed := *e
	renamed.Field = header
	return &renamed
}
