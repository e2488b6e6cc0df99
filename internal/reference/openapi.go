package reference

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// document is as much of an OpenAPI 3.1 document as readers are shown.
// (https://spec.openapis.org/oas/v3.1.0)
type document struct {
	Info struct {
		Title       string `json:"title"`
		Version     string `json:"version"`
		Description string `json:"description"`
	} `json:"info"`
	Tags       []tag               `json:"tags"`
	Paths      map[string]pathItem `json:"paths"`
	Components struct {
		Schemas   map[string]*schema   `json:"schemas"`
		Responses map[string]*response `json:"responses"`
	} `json:"components"`
}

type tag struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

type pathItem struct {
	Post   *operation `json:"post"`
	Get    *operation `json:"get"`
	Patch  *operation `json:"patch"`
	Put    *operation `json:"put"`
	Delete *operation `json:"delete"`
}

type operation struct {
	OperationID string                 `json:"operationId"`
	Summary     string                 `json:"summary"`
	Description string                 `json:"description"`
	Tags        []string               `json:"tags"`
	Security    *[]map[string][]string `json:"security"` // empty = no key
	Scopes      []string               `json:"x-ringback-scope"`
	// OperatorOnly is not the same as the error operator_only: an account's key
	// gets that for the operator's own things, too.
	OperatorOnly bool        `json:"x-ringback-operator-only"`
	Parameters   []parameter `json:"parameters"`
	RequestBody  *struct {
		Content map[string]*media `json:"content"`
	} `json:"requestBody"`
	Responses map[string]*response `json:"responses"`
}

type parameter struct {
	Name        string          `json:"name"`
	In          string          `json:"in"` // path, query or header
	Description string          `json:"description"`
	Required    bool            `json:"required"`
	Example     json.RawMessage `json:"example"`
	Schema      *schema         `json:"schema"`
}

type response struct {
	Description string               `json:"description"`
	Content     map[string]*media    `json:"content"`
	Headers     map[string]parameter `json:"headers"`
}

type media struct {
	Schema   *schema         `json:"schema"`
	Example  json.RawMessage `json:"example"`
	Examples map[string]struct {
		Value json.RawMessage `json:"value"`
	} `json:"examples"`
}

// schema is a JSON Schema. Its limits keep their text as the document has it.
type schema struct {
	Ref         string   `json:"$ref"`
	Type        oneOrAll `json:"type"`
	Format      string   `json:"format"`
	Description string   `json:"description"`
	Pattern     string   `json:"pattern"`

	Enum     []json.RawMessage `json:"enum"`
	Examples []json.RawMessage `json:"examples"`
	Default  json.RawMessage   `json:"default"`

	Minimum          json.RawMessage `json:"minimum"`
	Maximum          json.RawMessage `json:"maximum"`
	ExclusiveMinimum json.RawMessage `json:"exclusiveMinimum"`
	ExclusiveMaximum json.RawMessage `json:"exclusiveMaximum"`
	MinLength        json.RawMessage `json:"minLength"`
	MaxLength        json.RawMessage `json:"maxLength"`
	MinItems         json.RawMessage `json:"minItems"`
	MaxItems         json.RawMessage `json:"maxItems"`

	Items                *schema            `json:"items"`
	Properties           map[string]*schema `json:"properties"`
	AdditionalProperties anySchema          `json:"additionalProperties"`
	Required             []string           `json:"required"`
	OneOf                []*schema          `json:"oneOf"`
	AnyOf                []*schema          `json:"anyOf"`
}

// oneOrAll is a string, or a list of strings.
type oneOrAll []string

func (t *oneOrAll) UnmarshalJSON(text []byte) error {
	if text[0] == '[' {
		return json.Unmarshal(text, (*[]string)(t))
	}
	*t = make(oneOrAll, 1)
	return json.Unmarshal(text, &(*t)[0])
}

// anySchema is a schema; true and false, which are schemas too, leave it nil.
type anySchema struct{ *schema }

func (s *anySchema) UnmarshalJSON(text []byte) error {
	if text[0] != '{' {
		return nil
	}
	return json.Unmarshal(text, &s.schema)
}

const (
	jsonType    = "application/json"
	problemType = "application/problem+json"
)

// tags gives the tags that operations have: first those that the document
// declares, in its order, then the others.
func (d *document) tags() (all []tag) {
	used := map[string]bool{}
	for _, item := range d.Paths {
		for _, o := range []*operation{item.Post, item.Get, item.Patch, item.Put, item.Delete} {
			if o != nil && len(o.Tags) > 0 {
				used[o.Tags[0]] = true
			}
		}
	}
	for _, t := range d.Tags {
		if used[t.Name] {
			all = append(all, t)
			delete(used, t.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		all = append(all, tag{Name: name})
	}
	return all
}

// route is an operation with where it is.
type route struct {
	method, path string
	*operation
}

// routes gives the operations whose first tag is this one, in the order in which they are best
// read: first the noun that the group is named after, the whole before one of
// it, creating before looking.
func (d *document) routes(tag string) (all []route) {
	paths := make([]string, 0, len(d.Paths))
	for path := range d.Paths {
		paths = append(paths, path)
	}
	slices.SortFunc(paths, func(a, b string) int {
		if ours := own(tag, a); ours != own(tag, b) {
			if ours {
				return -1
			}
			return 1
		}
		// "{" is greater than all letters.
		return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
	})
	for _, path := range paths {
		item := d.Paths[path]
		for _, r := range []route{
			{"POST", path, item.Post}, {"GET", path, item.Get}, {"PATCH", path, item.Patch},
			{"PUT", path, item.Put}, {"DELETE", path, item.Delete},
		} {
			if r.operation != nil && len(r.Tags) > 0 && r.Tags[0] == tag {
				all = append(all, r)
			}
		}
	}
	return all
}

// own says whether a path is about what a tag is named after: "event types" is
// "/v1/event-types".
func own(tag, path string) bool { return slices.Contains(strings.Split(path, "/"), anchor(tag)) }

// resolve follows references, and gives the name of the last one.
func (d *document) resolve(s *schema) (resolved *schema, name string) {
	for range len(d.Components.Schemas) {
		if s == nil || s.Ref == "" {
			break
		}
		name = strings.TrimPrefix(s.Ref, schemaPrefix)
		s = d.Components.Schemas[name]
	}
	if s == nil {
		s = &schema{}
	}
	return s, name
}

const schemaPrefix = "#/components/schemas/"
