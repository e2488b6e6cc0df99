package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/ringback/ringback/internal/body"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

const (
	// maxBody is the largest body that is taken, in bytes, unless the operation
	// has another limit.
	maxBody = 1 << 20
	// maxIdempotencyKey is the length limit of an Idempotency-Key.
	maxIdempotencyKey = 255
)

// bodies are buffers for bodies as they arrive, until they are in stable form.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxRetained is the size above which a buffer is left to the garbage collector.
const maxRetained = 64 << 10

// readBody reads a request's body and gives it in stable form: one JSON object.
// Where it is optional, nothing stands for {}.
func readBody(r *http.Request, op *operation, room *room) ([]byte, error) {
	if op.OptionalBody && r.ContentLength == 0 {
		return []byte("{}"), nil
	}
	if err := checkMediaType(r.Header); err != nil {
		return nil, err
	}
	raw := bodies.Get().(*bytes.Buffer) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer func() {
		if raw.Cap() <= maxRetained {
			bodies.Put(raw)
		}
	}()
	raw.Reset()
	if err := readLimited(raw, r, op.MaxBody, room); err != nil {
		return nil, err
	}
	if op.OptionalBody && raw.Len() == 0 { // chunked: that it is none shows at its end
		return []byte("{}"), nil
	}
	stable, err := body.Stable(nil, raw.Bytes())
	if syntax, ok := errors.AsType[*body.SyntaxError](err); ok && syntax.Kind == body.KindEmpty {
		return nil, malformed("the body is empty; send a JSON object")
	}
	if err != nil {
		return nil, malformed("the body cannot be taken: " + err.Error())
	}
	if !body.IsObject(stable) {
		return nil, malformed("the body must be a JSON object, which is what stands between { and }")
	}
	return stable, nil
}

func malformed(detail string) error {
	return ringback.Errorf(ringback.CodeMalformedBody, "%s", detail)
}

// checkMediaType allows JSON in UTF-8, and nothing said.
func checkMediaType(h http.Header) error {
	if coding := h.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return ringback.Errorf(ringback.CodeUnsupportedMediaType, "the body must not be compressed; send it without Content-Encoding")
	}
	given := h.Get("Content-Type")
	if given == "" || given == jsonType {
		return nil
	}
	mediaType, params, err := mime.ParseMediaType(given)
	charset := params["charset"]
	if err != nil || mediaType != jsonType || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return ringback.Errorf(ringback.CodeUnsupportedMediaType,
			"the body must be JSON, not %q; send Content-Type: application/json (with curl: --json)", limit(given, maxFieldName))
	}
	return nil
}

// readLimited reads a body into a buffer, but not further than it may go, and not further than
// there is room for it.
func readLimited(raw *bytes.Buffer, r *http.Request, limit int, room *room) error {
	tooLarge := func() error {
		return ringback.Errorf(ringback.CodeBodyTooLarge, "the body is larger than %d bytes", limit)
	}
	if r.ContentLength > int64(limit) {
		return tooLarge()
	}
	if r.ContentLength > 0 {
		raw.Grow(min(int(r.ContentLength), maxBody) + bytes.MinRead)
	}
	for {
		n, err := raw.ReadFrom(io.LimitReader(r.Body, int64(min(maxBody, limit+1-raw.Len()))))
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			return malformed("the body did not arrive within " + bodyTimeout.String())
		}
		switch {
		case err != nil:
			return malformed("the body broke off before its end")
		case raw.Len() > limit:
			return tooLarge()
		case n < maxBody: // its end
			return nil
		}
		if limit > maxBody {
			if err := room.take(r.Context(), maxBody); err != nil {
				return err
			}
		}
	}
}

// replaceBody makes the checked body the one that handlers read.
func replaceBody(r *http.Request, stable []byte) {
	r.Body = io.NopCloser(bytes.NewReader(stable))
	r.ContentLength = int64(len(stable))
	r.Header.Set("Content-Type", jsonType)
}

// rawMembers are the members that hold any JSON. They are passed on as they
// are; of what is within them nothing is checked, so nothing need be decoded.
var rawMembers = []string{"input", "result", "data", "metadata", "schema"}

// decode reads a body in stable form, into its type or, to be validated, into
// a map.
func decode(text []byte, into any) error {
	tree, ok := into.(*any)
	if !ok {
		return json.Unmarshal(text, into)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	values := make(map[string]any, len(members))
	for name, raw := range members {
		if slices.Contains(rawMembers, name) || name == "events" && raw[0] == '[' { // of a batch, not of a job
			values[name] = sample(raw)
			continue
		}
		var v any
		if err := json.Unmarshal(raw, &v); err != nil && v == nil {
			v = math.Inf(1) // a number that no float64 holds is too large for any member
		}
		values[name] = v
	}
	*tree = values
	return nil
}

// sample gives a value of the same type as some JSON.
func sample(raw json.RawMessage) any {
	switch raw[0] {
	case '{':
		return map[string]any{}
	case '[':
		return []any{}
	case '"':
		return ""
	case 'n':
		return nil
	case 't', 'f':
		return raw[0] == 't'
	default:
		number, err := strconv.ParseFloat(string(raw), 64)
		if err != nil {
			return 0.0 // too large for a float64, which no such member minds
		}
		return number
	}
}

// checkQuery refuses parameters that are given twice, or without a value.
// Which ones there are, and what they may say, is up to the operation.
func checkQuery(r *http.Request) error {
	if r.URL.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return ringback.Errorf(ringback.CodeInvalid, "the query is malformed: a %% needs two hexadecimal digits, and parameters are separated by &")
	}
	var faults []FieldError
	for name, values := range query {
		switch {
		case len(values) > 1:
			faults = append(faults, FieldError{Field: limit(name, maxFieldName), Reason: "it is given more than once"})
		case values[0] == "":
			faults = append(faults, FieldError{Field: limit(name, maxFieldName), Reason: "it is empty; leave it out instead"})
		}
	}
	if len(faults) == 0 {
		return nil
	}
	slices.SortFunc(faults, func(a, b FieldError) int { return strings.Compare(a.Field, b.Field) })
	return invalidFields(faults)
}

// headerValue gives the one value of a header; given is false without any.
func (c *call) headerValue(name string) (value string, given bool, err error) {
	values := c.header.Values(name)
	switch {
	case len(values) == 0:
		return "", false, nil
	case len(values) > 1:
		return "", true, ringback.Invalid(name, "the header is given more than once")
	case values[0] == "":
		return "", true, ringback.Invalid(name, "the header is empty; leave it out instead")
	}
	return values[0], true, nil
}

// idempotencyKey gives the request's Idempotency-Key, or nil. The fingerprint
// is of all that makes the request what it is.
func (c *call) idempotencyKey(route string) (*store.IdempotencyKey, error) {
	text, given, err := c.headerValue(idempotencyHeader)
	if err != nil || !given {
		return nil, err
	}
	if len(text) > maxIdempotencyKey || !visibleASCII(text) {
		return nil, ringback.Invalid(idempotencyHeader, "it must have 1 to %d visible ASCII characters, without spaces", maxIdempotencyKey)
	}
	fingerprint := sha256.New()
	for _, part := range [][]byte{[]byte(route), c.body, []byte(c.header.Get(callbackHeader))} {
		fingerprint.Write(part)
		fingerprint.Write([]byte{0}) // which none of them contains
	}
	return &store.IdempotencyKey{Route: route, Key: text, Fingerprint: [32]byte(fingerprint.Sum(nil))}, nil
}

const (
	idempotencyHeader = "Idempotency-Key"
	callbackHeader    = "Job-Webhook"
)
