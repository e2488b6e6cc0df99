package api_test

import (
	"fmt"
	"strings"
	"testing"
)

func eventType(members string) request {
	return request{Method: "POST /v1/event-types", Body: `{` + members + `}`}
}

func publish(members string) request {
	return request{Method: "POST /v1/events", Body: `{` + members + `}`}
}

func by(key string, q request) request {
	q.Key = key
	return q
}

func TestEventTypes(t *testing.T) {
	t.Parallel()
	e := start(t)
	schema := `{"type":"object","required":["n"],"properties":{"n":{"type":"integer","maximum":12345678901234567891},"at":{"format":"date-time"}}}`
	mismatch := func(name, data, field string, want ...string) scenario {
		return scenario{Name: name, request: publish(`"type":"strict","data":` + data), Status: 422, Code: "schema_mismatch", Field: field, Want: want}
	}
	run(t, e, nil, []scenario{
		{
			Name: "create", request: eventType(`"name":"strict","description":"<é>","schema":` + schema), Status: 201,
			Want: []string{`"name":"strict","description":"<é>","schema":` + schema + `,"archived":false,"owner":"account","created_at":"`},
		},
		{Name: "create with the least", request: eventType(`"name":"bare"`), Status: 201, Want: []string{`"description":""`}, Not: []string{"schema"}},
		{Name: "nulls", request: eventType(`"name":"nulls","schema":null`), Status: 201, Not: []string{"schema"}},
		{Name: "the same name", request: eventType(`"name":"bare"`), Status: 409, Code: "already_exists", Field: "name"},
		{Name: "get", request: request{Method: "GET /v1/event-types/strict"}, Status: 200, Want: []string{schema}},
		{Name: "get none", request: request{Method: "GET /v1/event-types/none"}, Status: 404, Code: "not_found"},
		{Name: "get what is no name", request: request{Method: "GET /v1/event-types/a%20b"}, Status: 404, Code: "not_found"},
		{Name: "publish what matches", request: publish(`"type":"strict","data":{"n":12345678901234567891,"at":"2026-01-02T15:04:05Z"}`), Status: 202},
		{Name: "publish what is in no catalogue", request: publish(`"type":"strict.not","data":{"n":"x"}`), Status: 202},
		{Name: "publish what has no schema", request: publish(`"type":"bare","data":{"n":"x"}`), Status: 202},
	})
	refuse(t, e, nil, []scenario{
		mismatch("a type", `{"n":"s3cret"}`, "data/n", "integer"),
		mismatch("the last digit", `{"n":12345678901234567892}`, "data/n", "maximum"),
		mismatch("a format", `{"n":1,"at":"yesterday"}`, "data/at", "date-time"),
		mismatch("missing", `{}`, "data", `no member \"n\"`),
		mismatch("null is nothing", `null`, "data", `no member \"n\"`),
		{Name: "no data is nothing", request: publish(`"type":"strict"`), Status: 422, Code: "schema_mismatch", Field: "data"},
	})
	run(t, e, nil, []scenario{
		{Name: "archive", request: request{Method: "PATCH /v1/event-types/strict", Body: `{"archived":true}`}, Status: 200, Want: []string{schema, `"archived":true`}},
		{Name: "publish", request: publish(`"type":"strict","data":{"n":1}`), Status: 422, Code: "archived_event_type", Field: "type", Want: []string{"strict"}},
		{Name: "a job that succeeds", request: job(`,"events":{"succeeded":"strict"}`), Status: 422, Code: "archived_event_type", Field: "events.succeeded"},
		{Name: "a job that fails", request: job(`,"events":{"succeeded":"bare","failed":"strict"}`), Status: 422, Code: "archived_event_type", Field: "events.failed"},
		{Name: "a job that is canceled", request: job(`,"events":{"canceled":"strict"}`), Status: 422, Code: "archived_event_type", Field: "events.canceled"},
		{Name: "a job of that type", request: request{Method: "POST /v1/jobs", Body: `{"type":"strict"}`}, Status: 202},
		{Name: "take it back", request: request{Method: "PATCH /v1/event-types/strict", Body: `{"archived":false,"schema":{"required":["m"]}}`}, Status: 200, Want: []string{`"schema":{"required":["m"]}`, `<é>`}},
		{Name: "the new schema holds", request: publish(`"type":"strict","data":{"n":1}`), Status: 422, Code: "schema_mismatch"},
		{Name: "drop the schema", request: request{Method: "PATCH /v1/event-types/strict", Body: `{"schema":null,"description":""}`}, Status: 200, Not: []string{"schema", "é"}},
		{Name: "anything goes", request: publish(`"type":"strict","data":{}`), Status: 202},
		{Name: "delete", request: request{Method: "DELETE /v1/event-types/strict"}, Status: 204},
		{Name: "delete again", request: request{Method: "DELETE /v1/event-types/strict"}, Status: 404, Code: "not_found"},
		{Name: "change what is gone", request: request{Method: "PATCH /v1/event-types/strict", Body: `{}`}, Status: 404, Code: "not_found"},
		{Name: "its events stay", request: request{Method: "GET /v1/events?type=strict"}, Status: 200, Want: []string{`12345678901234567891`}},
	})
}

