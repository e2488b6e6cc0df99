package storetest

import (
	"errors"
	"strings"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

func (w *world) newEventType(owner, name string) *ringback.EventType {
	return &ringback.EventType{
		AccountID: owner, Name: name, Description: "é", Schema: []byte(`{"type":"object"}`), Archived: true,
		CreatedAt: w.tick(), UpdatedAt: w.tick(),
	}
}

// insertEventTypes makes event types of an owner.
func (w *world) insertEventTypes(owner string, names ...string) {
	w.Helper()
	for _, name := range names {
		w.check(w.s.InsertEventType(w.ctx(), w.newEventType(owner, name), 100))
	}
}

func (w *world) eventTypeNames(owner string, p store.NamePage, maxBytes int) []string {
	w.Helper()
	got, err := w.s.ListEventTypes(w.ctx(), owner, p, maxBytes)
	w.check(err)
	return ids(got, func(e *ringback.EventType) string { return e.Name })
}

var eventTypeTests = map[string]func(*world){
	"round trip": func(w *world) {
		for _, owner := range []string{w.account, ""} {
			full := w.newEventType(owner, "a.b")
			bare := &ringback.EventType{AccountID: owner, Name: "A"}
			for _, e := range []*ringback.EventType{full, bare} {
				w.check(w.s.InsertEventType(w.ctx(), e, 10))
				got, err := w.s.EventType(w.ctx(), owner, e.Name)
				w.check(err)
				w.exactly("event type", got, e)
			}
		}
	},
	"the same name twice": func(w *world) {
		e := w.newEventType(w.account, "a")
		w.check(w.s.InsertEventType(w.ctx(), e, 1))
		other := w.newEventType(w.account, "a")
		other.Description = "other"
		w.wantErr(w.s.InsertEventType(w.ctx(), other, 1), store.ErrExists)
		got, err := w.s.EventType(w.ctx(), w.account, "a")
		w.check(err)
		w.exactly("the first", got, e)
		w.insertEventTypes(w.account, "A") // names have a case
	},
	"limit": func(w *world) {
		w.insertEventTypes(w.account, "a", "b")
		w.wantErr(w.s.InsertEventType(w.ctx(), w.newEventType(w.account, "c"), 2), store.ErrLimit)
		w.check(w.s.InsertEventType(w.ctx(), w.newEventType("", "c"), 2))
		w.equal("names", w.eventTypeNames(w.account, store.NamePage{Limit: 10}, anyBytes), []string{"a", "b"})
	},
	"update": func(w *world) {
		w.insertEventTypes("", "a")
		w.insertEventTypes(w.account, "a")
		want := ringback.EventType{Description: "d", CreatedAt: w.now, UpdatedAt: w.tick()}
		got, err := w.s.UpdateEventType(w.ctx(), w.account, "a", func(e *ringback.EventType) error {
			*e = want // owner and name stay
			return nil
		})
		w.check(err)
		want.AccountID, want.Name = w.account, "a"
		w.exactly("answer", got, &want)
		got, err = w.s.EventType(w.ctx(), w.account, "a")
		w.check(err)
		w.exactly("stored", got, &want)
		got, err = w.s.EventType(w.ctx(), "", "a")
		w.check(err)
		w.equal("the operator's", got.Description, "é")
	},
	"a failed change writes nothing": func(w *world) {
		w.insertEventTypes(w.account, "a")
		refused := errors.New("no")
		_, err := w.s.UpdateEventType(w.ctx(), w.account, "a", func(e *ringback.EventType) error {
			e.Description = "changed"
			return refused
		})
		w.wantErr(err, refused)
		got, err := w.s.EventType(w.ctx(), w.account, "a")
		w.check(err)
		w.equal("description", got.Description, "é")
	},
	"not found": func(w *world) {
		w.insertEventTypes("", "operators")
		w.insertEventTypes(w.id(ringback.PrefixAccount), "others")
		for _, name := range []string{"none", "operators", "others"} {
			_, err := w.s.EventType(w.ctx(), w.account, name)
			w.wantErr(err, store.ErrNotFound)
			_, err = w.s.UpdateEventType(w.ctx(), w.account, name, func(*ringback.EventType) error { w.Error("called"); return nil })
			w.wantErr(err, store.ErrNotFound)
			w.wantErr(w.s.DeleteEventType(w.ctx(), w.account, name), store.ErrNotFound)
		}
		w.equal("the operator's", w.eventTypeNames("", store.NamePage{Limit: 10}, anyBytes), []string{"operators"})
	},
	"delete": func(w *world) {
		w.insertEventTypes("", "a")
		w.insertEventTypes(w.account, "a", "b")
		w.check(w.s.DeleteEventType(w.ctx(), w.account, "a"))
		w.equal("names", w.eventTypeNames(w.account, store.NamePage{Limit: 10}, anyBytes), []string{"b"})
		w.equal("the operator's", w.eventTypeNames("", store.NamePage{Limit: 10}, anyBytes), []string{"a"})
	},
	"list": func(w *world) {
		w.insertEventTypes(w.account, "b", "a_", "a.b", "B", "a")
		w.insertEventTypes("", "c")
		want := []string{"B", "a", "a.b", "a_", "b"} // by bytes
		w.equal("names", w.eventTypeNames(w.account, store.NamePage{Limit: 10}, anyBytes), want)
		w.equal("a page", w.eventTypeNames(w.account, store.NamePage{Limit: 2, After: "a"}, anyBytes), want[2:4])
		w.equal("the end", w.eventTypeNames(w.account, store.NamePage{Limit: 2, After: "b"}, anyBytes), []string{})
	},
	"a list ends early": func(w *world) {
		for _, name := range []string{"a", "b", "c"} {
			e := w.newEventType(w.account, name)
			e.Schema = []byte(`"` + strings.Repeat("x", 98) + `"`)
			w.check(w.s.InsertEventType(w.ctx(), e, 10))
		}
		w.equal("names", w.eventTypeNames(w.account, store.NamePage{Limit: 10}, 100), []string{"a", "b"})
	},
	"states": func(w *world) {
		a, b := w.newEventType(w.account, "a"), w.newEventType(w.account, "b")
		b.Schema, b.Archived = nil, false
		w.check(w.s.InsertEventType(w.ctx(), a, 10))
		w.check(w.s.InsertEventType(w.ctx(), b, 10))
		w.insertEventTypes("", "c")
		got, err := w.s.EventTypeStates(w.ctx(), w.account)
		w.check(err)
		if len(got) == 2 && got[0].Name == "b" {
			got[0], got[1] = got[1], got[0]
		}
		w.exactly("states", got, []store.EventTypeState{
			{Name: "a", Archived: true, HasSchema: true, UpdatedAt: a.UpdatedAt}, {Name: "b", UpdatedAt: b.UpdatedAt},
		})
	},
}
