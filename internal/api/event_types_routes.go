package api

import (
	"net/http"

	"github.com/ringback/ringback/ringback"
)

const exampleEventType = `{"name": "document.signed", "description": "Everybody has signed.",
	"schema": {"type": "object", "required": ["signers"], "properties": {"signers": {"type": "integer", "minimum": 1}}},
	"archived": false, "owner": "account",
	"created_at": "2026-01-02T15:04:05.123456Z", "updated_at": "2026-01-02T15:04:05.123456Z"}`

func (a *API) registerEventTypes() {
	read, write := []ringback.Scope{ringback.ScopeEventsRead}, []ringback.Scope{ringback.ScopeEventsWrite}
	register(a, operation{
		ID: "createEventType", Method: http.MethodPost, Path: "/v1/event-types", Tag: "event types", Status: http.StatusCreated,
		Summary: "Add an event type to the catalogue",
		Text: "Data that is published under it must match `schema`: JSON Schema of draft 2020-12, or of the draft that its `$schema` names. `format` is checked, " +
			"numbers are compared exactly, patterns are regular expressions without lookaround and backreferences. " +
			"`$ref` leads to places within the schema alone: files and other addresses are never read. " +
			"What the schema is to data is checked within a budget: data that would take about a second is refused.",
		By: anOwner, Scopes: write, Codes: []ringback.Code{ringback.CodeAlreadyExists},
		Request: `{"name": "document.signed", "description": "Everybody has signed.",
			"schema": {"type": "object", "required": ["signers"], "properties": {"signers": {"type": "integer", "minimum": 1}}}}`,
		Response: exampleEventType,
	}, a.createEventType)
	register(a, operation{
		ID: "getEventType", Method: http.MethodGet, Path: "/v1/event-types/{name}", Tag: "event types", Status: http.StatusOK,
		Summary: "Look at an event type", Text: "The account's own or, if it has none of that name, the operator's.",
		By: anOwner, Scopes: read, Response: exampleEventType,
	}, a.getEventType)
	register(a, operation{
		ID: "listEventTypes", Method: http.MethodGet, Path: "/v1/event-types", Tag: "event types", Status: http.StatusOK,
		Summary: "List event types",
		Text: "The account's own, and those of the operator's that it has none of the same name of. Unlike other lists this one is sorted by name. " +
			"A page ends early where schemas are large.",
		By: anOwner, Scopes: read, Response: `{"items": [` + exampleEventType + `]}`,
	}, a.listEventTypes)
	register(a, operation{
		ID: "updateEventType", Method: http.MethodPatch, Path: "/v1/event-types/{name}", Tag: "event types", Status: http.StatusOK,
		Summary: "Change an event type",
		Text:    "It holds for what is published from then on. An account can change its own alone.",
		By:      anOwner, Scopes: write, Codes: []ringback.Code{ringback.CodeOperatorOnly},
		Request: `{"archived": true}`, Response: exampleEventType,
	}, a.updateEventType)
	register(a, operation{
		ID: "deleteEventType", Method: http.MethodDelete, Path: "/v1/event-types/{name}", Tag: "event types", Status: http.StatusNoContent,
		Summary: "Delete an event type",
		Text:    "Its events stay, and the type can be published as any that is in no catalogue; to end that, archive it. An account can delete its own alone.",
		By:      anOwner, Scopes: write, Codes: []ringback.Code{ringback.CodeOperatorOnly},
	}, a.deleteEventType)
	register(a, operation{
		ID: "importEventTypes", Method: http.MethodPost, Path: "/v1/event-types/import", Tag: "event types", Status: http.StatusOK,
		Summary: "Import the event types of a vendor",
		Text:    "Those that there are already stay as they are, so that it may be repeated.",
		By:      anOwner, Scopes: write,
		Request:  `{"preset": "inkit"}`,
		Response: `{"items": [{"name": "FOLDER_CREATED", "description": "A folder was created.", "archived": false, "owner": "account", "created_at": "2026-01-02T15:04:05.123456Z", "updated_at": "2026-01-02T15:04:05.123456Z"}], "created": 1}`,
	}, a.importEventTypes)
}
