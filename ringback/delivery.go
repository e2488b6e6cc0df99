package ringback

import (
	"net/http"
	"time"
)

// DeliveryStatus is where a delivery stands.
type DeliveryStatus string

const (
	DeliveryPending   DeliveryStatus = "pending"   // an attempt moves it on; so does a cancel
	DeliveryDelivered DeliveryStatus = "delivered" // the receiver answered 2xx; final
	DeliveryFailed    DeliveryStatus = "failed"    // its attempts are used up; a retry by hand makes it pending
	DeliveryCanceled  DeliveryStatus = "canceled"  // by a user, or because its endpoint went; a retry by hand makes it pending
)

// DeliveryStatuses lists every status.
func DeliveryStatuses() []DeliveryStatus {
	return []DeliveryStatus{DeliveryPending, DeliveryDelivered, DeliveryFailed, DeliveryCanceled}
}

// NoMoreSteps is a Step past the end of every schedule: the next attempt is one
// that was asked for by hand, and no retry follows it.
const NoMoreSteps = MaxRetries + 1

// Delivery is one event on its way to one endpoint or callback.
type Delivery struct {
	ID            string
	AccountID     string
	EventID       string
	EventType     string
	JobID         string // "" for a published event
	EndpointID    string // "" for a job's callback
	URL           string // of the callback; of the endpoint when last looked at
	Profile       string
	Status        DeliveryStatus
	Reason        string // why it is failed or canceled, or why the last attempt failed
	AttemptCount  int
	NextAttemptAt time.Time // zero unless pending
	CreatedAt     time.Time
	FinishedAt    time.Time // when it left pending; zero while pending

	// Step is how many delays of the retry schedule were used: when the next
	// attempt fails, the delay is schedule[Step], or there is none left.
	Step int
}

// MessageID is what webhook-id carries.
func (d *Delivery) MessageID() string { return Rekind(PrefixMessage, d.EventID) }

// Attempt is one HTTP request of a delivery.
type Attempt struct {
	Number          int // 1, 2, …
	StartedAt       time.Time
	Duration        time.Duration
	StatusCode      int         // 0 if there was no answer
	Error           string      // "" on success
	RequestHeaders  http.Header // as sent, secrets masked
	ResponseHeaders http.Header
	ResponseBody    []byte // the beginning; any bytes
}
