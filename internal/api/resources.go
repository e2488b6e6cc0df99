package api

import (
	"context"
	"net/http"

	"github.com/ringback/ringback/ringback"
)

// Resource is what is known about a resource id.
type Resource struct {
	ResourceID string  `json:"resource_id"`
	Job        *Job    `json:"job,omitempty" doc:"The newest job about it, with its result"`
	Events     []Event `json:"events" doc:"The newest 50 events about it, the newest first"`
}

type getResourceInput struct {
	ResourceID string `path:"resource_id" doc:"Percent-encoded, / as %2F. The id of a job or event that named no resource stands for itself"`
}

type resourceOutput struct{ Body Resource }

func (a *API) getResource(ctx context.Context, in *getResourceInput) (*resourceOutput, error) {
	c := callOf(ctx)
	r, err := a.engine.Resource(ctx, c.accountID, in.ResourceID)
	if err != nil {
		return nil, err
	}
	out := &resourceOutput{Resource{ResourceID: r.ID, Events: make([]Event, len(r.Events))}}
	for i, e := range r.Events {
		out.Body.Events[i] = showEvent(e)
	}
	if r.Job != nil {
		job := c.showJob(r.Job)
		out.Body.Job = &job
	}
	return out, nil
}

func (a *API) registerResources() {
	register(a, operation{
		ID: "getResource", Method: http.MethodGet, Path: "/v1/resources/{resource_id}", Tag: "events", Status: http.StatusOK,
		Summary: "Look up what a resource id stands for",
		Text:    "What receivers fetch of whose calls nothing but an event type and a resource id is known, as those of the profile inkit.",
		By:      anAccount, Scopes: []ringback.Scope{ringback.ScopeJobsRead, ringback.ScopeEventsRead},
		Response: `{"resource_id": "job_01jzn6v3m8f7q9r2s4t6w8x0z2", "job": ` + exampleFinishedJob + `, "events": [` + exampleJobEvent + `]}`,
	}, a.getResource)
}
