package api_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// routes is every operation that there is.
var routes = map[string]string{
	"submitJob": "POST /v1/jobs", "listJobs": "GET /v1/jobs", "getJob": "GET /v1/jobs/{id}", "cancelJob": "POST /v1/jobs/{id}/cancel",
	"leaseJobs": "POST /v1/jobs/lease", "heartbeatJob": "POST /v1/jobs/{id}/heartbeat", "completeJob": "POST /v1/jobs/{id}/complete", "failJob": "POST /v1/jobs/{id}/fail",
	"publishEvents": "POST /v1/events/batch", "publishEvent": "POST /v1/events", "listEvents": "GET /v1/events", "getEvent": "GET /v1/events/{id}", "getResource": "GET /v1/resources/{resource_id}",
	"createEventType": "POST /v1/event-types", "listEventTypes": "GET /v1/event-types", "importEventTypes": "POST /v1/event-types/import",
	"getEventType": "GET /v1/event-types/{name}", "updateEventType": "PATCH /v1/event-types/{name}", "deleteEventType": "DELETE /v1/event-types/{name}",
	"createEndpoint": "POST /v1/endpoints", "listEndpoints": "GET /v1/endpoints", "getEndpoint": "GET /v1/endpoints/{id}", "updateEndpoint": "PATCH /v1/endpoints/{id}",
	"deleteEndpoint": "DELETE /v1/endpoints/{id}", "getEndpointSecret": "GET /v1/endpoints/{id}/secret",
	"rotateEndpointSecret": "POST /v1/endpoints/{id}/secret/rotate", "rotateAccountSecret": "POST /v1/accounts/{id}/secret/rotate",
	"getWebhookKeys": "GET /.well-known/webhook-keys.json",
	"testEndpoint":   "POST /v1/endpoints/{id}/test", "recoverEndpoint": "POST /v1/endpoints/{id}/recover",
	"rotateOwnAccountSecret": "POST /v1/account/secret/rotate",
	"createProfile":          "POST /v1/profiles", "listProfiles": "GET /v1/profiles", "getProfile": "GET /v1/profiles/{name}", "updateProfile": "PATCH /v1/profiles/{name}",
	"deleteProfile":  "DELETE /v1/profiles/{name}",
	"listDeliveries": "GET /v1/deliveries", "getDelivery": "GET /v1/deliveries/{id}", "retryDelivery": "POST /v1/deliveries/{id}/retry", "cancelDelivery": "POST /v1/deliveries/{id}/cancel",
	"createAccount": "POST /v1/accounts", "listAccounts": "GET /v1/accounts", "getAccount": "GET /v1/accounts/{id}", "updateAccount": "PATCH /v1/accounts/{id}",
	"getOwnAccount": "GET /v1/account", "updateOwnAccount": "PATCH /v1/account", "getOwnAccountSecret": "GET /v1/account/secret",
	"createKey": "POST /v1/keys", "listKeys": "GET /v1/keys", "getKey": "GET /v1/keys/{id}", "deleteKey": "DELETE /v1/keys/{id}",
	"getHealth": "GET /healthz", "getReadiness": "GET /readyz",
}

// TestDocument compares the document with the routes, in both directions: what
// it names is served, and what is served it names.
func TestDocument(t *testing.T) {
	t.Parallel()
	e := start(t)
	documented := map[string]string{}
	e.each(func(method, path string, op *huma.Operation) {
		documented[op.OperationID] = method + " " + path
		q := request{Method: method, Path: strings.NewReplacer("{id}", "x", "{resource_id}", "x", "{name}", "x").Replace(path), Key: "none"}
		if a := e.do(t, q); a.Status != 401 && len(op.Security) > 0 {
			t.Errorf("%s is not served: %d %s", op.OperationID, a.Status, a.Body)
		}
	})
	if !maps.Equal(documented, routes) {
		t.Errorf("documented are %v", documented)
	}
	for id, route := range routes {
		_, path, _ := strings.Cut(route, " ")
		path = strings.NewReplacer("{id}", "x", "{resource_id}", "x", "{name}", "x").Replace(path)
		allow := e.do(t, request{Method: "BREW", Path: path, Key: "none"}).Header.Get("Allow")
		for method := range strings.SplitSeq(allow, ", ") {
			if findOperation(e.api.OpenAPI(), method, path) == nil {
				t.Errorf("%s: %s %s is served, but not documented", id, method, path)
			}
		}
	}
}

