package storetest

import (
	"strings"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

var eventTests = map[string]func(*world){
	"round trip": func(w *world) {
		full, bare := w.newEvent("order.paid"), w.newEvent("x")
		full.ResourceID, full.JobID = "res-1", "job_1"
		full.OnlyEndpoint = "ep_7"
		bare.Data = nil
		w.commit(&store.PublishEvent{Event: full}, &store.PublishEvent{Event: bare})
		for _, e := range []*ringback.Event{full, bare} {
			got, err := w.s.Event(w.ctx(), w.account, e.ID)
			w.check(err)
			w.exactly("event", got, e)
		}
	},
	"not found": func(w *world) {
		_, err := w.s.Event(w.ctx(), w.account, "evt_none")
		w.wantErr(err, store.ErrNotFound)
	},
	"lists stop early": func(w *world) {
		for range 5 {
			e := w.newEvent("t")
			e.Data = []byte(`"` + strings.Repeat("x", 1000) + `"`)
			w.commit(&store.PublishEvent{Event: e})
		}
		for _, c := range []struct{ maxBytes, want int }{{1, 1}, {1500, 2}, {2500, 3}, {anyBytes, 5}} {
			got, err := w.s.ListEvents(w.ctx(), w.account, store.EventFilter{}, all, c.maxBytes)
			w.check(err)
			w.equal("events", len(got), c.want)
		}
	},
}
