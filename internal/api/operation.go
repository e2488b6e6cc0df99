package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ringback/ringback/ringback"
)

// operation describes a route. What it says is both checked, before the
// handler runs, and documented.
type operation struct {
	ID      string // as the engine's method
	Method  string
	Path    string
	Tag     string
	Summary string
	Text    string // what Summary leaves open
	Status  int    // of success

	By     actor
	Scopes []ringback.Scope // all are needed
	Codes  []ringback.Code  // errors beyond those that follow from the rest

	Untraced bool // its requests are too many to be of interest

	Headers  []*huma.Param // that the handler reads itself
	Request  string        // an example, in JSON
	Response string        // an example, in JSON; "" = no body
	MaxBody  int           // bytes; 0 = maxBody

	// OptionalBody lets a request have no body at all, which stands for {}.
	OptionalBody bool

	takesBody bool
}

// register makes an operation known to the router and to the document, and
// gives it as it is known.
func register[I, O any](a *API, op operation, handle func(context.Context, *I) (*O, error)) *operation {
	_, op.takesBody = reflect.TypeFor[I]().FieldByName("Body")
	op.MaxBody = cmp.Or(op.MaxBody, maxBody)
	huma.Register(a.huma, a.describe(&op), func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, op.ID, err)
		}
		return out, nil
	})
	return &op
}

// describe says in the framework's terms what an operation is.
func (a *API) describe(op *operation) huma.Operation {
	h := huma.Operation{
		OperationID: op.ID, Method: op.Method, Path: op.Path, Tags: []string{op.Tag},
		Summary: op.Summary, Description: op.Text, DefaultStatus: op.Status,
		Responses:    a.describeErrors(op),
		Parameters:   slices.Clone(op.Headers),
		Middlewares:  huma.Middlewares{a.guard(op)},
		MaxBodyBytes: -1, // readBody has limits of its own
		// The body is in memory already; the framework's own deadline would end
		// long polls.
		BodyReadTimeout:              -1,
		RejectUnknownQueryParameters: true,
		Extensions:                   map[string]any{},
	}
	if op.takesBody {
		h.RequestBody = &huma.RequestBody{
			Required: !op.OptionalBody,
			Content:  map[string]*huma.MediaType{jsonType: {Example: json.RawMessage(op.Request)}},
		}
	}
	success := &huma.Response{Description: http.StatusText(op.Status)}
	if op.Response != "" {
		success.Content = map[string]*huma.MediaType{jsonType: {Example: json.RawMessage(op.Response)}}
	}
	h.Responses[strconv.Itoa(op.Status)] = success
	if op.By == anyone {
		h.Security = []map[string][]string{}
		return h
	}
	h.Security = []map[string][]string{{securityScheme: {}}}
	h.Extensions[scopeExtension] = op.Scopes
	h.Description += "\n\n" + describeActor(op)
	if op.By == theOperator {
		h.Extensions[operatorExtension] = true
	} else {
		h.Parameters = append(h.Parameters, accountParam(op.By))
	}
	return h
}

const (
	securityScheme = "bearer"
	scopeExtension = "x-ringback-scope"
	// operatorExtension marks what is for operators' keys only.
	operatorExtension = "x-ringback-operator-only"
)

// describeActor says which key an operation needs.
func describeActor(op *operation) string {
	names := make([]string, len(op.Scopes))
	for i, s := range op.Scopes {
		names[i] = "`" + string(s) + "`"
	}
	text := "Scope: " + strings.Join(names, " and ") + "."
	if op.By == theOperator {
		text += " For operators' keys only."
	}
	return text
}

// accountParam documents the header that names the account.
func accountParam(by actor) *huma.Param {
	without := ""
	switch by {
	case aWorker:
		without = "; without it, for all accounts"
	case anOwner:
		without = "; without it, for what holds for every account"
	case anyone, anAccount, theOperator:
	}
	text := "The id of the account that an operator's key acts for, or `operator` for the operator's own" + without +
		". With an account's own key it may be left out."
	return headerParam(accountHeader, text, "acc_01jzn6v3m8f7q9r2s4t6w8x0z2")
}

// headerParam documents a header that a handler or the guard reads.
func headerParam(name, text, example string) *huma.Param {
	return &huma.Param{
		Name: name, In: "header", Description: text, Example: example,
		Schema: &huma.Schema{Type: huma.TypeString},
	}
}

// codes lists the errors that an operation can answer with.
func (op *operation) codes() []ringback.Code {
	codes := slices.Clone(op.Codes)
	if op.By != anyone {
		codes = append(codes, ringback.CodeUnauthorized, ringback.CodeTooManyFailures,
			ringback.CodeMissingScope, ringback.CodeNotFound, ringback.CodeUnavailable)
	}
	if op.By == theOperator {
		codes = append(codes, ringback.CodeOperatorOnly)
	}
	if op.takesBody {
		codes = append(codes, ringback.CodeMalformedBody, ringback.CodeBodyTooLarge, ringback.CodeUnsupportedMediaType)
	}
	// Any operation refuses unknown parameters, and may have a defect.
	codes = append(codes, ringback.CodeInvalid, ringback.CodeInternal)
	slices.Sort(codes)
	return slices.Compact(codes)
}

// describeErrors documents each status with its codes and their examples.
func (a *API) describeErrors(op *operation) map[string]*huma.Response {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	responses := make(map[string]*huma.Response)
	for _, code := range op.codes() {
		e := explain(code)
		status := strconv.Itoa(e.status)
		r := responses[status]
		if r == nil {
			r = &huma.Response{
				Content: map[string]*huma.MediaType{problemType: {Schema: schema, Examples: map[string]*huma.Example{}}},
				Headers: map[string]*huma.Param{},
			}
			responses[status] = r
		}
		r.Description = strings.TrimPrefix(r.Description+"\n", "\n") + "`" + string(code) + "`: " + e.meaning
		example := newProblem(ringback.Errorf(code, "%s", e.meaning))
		r.Content[problemType].Examples[string(code)] = &huma.Example{Value: example}
		describeErrorHeaders(r, e.status)
	}
	return responses
}

func describeErrorHeaders(r *huma.Response, status int) {
	switch status {
	case http.StatusUnauthorized:
		r.Headers["WWW-Authenticate"] = &huma.Header{Description: "Bearer", Schema: &huma.Schema{Type: huma.TypeString}}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		r.Headers["Retry-After"] = &huma.Header{Description: "When to try again, in seconds", Schema: &huma.Schema{Type: huma.TypeInteger}}
	}
}
