package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/ringback/ringback/internal/tracing"
)

// shortcut serves what is usual of an operation without the framework: half of
// what such a request costs would be its reflection. What is unusual in any
// way, and so all that is wrong with a body, is left to the framework, which
// then also explains it; the answers are the same, byte for byte.
type shortcut struct {
	op            *operation
	before, after string // of the id in the path; after is "" if there is none

	// serve gives errUnusual, and has done nothing then, for what it leaves to
	// the framework.
	serve func(ctx context.Context, c *call, id string) (reply, error)
}

// reply is the answer of a shortcut.
type reply struct {
	text     []byte // JSON and the end of a line
	replayed bool   // the Idempotency-Key was known
}

var errUnusual = errors.New("unusual")

// shorten makes a shortcut of an operation with a body of at most maxBody.
func (a *API) shorten(op *operation, serve func(context.Context, *call, string) (reply, error)) {
	before, after, _ := strings.Cut(op.Path, "{id}")
	a.shortcuts = append(a.shortcuts, &shortcut{op: op, before: before, after: after, serve: serve})
}

// shortcutOf finds the shortcut for a request, and the id in its path.
func (a *API) shortcutOf(r *http.Request) (s *shortcut, id string) {
	if r.Method != http.MethodPost || r.URL.RawQuery != "" || r.URL.RawPath != "" || a.config.Tracer.Recording() {
		return nil, ""
	}
	for _, s := range a.shortcuts {
		rest, ok := strings.CutPrefix(r.URL.Path, s.before)
		if !ok {
			continue
		}
		id, ok := strings.CutSuffix(rest, s.after)
		if ok && (id != "") == (s.after != "") && !strings.Contains(id, "/") {
			return s, id
		}
	}
	return nil, ""
}

// serveShortcut answers a request by a shortcut, if it is usual.
func (a *API) serveShortcut(w *response, r *http.Request, s *shortcut, id string) {
	w.operation = s.op.ID
	c, err := a.admit(w, r, s.op, &room{of: a.largeBodies})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	ctx := tracing.Accept(r.Context(), r.Header.Values("Traceparent"))
	answer, err := s.serve(ctx, c, id)
	switch {
	case err == errUnusual: //nolint:errorlint // it is never wrapped
		a.mux.ServeHTTP(w, r) // the body can be read again
		return
	case err != nil:
		writeProblem(w, a.problem(ctx, s.op.ID, err))
		return
	}
	h := w.Header()
	h["Content-Type"] = jsonTypes
	if text := replayedText(answer.replayed); text != "" {
		h.Set("Idempotency-Replayed", text)
	}
	w.WriteHeader(s.op.Status)
	_, _ = w.Write(answer.text) // fails only when the client is gone
}

// jsonTypes is the value of a Content-Type header.
var jsonTypes = []string{jsonType}
