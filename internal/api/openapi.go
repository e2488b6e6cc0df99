package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// OpenAPI gives the document that /openapi.json shows. It must not be changed.
func (a *API) OpenAPI() *huma.OpenAPI { return a.huma.OpenAPI() }

func humaConfig(version string) huma.Config {
	format := huma.Format{Marshal: marshal, Unmarshal: decode}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Ringback", Version: version,
				Description: "Submit a job, get a signed webhook when it is done. " +
					"Times are RFC 3339 in UTC; ids are opaque strings; members may be added to answers, none are renamed. " +
					"Bodies are JSON objects of at most 1 MiB (publishEvents: 8 MiB), without duplicate members; unknown members and parameters are refused.",
				License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
				SecuritySchemes: map[string]*huma.SecurityScheme{securityScheme: {
					Type: "http", Scheme: "bearer", BearerFormat: "rb_…",
					Description: "An API key. Each operation names the scopes that it needs in `" + scopeExtension + "`.",
				}},
			},
			Tags: []*huma.Tag{
				{Name: "jobs", Description: "Submit work, watch it, cancel it"},
				{Name: "workers", Description: "Lease jobs and give them their outcome"},
				{Name: "events", Description: "Publish facts and look them up"},
				{Name: "event types", Description: "The catalogue: what events there are, and what their data looks like"},
				{Name: "endpoints", Description: "Webhook subscriptions"},
				{Name: "profiles", Description: "Wire formats, built in and custom"},
				{Name: "deliveries", Description: "Events on their way to endpoints and callbacks"},
				{Name: "account", Description: "The account that the key acts for"},
				{Name: "operator", Description: "Accounts and keys"},
				{Name: "health", Description: "For load balancers and monitors"},
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
