package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// counter counts what is read of a body.
type counter struct {
	r    io.Reader
	read int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.read += int64(n)
	return n, err
}

func (c *counter) Close() error { return nil }

// rejection is what OnReject was told.
type rejection struct {
	status int
	err    error
}

// received is what became of a request.
type received struct {
	*httptest.ResponseRecorder
	events   []Event
	body     string // what next has read again
	rejected []rejection
}

var handlerTime = time.Unix(1732104000, 0)

const handlerLimit = 4096

// receive gives a handler one request; what it reads is limited to handlerLimit.
func receive(t *testing.T, p Profile, r *http.Request) received {
	t.Helper()
	v, err := NewVerifier(p, []string{GenerateSecret(), secretA}, Now(func() time.Time { return handlerTime }))
	if err != nil {
		t.Fatal(err)
	}
	got := received{ResponseRecorder: httptest.NewRecorder()}
	handler := Handler(v, func(w http.ResponseWriter, r *http.Request, e Event) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.ContentLength != int64(len(body)) || len(r.TransferEncoding) != 0 {
			t.Errorf("the body again: %v, length %d, %v", err, r.ContentLength, r.TransferEncoding)
		}
		got.events, got.body = append(got.events, e), string(body)
		w.WriteHeader(http.StatusAccepted)
	}, MaxBody(handlerLimit), OnReject(func(_ *http.Request, status int, err error) {
		got.rejected = append(got.rejected, rejection{status, err})
	}))
	handler.ServeHTTP(got, r)
	return got
}

// call makes a genuine call at handlerTime.
func call(t *testing.T, p Profile, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/hook?a=1", strings.NewReader(body))
	h, err := Sign(p, Message{ID: "msg_1", Type: "order.paid", UUID: testUUID, Timestamp: handlerTime, Body: []byte(body)}, secretA)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = h
	r.Header.Set(HeaderID, "msg_1")
	r.Header.Set(HeaderAttempt, "2")
	r.Header.Set("Content-Type", "application/json")
	return r
}

// shapeBodies hold a genuine body for each shape.
var shapeBodies = map[Shape]string{
	ShapeStandard:    standardBody(`{"a":1}`),
	ShapeUnitary:     `{"data":{"job_id":"1","callback_url":"u","is_error":false,"result":[]}}`,
	ShapeUnitaryFlat: `{"job_id":"1","callback_url":"u","is_error":true,"result":{"error":"e"}}`,
	ShapeInkit:       `{"event_type":"A","resource_id":"r"}`,
	ShapeSharpAPI:    `{"id":"1","status":"success","type":"t"}`,
}

func TestHandlerAccepts(t *testing.T) {
	chunked := func(r *http.Request) { r.ContentLength, r.TransferEncoding = -1, []string{"chunked"} }
	tests := map[string]func(*http.Request){
		"as sent":                func(*http.Request) {},
		"chunked":                chunked,
		"no content type":        func(r *http.Request) { r.Header.Del("Content-Type") },
		"another content type":   func(r *http.Request) { r.Header.Set("Content-Type", "text/plain; charset=latin1") },
		"a content type, twice":  func(r *http.Request) { r.Header.Add("Content-Type", "multipart/form-data") },
		"byte by byte":           func(r *http.Request) { chunked(r); r.Body = io.NopCloser(oneByte{r.Body}) },
		"through another method": func(r *http.Request) { r.Header.Set("X-HTTP-Method-Override", "GET") },
	}
	for _, p := range Profiles() {
		for name, change := range tests {
			t.Run(p.Name+"/"+name, func(t *testing.T) {
				body := shapeBodies[p.Shape]
				r := call(t, p, body)
				change(r)
				original := r.Body
				got := receive(t, p, r)
				want, err := ParseEvent(p, []byte(body))
				if err != nil {
					t.Fatal(err)
				}
				want.ID, want.IDVerified, want.Attempt = "msg_1", p.Name == "standard", 2
				if diff := cmp.Diff([]Event{want}, got.events); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
				if got.Code != http.StatusAccepted || got.body != body || len(got.rejected) != 0 {
					t.Errorf("status %d, body %q, rejected %v", got.Code, got.body, got.rejected)
				}
				if r.Body != original {
					t.Error("the request of whoever called was changed")
				}
			})
		}
	}
}

// oneByte reads one byte at a time.
type oneByte struct{ r io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:min(len(p), 1)]) }