// TestOperations checks what every operation's documentation must have.
func TestOperations(t *testing.T) {
	t.Parallel()
	e := start(t)
	doc := e.api.OpenAPI()
	e.each(func(_, path string, op *huma.Operation) {
		if op.Summary == "" || len(op.Tags) != 1 {
			t.Errorf("%s: summary %q, tags %v", op.OperationID, op.Summary, op.Tags)
		}
		for _, p := range op.Parameters {
			if p.Description == "" && len(p.Schema.Enum) == 0 && p.In != "path" {
				t.Errorf("%s: the parameter %s is not described", op.OperationID, p.Name)
			}
		}
		if strings.HasPrefix(path, "/v1/") {
			for _, status := range []string{"401", "403", "422", "429", "500", "503"} {
				if op.Responses[status] == nil {
					t.Errorf("%s does not document %s", op.OperationID, status)
				}
			}
		}
		if op.RequestBody != nil {
			checkExample(t, doc, op.OperationID, op.RequestBody.Content["application/json"], huma.ModeWriteToServer)
		}
		for status, response := range op.Responses {
			if response.Description == "" || status == "default" {
				t.Errorf("%s: %s is not described", op.OperationID, status)
			}
			for contentType, media := range response.Content {
				if contentType == "application/json" {
					checkExample(t, doc, op.OperationID, media, huma.ModeReadFromServer)
				} else if len(media.Examples) == 0 || contentType != "application/problem+json" {
					t.Errorf("%s: %s is %s with %d examples", op.OperationID, status, contentType, len(media.Examples))
				}
			}
		}
	})
}

func checkExample(t *testing.T, doc *huma.OpenAPI, name string, media *huma.MediaType, mode huma.ValidateMode) {
	t.Helper()
	text, _ := media.Example.(json.RawMessage)
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Errorf("%s: the example %s: %v", name, text, err)
		return
	}
	result := &huma.ValidateResult{}
	huma.Validate(doc.Components.Schemas, media.Schema, huma.NewPathBuffer(nil, 0), mode, v, result)
	for _, err := range result.Errors {
		t.Errorf("%s: the example: %v", name, err)
	}
	checkTimes(t, name, "", v)
}

// TestServedDocument reads the document as a stranger would: all references
// lead somewhere.
func TestServedDocument(t *testing.T) {
	t.Parallel()
	e := start(t)
	served := e.get(t, 200, request{Method: "GET /openapi.json", Key: "none"})
	if got := served.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %s", got)
	}
	if served.text("openapi") != "3.1.0" || served.text("info.title") != "Ringback" {
		t.Errorf("%.200s", served.Body)
	}
	schemas, _ := served.value("components.schemas").(map[string]any)
	references := regexp.MustCompile(`"\$ref":"#/components/schemas/([^"]+)"`).FindAllSubmatch(served.Body, -1)
	used := map[string]bool{}
	for _, r := range references {
		used[string(r[1])] = true
		if schemas[string(r[1])] == nil {
			t.Errorf("there is no schema %s", r[1])
		}
	}
	for name, schema := range schemas {
		if !used[name] {
			t.Errorf("nothing refers to the schema %s", name)
		}
		asked := strings.HasSuffix(name, "Submission") || strings.HasSuffix(name, "Creation") || strings.HasSuffix(name, "Change") ||
			slices.Contains([]string{"EventPublication", "EventBatch", "EventTypeImport", "LeaseRequest", "Heartbeat", "Completion", "Failure", "SecretRotation", "AccountSecretRotation", "EndpointTest", "EndpointRecovery"}, name)
		if open, _ := schema.(map[string]any)["additionalProperties"].(bool); open == asked {
			t.Errorf("%s may have other members: %v", name, open)
		}
	}
}

