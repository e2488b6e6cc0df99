package store

import (
	"strings"
	"time"

	"github.com/ringback/ringback/ringback"
)

// Op is one change among those that Commit applies together. The fields above
// the line are input; those below are filled in by Commit.
type Op interface{ isOp() }

func (*SubmitJob) isOp()       {}
func (*LeaseJobs) isOp()       {}
func (*ExtendLease) isOp()     {}
func (*RequeueJob) isOp()      {}
func (*FinishJob) isOp()       {}
func (*PublishEvent) isOp()    {}
func (*ClaimDeliveries) isOp() {}
func (*PlaceDelivery) isOp()   {}
func (*RecordAttempt) isOp()   {}
func (*RetryDelivery) isOp()   {}
func (*CancelDelivery) isOp()  {}
func (*CancelPending) isOp()   {}
func (*ChangeEndpoint) isOp()  {}
func (*PromoteJobs) isOp()     {}
func (*RecoverEvents) isOp()   {}

// IdempotencyKey makes a submission happen once: unique per account, route and
// key. The fingerprint tells whether a later request is the same one.
type IdempotencyKey struct {
	Route       string // "jobs", "events", "events/batch" or "events/batch/item"
	Key         string
	Fingerprint [32]byte
}

// Placement says where a pending delivery waits.
type Placement struct {
	Lease Lease  // in the memory of the node that holds it under this lease; 0 = of none
	Queue string // parked in this queue until ClaimDeliveries asks for it by name; "" = not parked
}

// Scheduled deliveries are neither leased nor parked: they are claimed when
// they are due.
var Scheduled = Placement{}

// NewDelivery is a delivery to insert as pending.
type NewDelivery struct {
	ringback.Delivery
	Placement
}

// SubmitJob inserts a queued job. With a Key that is known already, and not
// older than KeyTTL, nothing is inserted: Replayed names the job that it made,
// or Err is ErrIdempotencyMismatch. A job with RunAt after CreatedAt is not
// leased before PromoteJobs saw it.
type SubmitJob struct {
	Job *ringback.Job
	Key *IdempotencyKey // nil = none

	Replayed string
	Err      error
}

// KeyTTL is how long an idempotency key is kept.
const KeyTTL = 24 * time.Hour

// PublishEvent inserts an event with its deliveries. Key works as in SubmitJob;
// Replayed names the event. If the account's Revision is another one by now
// nothing is inserted, and Err is ErrStale.
type PublishEvent struct {
	Event      *ringback.Event
	Deliveries []NewDelivery
	Key        *IdempotencyKey
	Revision   int64 // that the deliveries were planned with; 0 = whichever

	Replayed string
	Err      error
}

// LeaseJobs makes up to Max queued jobs running: of one account, or with
// AccountID "" of all, taking one of each account in turn. Within an account
// those that could run first come first. Each gets Attempt+1, StartedAt Now,
// and its own token from Token. It ends early, after the job with which inputs
// and metadata pass MaxBytes.
type LeaseJobs struct {
	AccountID string
	Types     []string
	Max       int
	MaxBytes  int
	Now       time.Time
	Lease     time.Duration
	Token     func(job *ringback.Job) string // called once for each leased job

	// ExpiresAt of a lease is Now + Lease, but no later than Now + the job's Timeout.
	Jobs []*ringback.Job
}

// ExtendLease moves the end of a running job's lease to Now + Lease (Lease 0:
// the length it was leased with), but never past StartedAt + Timeout. Err is
// ErrFenced if the job is not running under this token, ErrNotFound if there is
// no such job.
type ExtendLease struct {
	AccountID, JobID, Token string
	Now                     time.Time
	Lease                   time.Duration

	ExpiresAt time.Time
	Err       error
}

// RequeueJob makes a running job queued again, to be leased from RunAt on, with
// the reason in Error. Err as in ExtendLease.
type RequeueJob struct {
	AccountID, JobID, Token string
	Now                     time.Time
	RunAt                   time.Time
	Error                   string

	Err error
}