func TestHandlerLimitsBodies(t *testing.T) {
	p := profile(t, "inkit")
	frame := len(`{"event_type":"A","resource_id":""}`)
	for _, tt := range []struct {
		size, claimed, wantRead int64 // claimed: the Content-Length, -1 for chunked
		good                    bool
	}{
		{handlerLimit, handlerLimit, handlerLimit, true},
		{handlerLimit, -1, handlerLimit, true},
		{handlerLimit + 1, handlerLimit + 1, 0, false},
		{handlerLimit + 1, -1, handlerLimit + 1, false}, // one byte more, to know
		{100 * handlerLimit, -1, handlerLimit + 1, false},
		{100 * handlerLimit, 100 * handlerLimit, 0, false},
		{100 * handlerLimit, 10, handlerLimit + 1, false}, // no server lets such a lie through
	} {
		t.Run(fmt.Sprintf("%d of %d", tt.claimed, tt.size), func(t *testing.T) {
			body := `{"event_type":"A","resource_id":"` + strings.Repeat("r", int(tt.size)-frame) + `"}`
			r := call(t, p, body)
			count := &counter{r: strings.NewReader(body)}
			r.Body, r.ContentLength = count, tt.claimed
			got := receive(t, p, r)
			if count.read != tt.wantRead {
				t.Errorf("%d bytes were read; want %d", count.read, tt.wantRead)
			}
			if tt.good {
				if got.Code != http.StatusAccepted || got.body != body {
					t.Errorf("status %d, rejected %v", got.Code, got.rejected)
				}
				return
			}
			wantRejected(t, got, http.StatusRequestEntityTooLarge)
			if e, ok := errors.AsType[*http.MaxBytesError](got.rejected[0].err); !ok || e.Limit != handlerLimit {
				t.Errorf("got %v", got.rejected[0].err)
			}
		})
	}
}

// A body of the default limit is taken, over a real connection, one that is
// larger is not.
func TestHandlerServes(t *testing.T) {
	p := profile(t, "stripe")
	v, err := NewVerifier(p, []string{secretA})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/hooks/{customer}", Handler(v, func(w http.ResponseWriter, r *http.Request, e Event) {
		fmt.Fprint(w, r.PathValue("customer"), e.Type)
	}))
	server := httptest.NewServer(mux)
	defer server.Close()
	frame := len(standardBody(`""`))
	for size, want := range map[int]string{
		DefaultMaxBody: "200 acmeorder.paid", DefaultMaxBody + 1: "413 request entity too large\n",
	} {
		for _, chunked := range []bool{false, true} {
			body := []byte(standardBody(`"` + strings.Repeat("x", size-frame) + `"`))
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/hooks/acme", bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if r.Header, err = Sign(p, Message{Timestamp: time.Now(), Body: body}, secretA); err != nil {
				t.Fatal(err)
			}
			if chunked {
				r.ContentLength = -1
			}
			resp, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if got := fmt.Sprintf("%d %s", resp.StatusCode, answer); got != want {
				t.Errorf("%d bytes, chunked %v: got %q, want %q", size, chunked, got, want)
			}
		}
	}
}

// The handler keeps the request's context, and leaves a panic to the server.
func TestHandlerLeavesTheRest(t *testing.T) {
	type key struct{}
	p := profile(t, "inkit")
	v, err := NewVerifier(p, []string{secretA})
	if err != nil {
		t.Fatal(err)
	}
	handler := Handler(v, func(_ http.ResponseWriter, r *http.Request, _ Event) { panic(r.Context().Value(key{})) })
	defer func() {
		if got := recover(); got != "as it came" {
			t.Errorf("recovered %v", got)
		}
	}()
	r := call(t, p, shapeBodies[p.Shape])
	handler.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithValue(r.Context(), key{}, "as it came")))
	t.Error("the panic was swallowed")
}

func TestHandlerRefusesImpossibleOptions(t *testing.T) {
	v, err := NewVerifier(profile(t, "inkit"), []string{secretA})
	if err != nil {
		t.Fatal(err)
	}
	next := func(http.ResponseWriter, *http.Request, Event) {}
	for name, build := range map[string]func(){
		"no verifier":   func() { Handler(nil, next) },
		"no function":   func() { Handler(v, nil) },
		"limit 0":       func() { Handler(v, next, MaxBody(0)) },
		"limit below 0": func() { Handler(v, next, MaxBody(-1)) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.HasPrefix(text, "webhook: ") {
					t.Error("it was taken")
				}
			}()
			build()
		})
	}
}

// A verifier that NewVerifier did not make knows no secret and lets nothing
// pass.
func TestHandlerOfAnEmptyVerifier(t *testing.T) {
	for _, p := range Profiles() {
		for _, v := range []*Verifier{{}, {profile: p, signature: newField(p.SignatureHeader), now: time.Now, tolerance: time.Hour}} {
			w := httptest.NewRecorder()
			Handler(v, func(http.ResponseWriter, *http.Request, Event) { t.Error("it was let pass") }).ServeHTTP(w, call(t, p, shapeBodies[p.Shape]))
			if w.Code != http.StatusUnauthorized {
				t.Errorf("%s: status %d", p.Name, w.Code)
			}
		}
	}
}
