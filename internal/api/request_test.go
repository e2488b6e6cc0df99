package api

import (
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ringback/ringback/ringback"
)

// connection is a response whose connection has deadlines.
type connection struct {
	http.ResponseWriter

	deadlines []time.Time
}

func (c *connection) SetReadDeadline(at time.Time) error {
	c.deadlines = append(c.deadlines, at)
	return nil
}

// stalled is a body that does not come.
type stalled struct{}

func (stalled) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

func TestBodyDeadline(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body io.Reader
		want string
	}{
		"in time":   {strings.NewReader("{}"), ""},
		"stalled":   {stalled{}, "within 30s"},
		"broke off": {io.MultiReader(strings.NewReader("{"), failing{}), "broke off"},
	} {
		t.Run(name, func(t *testing.T) {
			w := &connection{ResponseWriter: httptest.NewRecorder()}
			r := httptest.NewRequest(http.MethodPost, "/", test.body)
			before := time.Now()
			after := boundBody(w, r)
			_, err := readBody(r, &operation{MaxBody: maxBody}, &room{})
			after()
			if test.want == "" != (err == nil) || err != nil && (ringback.CodeOf(err) != ringback.CodeMalformedBody || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%v, want %q", err, test.want)
			}
			if len(w.deadlines) != 2 || w.deadlines[0].Sub(before) < bodyTimeout || w.deadlines[1].IsZero() != (err == nil) {
				t.Errorf("deadlines %v", w.deadlines)
			}
		})
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// TestDecode reads bodies as they are validated: values are decoded but for
// those that may be anything, of which the type is kept.
func TestDecode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[string]any{
		`{"type":"t","max_attempts":5,"events":{"failed":"x"}}`:            {"type": "t", "max_attempts": 5.0, "events": map[string]any{"failed": "x"}},
		`{"input":{"a":1},"result":[1],"data":"x","metadata":5}`:           {"input": map[string]any{}, "result": []any{}, "data": "", "metadata": 5.0},
		`{"input":null,"result":true,"data":false,"metadata":-1e999}`:      {"input": nil, "result": true, "data": false, "metadata": 0.0},
		`{"max_attempts":1e400,"timeout_seconds":12345678901234567891234}`: {"max_attempts": math.Inf(1), "timeout_seconds": 12345678901234567891234.0},
	} {
		var got any
		if err := decode([]byte(text), &got); err != nil || !reflect.DeepEqual(got, any(want)) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

// A body that may be left out may also come without a length, and be empty.
func TestOptionalBody(t *testing.T) {
	for name, test := range map[string]struct {
		optional bool
		length   int64
		want     string
	}{
		"none":              {true, 0, "{}"},
		"chunked and empty": {true, -1, "{}"},
		"needed":            {false, -1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
			r.ContentLength = test.length
			got, err := readBody(r, &operation{OptionalBody: test.optional, MaxBody: maxBody}, &room{})
			if string(got) != test.want || (err != nil) != (test.want == "") {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
}