// FinishJob gives a job its outcome: the Status, Result, Error, ResourceID and
// FinishedAt of Job are written, and the event and its deliveries inserted. With
// a Token the job must be running under it; with "" (a cancel) it must not be
// final. Otherwise Err is ErrFenced, or ErrNotFound if there is no such job.
// Revision works as in PublishEvent.
type FinishJob struct {
	Job        *ringback.Job
	Token      string
	Event      *ringback.Event
	Deliveries []NewDelivery
	Revision   int64

	Err error
}

// PromoteJobs makes up to Limit queued jobs whose RunAt has come ready to be
// leased.
type PromoteJobs struct {
	Now   time.Time
	Limit int

	Promoted []PromotedJob // one for each
}

// PromotedJob tells whom to wake.
type PromotedJob struct{ AccountID, Type string }

// ClaimDeliveries takes up to Limit pending deliveries under a lease: with
// Queue "" scheduled ones with NextAttemptAt at or before Now, the longest due
// first; otherwise those parked in that queue, in the same order. It ends early,
// after the one with which the JSON of the events and jobs loaded (data, input,
// result, metadata) passes MaxBytes. A delivery whose event or job is missing is
// made failed, with that as its reason, instead of claimed.
type ClaimDeliveries struct {
	Lease    Lease
	Queue    string
	Now      time.Time
	Limit    int
	MaxBytes int

	Claimed []Claimed
}

// Claimed is a delivery with all that its body is made of.
type Claimed struct {
	Delivery *ringback.Delivery
	Event    *ringback.Event
	Job      *ringback.Job // of a job's event; its Status is final
}

// PlaceDelivery moves a delivery from a lease to another placement. If it is not
// under that lease, nothing happens.
type PlaceDelivery struct {
	DeliveryRef
	From Lease
	Placement
}

// RecordAttempt ends one attempt of a delivery that is under the lease: the
// attempt is added to its history, AttemptCount becomes Attempt.Number, or the
// next one if another attempt has taken that number meanwhile, and it is either
// scheduled again (Status pending) or final. Attempt.Number 0 records
// no attempt: the delivery is made final without one (its endpoint is gone).
// If it is no longer under that lease Err is ErrFenced; the attempt is then
// still added to the delivery's history and counted, since the request was made.
// All else stays, but that a canceled one whose attempt was answered after all
// is delivered. With Err nil, and then alone, Notice
// is inserted, too.
type RecordAttempt struct {
	DeliveryRef
	Lease         Lease
	Attempt       ringback.Attempt
	Status        ringback.DeliveryStatus
	NextAttemptAt time.Time // with pending
	Now           time.Time
	Step          int    // the delivery's Step from now on
	Reason        string // "" when delivered
	URL, Profile  string // as used
	Notice        *Notice

	Err error
}

// ChangeEndpoint calls Change with the endpoint as it is, writes what it left
// there, and inserts Notice. If Change returns an error nothing is written, and
// Err is that error; if there is no such endpoint it is ErrNotFound. Change may
// be called again when a commit is repeated, and must not use the store.
type ChangeEndpoint struct {
	AccountID, ID string
	Change        func(*ringback.Endpoint) error
	Notice        *Notice

	Endpoint *ringback.Endpoint // as written
	Err      error
}

// Notice is an event about a change, of whichever account, that is inserted
// with its deliveries if, and only if, the change is made. nil = none.
type Notice struct {
	Event      *ringback.Event
	Deliveries []NewDelivery
}

// cost is what a notice adds to that of its operation.
func (n *Notice) cost() (rows, bytes int) {
	if n == nil {
		return 0, 0
	}
	return 1 + len(n.Deliveries), len(n.Event.Data)
}

