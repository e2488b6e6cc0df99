package api

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ringback/ringback/ringback"
)

// OpenAPI gives the document that /openapi.json shows. It must not be changed.
func (a *API) OpenAPI() *huma.OpenAPI { return a.huma.OpenAPI() }

// description is the document's: the parts that concern every operation, in the
// CommonMark that internal/reference reads.
//
//go:embed description.md
var description string

func humaConfig(version string) huma.Config {
	format := huma.Format{Marshal: marshal, Unmarshal: decode}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Ringback", Version: version,
				Description: strings.TrimSpace(description),
				License:     &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
				SecuritySchemes: map[string]*huma.SecurityScheme{securityScheme: {
					Type: "http", Scheme: "bearer", BearerFormat: "rb_…",
					Description: "An API key. Each operation names the scopes that it needs in `" + scopeExtension + "`.",
				}},
			},
			Tags: []*huma.Tag{
				{Name: "jobs", Description: "Submit work, watch it, cancel it. A finished job makes one event, which goes to its callback and to the endpoints that subscribe."},
				{Name: "workers", Description: "Lease jobs and give them their outcome. A lease that ends without one gives the job to another worker."},
				{Name: "events", Description: "Publish facts and look them up. What subscribes to an event's type gets it as a webhook."},
				{Name: "event types", Description: "The catalogue: what events there are, and what their data looks like."},
				{Name: "endpoints", Description: "Webhook subscriptions: which events are sent where, in which format, signed with what."},
				{Name: "profiles", Description: "Wire formats, built in and custom."},
				{Name: "deliveries", Description: "Events on their way to endpoints and callbacks, with every attempt that was made."},
				{Name: "account", Description: "The account that the key acts for."},
				{Name: "operator", Description: "Customers' accounts and their keys. These need an operator's key."},
				{Name: "receivers", Description: "For those who get webhooks. It needs no key."},
				{Name: "health", Description: "For load balancers and monitors. These need no key."},
			},
		},
		Formats:       map[string]huma.Format{jsonType: format, "json": format},
		DefaultFormat: jsonType,
	}
}

// schemaName names a type in the document: List[Job] is JobList.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if item, ok := strings.CutPrefix(name, "List"); ok && item != "" {
		return item + "List"
	}
	return name
}

// serveDocument finishes the document and serves it.
func (a *API) serveDocument() {
	a.openAnswers()
	a.describeRouter()
	document, err := json.Marshal(a.OpenAPI())
	if err != nil {
		panic(fmt.Sprintf("api: the OpenAPI document cannot be written: %v", err)) // it is made of constants
	}
	a.document = document
	a.mux.HandleFunc("GET "+documentPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", jsonType)
		_, _ = w.Write(a.document) // fails only when the client is gone
	})
}

const documentPath = "/openapi.json"

// describeRouter documents what is answered where there is no operation.
func (a *API) describeRouter() {
	refusals := a.describeErrors(&operation{Codes: []ringback.Code{ringback.CodeMethodNotAllowed}})
	a.OpenAPI().Components.Responses = map[string]*huma.Response{
		"MethodNotAllowed": refusals[strconv.Itoa(http.StatusMethodNotAllowed)],
	}
}

// openAnswers lets the schemas of answers have members that the document does
// not name, so that clients which are generated from it bear new ones.
func (a *API) openAnswers() {
	schemas := a.OpenAPI().Components.Schemas
	asked := make(map[*huma.Schema]bool)
	for _, item := range a.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Patch, item.Delete} {
			if op != nil && op.RequestBody != nil {
				collect(schemas, op.RequestBody.Content[jsonType].Schema, asked)
			}
		}
	}
	for _, s := range schemas.Map() {
		if !asked[s] {
			s.AdditionalProperties = true
		}
	}
}

// collect adds a schema and all that it refers to.
func collect(r huma.Registry, s *huma.Schema, into map[*huma.Schema]bool) {
	if s == nil || into[s] {
		return
	}
	into[s] = true
	if s.Ref != "" {
		collect(r, r.SchemaFromRef(s.Ref), into)
	}
	collect(r, s.Items, into)
	for _, p := range s.Properties {
		collect(r, p, into)
	}
}
