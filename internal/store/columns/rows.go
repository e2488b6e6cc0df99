package columns

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// The functions of this file read a row whose columns are in the order of the
// driver's lists of them, which is the same in all.

// ScanJob reads a job.
func ScanJob(row Scanner) (*ringback.Job, error) {
	var j ringback.Job
	var status string
	var names []byte
	var runAt, timeout, lease, expires, created, started, finished int64
	if err := row.Scan(&j.AccountID, &j.ID, &j.Type, &status, &j.Error, &j.CallbackURL, &j.Profile,
		&j.CallbackOnly, &j.IncludeResult, &names, &j.ResourceID, &runAt, &timeout, &j.MaxAttempts,
		&j.Attempt, &j.LeaseToken, &lease, &expires, &created, &started, &finished, &j.TraceParent,
		(*[]byte)(&j.Input), (*[]byte)(&j.Metadata), (*[]byte)(&j.Result)); err != nil {
		return nil, err
	}
	if len(names) > 0 {
		if err := json.Unmarshal(names, &j.EventTypes); err != nil {
			return nil, fmt.Errorf("event types of job %s: %w", j.ID, err)
		}
	}
	j.Status = ringback.JobStatus(status)
	j.Timeout, j.Lease = FromDuration(timeout), FromDuration(lease)
	j.RunAt, j.LeaseExpiresAt = FromMicros(runAt), FromMicros(expires)
	j.CreatedAt, j.StartedAt, j.FinishedAt = FromMicros(created), FromMicros(started), FromMicros(finished)
	return &j, nil
}

// ScanEvent reads an event.
func ScanEvent(row Scanner) (*ringback.Event, error) {
	var e ringback.Event
	var created int64
	if err := row.Scan(&e.AccountID, &e.ID, &e.Type, &e.ResourceID, &e.JobID, &created,
		(*[]byte)(&e.Data), &e.TraceParent, &e.OnlyEndpoint); err != nil {
		return nil, err
	}
	e.CreatedAt = FromMicros(created)
	return &e, nil
}

// ScanDelivery reads a delivery.
func ScanDelivery(row Scanner) (*ringback.Delivery, error) {
	var d ringback.Delivery
	var status string
	var created, next, finished int64
	if err := row.Scan(&d.AccountID, &d.ID, &d.EventType, &d.JobID, &d.EndpointID, &d.URL, &d.Profile,
		&d.Reason, &d.AttemptCount, &d.Step, &created, &status, &next, &finished); err != nil {
		return nil, err
	}
	d.EventID = ringback.EventOfDelivery(d.ID)
	d.Status = ringback.DeliveryStatus(status)
	d.CreatedAt, d.NextAttemptAt, d.FinishedAt = FromMicros(created), FromMicros(next), FromMicros(finished)
	return &d, nil
}

// ScanAttempt reads an attempt.
func ScanAttempt(row Scanner) (a ringback.Attempt, err error) {
	var started, duration int64
	var request, response []byte
	err = row.Scan(&a.Number, &started, &duration, &a.StatusCode, &a.Error,
		&request, &response, &a.ResponseBody)
	a.StartedAt, a.Duration = FromMicros(started), time.Duration(duration)*time.Microsecond
	a.RequestHeaders, a.ResponseHeaders = DecodeHeader(request), DecodeHeader(response)
	return a, err
}

// ScanKey reads an API key.
func ScanKey(row Scanner) (*ringback.Key, error) {
	var k ringback.Key
	var scopes string
	var created int64
	if err := row.Scan(&k.ID, &k.AccountID, &k.Name, &scopes, &created); err != nil {
		return nil, err
	}
	for scope := range strings.FieldsSeq(scopes) {
		k.Scopes = append(k.Scopes, ringback.Scope(scope))
	}
	k.CreatedAt = FromMicros(created)
	return &k, nil
}

// JoinScopes writes scopes as ScanKey reads them.
func JoinScopes(scopes []ringback.Scope) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, " ")
}

// ScanEventType reads an event type.
func ScanEventType(row Scanner) (*ringback.EventType, error) {
	var e ringback.EventType
	var created, updated int64
	if err := row.Scan(&e.AccountID, &e.Name, &e.Description, &e.Archived, &created, &updated,
		(*[]byte)(&e.Schema)); err != nil {
		return nil, err
	}
	e.CreatedAt, e.UpdatedAt = FromMicros(created), FromMicros(updated)
	return &e, nil
}

// ScanRef reads the name of a delivery.
func ScanRef(row Scanner) (ref store.DeliveryRef, err error) {
	err = row.Scan(&ref.AccountID, &ref.ID)
	return ref, err
}