// TestOperatorsEventTypes hold for every account that has none of its own.
func TestOperatorsEventTypes(t *testing.T) {
	t.Parallel()
	e := start(t)
	for1 := func(q request) request {
		q.Key, q.Header = e.operator, map[string]string{"Ringback-Account": e.one.id}
		return q
	}
	get, patch, remove := request{Method: "GET /v1/event-types/a"}, request{Method: "PATCH /v1/event-types/a", Body: `{"archived":true}`}, request{Method: "DELETE /v1/event-types/a"}
	bad := publish(`"type":"a"`)
	refused := func(name string, q request) scenario {
		return scenario{Name: name, request: q, Status: 403, Code: "operator_only", Want: []string{"operator's"}}
	}
	run(t, e, nil, []scenario{
		{Name: "create", request: by(e.operator, eventType(`"name":"a","schema":{"required":["n"]}`)), Status: 201, Want: []string{`"owner":"operator"`}},
		{Name: "one sees it", request: get, Status: 200, Want: []string{`"owner":"operator"`}},
		{Name: "two lists it", request: by(e.two.key, request{Method: "GET /v1/event-types"}), Status: 200, Want: []string{`"name":"a"`, `"owner":"operator"`}},
		{Name: "it holds for one", request: bad, Status: 422, Code: "schema_mismatch"},
		{Name: "it holds for two", request: by(e.two.key, bad), Status: 422, Code: "schema_mismatch"},
		refused("one cannot change it", patch), refused("one cannot delete it", remove),
		refused("nor can the operator for one", for1(patch)), refused("nor delete it", for1(remove)),
		{Name: "one makes its own", request: for1(eventType(`"name":"a"`)), Status: 201, Want: []string{`"owner":"account"`}},
		{Name: "its own holds", request: bad, Status: 202},
		{Name: "its own is seen", request: get, Status: 200, Want: []string{`"owner":"account"`}, Not: []string{"schema"}},
		{Name: "its own is listed, once", request: request{Method: "GET /v1/event-types"}, Status: 200, Want: []string{`{"items":[{"name":"a"`, `"owner":"account"`}, Not: []string{"operator"}},
		{Name: "not for two", request: by(e.two.key, bad), Status: 422, Code: "schema_mismatch"},
		{Name: "the operator sees the operator's", request: by(e.operator, get), Status: 200, Want: []string{`"owner":"operator"`}},
		{Name: "one changes its own", request: patch, Status: 200, Want: []string{`"owner":"account"`, `"archived":true`}},
		{Name: "archived for one", request: bad, Status: 422, Code: "archived_event_type"},
		{Name: "one deletes its own", request: remove, Status: 204},
		{Name: "the operator's holds again", request: bad, Status: 422, Code: "schema_mismatch"},
		{Name: "the operator changes the operator's", request: by(e.operator, patch), Status: 200},
		{Name: "archived for two", request: by(e.two.key, bad), Status: 422, Code: "archived_event_type"},
		{Name: "the operator deletes it", request: by(e.operator, remove), Status: 204},
		{Name: "gone for two", request: by(e.two.key, bad), Status: 202},
		{Name: "gone for the operator", request: by(e.operator, get), Status: 404, Code: "not_found", Want: []string{"every account"}},
		{Name: "the operator deletes it again", request: by(e.operator, remove), Status: 404, Code: "not_found"},
	})
}

func TestBadEventTypes(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.get(t, 201, eventType(`"name":"a","schema":{"type":"object"}`))
	change := func(members string) request {
		return request{Method: "PATCH /v1/event-types/a", Body: `{` + members + `}`}
	}
	refuse(t, e, nil, []scenario{
		invalid("no name", eventType(``), "name", "it is needed"),
		invalid("a malformed name", eventType(`"name":"a..b"`), "name", "a..b"),
		invalid("a pattern", eventType(`"name":"a.*"`), "name"),
		invalid("a long name", eventType(`"name":"`+strings.Repeat("a", 129)+`"`), "name"),
		invalid("a long description", eventType(`"name":"b","description":"`+strings.Repeat("é", 513)+`"`), "description", "1026", "1024"),
		invalid("a line break", eventType(`"name":"b","description":"a\nb"`), "description"),
		invalid("description null", eventType(`"name":"b","description":null`), "description"),
		invalid("archived a string", eventType(`"name":"b","archived":"yes"`), "archived"),
		invalid("an owner", eventType(`"name":"b","owner":"operator"`), "owner", "no such member"),
		invalid("schema a string", eventType(`"name":"b","schema":"{}"`), "schema"),
		invalid("schema true", eventType(`"name":"b","schema":true`), "schema"),
		invalid("schema an array", eventType(`"name":"b","schema":[]`), "schema"),
		invalid("no schema", eventType(`"name":"b","schema":{"properties":{"a/b":{"type":"text"}}}`), "schema", "/properties/a~1b/type"),
		invalid("a remote reference", eventType(`"name":"b","schema":{"$ref":"http://127.0.0.1/x.json"}`), "schema", "http://127.0.0.1/x.json"),
		invalid("a file", eventType(`"name":"b","schema":{"items":{"$ref":"file:///etc/passwd"}}`), "schema", "file:///etc/passwd"),
		invalid("an endless schema", eventType(`"name":"b","schema":{"$ref":"#"}`), "schema", "itself"),
		invalid("a large schema", eventType(`"name":"b","schema":{"title":"`+strings.Repeat("a", 64<<10)+`"}`), "schema", "65536"),
		invalid("change the name", change(`"name":"b"`), "name"),
		invalid("change to no schema", change(`"schema":{"type":5}`), "schema"),
		invalid("change description to null", change(`"description":null`), "description"),
		invalid("change archived to null", change(`"archived":null`), "archived"),
		invalid("no preset", request{Method: "POST /v1/event-types/import", Body: `{}`}, "preset"),
		invalid("another preset", request{Method: "POST /v1/event-types/import", Body: `{"preset":"acme"}`}, "preset"),
		invalid("a cursor of another list", request{Method: "GET /v1/event-types?cursor=MTphIGI"}, "cursor"),
	})
}