// RetryDelivery makes a delivery that had ended pending again, due now, with
// Step NoMoreSteps, placed as said; and one that is pending but not leased
// due now, with Step one less (but not below 0), placed as said. The delivery
// is loaded into Claimed if the placement is leased. Err is ErrNotFound, or
// ErrFenced if it is leased (an attempt is due or being made right now).
type RetryDelivery struct {
	DeliveryRef
	Placement
	Now time.Time

	Claimed *Claimed
	Err     error
}

// CancelDelivery makes a pending delivery canceled. Err is ErrNotFound, or
// ErrFenced if it is not pending.
type CancelDelivery struct {
	DeliveryRef
	Now    time.Time
	Reason string

	Err error
}

// CancelPending makes up to Limit pending deliveries of an endpoint, created
// before the time, canceled. Of an endpoint that is enabled (again) it cancels
// none.
type CancelPending struct {
	AccountID, EndpointID string
	CreatedBefore         time.Time
	Limit                 int
	Now                   time.Time
	Reason                string

	Canceled []string // ids
}

// RecoverEvents goes through up to Limit of an account's events, in the order of
// their ids, from the one after After to the last before Before, and makes sure
// that an endpoint gets each whose type Match takes: a delivery that had failed
// or was canceled is pending again, with Step 0; where there is none one is
// inserted. Both are due now, and parked in Queue. What was delivered or is
// pending stays as it is, and so does the event of a test call, or of a job
// whose callback alone was to be told.
type RecoverEvents struct {
	AccountID, EndpointID string
	URL, Profile          string // of the endpoint, for what is inserted
	After, Before         string // ids of events
	Match                 func(eventType string) bool
	Limit                 int
	Queue                 string
	Now                   time.Time

	Last      string // id of the last event looked at; "" if there was none
	Examined  int
	Recovered int
}

// Cost is about how much work and memory an operation is: rows written, and
// bytes of JSON held until they are.
func Cost(op Op) (rows, bytes int) {
	switch op := op.(type) {
	case *SubmitJob:
		return 1, len(op.Job.Input) + len(op.Job.Metadata)
	case *PublishEvent:
		return 1 + len(op.Deliveries), len(op.Event.Data)
	case *FinishJob:
		return 2 + len(op.Deliveries), len(op.Job.Result)
	case *RecordAttempt:
		rows, bytes = op.Notice.cost()
		return rows + 2, bytes + len(op.Attempt.ResponseBody)
	case *ChangeEndpoint:
		rows, bytes = op.Notice.cost()
		return rows + 1, bytes
	case *LeaseJobs:
		return op.Max, 0
	case *PromoteJobs:
		return op.Limit, 0
	case *ClaimDeliveries:
		return op.Limit, 0
	case *RecoverEvents:
		return 2 * op.Limit, 0
	case *CancelPending:
		return op.Limit, 0
	default:
		return 1, 0
	}
}

// AccountOf gives the account that an operation is about; "" if it is about
// those of all, or several. A Notice may be for another one.
func AccountOf(op Op) string {
	switch op := op.(type) {
	case *SubmitJob:
		return op.Job.AccountID
	case *LeaseJobs:
		return op.AccountID
	case *ExtendLease:
		return op.AccountID
	case *RequeueJob:
		return op.AccountID
	case *FinishJob:
		return op.Job.AccountID
	case *PublishEvent:
		return op.Event.AccountID
	case *ClaimDeliveries:
		account, _, _ := strings.Cut(op.Queue, "/") // as dispatch names queues
		return account
	case *PlaceDelivery:
		return op.AccountID
	case *RecordAttempt:
		return op.AccountID
	case *RetryDelivery:
		return op.AccountID
	case *CancelDelivery:
		return op.AccountID
	case *CancelPending:
		return op.AccountID
	case *ChangeEndpoint:
		return op.AccountID
	case *RecoverEvents:
		return op.AccountID
	default: // PromoteJobs
		return ""
	}
}
