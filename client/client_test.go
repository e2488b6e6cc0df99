package client_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/ringback"
)

func TestWrongUse(t *testing.T) {
	for _, url := range []string{"", "localhost:8787", "ftp://x", "http://", "https://u:p@x", "https://x?a=1", "https://x#a", ":"} {
		if _, err := client.New(url, "rb_x"); err == nil || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%q: %v", url, err)
		}
	}
	for _, key := range []string{"rb_secret\n", "rb secret", "rb_é"} {
		if _, err := client.New("https://x", key); err == nil || strings.Contains(err.Error(), key) {
			t.Errorf("%q: %v", key, err)
		}
	}
	c, s := scripted(t, []answer{{status: 200, body: "{}"}})
	if _, err := c.PublishEvent(t.Context(), client.PublishEventParams{Type: "a", Data: func() {}}); err == nil || len(s.requests) != 0 {
		t.Errorf("data that is no JSON: %v", err)
	}
}

func TestErrors(t *testing.T) {
	c, s := scripted(t, []answer{
		{
			status: 422, body: `{"title":"Unprocessable Entity","code":"invalid","detail":"url: it has no scheme","field":"url","errors":[{"field":"url","reason":"it has no scheme"}]}`,
		},
		{status: 301, header: map[string]string{"Location": "https://elsewhere.example/"}},
		{status: 404, body: `<html>`},
		{status: 200, body: `<html>`},
	})
	_, err := c.CreateEndpoint(t.Context(), client.CreateEndpointParams{})
	e, ok := errors.AsType[*client.Error](err)
	if !ok || e.Status != 422 || e.Code != ringback.CodeInvalid || e.Field != "url" || len(e.Errors) != 1 || e.Errors[0].Reason != "it has no scheme" {
		t.Errorf("%#v", e)
	}
	if want := "POST /v1/endpoints: 422 Unprocessable Entity: url: it has no scheme (invalid)"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	for target, want := range map[*client.Error]bool{
		{Code: ringback.CodeInvalid}: true, {Status: 422}: true, {Code: ringback.CodeInvalid, Status: 422}: true,
		{Code: ringback.CodeNotFound}: false, {Status: 404}: false, {Code: ringback.CodeInvalid, Status: 400}: false, {}: false,
	} {
		if errors.Is(err, target) != want {
			t.Errorf("errors.Is with %+v is not %v", target, want)
		}
	}
	if client.CodeOf(err) != ringback.CodeInvalid || client.CodeOf(errBroken) != "" {
		t.Error("CodeOf")
	}
	if _, err = c.CreateEndpoint(t.Context(), client.CreateEndpointParams{}); err == nil || !strings.Contains(err.Error(), `redirects to "https://elsewhere.example/"`) || len(s.requests) != 2 {
		t.Errorf("a redirect: %d requests, %v", len(s.requests), err)
	}
	if _, err = c.GetOwnAccount(t.Context()); client.CodeOf(err) != "" || !errors.Is(err, &client.Error{Status: 404}) {
		t.Errorf("a proxy's answer: %v", err)
	}
	if _, err = c.GetOwnAccount(t.Context()); err == nil || !strings.Contains(err.Error(), "is not the API's") {
		t.Errorf("not JSON: %v", err)
	}
}

func TestOptional(t *testing.T) {
	for want, p := range map[string]client.UpdateEndpointParams{
		`{}`:              {},
		`{"secret":null}`: {Secret: client.Null[string]()},
		`{"name":"","enabled":false,"retry_schedule":[],"timeout_seconds":5}`: {
			Name: client.Set(""), Enabled: client.Set(false), RetrySchedule: client.Set([]string{}), TimeoutSeconds: client.Set(5),
		},
	} {
		got, err := json.Marshal(p)
		if err != nil || string(got) != want {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
	if v, ok := client.Set(3).Get(); v != 3 || !ok {
		t.Error("Set is not what Get gives")
	}
	if _, ok := client.Null[int]().Get(); ok {
		t.Error("null is a value")
	}
}

func TestQueries(t *testing.T) {
	c, s := scripted(t, []answer{{status: 200, body: `{"items":[]}`}}, client.Account("acc_1"), client.UserAgent("test/1"))
	at := time.Date(2026, 1, 2, 3, 4, 5, 600, time.FixedZone("", 3600))
	_, err := c.ListDeliveries(t.Context(), client.ListDeliveriesParams{
		Status: ringback.DeliveryFailed, EndpointID: "ep", EventType: "a.b", EventID: "e", JobID: "j",
		Span: client.Span{Since: at, Until: at.Add(time.Second)}, Page: client.Page{Limit: 7, Cursor: "c+/"},
	})
	const want = "cursor=c%2B%2F&endpoint_id=ep&event_id=e&event_type=a.b&job_id=j&limit=7" +
		"&since=2026-01-02T02%3A04%3A05.0000006Z&status=failed&until=2026-01-02T02%3A04%3A06.0000006Z"
	r := s.requests[0]
	if err != nil || r.URL.RawQuery != want || r.Header.Get("Ringback-Account") != "acc_1" || r.Header.Get("User-Agent") != "test/1" {
		t.Errorf("%v\n%s\n%v", err, r.URL.RawQuery, r.Header)
	}
	if _, err := c.WithAccount("acc_2").GetResource(t.Context(), "a/b c"); err != nil {
		t.Error(err)
	}
	if r := s.requests[1]; r.URL.EscapedPath() != "/base/v1/resources/a%2Fb%20c" || r.URL.RawQuery != "" || r.Header.Get("Ringback-Account") != "acc_2" {
		t.Errorf("%s %v", r.URL, r.Header)
	}
}