// TestLists compares what tags of fields repeat with what it repeats.
func TestLists(t *testing.T) {
	t.Parallel()
	e := start(t)
	param := func(op *huma.Operation, name string) *huma.Schema {
		for _, p := range op.Parameters {
			if p.Name == name {
				return p.Schema
			}
		}
		return &huma.Schema{}
	}
	paths, schemas := e.api.OpenAPI().Paths, e.api.OpenAPI().Components.Schemas.Map()
	var jobs, deliveries []any
	for _, s := range ringback.JobStatuses() {
		jobs = append(jobs, string(s))
	}
	for _, s := range ringback.DeliveryStatuses() {
		deliveries = append(deliveries, string(s))
	}
	for name, pair := range map[string][2][]any{
		"filter of jobs":       {param(paths["/v1/jobs"].Get, "status").Enum, jobs},
		"status of jobs":       {schemas["Job"].Properties["status"].Enum, jobs},
		"filter of deliveries": {param(paths["/v1/deliveries"].Get, "status").Enum, deliveries},
		"status of deliveries": {schemas["Delivery"].Properties["status"].Enum, deliveries},
	} {
		if !slices.Equal(pair[0], pair[1]) {
			t.Errorf("%s: %v, want %v", name, pair[0], pair[1])
		}
	}
	limit := param(paths["/v1/jobs"].Get, "limit")
	if *limit.Maximum != engine.MaxLimit || limit.Default != engine.DefaultLimit {
		t.Errorf("limit: at most %v, default %v", *limit.Maximum, limit.Default)
	}
	for member, want := range map[string]float64{
		"JobSubmission.timeout_seconds":          ringback.MaxJobTimeout.Seconds(),
		"JobSubmission.max_attempts":             ringback.MaxMaxAttempts,
		"LeaseRequest.max":                       ringback.MaxLeaseJobs,
		"LeaseRequest.wait_seconds":              ringback.MaxWait.Seconds(),
		"LeaseRequest.lease_seconds":             ringback.MaxLease.Seconds(),
		"Heartbeat.lease_seconds":                ringback.MaxLease.Seconds(),
		"EndpointCreation.timeout_seconds":       ringback.MaxAttemptTimeout.Seconds(),
		"EndpointChange.timeout_seconds":         ringback.MaxAttemptTimeout.Seconds(),
		"EndpointCreation.rate_limit_per_second": ringback.MaxRateLimit,
		"EndpointChange.rate_limit_per_second":   ringback.MaxRateLimit,
	} {
		schema, name, _ := strings.Cut(member, ".")
		if got := schemas[schema].Properties[name].Maximum; got == nil || *got != want {
			t.Errorf("%s: at most %v, want %v", member, got, want)
		}
	}
}

// TestStatuses documents each code under one status, as the vocabulary says.
func TestStatuses(t *testing.T) {
	t.Parallel()
	e := start(t)
	statuses := map[string]string{}
	e.each(func(_, _ string, op *huma.Operation) {
		for status, response := range op.Responses {
			if media := response.Content["application/problem+json"]; media != nil {
				for code := range media.Examples {
					if had := statuses[code]; had != "" && had != status {
						t.Errorf("%s has the statuses %s and %s", code, had, status)
					}
					statuses[code] = status
				}
			}
		}
	})
	router := e.api.OpenAPI().Components.Responses["MethodNotAllowed"].Content["application/problem+json"]
	for code := range router.Examples {
		statuses[code] = "405"
	}
	want := map[string]int{
		"malformed_body": 400, "unauthorized": 401, "missing_scope": 403, "operator_only": 403, "not_found": 404, "method_not_allowed": 405, "stale_lease": 409, "job_canceled": 409,
		"job_finished": 409, "delivery_finished": 409, "endpoint_disabled": 409, "already_exists": 409, "profile_in_use": 409, "body_too_large": 413, "unsupported_media_type": 415,
		"invalid": 422, "archived_event_type": 422, "schema_mismatch": 422, "idempotency_mismatch": 422, "too_many_failures": 429, "internal": 500, "unavailable": 503,
	}
	for code, status := range want {
		if statuses[code] != strconv.Itoa(status) {
			t.Errorf("%s has the status %s, want %d", code, statuses[code], status)
		}
	}
	if len(statuses) != len(want) {
		t.Errorf("documented are %v", statuses)
	}
}
