package webhook

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestHandlerRejects(t *testing.T) {
	signedAt := func(late time.Duration) func(*testing.T, Profile, *http.Request) {
		return func(t *testing.T, p Profile, r *http.Request) {
			h, err := Sign(p, Message{ID: "msg_1", Timestamp: handlerTime.Add(-late), Body: []byte(shapeBodies[p.Shape])}, secretA)
			if err != nil {
				t.Fatal(err)
			}
			r.Header = h
		}
	}
	header := func(change func(h http.Header, name string)) func(*testing.T, Profile, *http.Request) {
		return func(_ *testing.T, p Profile, r *http.Request) { change(r.Header, p.SignatureHeader) }
	}
	tests := []struct {
		name   string
		change func(*testing.T, Profile, *http.Request)
		status int
		reason Reason // of a 401
		why    string
		timed  bool // only for profiles that sign the time
	}{
		{name: "GET", change: method(http.MethodGet), status: 405, why: "method GET is not POST"},
		{name: "HEAD", change: method(http.MethodHead), status: 405, why: "method HEAD is not POST"},
		{name: "OPTIONS", change: method(http.MethodOptions), status: 405, why: "method OPTIONS is not POST"},
		{name: "PUT", change: method(http.MethodPut), status: 405, why: "method PUT is not POST"},
		{name: "post", change: method("post"), status: 405, why: "method post is not POST"},
		{name: "missing header", change: header(func(h http.Header, name string) { h.Del(name) }), status: 401, reason: ReasonMissingHeader, why: "missing header "},
		{name: "no header at all", change: func(_ *testing.T, _ Profile, r *http.Request) { r.Header = http.Header{} }, status: 401, reason: ReasonMissingHeader, why: "missing header "},
		{name: "duplicate header", change: header(func(h http.Header, name string) { h.Add(name, h.Get(name)) }), status: 401, reason: ReasonMalformedHeader, why: "it is there 2 times"},
		{name: "malformed header", change: header(func(h http.Header, name string) { h.Set(name, "t=1732104000,v1=,v1,") }), status: 401, why: "in "},
		{name: "empty header", change: header(func(h http.Header, name string) { h.Set(name, "") }), status: 401},
		{name: "wrong secret", change: func(t *testing.T, p Profile, r *http.Request) {
			h, err := Sign(p, Message{ID: "msg_1", Timestamp: handlerTime, Body: []byte(shapeBodies[p.Shape])}, secretB)
			if err != nil {
				t.Fatal(err)
			}
			r.Header = h
		}, status: 401, reason: ReasonSignatureMismatch, why: "the secret is another one"},
		{name: "tampered", change: func(_ *testing.T, p Profile, r *http.Request) {
			body := strings.Replace(shapeBodies[p.Shape], "e", "f", 1)
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		}, status: 401, reason: ReasonSignatureMismatch, why: "the body is not the one that was signed"},
		{name: "no body", change: func(_ *testing.T, _ Profile, r *http.Request) { r.Body, r.ContentLength = nil, 0 }, status: 401, reason: ReasonSignatureMismatch},
		{name: "late", change: signedAt(7*time.Minute + 12*time.Second), status: 401, reason: ReasonTimestampSkew, why: "signed 7m12s ago, tolerance 5m0s", timed: true},
		{name: "early", change: signedAt(-time.Hour), status: 401, reason: ReasonTimestampSkew, why: "signed 1h0m0s in the future, tolerance 5m0s", timed: true},
		{name: "breaks off", change: func(_ *testing.T, _ Profile, r *http.Request) {
			r.Body = io.NopCloser(io.MultiReader(io.LimitReader(r.Body, 5), broken{}))
		}, status: 400, why: "reading the body: unexpected EOF"},
	}
	for _, p := range Profiles() {
		for _, tt := range tests {
			if tt.timed && !p.signsTimestamp() {
				continue
			}
			t.Run(p.Name+"/"+tt.name, func(t *testing.T) {
				r := call(t, p, shapeBodies[p.Shape])
				tt.change(t, p, r)
				got := receive(t, p, r)
				wantRejected(t, got, tt.status)
				err := got.rejected[0].err
				if !strings.Contains(err.Error(), tt.why) {
					t.Errorf("got %v, want %s", err, tt.why)
				}
				if e, ok := errors.AsType[*VerifyError](err); ok != (tt.status == 401) || tt.reason != "" && e.Reason != tt.reason {
					t.Errorf("got %T %v, want %s", err, err, tt.reason)
				}
			})
		}
	}
}

func method(name string) func(*testing.T, Profile, *http.Request) {
	return func(_ *testing.T, _ Profile, r *http.Request) { r.Method = name }
}

// broken is a connection that is gone.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// wantRejected checks an answer that is the handler's own.
func wantRejected(t *testing.T, got received, status int) {
	t.Helper()
	if len(got.events) != 0 {
		t.Errorf("next was called with %+v", got.events)
	}
	if len(got.rejected) != 1 || got.rejected[0].status != status || got.rejected[0].err == nil {
		t.Fatalf("rejected: %v; want once, with %d", got.rejected, status)
	}
	want := strings.ToLower(http.StatusText(status)) + "\n"
	if got.Code != status || got.Body.String() != want || got.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("answer %d %v %q; want %d %q", got.Code, got.Header(), got.Body, status, want)
	}
	if (got.Header().Get("Allow") == "POST") != (status == 405) || (got.Header().Get("WWW-Authenticate") != "") != (status == 401) {
		t.Errorf("headers %v of %d", got.Header(), status)
	}
}

func TestHandlerRejectsOtherShapes(t *testing.T) {
	for _, p := range Profiles() {
		for _, body := range []string{"", "{}", "null", "a=b", `{"data":`} {
			got := receive(t, p, call(t, p, body))
			wantRejected(t, got, http.StatusBadRequest)
			if e, ok := errors.AsType[*ShapeError](got.rejected[0].err); !ok || e.Shape != p.Shape {
				t.Errorf("%s: %q: %v", p.Name, body, got.rejected[0].err)
			}
		}
	}
}
