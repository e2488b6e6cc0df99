package api_test

import (
	"strings"
	"testing"
)

func TestBadURLs(t *testing.T) {
	t.Parallel()
	e := start(t, strict)
	long := "https://example.com/" + strings.Repeat("x", 2049-len("https://example.com/"))
	var scenarios []scenario
	for url, want := range map[string]string{
		"":                                 "https://example.com/hook",
		"/hook":                            "relative",
		"hook":                             "https://hook",
		"example.com/hook":                 `https://example.com/hook`,
		"example.com:8443/hook":            `https://example.com:8443/hook`,
		"//example.com/hook":               `https://example.com/hook`,
		"https://user:pw@example.com":      "user name or password",
		"https://example.com/#top":         "fragment",
		"https://example.com:65536":        "65535",
		"https://example.com:0":            "65535",
		"https://exam\\u0000ple.com":       "control",
		"https://example.com/\\na":         "control",
		"https://example.com/a b":          "space",
		"https://exämple.com":              "ASCII",
		long:                               "2048",
		"ftp://example.com":                "not supported",
		"javascript:alert(1)":              "not supported",
		"http://example.com":               "http",
		"https://127.0.0.1/":               "127.0.0.1",
		"https://10.0.0.1/":                "10.0.0.1",
		"https://[::1]/":                   "::1",
		"https://169.254.169.254/metadata": "169.254.169.254",
		"https://localhost":                "localhost",
		"https://0x7f.1":                   "127.0.0.1",
	} {
		name := url[:min(len(url), 40)]
		scenarios = append(scenarios,
			invalid("job "+name, job(`,"callback_url":"`+url+`"`), "callback_url", want),
			invalid("endpoint "+name, request{Method: "POST /v1/endpoints", Body: `{"url":"` + url + `","event_types":["*"]}`}, "url", want),
			invalid("change "+name, request{Method: "PATCH /v1/endpoints/{id}", Body: `{"url":"` + url + `"}`}, "url", want))
		if !strings.Contains(url, `\`) {
			scenarios = append(scenarios, invalid("Job-Webhook "+name, withHeader(job(""), "Job-Webhook", url), "Job-Webhook"))
		}
	}
	scenarios = append(scenarios,
		invalid("callback_url a number", job(`,"callback_url":5`), "callback_url"),
		invalid("both, different", withHeader(job(`,"callback_url":"https://example.com/a"`), "Job-Webhook", "https://example.com/b"), "Job-Webhook", "differs"),
		invalid("both, one empty", withHeader(job(`,"callback_url":""`), "Job-Webhook", "https://example.com/b"), "callback_url"),
	)
	id := e.get(t, 201, endpoint("")).text("id")
	refuse(t, e, map[string]string{"id": id}, scenarios)
}

func TestBadEndpoints(t *testing.T) {
	t.Parallel()
	e := start(t, strict)
	types := func(patterns string) request {
		return request{Method: "POST /v1/endpoints", Body: `{"url":"https://example.com","event_types":` + patterns + `}`}
	}
	scenarios := []scenario{
		invalid("url missing", request{Method: "POST /v1/endpoints", Body: `{"event_types":["*"]}`}, "url"),
		invalid("event_types missing", request{Method: "POST /v1/endpoints", Body: `{"url":"https://example.com"}`}, "event_types"),
		invalid("no event type", types(`[]`), "event_types"),
		invalid("event_types null", types(`null`), "event_types"),
		invalid("event_types a string", types(`"*"`), "event_types"),
		invalid("a null event type", types(`["a",null]`), "event_types[1]"),
		invalid("malformed pattern", types(`["a.*.b"]`), "event_types", "a.*.b"),
		invalid("empty pattern", types(`[""]`), "event_types"),
		invalid("too many patterns", types(`["a"`+strings.Repeat(`,"a"`, 200)+`]`), "event_types"),
		invalid("unknown profile", endpoint(`,"profile":"acme"`), "profile", "acme"),
		invalid("secret empty", endpoint(`,"secret":""`), "secret"),
		invalid("secret a number", endpoint(`,"secret":1234567890123`), "secret"),
		invalid("secret null with standard", endpoint(`,"secret":null`), "secret", "standard"),
		invalid("secret of another form with standard", endpoint(`,"secret":"a-secret-of-another-form"`), "secret", "whsec_"),
		invalid("secret too long", endpoint(`,"profile":"inkit","secret":"`+strings.Repeat("x", 513)+`"`), "secret"),
		invalid("name null", endpoint(`,"name":null`), "name"),
		invalid("name too long", endpoint(`,"name":"`+strings.Repeat("x", 257)+`"`), "name"),
		invalid("enabled null", endpoint(`,"enabled":null`), "enabled"),
		invalid("timeout too long", endpoint(`,"timeout_seconds":61`), "timeout_seconds"),
		invalid("timeout zero", endpoint(`,"timeout_seconds":0`), "timeout_seconds"),
		invalid("rate limit zero", endpoint(`,"rate_limit_per_second":0`), "rate_limit_per_second", "0.001"),
		invalid("rate limit negative", endpoint(`,"rate_limit_per_second":-1`), "rate_limit_per_second"),
		invalid("rate limit too low", endpoint(`,"rate_limit_per_second":0.0009`), "rate_limit_per_second", "0.001"),
		invalid("rate limit too high", endpoint(`,"rate_limit_per_second":10000.5`), "rate_limit_per_second", "10000"),
		invalid("rate limit a string", endpoint(`,"rate_limit_per_second":"10"`), "rate_limit_per_second"),
		invalid("a change to a rate limit of zero", request{Method: "PATCH /v1/endpoints/{id}", Body: `{"rate_limit_per_second":0}`}, "rate_limit_per_second"),
		invalid("schedule with a negative delay", endpoint(`,"retry_schedule":["5s","-5s"]`), "retry_schedule"),
		invalid("schedule with a number", endpoint(`,"retry_schedule":[5]`), "retry_schedule[0]"),
		invalid("schedule without a unit", endpoint(`,"retry_schedule":["1s","5"]`), "retry_schedule[1]", "5m"),
		invalid("schedule of nonsense", endpoint(`,"retry_schedule":["soon"]`), "retry_schedule[0]", "soon"),
		invalid("schedule out of range", endpoint(`,"retry_schedule":["9999999h"]`), "retry_schedule[0]"),
		invalid("schedule with a long delay", endpoint(`,"retry_schedule":["169h"]`), "retry_schedule"),
		invalid("schedule too long", endpoint(`,"retry_schedule":["1s"`+strings.Repeat(`,"1s"`, 50)+`]`), "retry_schedule"),
		invalid("schedule a string", endpoint(`,"retry_schedule":"5s"`), "retry_schedule"),
		invalid("headers null", endpoint(`,"headers":null`), "headers"),
		invalid("headers an array", endpoint(`,"headers":[]`), "headers"),
		invalid("header not a string", endpoint(`,"headers":{"X-A":1}`), "headers.X-A"),
		invalid("a change of nothing known", request{Method: "PATCH /v1/endpoints/{id}", Body: `{"colour":"red"}`}, "colour"),
		invalid("a change to a malformed pattern", request{Method: "PATCH /v1/endpoints/{id}", Body: `{"event_types":["a b"]}`}, "event_types"),
		invalid("a change to no profile", request{Method: "PATCH /v1/endpoints/{id}", Body: `{"profile":""}`}, "profile"),
	}
	for _, name := range []string{
		"", "X A", "X:A", "Ü", "Host", "host", "Content-Type", "content-length", "Content-Encoding", "Connection", "Keep-Alive", "Transfer-Encoding", "TE", "Upgrade",
		"webhook-id", "Webhook-Anything", "traceparent", "TraceState", "X-Hub-Signature-256", "X-GitHub-Event", "x-github-delivery", "Stripe-Signature", "Inkit-Signature", "x-signature", "User-Agent",
	} {
		s := invalid("header "+name, endpoint(`,"headers":{"`+name+`":"a-header-value"}`), "headers."+name)
		s.Not = []string{"a-header-value"}
		scenarios = append(scenarios, s)
	}
	for name, value := range map[string]string{"line break": `a\nb`, "NUL": `\u0000`, "not ASCII": "ü", "space at the end": "a ", "too long": strings.Repeat("v", 1025)} {
		s := invalid("header value with "+name, endpoint(`,"headers":{"X-A":"a-header-value`+value+`"}`), "headers.X-A")
		s.Not = []string{"a-header-value"}
		scenarios = append(scenarios, s)
	}
	scenarios = append(scenarios, invalid("a header twice", endpoint(`,"headers":{"X-A":"1","x-a":"2"}`), ""))
	seen.secret("a-secret-of-another-form")
	id := e.get(t, 201, endpoint("")).text("id")
	refuse(t, e, map[string]string{"id": id}, scenarios)
}
