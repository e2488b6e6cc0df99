package api

import (
	"context"
	"net/http"

	"github.com/ringback/ringback/ringback"
)

// Health says that the server works.
type Health struct {
	Status string `json:"status" enum:"ok" doc:"Always ok: otherwise the answer is a problem"`
}

type healthOutput struct{ Body Health }

func (a *API) registerHealth() {
	const ok = `{"status": "ok"}`
	register(a, operation{
		ID: "getHealth", Method: http.MethodGet, Path: "/healthz", Tag: "health", Status: http.StatusOK,
		Summary: "Is the process alive?", Response: ok,
	}, func(context.Context, *struct{}) (*healthOutput, error) {
		return &healthOutput{Health{Status: "ok"}}, nil
	})
	register(a, operation{
		ID: "getReadiness", Method: http.MethodGet, Path: "/readyz", Tag: "health", Status: http.StatusOK,
		Summary: "Can the server take changes?", Response: ok,
		Text:  "Not while the store cannot commit (a full disk, say), nor while a node that shares its store is not sure to be one, nor while the server is stopping.",
		Codes: []ringback.Code{ringback.CodeUnavailable},
	}, a.getReadiness)
}

func (a *API) getReadiness(context.Context, *struct{}) (*healthOutput, error) {
	if err := a.engine.Ready(); err != nil {
		return nil, err
	}
	return &healthOutput{Health{Status: "ok"}}, nil
}
