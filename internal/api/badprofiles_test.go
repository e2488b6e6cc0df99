package api_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestBadProfiles(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.get(t, 201, profile("acme", ""))
	with := func(members string) request { return request{Method: "POST /v1/profiles", Body: `{` + members + `}`} }
	headed := func(header string) request { return with(`"name":"b","shape":"raw","header":"` + header + `"`) }
	scenarios := []scenario{
		invalid("name missing", with(`"shape":"raw","header":"X-A"`), "name"),
		invalid("shape missing", with(`"name":"b","header":"X-A"`), "shape"),
		invalid("header missing", with(`"name":"b","shape":"raw"`), "header"),
		invalid("a member that there is not", profile("b", `,"layout":"list"`), "layout"),
		invalid("a key form", profile("b", `,"key_form":"whsec"`), "key_form"),
		invalid("an owner", profile("b", `,"owner":"operator"`), "owner"),
		invalid("name null", with(`"name":null,"shape":"raw","header":"X-A"`), "name"),
		invalid("name empty", profile("", ""), "name", "a-z"),
		invalid("name too long", profile(strings.Repeat("a", 65), ""), "name", "64"),
		invalid("name in upper case", profile("Acme", ""), "name", "Acme"),
		invalid("name with a dot", profile("a.b", ""), "name"),
		invalid("name with a slash", profile("a/b", ""), "name"),
		invalid("another layout of the body", with(`"name":"b","shape":"xml","header":"X-A"`), "shape", "raw"),
		invalid("shape null", with(`"name":"b","shape":null,"header":"X-A"`), "shape"),
		invalid("shape empty", with(`"name":"b","shape":"","header":"X-A"`), "shape"),
		invalid("header null", with(`"name":"b","shape":"raw","header":null`), "header"),
		invalid("algorithm", profile("b", `,"algorithm":"md5"`), "algorithm", "hmac-sha256"),
		invalid("algorithm empty", profile("b", `,"algorithm":""`), "algorithm"),
		invalid("algorithm null", profile("b", `,"algorithm":null`), "algorithm"),
		invalid("algorithm a number", profile("b", `,"algorithm":256`), "algorithm"),
		invalid("encoding", profile("b", `,"encoding":"base32"`), "encoding", "base64"),
		invalid("encoding null", profile("b", `,"encoding":null`), "encoding"),
		invalid("content", profile("b", `,"content":"id.body"`), "content", "timestamp.body"),
		invalid("content null", profile("b", `,"content":null`), "content"),
		invalid("prefix null", profile("b", `,"prefix":null`), "prefix"),
		invalid("prefix with a space", profile("b", `,"prefix":"a b"`), "prefix", "ASCII"),
		invalid("prefix with a line break", profile("b", `,"prefix":"a\r\nX-Evil: 1"`), "prefix"),
		invalid("prefix beyond ASCII", profile("b", `,"prefix":"é"`), "prefix"),
		invalid("prefix too long", profile("b", `,"prefix":"`+strings.Repeat("p", 33)+`"`), "prefix", "32"),
		invalid("include_result null", profile("b", `,"include_result":null`), "include_result"),
		invalid("include_result a text", profile("b", `,"include_result":"yes"`), "include_result"),
		invalid("user agent null", profile("b", `,"user_agent":null`), "user_agent"),
		invalid("user agent with a line break", profile("b", `,"user_agent":"a\nb"`), "user_agent"),
		invalid("user agent with a space at the end", profile("b", `,"user_agent":"a "`), "user_agent"),
		invalid("user agent too long", profile("b", `,"user_agent":"`+strings.Repeat("a", 129)+`"`), "user_agent", "128"),
		invalid("schedule of nonsense", profile("b", `,"retry_schedule":["1s","soon"]`), "retry_schedule[1]", "soon"),
		invalid("schedule with a negative delay", profile("b", `,"retry_schedule":["-5s"]`), "retry_schedule"),
		invalid("schedule with a long delay", profile("b", `,"retry_schedule":["169h"]`), "retry_schedule", "168h"),
		invalid("schedule too long", profile("b", `,"retry_schedule":["1s"`+strings.Repeat(`,"1s"`, 50)+`]`), "retry_schedule", "50"),
		invalid("schedule a text", profile("b", `,"retry_schedule":"1s"`), "retry_schedule"),
		invalid("a cursor of another list", request{Method: "GET /v1/profiles?cursor=MTpBIGI"}, "cursor"),
		invalid("too many of a page", request{Method: "GET /v1/profiles?limit=201"}, "limit"),
		{Name: "the same name", request: profile("acme", ""), Status: 409, Code: "already_exists", Field: "name"},
	}
	for _, name := range []string{"standard", "unitary", "unitary-flat", "inkit", "sharpapi", "github", "stripe"} {
		scenarios = append(scenarios,
			invalid("the name "+name, profile(name, ""), "name", "built-in"),
			invalid("the name "+name+", by the operator", by(e.operator, profile(name, "")), "name", "built-in"),
			invalid("change "+name, request{Method: "PATCH /v1/profiles/" + name, Body: `{"prefix":"x"}`}, "name", "built in"),
			invalid("delete "+name, by(e.operator, request{Method: "DELETE /v1/profiles/" + name}), "name", "built in"))
	}
	for _, header := range []string{
		"", "X A", "X:A", "X-Ü", `a\r\nb`, strings.Repeat("X", 65), "Host", "content-type", "Content-Length", "Connection", "TE", "Transfer-Encoding", "User-Agent",
		"Authorization", "cookie", "traceparent", "X-Forwarded-For", "Proxy-Authorization", "Sec-Fetch-Site", "webhook-id", "Webhook-Timestamp", "webhook-attempt", "webhook-x",
	} {
		scenarios = append(scenarios, invalid("header "+header, headed(header), "header"),
			invalid("change to header "+header, request{Method: "PATCH /v1/profiles/acme", Body: `{"header":"` + header + `"}`}, "header"))
	}
	for member, value := range map[string]string{
		"name": `"b"`, "shape": `"xml"`, "algorithm": `"md5"`, "encoding": `"hexx"`, "content": `"all"`, "prefix": `"a b"`,
		"include_result": `1`, "user_agent": `" a"`, "retry_schedule": `["-1s"]`, "owner": `"account"`, "created_at": `"2026-01-02T15:04:05Z"`,
	} {
		scenarios = append(scenarios, invalid("change "+member, request{Method: "PATCH /v1/profiles/acme", Body: `{"` + member + `":` + value + `}`}, member))
		if member != "retry_schedule" {
			scenarios = append(scenarios, invalid(member+" to null", request{Method: "PATCH /v1/profiles/acme", Body: `{"` + member + `":null}`}, member))
		}
	}
	refuse(t, e, nil, scenarios)
}

func TestTooManyProfiles(t *testing.T) {
	t.Parallel()
	e := start(t)
	for i := range 100 {
		e.get(t, 201, profile(fmt.Sprintf("p%d", i), ""))
	}
	refuse(t, e, nil, []scenario{{Name: "one more", request: profile("more", ""), Status: 422, Code: "invalid", Want: []string{"100", "limit"}}})
	e.get(t, 201, by(e.two.key, profile("more", "")))
	e.get(t, 201, by(e.operator, profile("p0", "")))
	if all := e.pages(t, e.one.key, "/v1/profiles", 50); len(all) != 107 {
		t.Errorf("%d profiles", len(all))
	}
	e.get(t, 204, request{Method: "DELETE /v1/profiles/p5"})
	e.get(t, 201, profile("more", ""))
}
