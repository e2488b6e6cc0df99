package api

import (
	"net/http"

	"github.com/ringback/ringback/ringback"
)

const exampleEndpointMembers = `"id": "ep_01jzn6v3m8f7q9r2s4t6w8x0z2", "name": "Moderation", "url": "https://customer.example/hook",
	"event_types": ["job.*"], "profile": "sharpapi", "signed": true, "include_result": false, "enabled": true,
	"headers": {"X-Env": "production"}, "retry_schedule": ["5s", "5m", "30m"], "timeout_seconds": 15,
	"rate_limit_per_second": 10,
	"created_at": "2026-01-02T15:04:05.123456Z", "updated_at": "2026-01-02T15:04:05.123456Z"`

const exampleEndpoint = `{` + exampleEndpointMembers + `}`

func (a *API) registerEndpoints() {
	read, write := []ringback.Scope{ringback.ScopeEndpointsRead}, []ringback.Scope{ringback.ScopeEndpointsWrite}
	register(a, operation{
		ID: "createEndpoint", Method: http.MethodPost, Path: "/v1/endpoints", Tag: "endpoints", Status: http.StatusCreated,
		Summary: "Subscribe a URL to events", By: anAccount, Scopes: write,
		Request: `{"name": "Moderation", "url": "https://customer.example/hook", "event_types": ["job.*"], "profile": "sharpapi",
			"headers": {"X-Env": "production"}}`,
		Response: `{` + exampleEndpointMembers + `, ` + exampleSecret + `}`,
	}, a.createEndpoint)
	register(a, operation{
		ID: "getEndpoint", Method: http.MethodGet, Path: "/v1/endpoints/{id}", Tag: "endpoints", Status: http.StatusOK,
		Summary: "Look at an endpoint", By: anAccount, Scopes: read, Response: exampleEndpoint,
	}, a.getEndpoint)
	register(a, operation{
		ID: "listEndpoints", Method: http.MethodGet, Path: "/v1/endpoints", Tag: "endpoints", Status: http.StatusOK,
		Summary: "List endpoints", By: anAccount, Scopes: read, Response: `{"items": [` + exampleEndpoint + `]}`,
	}, a.listEndpoints)
	register(a, operation{
		ID: "updateEndpoint", Method: http.MethodPatch, Path: "/v1/endpoints/{id}", Tag: "endpoints", Status: http.StatusOK,
		Summary: "Change an endpoint",
		Text:    "It holds from the next attempt on, for what is pending too. Disabling cancels what is pending; while an endpoint is disabled no deliveries are made for it.",
		By:      anAccount, Scopes: write, Request: `{"enabled": false}`, Response: exampleEndpoint,
	}, a.updateEndpoint)
	register(a, operation{
		ID: "deleteEndpoint", Method: http.MethodDelete, Path: "/v1/endpoints/{id}", Tag: "endpoints", Status: http.StatusNoContent,
		Summary: "Delete an endpoint", Text: "What is pending is canceled; past deliveries stay.", By: anAccount, Scopes: write,
	}, a.deleteEndpoint)
	register(a, operation{
		ID: "getEndpointSecret", Method: http.MethodGet, Path: "/v1/endpoints/{id}/secret", Tag: "endpoints", Status: http.StatusOK,
		Summary: "Reveal an endpoint's signing secret",
		By:      anAccount, Scopes: []ringback.Scope{ringback.ScopeEndpointsRead, ringback.ScopeSecretsRead},
		Response: `{` + exampleSecret + `}`,
	}, a.getEndpointSecret)
}
