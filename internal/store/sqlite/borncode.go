package sqlite

import (
	"encoding/binary"
	"errors"
	"net/http"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

// How deliveries and an attempt are written into a column of another row: whole
// numbers as varints (encoding/binary), texts with their length before them,
// and before all a byte that says in which form the rest is.
const (
	bornForm    = 1
	attemptForm = 1
)

var errCode = errors.New("a column of this store cannot be read")

// encodeBorn appends the deliveries that have no row of their own.
func encodeBorn(b []byte, deliveries []*store.NewDelivery) []byte {
	b = append(b, bornForm)
	for _, d := range deliveries {
		b = binary.AppendUvarint(b, uint64(ringback.DeliveryNumber(d.ID))) //nolint:gosec // at least 0
		b = appendText(b, d.EndpointID)
		b = appendText(b, d.URL)
		b = appendText(b, d.Profile)
	}
	return b
}

// decodeBorn is the inverse of encodeBorn; the deliveries are scheduled.
func decodeBorn(e *ringback.Event, text []byte) ([]store.NewDelivery, error) {
	r := codeReader{text: text}
	r.form(bornForm)
	var all []store.NewDelivery
	for len(r.text) > 0 && r.err == nil {
		number := r.uint()
		all = append(all, store.NewDelivery{Delivery: ringback.Delivery{
			ID: ringback.DeliveryID(e.ID, int(number)), AccountID: e.AccountID, EventID: e.ID, EventType: e.Type, JobID: e.JobID, //nolint:gosec // as it was written
			EndpointID: r.string(), URL: r.string(), Profile: r.string(),
			Status: ringback.DeliveryPending, NextAttemptAt: e.CreatedAt, CreatedAt: e.CreatedAt,
		}})
	}
	return all, r.err
}

// encodeAttempt appends an attempt that has no error; its number is 1.
func encodeAttempt(b []byte, a *ringback.Attempt) []byte {
	b = append(b, attemptForm)
	b = binary.AppendVarint(b, micros(a.StartedAt))
	b = binary.AppendVarint(b, a.Duration.Microseconds())
	b = binary.AppendVarint(b, int64(a.StatusCode))
	b = appendHeaders(b, a.RequestHeaders)
	b = appendHeaders(b, a.ResponseHeaders)
	return appendMaybe(b, a.ResponseBody)
}

// appendHeaders is appendMaybe of encodeHeader. Their length is written in as
// many bytes as the longest that are usual need.
func appendHeaders(b []byte, h http.Header) []byte {
	if h == nil {
		return append(b, 0)
	}
	at := len(b)
	b = columns.AppendHeader(append(b, 0, 0), h)
	n := len(b) - at - 2 + 1
	if n >= 1<<14 {
		return appendMaybe(b[:at], encodeHeader(h))
	}
	b[at], b[at+1] = byte(n)|0x80, byte(n>>7) //nolint:gosec // seven bits each; a varint may have a byte more than it needs
	return b
}

// decodeAttempt is the inverse of encodeAttempt.
func decodeAttempt(text []byte) (ringback.Attempt, error) {
	r := codeReader{text: text}
	r.form(attemptForm)
	a := ringback.Attempt{
		Number: 1, StartedAt: fromMicros(r.int()), Duration: time.Duration(r.int()) * time.Microsecond, StatusCode: int(r.int()),
	}
	a.RequestHeaders, a.ResponseHeaders = decodeHeader(r.maybe()), decodeHeader(r.maybe())
	a.ResponseBody = r.maybe()
	return a, r.err
}

func appendText(b []byte, text string) []byte {
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text...)
}

// appendMaybe keeps nil apart from empty.
func appendMaybe(b, text []byte) []byte {
	if text == nil {
		return append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(len(text))+1)
	return append(b, text...)
}

// codeReader reads what was written so. After an error all that it gives is
// zero.
type codeReader struct {
	text []byte
	err  error
}

func (r *codeReader) fail() { r.text, r.err = nil, errCode }

func (r *codeReader) form(want byte) {
	if len(r.text) == 0 || r.text[0] != want {
		r.fail()
		return
	}
	r.text = r.text[1:]
}

func (r *codeReader) uint() uint64 {
	v, n := binary.Uvarint(r.text)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.text = r.text[n:]
	return v
}

func (r *codeReader) int() int64 {
	v, n := binary.Varint(r.text)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.text = r.text[n:]
	return v
}

func (r *codeReader) bytes(n uint64) []byte {
	if n > uint64(len(r.text)) {
		r.fail()
		return nil
	}
	b := r.text[:n:n]
	r.text = r.text[n:]
	return b
}

func (r *codeReader) string() string { return string(r.bytes(r.uint())) }

func (r *codeReader) maybe() []byte {
	n := r.uint()
	if n == 0 {
		return nil
	}
	return r.bytes(n - 1)
}