func TestImportEventTypes(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.get(t, 201, eventType(`"name":"FOLDER_DELETED","description":"Mine","archived":true`))
	load := func(preset string) request {
		return request{Method: "POST /v1/event-types/import", Body: `{"preset":"` + preset + `"}`}
	}
	mine := `"name":"FOLDER_DELETED","description":"Mine","archived":true`
	first := e.play(t, nil, scenario{request: load("inkit"), Status: 200, Want: []string{`"created":18`, mine, `"name":"SALESFORCE_CREATE_FAILED"`}})
	if items, _ := first.value("items").([]any); len(items) != 19 {
		t.Errorf("%d items", len(items))
	}
	second := e.play(t, nil, scenario{request: load("inkit"), Status: 200, Want: []string{`"created":0`}})
	if strings.Replace(string(first.Body), `"created":18`, `"created":0`, 1) != string(second.Body) {
		t.Errorf("%s\n%s", first.Body, second.Body)
	}
	run(t, e, nil, []scenario{
		{Name: "what was there stays", request: request{Method: "GET /v1/event-types/FOLDER_DELETED"}, Status: 200, Want: []string{mine}},
		{Name: "data is free", request: publish(`"type":"FOLDER_CREATED","resource_id":"f"`), Status: 202},
		{Name: "the other account has none", request: by(e.two.key, request{Method: "GET /v1/event-types"}), Status: 200, Want: []string{`{"items":[]}`}},
		{Name: "for every account", request: by(e.operator, load("sharpapi")), Status: 200, Want: []string{`"created":23`, `"name":"job.failed"`, `"name":"content_translate"`, `"owner":"operator"`}},
		{Name: "with a schema", request: by(e.two.key, publish(`"type":"content_translate","data":{"content":1}`)), Status: 422, Code: "schema_mismatch", Field: "data/content"},
		{Name: "that data matches", request: publish(`"type":"content_translate","data":{"content":"ciao","from_language":"English","to_language":"Italian"}`), Status: 202},
	})
	for i := range 1000 - 19 {
		e.get(t, 201, eventType(fmt.Sprintf(`"name":"t%d"`, i)))
	}
	refuse(t, e, nil, []scenario{
		{Name: "too many", request: eventType(`"name":"more"`), Status: 422, Code: "invalid", Want: []string{"1000"}},
		{Name: "no room for a preset", request: load("sharpapi"), Status: 422, Code: "invalid", Want: []string{"1000"}},
	})
	e.get(t, 200, load("inkit"))
}

// TestListOfLargeEventTypes goes through a catalogue in pages that end early.
func TestListOfLargeEventTypes(t *testing.T) {
	t.Parallel()
	e := start(t)
	schema := `"schema":{"title":"` + strings.Repeat("a", 60_000) + `"}`
	for i := range 200 { // 12 MB and 1.2 MB
		e.get(t, 201, eventType(fmt.Sprintf(`"name":"a%03d",%s`, i, schema)))
		if i%10 == 0 {
			e.get(t, 201, by(e.operator, eventType(fmt.Sprintf(`"name":"a%03d",%s`, i+5*(i%20)/10, schema))))
		}
	}
	all := e.pages(t, e.one.key, "/v1/event-types", 200)
	if len(all) != 200 || all[0] != "a000" || all[199] != "a199" {
		t.Errorf("%d event types: %v", len(all), all)
	}
	if a := e.get(t, 200, request{Method: "GET /v1/event-types?limit=200"}); len(a.Body) > 9<<20 || a.text("next_cursor") == "" {
		t.Errorf("a page has %d bytes", len(a.Body))
	}
}
