package client_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ringback/ringback/client"
)

// There is one method for each operation of the API document, of the same name,
// and one All… for each list.
func TestOperations(t *testing.T) {
	w := start(t)
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Get(w.url + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		} `json:"paths"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&document); err != nil {
		t.Fatal(err)
	}
	want := []string{"WithAccount"}
	for _, methods := range document.Paths {
		for _, operation := range methods {
			name := strings.ToUpper(operation.OperationID[:1]) + operation.OperationID[1:]
			want = append(want, name)
			if noun, ok := strings.CutPrefix(name, "List"); ok {
				want = append(want, "All"+noun)
			}
		}
	}
	slices.Sort(want)
	var got []string
	for m := range reflect.TypeFor[*client.Client]().Methods() {
		got = append(got, m.Name)
	}
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("there is no method %s", name)
		}
	}
	for _, name := range got {
		if !slices.Contains(want, name) {
			t.Errorf("the method %s is no operation of the API", name)
		}
	}
	if len(want) < 30 {
		t.Errorf("the API document has only %v", want)
	}
}

// Each type of an answer has every member of the API's schema of it, and each
// type of a request no other.
func TestMembers(t *testing.T) {
	w := start(t)
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(w.url + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var document struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]json.RawMessage `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&document); err != nil {
		t.Fatal(err)
	}
	for schema, v := range map[string]any{
		"Job": client.Job{}, "Lease": client.LeasedJob{}, "Event": client.Event{}, "Resource": client.Resource{},
		"CreatedEndpoint": client.CreatedEndpoint{}, "DeliveryWithAttempts": client.Delivery{}, "Attempt": client.Attempt{},
		"CreatedAccount": client.CreatedAccount{}, "CreatedKey": client.CreatedKey{}, "Secret": client.Secret{}, "SecretRotation": client.RotateSecretParams{}, "AccountSecretRotation": client.RotateAccountSecretParams{},
		"WebhookKey":   client.WebhookKey{},
		"EndpointTest": client.TestEndpointParams{}, "EndpointRecovery": client.RecoverEndpointParams{}, "Recovery": client.Recovery{},
		"Health":        client.Health{},
		"JobSubmission": client.SubmitJobParams{}, "EventPublication": client.PublishEventParams{}, "LeaseRequest": client.LeaseJobsParams{},
		"Heartbeat": client.HeartbeatJobParams{}, "Completion": client.CompleteJobParams{}, "Failure": client.FailJobParams{},
		"EndpointCreation": client.CreateEndpointParams{}, "EndpointChange": client.UpdateEndpointParams{},
		"AccountCreation": client.CreateAccountParams{}, "AccountChange": client.UpdateAccountParams{}, "KeyCreation": client.CreateKeyParams{},
		"EventBatch": client.PublishEventsParams{}, "EventResult": client.EventResult{}, "EventError": client.EventError{},
		"EventType": client.EventType{}, "EventTypeCreation": client.CreateEventTypeParams{}, "EventTypeChange": client.UpdateEventTypeParams{},
		"ImportedEventTypes": client.ImportedEventTypes{},
		"Profile":            client.Profile{}, "ProfileExample": client.ProfileExample{}, "ProfileCreation": client.CreateProfileParams{}, "ProfileChange": client.UpdateProfileParams{},
		"FieldError": client.FieldError{}, "JobEvents": client.JobEvents{},
	} {
		var want []string
		for name := range document.Components.Schemas[schema].Properties {
			if name != "$schema" {
				want = append(want, name)
			}
		}
		slices.Sort(want)
		got := members(reflect.TypeOf(v))
		slices.Sort(got)
		if len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s has the members\n%v, and the API's %s has\n%v", reflect.TypeOf(v), got, schema, want)
		}
	}
}

// members lists the JSON names of a struct.
func members(t reflect.Type) []string {
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}
