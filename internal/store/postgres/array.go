package postgres

import (
	"encoding/binary"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ringback/ringback/internal/store/columns"
)

// array is a column of a bulk statement, in PostgreSQL's binary form of an array
// from the start: pgx's own encoding looks at each element by itself, which
// takes several times as long.
type array struct {
	element uint32 // oid
	n       int32
	nulls   bool
	buf     []byte // each element: its length (-1 = NULL), its bytes
}

func texts(n int) *array    { return &array{element: pgtype.TextOID, buf: make([]byte, 0, n*36)} }
func bytesArray() *array    { return &array{element: pgtype.ByteaOID} }
func bigints(n int) *array  { return &array{element: pgtype.Int8OID, buf: make([]byte, 0, n*12)} }
func integers(n int) *array { return &array{element: pgtype.Int4OID, buf: make([]byte, 0, n*8)} }
func smalls(n int) *array   { return &array{element: pgtype.Int2OID, buf: make([]byte, 0, n*6)} }

func (a *array) length(n int) {
	a.n++
	a.buf = binary.BigEndian.AppendUint32(a.buf, uint32(n)) //nolint:gosec // -1 is NULL, and no value has 2 GB
}

func (a *array) text(s string) {
	a.length(len(s))
	a.buf = append(a.buf, s...)
}

// bytes keeps nil as NULL.
func (a *array) bytes(b []byte) {
	if b == nil {
		a.null()
		return
	}
	a.length(len(b))
	a.buf = append(a.buf, b...)
}

// header keeps nil as NULL.
func (a *array) header(h http.Header) {
	if h == nil {
		a.null()
		return
	}
	at := len(a.buf)
	a.length(0)
	a.buf = columns.AppendHeader(a.buf, h)
	binary.BigEndian.PutUint32(a.buf[at:], uint32(len(a.buf)-at-4)) //nolint:gosec // no value has 2 GB
}

func (a *array) null() {
	a.length(-1)
	a.nulls = true
}

func (a *array) bigint(v int64) {
	a.length(8)
	a.buf = binary.BigEndian.AppendUint64(a.buf, uint64(v)) //nolint:gosec // the same bits
}

func (a *array) integer(v int) {
	a.length(4)
	a.buf = binary.BigEndian.AppendUint32(a.buf, uint32(v)) //nolint:gosec // the same bits
}

func (a *array) small(v int) {
	a.length(2)
	a.buf = binary.BigEndian.AppendUint16(a.buf, uint16(v)) //nolint:gosec // the same bits
}

// arrayCodec encodes arrays of our own, and all else as pgx does.
type arrayCodec struct{ pgtype.Codec }

// PlanEncode plans for an *array, whose elements must be those of the type.
func (c arrayCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if a, ok := value.(*array); ok {
		element, ok := m.TypeForOID(a.element)
		if ok && format == pgtype.BinaryFormatCode {
			return planArray{element.OID}
		}
		return nil
	}
	return c.Codec.PlanEncode(m, oid, format, value)
}

type planArray struct{ element uint32 }

// Encode writes dimensions, flags, the type of the elements, the length and the
// lower bound, and the elements.
func (p planArray) Encode(value any, buf []byte) ([]byte, error) {
	a, ok := value.(*array)
	if !ok || a.element != p.element {
		return nil, fmt.Errorf("postgres: an array of another type: %T", value)
	}
	dimensions, nulls := uint32(1), uint32(0)
	if a.n == 0 {
		dimensions = 0
	}
	if a.nulls {
		nulls = 1
	}
	for _, v := range []uint32{dimensions, nulls, a.element} {
		buf = binary.BigEndian.AppendUint32(buf, v)
	}
	if a.n == 0 {
		return buf, nil
	}
	buf = binary.BigEndian.AppendUint32(buf, uint32(a.n)) //nolint:gosec // never negative
	buf = binary.BigEndian.AppendUint32(buf, 1)
	return append(buf, a.buf...), nil
}
