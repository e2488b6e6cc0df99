package api

import (
	"encoding/json"
	"net/http"

	"github.com/ringback/ringback/internal/body"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/internal/tracing"
	"github.com/ringback/ringback/ringback"
)

// publishPath is where most requests of a busy server go.
const publishPath = "/v1/events"

// servePublish is publishEvent for what is usual, without the framework: half
// of what such a request costs would be its reflection. What is unusual in any
// way, and so all that is wrong with a body, is left to the framework, which
// then also explains it; the answers are the same.
func (a *API) servePublish(w *response, r *http.Request) {
	if a.config.Tracer.Recording() {
		a.mux.ServeHTTP(w, r)
		return
	}
	w.operation = a.publishing.ID
	c, err := a.admit(w, r, a.publishing, &room{of: a.largeBodies})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	p, ok := usualPublication(c.body)
	if !ok {
		a.mux.ServeHTTP(w, r) // the body can be read again
		return
	}
	ctx := tracing.Accept(r.Context(), r.Header.Values("Traceparent"))
	if p.Key, err = c.idempotencyKey("events"); err == nil {
		var ev *ringback.Event
		var replayed bool
		if ev, replayed, err = a.engine.PublishEvent(ctx, c.accountID, p); err == nil {
			writeEvent(w, ev, replayed)
			return
		}
	}
	writeProblem(w, a.problem(ctx, a.publishing.ID, err))
}

// usualPublication reads a body in stable form that has no other members than
// those of an event, each of its type and not null.
func usualPublication(stable []byte) (p engine.PublishEventParams, ok bool) {
	for name, value := range body.Members(stable) {
		switch string(name) {
		case "type":
			p.Type, ok = plainString(value)
		case "resource_id":
			p.ResourceID, ok = plainString(value)
		case "data":
			p.Data, ok = json.RawMessage(value), body.IsObject(value)
		default:
			ok = false
		}
		if !ok {
			return p, false
		}
	}
	return p, p.Type != ""
}

// plainString reads a string that is not empty and is written without escapes,
// in ASCII.
func plainString(value []byte) (string, bool) {
	if len(value) <= len(`""`) || value[0] != '"' {
		return "", false
	}
	text := value[1 : len(value)-1]
	for _, c := range text {
		if c < ' ' || c == '\\' || c > '~' {
			return "", false
		}
	}
	return string(text), true
}

// writeEvent answers with an event that was published. Its texts need no
// escapes, as plainString has seen, but for those of a replayed one, which the
// same request made.
func writeEvent(w *response, ev *ringback.Event, replayed bool) {
	answer := make([]byte, 0, 192+len(ev.Type)+len(ev.ResourceID)+len(ev.Data))
	answer = append(answer, `{"id":"`...)
	answer = append(answer, ev.ID...)
	answer = append(answer, `","type":"`...)
	answer = append(answer, ev.Type...)
	if ev.ResourceID != "" {
		answer = append(answer, `","resource_id":"`...)
		answer = append(answer, ev.ResourceID...)
	}
	if ev.Data != nil {
		answer = append(answer, `","data":`...)
		answer = append(answer, ev.Data...)
		answer = append(answer, `,"created_at":`...)
	} else {
		answer = append(answer, `","created_at":`...)
	}
	answer = Instant{ev.CreatedAt}.append(answer)
	answer = append(answer, "}\n"...)
	h := w.Header()
	h["Content-Type"] = jsonTypes
	if text := replayedText(replayed); text != "" {
		h.Set("Idempotency-Replayed", text)
	}
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write(answer) // fails only when the client is gone
}

// jsonTypes is the value of a Content-Type header.
var jsonTypes = []string{jsonType}
