package api_test

import (
	"fmt"
	"sync"
	"testing"
)

func TestIdempotency(t *testing.T) {
	t.Parallel()
	e := start(t)
	keyed := func(path, key, body string) request {
		return request{Method: "POST " + path, Header: map[string]string{"Idempotency-Key": key}, Body: body}
	}
	for _, path := range []string{"/v1/jobs", "/v1/events"} {
		t.Run(path[4:], func(t *testing.T) {
			first := e.play(t, nil, scenario{request: keyed(path, "a!~", `{"type":"t","resource_id":"1"}`), Status: 202, Answer: map[string]string{"Idempotency-Replayed": ""}})
			second := e.play(t, nil, scenario{
				request: keyed(path, "a!~", ` { "type" : "t", "resource_id":"\u0031" } `), Status: 202,
				Answer: map[string]string{"Idempotency-Replayed": "true"},
			})
			if string(first.Body) != string(second.Body) {
				t.Errorf("%s\n%s", first.Body, second.Body)
			}
			e.play(t, nil, scenario{request: keyed(path, "a!~", `{"type":"t","resource_id":"2"}`), Status: 422, Code: "idempotency_mismatch", Field: "Idempotency-Key"})
			e.play(t, nil, scenario{request: keyed(path, "b", `{"type":"t","resource_id":"1"}`), Status: 202, Answer: map[string]string{"Idempotency-Replayed": ""}})
			other := keyed(path, "a!~", `{"type":"other"}`)
			other.Key = e.two.key
			e.play(t, nil, scenario{Name: "another account's", request: other, Status: 202, Answer: map[string]string{"Idempotency-Replayed": ""}})
		})
	}
	header := keyed("/v1/jobs", "hook", `{"type":"t"}`)
	header.Header["Job-Webhook"] = "http://127.0.0.1:9/a"
	e.play(t, nil, scenario{request: header, Status: 202})
	e.play(t, nil, scenario{request: header, Status: 202, Answer: map[string]string{"Idempotency-Replayed": "true"}})
	header.Header["Job-Webhook"] = "http://127.0.0.1:9/b"
	e.play(t, nil, scenario{request: header, Status: 422, Code: "idempotency_mismatch"})
}

// TestIdempotencyAtOnce sends the same submission many times at once.
func TestIdempotencyAtOnce(t *testing.T) {
	t.Parallel()
	e := start(t)
	const many = 50
	answers := make([]*answer, many)
	var wg sync.WaitGroup
	for i := range many {
		wg.Go(func() {
			answers[i] = e.do(t, request{
				Method: "POST /v1/jobs", Body: fmt.Sprintf(`{"type":"t","resource_id":"%d"}`, i/(many-5)),
				Header: map[string]string{"Idempotency-Key": "same"},
			})
		})
	}
	wg.Wait()
	ids, made, statuses := map[string]bool{}, 0, map[int]int{}
	for _, a := range answers {
		statuses[a.Status]++
		if a.Status == 202 {
			ids[a.text("id")] = true
			if a.Header.Get("Idempotency-Replayed") == "" {
				made++
			}
		}
	}
	// Which of the two bodies comes first is open; the other one is refused.
	if len(ids) != 1 || made != 1 || statuses[202]+statuses[422] != many || statuses[202] != 5 && statuses[202] != many-5 {
		t.Errorf("%d jobs, %d made, statuses %v", len(ids), made, statuses)
	}
	list := e.get(t, 200, request{Method: "GET /v1/jobs"})
	if items, _ := list.value("items").([]any); len(items) != 1 {
		t.Errorf("%d jobs", len(items))
	}
}
