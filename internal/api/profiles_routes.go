package api

import (
	"net/http"

	"github.com/ringback/ringback/ringback"
)

const exampleProfile = `{"name": "acme", "owner": "account", "shape": "raw", "header": "X-Acme-Signature", "algorithm": "hmac-sha512",
	"encoding": "base64", "prefix": "sha512=", "content": "timestamp.body", "include_result": true,
	"retry_schedule": ["5s", "5m", "30m", "2h", "5h", "10h", "10h"], "user_agent": "Acme-Hooks/2",
	"created_at": "2026-01-02T15:04:05.123456Z", "updated_at": "2026-01-02T15:04:05.123456Z",
	"example": {"headers": {"Content-Type": "application/json", "User-Agent": "Acme-Hooks/2", "webhook-attempt": "1",
		"webhook-id": "msg_069z7c0001r010000000000004", "webhook-timestamp": "1767366245",
		"X-Acme-Signature": "sha512=q9PP/bHU1Gi75HlFbmFTodBkoW9fXsQJAiqnKXOhvGfjwVDASkpZB2LrQf9U4qv32efuEe+G+LTHbLRl3Qnt8Q=="},
		"body": "{\"id\":\"job_069z7c0001r010000000000004\",\"type\":\"content_translate\",\"status\":\"succeeded\",\"result\":{\"content\":\"ciao\"},\"resource_id\":\"job_069z7c0001r010000000000004\",\"created_at\":\"2026-01-02T15:04:03.000Z\",\"finished_at\":\"2026-01-02T15:04:05.000Z\"}", "secret": "sample-secret-of-an-example"}}`

func (a *API) registerProfiles() {
	read, write := []ringback.Scope{ringback.ScopeEndpointsRead}, []ringback.Scope{ringback.ScopeEndpointsWrite}
	register(a, operation{
		ID: "createProfile", Method: http.MethodPost, Path: "/v1/profiles", Tag: "profiles", Status: http.StatusCreated,
		Summary: "Make a wire format",
		Text: "Endpoints, jobs and accounts name it as they name a built-in one. An account's own comes before the operator's of the same name. " +
			"The signature stands alone in its header; with `content` `id.timestamp.body` or `timestamp.body` the id and the time (Unix seconds) are in `webhook-id` and `webhook-timestamp`. " +
			"An HMAC has the secret itself, as UTF-8, as its key. With `ed25519`, endpoints get a key that the server makes and keeps, and callbacks are signed with the account's.",
		By: anOwner, Scopes: write, Codes: []ringback.Code{ringback.CodeAlreadyExists, ringback.CodeProfileInUse},
		Request: `{"name": "acme", "shape": "raw", "header": "X-Acme-Signature", "algorithm": "hmac-sha512", "encoding": "base64",
			"prefix": "sha512=", "content": "timestamp.body", "user_agent": "Acme-Hooks/2"}`,
		Response: exampleProfile,
	}, a.createProfile)
	register(a, operation{
		ID: "getProfile", Method: http.MethodGet, Path: "/v1/profiles/{name}", Tag: "profiles", Status: http.StatusOK,
		Summary: "Look at a profile", Text: "A built-in one, the account's own or, if it has none of that name, the operator's.",
		By: anOwner, Scopes: read, Response: exampleProfile,
	}, a.getProfile)
	register(a, operation{
		ID: "listProfiles", Method: http.MethodGet, Path: "/v1/profiles", Tag: "profiles", Status: http.StatusOK,
		Summary: "List profiles",
		Text:    "Unlike other lists this one is sorted by name: the built-in ones, and then the account's own with those of the operator's that it has none of the same name of.",
		By:      anOwner, Scopes: read, Response: `{"items": [` + exampleProfile + `]}`,
	}, a.listProfiles)
	register(a, operation{
		ID: "updateProfile", Method: http.MethodPatch, Path: "/v1/profiles/{name}", Tag: "profiles", Status: http.StatusOK,
		Summary: "Change a profile",
		Text: "It holds from the next attempt on, for what is pending too: a retry can then have another body than the attempt before. " +
			"While an endpoint has the profile, or an account for its callbacks, the algorithm does not change between ed25519 and the others, since their secrets could not sign. " +
			"An account can change its own alone.",
		By: anOwner, Scopes: write, Codes: []ringback.Code{ringback.CodeOperatorOnly, ringback.CodeProfileInUse},
		Request: `{"header": "X-Acme-Signature-2"}`, Response: exampleProfile,
	}, a.updateProfile)
	register(a, operation{
		ID: "deleteProfile", Method: http.MethodDelete, Path: "/v1/profiles/{name}", Tag: "profiles", Status: http.StatusNoContent,
		Summary: "Delete a profile",
		Text: "Not while an endpoint has it, or an account for its callbacks: that is profile_in_use. Jobs that have yet to call back in it are not looked for: " +
			"the attempts of their callbacks fail, and are retried, while there is no profile of that name. An account can delete its own alone.",
		By: anOwner, Scopes: write, Codes: []ringback.Code{ringback.CodeOperatorOnly, ringback.CodeProfileInUse},
	}, a.deleteProfile)
}
