package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ringback/ringback/internal/store"
)

func batch(events ...string) request {
	return request{Method: "POST /v1/events/batch", Body: `{"events":[` + strings.Join(events, ",") + `]}`}
}

func withKey(key string, q request) request { return withHeader(q, "Idempotency-Key", key) }

// count gives how many events and deliveries the first account has.
func (e *env) count(t *testing.T) (events, deliveries int) {
	t.Helper()
	ev, err := e.store.ListEvents(t.Context(), e.one.id, store.EventFilter{}, store.Page{Limit: 10_000}, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	ds, err := e.store.ListDeliveries(t.Context(), e.one.id, store.DeliveryFilter{}, store.Page{Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	return len(ev), len(ds)
}

// TestBatch publishes what can be published, and says in place what cannot.
func TestBatch(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.get(t, 201, request{Method: "POST /v1/endpoints", Body: `{"url":"http://127.0.0.1:9","event_types":["a"],"retry_schedule":["1h"]}`})
	e.get(t, 201, eventType(`"name":"strict","schema":{"properties":{"n":{"type":"integer"}}}`))
	e.get(t, 201, eventType(`"name":"old","archived":true`))
	large := `{"type":"a","data":{"x":"` + strings.Repeat("é", 128<<10) + `"}}`
	fits := `{"type":"a","data":{"x":"` + strings.Repeat("x", 256<<10-len(`{"type":"a","data":{"x":""}}`)) + `"}}`
	events := []struct{ event, code, field string }{
		{`{"type":"a","resource_id":"r","data":{"n":12345678901234567891,"b":1.0}}`, "", ""},
		{`{"type":"a b"}`, "invalid", "type"},
		{`{"resource_id":"r"}`, "invalid", "type"},
		{`{"type":null}`, "invalid", "type"},
		{`{"type":"a","data":5}`, "invalid", "data"},
		{`{"type":"a","resource_id":""}`, "invalid", "resource_id"},
		{`{"type":"a","resource_id":"` + strings.Repeat("x", 257) + `"}`, "invalid", "resource_id"},
		{`{"type":"a","extra":1}`, "invalid", "extra"},
		{`5`, "invalid", ""},
		{`null`, "invalid", ""},
		{`[]`, "invalid", ""},
		{`{"type":"strict","data":{"n":"x"}}`, "schema_mismatch", "data/n"},
		{`{"type":"old"}`, "archived_event_type", "type"},
		{large, "body_too_large", ""},
		{fits, "", ""},
		{`{"type":"strict","data":{"n":1}}`, "", ""},
		{`{"type":"nobody","data":null,"resource_id":null}`, "", ""},
	}
	var texts []string
	for _, ev := range events {
		texts = append(texts, ev.event)
	}
	a := e.play(t, nil, scenario{request: batch(texts...), Status: 202, Answer: map[string]string{"Idempotency-Replayed": ""}})
	results, _ := a.value("results").([]any)
	if len(results) != len(events) {
		t.Fatalf("%d results for %d events: %s", len(results), len(events), a.Body)
	}
	for i, ev := range events {
		result := results[i].(map[string]any)
		id, _ := result["id"].(string)
		fault, _ := result["error"].(map[string]any)
		field, _ := fault["field"].(string)
		if ev.code == "" && (id == "" || fault != nil) || ev.code != "" && (id != "" || fault["code"] != ev.code || field != ev.field || fault["message"] == "") {
			t.Errorf("%.80s: %v", ev.event, result)
		}
	}
	first := e.get(t, 200, request{Method: "GET /v1/events/" + results[0].(map[string]any)["id"].(string)})
	if !strings.Contains(string(first.Body), `"type":"a","resource_id":"r","data":{"n":12345678901234567891,"b":1}`) {
		t.Errorf("%s", first.Body)
	}
	if made, deliveries := e.count(t); made != 4 || deliveries != 2 {
		t.Errorf("%d events and %d deliveries", made, deliveries)
	}
}

func TestLargeBatch(t *testing.T) {
	t.Parallel()
	e := start(t)
	q := batch(strings.TrimSuffix(strings.Repeat(`{"type":"a","data":{"x":"`+strings.Repeat("x", 8000)+`"}},`, 1000), ","))
	a := e.get(t, 202, q)
	if results, _ := a.value("results").([]any); len(results) != 1000 || strings.Contains(string(a.Body), "error") {
		t.Errorf("%d results: %.200s", len(results), a.Body)
	}
	if made, _ := e.count(t); made != 1000 {
		t.Errorf("%d events", made)
	}
}

func TestBadBatches(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.get(t, 202, withKey("used", batch(`{"type":"a"}`, `{"type":"b"}`)))
	whole := func(body string) request { return request{Method: "POST /v1/events/batch", Body: body} }
	malformed := func(name, body, want string) scenario {
		return scenario{Name: name, request: whole(body), Status: 400, Code: "malformed_body", Want: []string{want}}
	}
	mismatch := func(name string, q request) scenario {
		return scenario{Name: name, request: withKey("used", q), Status: 422, Code: "idempotency_mismatch", Field: "Idempotency-Key"}
	}
	good := `{"type":"a"}`
	refuse(t, e, nil, []scenario{
		invalid("no events", whole(`{}`), "events", "it is needed"),
		invalid("an empty list", batch(), "events", "1000"),
		invalid("too many", batch(strings.TrimSuffix(strings.Repeat(good+",", 1001), ",")), "events", "1001"),
		invalid("null", whole(`{"events":null}`), "events"),
		invalid("an object", whole(`{"events":{"type":"a"}}`), "events"),
		invalid("another member", whole(`{"events":[`+good+`],"type":"a"}`), "type"),
		invalid("an empty key", withKey("", batch(good)), "Idempotency-Key"),
		malformed("a list", `[`+good+`]`, "object"),
		malformed("no JSON", `{"events":[`+good+`}`, "byte"),
		malformed("a duplicate in one event", `{"events":[`+good+`,{"type":"a","data":{"b":1,"b":2}}]}`, "duplicate"),
		malformed("invalid UTF-8 in one event", `{"events":[`+good+`,{"type":"a","data":{"b":"`+"\xff"+`"}}]}`, "UTF-8"),
		malformed("one event is too deep", `{"events":[`+good+`,{"type":"a","data":{"b":`+strings.Repeat("[", 500)+strings.Repeat("]", 500)+`}}]}`, "500"),
		{Name: "too large", request: whole(`{"events":[{"type":"a","data":{"x":"` + strings.Repeat("x", 8<<20) + `"}}]}`), Status: 413, Code: "body_too_large", Want: []string{"8388608"}},
		{Name: "others keep their limit", request: request{Method: "POST /v1/events", Body: padded(1<<20 + 1)}, Status: 413, Code: "body_too_large", Want: []string{"1048576"}},
		mismatch("a used key", batch(good)), mismatch("a used key in another order", batch(`{"type":"b"}`, good)),
		mismatch("a used key and an event more", batch(good, `{"type":"b"}`, good)),
		mismatch("a used key behind an event that cannot be published", batch(`{"type":"a b"}`, `{"type":"b"}`)),
	})
}

func TestBatchIdempotency(t *testing.T) {
	t.Parallel()
	e := start(t)
	q := withKey("k", batch(`{"type":"a b"}`, `{"type":"a"}`, `{"type":"a"}`, `5`, `{"type":"c","data":{"n":1.0}}`))
	first := e.play(t, nil, scenario{request: q, Status: 202, Answer: map[string]string{"Idempotency-Replayed": ""}})
	again := q
	again.Body = strings.ReplaceAll(q.Body, `1.0`, ` 1 `)
	second := e.play(t, nil, scenario{request: again, Status: 202, Answer: map[string]string{"Idempotency-Replayed": ""}})
	if string(first.Body) != string(second.Body) {
		t.Errorf("%s\n%s", first.Body, second.Body)
	}
	if made, _ := e.count(t); made != 3 {
		t.Errorf("%d events", made)
	}
	clean := withKey("k/1", batch(`{"type":"a"}`, `{"type":"b"}`)) // as the key of an event of k would be
	e.play(t, nil, scenario{request: clean, Status: 202, Answer: map[string]string{"Idempotency-Replayed": ""}})
	e.play(t, nil, scenario{request: clean, Status: 202, Answer: map[string]string{"Idempotency-Replayed": "true"}})
	other := clean
	other.Key = e.two.key
	e.play(t, nil, scenario{request: other, Status: 202, Answer: map[string]string{"Idempotency-Replayed": ""}})
	e.play(t, nil, scenario{request: withKey("k", publish(`"type":"a"`)), Status: 202, Answer: map[string]string{"Idempotency-Replayed": ""}})
	// What the catalogue refuses now was published then: nothing is made twice.
	x := withKey("x", batch(`{"type":"a"}`, `{"type":"b"}`))
	before := e.get(t, 202, x)
	e.get(t, 201, eventType(`"name":"a","archived":true`))
	made, _ := e.count(t)
	after := e.play(t, nil, scenario{request: x, Status: 202})
	if before.text("results.1.id") != after.text("results.1.id") || before.text("results.0.id") != after.text("results.0.id") {
		t.Errorf("%s\n%s", before.Body, after.Body)
	}
	e.get(t, 200, request{Method: "PATCH /v1/event-types/a", Body: `{"archived":false}`})
	if last := e.get(t, 202, x); string(last.Body) != string(before.Body) {
		t.Errorf("%s\n%s", before.Body, last.Body)
	}
	if now, _ := e.count(t); now != made {
		t.Errorf("%d events, and then %d", made, now)
	}
}

// TestBatchOnFullDisk is refused as a whole if nothing was published.
func TestBatchOnFullDisk(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.store.full.Store(true)
	for name, q := range map[string]request{
		"plain":   batch(`{"type":"a"}`, `{"type":"a b"}`, `{"type":"b"}`),
		"keyed":   withKey("k", batch(`{"type":"a"}`, `{"type":"a b"}`, `{"type":"b"}`)),
		"nothing": batch(`{"type":"a b"}`),
	} {
		s := scenario{Name: name, request: q, Status: 503, Code: "unavailable", Answer: map[string]string{"Retry-After": "5"}}
		if name == "nothing" {
			s = scenario{Name: name, request: q, Status: 202, Want: []string{"invalid"}}
		}
		e.play(t, nil, s)
	}
	e.store.full.Store(false)
	if made, _ := e.count(t); made != 0 {
		t.Errorf("%d events", made)
	}
	e.play(t, nil, scenario{request: withKey("k", batch(`{"type":"a"}`)), Status: 202, Want: []string{"evt_"}})
}

// FuzzBatch sends whatever there is: what is refused leaves nothing, and what is
// taken has a result for each event.
func FuzzBatch(f *testing.F) {
	for _, seed := range []string{
		`{"events":[{"type":"a"},{"type":"strict","data":{"n":1}}]}`, `{"events":[5,null,{},[],{"type":"a b"}]}`, `{"events":[]}`, `{"events":{}}`,
		`{"events":[{"type":"a","data":{"a":1,"a":2}}]}`, `{"events":[{"type":"a","resource_id":null,"data":null}]}`, `[`, "{\"events\":[\"\xff\"]}",
	} {
		f.Add(seed)
	}
	e := start(f)
	f.Fuzz(func(t *testing.T, body string) {
		before := e.newest(t)
		a := e.do(t, request{Method: "POST /v1/events/batch", Body: body})
		made := 0
		if a.Status == 202 {
			results, _ := a.value("results").([]any)
			for _, r := range results {
				if _, ok := r.(map[string]any)["id"]; ok {
					made++
				}
			}
			if len(results) == 0 {
				t.Errorf("no results: %s", a.Body)
			}
		}
		after := e.newest(t)
		fresh := slices.DeleteFunc(slices.Clone(after), func(id string) bool { return slices.Contains(before, id) })
		if len(fresh) != min(made, len(after)) || a.Status >= 500 {
			t.Errorf("%d made %d events, and says %d: %s", a.Status, len(fresh), made, a.Body)
		}
	})
}

// newest gives the ids of the first account's newest events.
func (e *env) newest(t *testing.T) (ids []string) {
	t.Helper()
	events, err := e.store.ListEvents(t.Context(), e.one.id, store.EventFilter{}, store.Page{Limit: 50}, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	for _, ev := range events {
		ids = append(ids, ev.ID)
	}
	return ids
}

// FuzzEventType makes an event type of whatever there is, and publishes data
// under it.
func FuzzEventType(f *testing.F) {
	f.Add(`{"name":"a","schema":{"required":["n"]}}`, `{}`)
	f.Add(`{"name":"a","schema":{"$ref":"#"}}`, `{"n":[1]}`)
	f.Add(`{"name":"a","description":"\u0000"}`, `5`)
	f.Add(`{"name":"a.b","schema":{"properties":{"n":{"enum":[1e400,"x"]}},"archived":true}}`, `{"n":1e400}`)
	e := start(f)
	f.Fuzz(func(t *testing.T, creation, data string) {
		a := e.do(t, request{Method: "POST /v1/event-types", Body: creation})
		if a.Status >= 500 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		list := e.get(t, 200, request{Method: "GET /v1/event-types"})
		if items, _ := list.value("items").([]any); len(items) > 0 != (a.Status == 201) {
			t.Fatalf("%d: %s", a.Status, list.Body)
		}
		if a.Status != 201 {
			return
		}
		name := a.text("name")
		published := e.do(t, request{Method: "POST /v1/events", Body: fmt.Sprintf(`{"type":%q,"data":%s}`, name, data)})
		if published.Status >= 500 {
			t.Errorf("%d %s", published.Status, published.Body)
		}
		e.get(t, 204, request{Method: "DELETE /v1/event-types/" + name})
	})
}
