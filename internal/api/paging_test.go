package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestPaging goes through every list in pages of two.
func TestPaging(t *testing.T) {
	t.Parallel()
	e := start(t)
	const count = 5
	for i := range count {
		e.get(t, 201, request{Method: "POST /v1/endpoints", Body: `{"url":"http://127.0.0.1:9","event_types":["e"],"retry_schedule":["1h"]}`})
		e.get(t, 201, request{Method: "POST /v1/accounts", Key: e.operator, Body: fmt.Sprintf(`{"name":"%d"}`, i)})
		e.job(t, "t")
		e.get(t, 201, request{Method: "POST /v1/event-types", Body: fmt.Sprintf(`{"name":"own.%d"}`, i)})
		e.get(t, 201, request{Method: "POST /v1/event-types", Key: e.operator, Body: fmt.Sprintf(`{"name":"o.%d"}`, i)})
		e.get(t, 201, profile(fmt.Sprintf("own-%d", i), ""))
		e.get(t, 201, by(e.operator, profile(fmt.Sprintf("a-%d", i), "")))
	}
	e.get(t, 202, request{Method: "POST /v1/events", Body: `{"type":"e"}`}) // to five endpoints
	for range count - 1 {
		e.get(t, 202, request{Method: "POST /v1/events", Body: `{"type":"other"}`})
	}
	for path, item := range e.api.OpenAPI().Paths {
		if item.Get == nil || !strings.HasPrefix(item.Get.OperationID, "list") {
			continue
		}
		t.Run(item.Get.OperationID, func(t *testing.T) {
			key := e.one.key
			if item.Get.Tags[0] == "operator" {
				key = e.operator
			}
			all := e.pages(t, key, path, 200)
			if len(all) < count {
				t.Fatalf("only %d items", len(all))
			}
			switch item.Get.OperationID {
			case "listEventTypes":
				if !slices.IsSorted(all) || len(all) != 2*count {
					t.Errorf("not %d items by name: %v", 2*count, all)
				}
			case "listProfiles":
				if len(all) != 7+2*count || !slices.IsSorted(all[:7]) || all[0] != "github" || !slices.IsSorted(all[7:]) || all[7] != "a-0" {
					t.Errorf("not the built-in ones by name, and then the others by name: %v", all)
				}
			default:
				if !slices.IsSortedFunc(all, func(a, b string) int { return strings.Compare(b, a) }) {
					t.Errorf("not the newest first: %v", all)
				}
			}
			if two := e.pages(t, key, path, 2); !slices.Equal(two, all) {
				t.Errorf("in pages of two %v, at once %v", two, all)
			}
		})
	}
}

// pages gives the ids of a whole list.
func (e *env) pages(t *testing.T, key, path string, limit int) (ids []string) {
	t.Helper()
	cursor := ""
	for {
		a := e.get(t, http.StatusOK, request{Method: http.MethodGet, Path: fmt.Sprintf("%s?limit=%d%s", path, limit, cursor), Key: key})
		items, _ := a.value("items").([]any)
		for _, item := range items {
			id, ok := item.(map[string]any)["id"].(string)
			if !ok {
				id = item.(map[string]any)["name"].(string)
			}
			ids = append(ids, id)
		}
		if len(items) > limit || len(ids) > 1000 {
			t.Fatalf("%d items, %d in all", len(items), len(ids))
		}
		if a.text("next_cursor") == "" {
			return ids
		}
		cursor = "&cursor=" + a.text("next_cursor")
	}
}
