// Package store is the contract between the program and its database. Its
// comments are the specification: every driver passes the conformance suite in
// storetest, which tests what is said here and nothing else.
//
// Rules that hold everywhere:
//   - Times are kept as int64 microseconds since 1970 UTC. They are always
//     passed in by the caller; no statement asks the database for the time. The
//     zero time is kept as it is.
//   - Every query about an account's data carries the account's id. What
//     belongs to another account is ErrNotFound.
//   - Lists come newest first, by id (ids sort by time), at most Page.Limit.
//   - Signing secrets and endpoints' custom headers are sealed before they are
//     written, bound to their owner's id, and opened when read.
//   - An id is made at its CreatedAt, so that spans of time are spans of ids; a
//     delivery's JobID is that of its event.
//   - Reads see everything that was committed before they began.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ringback/ringback/ringback"
)

// Errors of every driver. All but these are faults of the database; callers
// treat an unknown one as "nothing happened" if it came from a write.
var (
	// ErrNotFound: there is no such row in that account.
	ErrNotFound = errors.New("store: not found")
	// ErrFenced: the row is no longer in the state that the change presumes:
	// another lease token, another epoch, already final.
	ErrFenced = errors.New("store: fenced")
	// ErrExists: another key has this hash, or another event type or profile of
	// the owner this name.
	ErrExists = errors.New("store: exists already")
	// ErrStale: the account was changed since the revision that was named.
	ErrStale = errors.New("store: the account was changed meanwhile")
	// ErrIdempotencyMismatch: the idempotency key was used with another fingerprint.
	ErrIdempotencyMismatch = errors.New("store: idempotency key used with another request")
	// ErrLimit: the account has as many of these as it may have.
	ErrLimit = errors.New("store: limit reached")
	// ErrLocked: another process has this store open.
	ErrLocked = errors.New("store: in use by another process")
	// ErrNewer: the schema was made by a newer version of the program.
	ErrNewer = errors.New("store: made by a newer version")
	// ErrWrongMasterKey: the secrets in the store were sealed with another key.
	ErrWrongMasterKey = errors.New("store: secrets were sealed with another master key")
)

// OpError says which operation of a Commit could not be applied, for a reason
// of its own (not a fault of the whole database). Nothing was committed; the
// caller may commit the others without it.
type OpError struct {
	Index int
	Err   error
}

// Error names the operation by its place.
func (e *OpError) Error() string { return fmt.Sprintf("store: operation %d: %v", e.Index, e.Err) }

// Unwrap gives the cause.
func (e *OpError) Unwrap() error { return e.Err }

// Store keeps everything. All methods may be called concurrently.
type Store interface {
	// Commit applies the operations in one transaction, in order, and returns
	// once it is on stable storage (fsync). Each operation's outcome is in its
	// own result fields; an operation whose Err is set changed nothing and does
	// not disturb the others. If Commit returns an error nothing was applied,
	// result fields mean nothing, and the same operations may be committed
	// again; the driver finds out the fate of a commit whose answer was lost
	// before it returns. An operation that cannot be applied at all (say, an id
	// that exists already) is an *OpError.
	Commit(ctx context.Context, ops []Op) error

	Accounts
	Keys
	Endpoints
	Profiles
	Jobs
	Events
	Deliveries
	EventTypes
	Backlogs
	History
	Nodes

	// Lanes is how many commits may run at once, each of its own buckets: bucket b
	// belongs to lane b % Lanes. At least 1.
	Lanes() int
	// PurgeIdempotencyKeys deletes up to limit keys made before the time, and
	// gives how many it deleted.
	PurgeIdempotencyKeys(ctx context.Context, before time.Time, limit int) (int, error)
	// Setting reads a small value of the program's own ("" if there is none);
	// PutSetting writes it.
	Setting(ctx context.Context, name string) (string, error)
	PutSetting(ctx context.Context, name, value string) error
	// Close waits for running calls and gives the store free for others.
	Close() error
}

// Page asks for a part of a list.
type Page struct {
	Limit  int    // at least 1
	Before string // only ids smaller than this; "" = from the newest
}

// Span bounds the time something was created; zero times do not.
type Span struct {
	Since time.Time // at or after
	Until time.Time // before
}

// Accounts is the part of the contract about accounts.
type Accounts interface {
	InsertAccount(ctx context.Context, a *ringback.Account) error
	// UpdateAccount calls change with the account as it is and writes what it
	// left there, in one transaction. If change returns an error nothing is
	// written and that error is returned.
	UpdateAccount(ctx context.Context, id string, change func(*ringback.Account) error) (*ringback.Account, error)
	Account(ctx context.Context, id string) (*ringback.Account, error)
	// Revision is a number, at least 1, that is larger after every change of the
	// account or of its endpoints. There need not be such an account.
	Revision(ctx context.Context, id string) (int64, error)
	ListAccounts(ctx context.Context, p Page) ([]*ringback.Account, error)
}

// Keys is the part of the contract about API keys. A key is found by the
// SHA-256 of its text; the text itself is never stored.
type Keys interface {
	// InsertKey replaces a key of the same id. ErrExists: another has the hash.
	InsertKey(ctx context.Context, k *ringback.Key, hash [32]byte) error
	KeyByHash(ctx context.Context, hash [32]byte) (*ringback.Key, error)
	Key(ctx context.Context, id string) (*ringback.Key, error)
	// ListKeys lists the keys of one account, or all with "".
	ListKeys(ctx context.Context, accountID string, p Page) ([]*ringback.Key, error)
	DeleteKey(ctx context.Context, id string) error
}

// Endpoints is the part of the contract about endpoints.
type Endpoints interface {
	// InsertEndpoint returns ErrLimit if the account has that many already.
	InsertEndpoint(ctx context.Context, e *ringback.Endpoint, limit int) error
	// UpdateEndpoint works as UpdateAccount does.
	UpdateEndpoint(ctx context.Context, accountID, id string, change func(*ringback.Endpoint) error) (*ringback.Endpoint, error)
	// DeleteEndpoint leaves its deliveries; see CancelPending.
	DeleteEndpoint(ctx context.Context, accountID, id string) error
	Endpoint(ctx context.Context, accountID, id string) (*ringback.Endpoint, error)
	ListEndpoints(ctx context.Context, accountID string, p Page) ([]*ringback.Endpoint, error)
}

// Profiles is the part of the contract about custom profiles. They are kept by
// owner, which is the id of an account, or "" for the operator's own, and name.
type Profiles interface {
	// InsertProfile returns ErrExists if the owner has one of this name, or
	// ErrLimit if the owner has that many already.
	InsertProfile(ctx context.Context, p *ringback.CustomProfile, limit int) error
	// UpdateProfile works as UpdateAccount does; owner and name stay.
	UpdateProfile(ctx context.Context, owner, name string, change func(*ringback.CustomProfile) error) (*ringback.CustomProfile, error)
	DeleteProfile(ctx context.Context, owner, name string) error
	// ListProfiles gives all of an owner's profiles by name, byte by byte.
	ListProfiles(ctx context.Context, owner string) ([]*ringback.CustomProfile, error)
	// ProfileUser gives somebody who has the profile of that name, or
	// ErrNotFound: with the id of an account, it or one of its endpoints; with
	// the owner "", any account that has no profile of its own of that name, or
	// one of its endpoints. It does not look for the profile itself.
	ProfileUser(ctx context.Context, owner, name string) (ProfileUser, error)
}

// ProfileUser is an endpoint that has a profile or, with the EndpointID "", an
// account that has it as its callback profile.
type ProfileUser struct{ AccountID, EndpointID string }

// JobFilter selects jobs; empty members select all.
type JobFilter struct {
	Status     ringback.JobStatus
	Type       string
	ResourceID string
	Span
}

// EventTypes is the part of the contract about catalogued event types. They are
// kept by owner, which is the id of an account, or "" for the operator's own, and
// name.
type EventTypes interface {
	// InsertEventType returns ErrExists if the owner has one of this name, or
	// ErrLimit if the owner has that many already.
	InsertEventType(ctx context.Context, t *ringback.EventType, limit int) error
	// UpdateEventType works as UpdateAccount does; owner and name stay.
	UpdateEventType(ctx context.Context, owner, name string, change func(*ringback.EventType) error) (*ringback.EventType, error)
	DeleteEventType(ctx context.Context, owner, name string) error
	EventType(ctx context.Context, owner, name string) (*ringback.EventType, error)
	// ListEventTypes gives an owner's event types by name, byte by byte. It ends
	// early, after the one with which the schemas pass maxBytes.
	ListEventTypes(ctx context.Context, owner string, p NamePage, maxBytes int) ([]*ringback.EventType, error)
	// EventTypeStates gives all of an owner's event types, in no order.
	EventTypeStates(ctx context.Context, owner string) ([]EventTypeState, error)
}

// NamePage asks for a part of a list by name.
type NamePage struct {
	Limit int    // at least 1
	After string // only names that sort after this; "" = from the first
}

// EventTypeState is of an event type what publishing needs at once.
type EventTypeState struct {
	Name      string
	Archived  bool
	HasSchema bool
	UpdatedAt time.Time
}

// Jobs is the part of the contract about jobs; SubmitJob, LeaseJobs,
// ExtendLease, FinishJob and RequeueJob are operations.
type Jobs interface {
	Job(ctx context.Context, accountID, id string) (*ringback.Job, error)
	// JobAccount gives the account of a job, for an operator's key alone.
	JobAccount(ctx context.Context, id string) (string, error)
	// ListJobs ends early, after the job with which inputs and results together
	// pass maxBytes: a list whose sum is larger may go on.
	ListJobs(ctx context.Context, accountID string, f JobFilter, p Page, maxBytes int) ([]*ringback.Job, error)
	// ExpiredJobs gives up to limit running jobs, of any account, whose lease
	// had ended at the time, those that ended first first. It ends early, as
	// ListJobs does.
	ExpiredJobs(ctx context.Context, at time.Time, limit, maxBytes int) ([]*ringback.Job, error)
	// NextJobTimes gives when the next queued job that waits for its RunAt may
	// start, and when the next lease ends; zero times if there is none.
	NextJobTimes(ctx context.Context) (runAt, leaseEnd time.Time, err error)
}

// EventFilter selects events; empty members select all.
type EventFilter struct {
	Type       string
	ResourceID string
	JobID      string
	Span
}

// Events is the part of the contract about events; PublishEvent and FinishJob
// make them.
type Events interface {
	Event(ctx context.Context, accountID, id string) (*ringback.Event, error)
	// ListEvents ends early, after the event with which data passes maxBytes.
	ListEvents(ctx context.Context, accountID string, f EventFilter, p Page, maxBytes int) ([]*ringback.Event, error)
}

// DeliveryFilter selects deliveries; empty members select all.
type DeliveryFilter struct {
	Status     ringback.DeliveryStatus
	EndpointID string
	EventType  string
	EventID    string
	JobID      string
	Span
}

// Deliveries is the part of the contract about deliveries. Those that are
// pending are in a small table of their own; those that are not are appended
// to history. A reader sees no difference.
type Deliveries interface {
	Delivery(ctx context.Context, accountID, id string) (*ringback.Delivery, error)
	// ListAttempts gives a delivery's attempts, oldest first, the last
	// maxAttempts of them.
	ListAttempts(ctx context.Context, accountID, deliveryID string, maxAttempts int) ([]ringback.Attempt, error)
	ListDeliveries(ctx context.Context, accountID string, f DeliveryFilter, p Page) ([]*ringback.Delivery, error)

	// NextDue gives the NextAttemptAt of the scheduled delivery (neither leased
	// nor parked, of any account) that is due first; zero if there is none.
	NextDue(ctx context.Context) (time.Time, error)
	// ParkedQueues gives the names of the queues that hold parked deliveries.
	ParkedQueues(ctx context.Context) ([]string, error)
	// AbandonedEndpoints gives up to limit endpoints, of any account, that have
	// pending deliveries but are disabled or deleted: their cancellation was cut
	// off.
	AbandonedEndpoints(ctx context.Context, limit int) ([]EndpointRef, error)
	// LeasedDeliveries gives what is under leases of the epoch. It is bounded by
	// what its node leased.
	LeasedDeliveries(ctx context.Context, epoch int64) ([]LeasedDelivery, error)
}

// EndpointRef names an endpoint.
type EndpointRef struct{ AccountID, ID string }

// DeliveryRef names a delivery.
type DeliveryRef struct{ AccountID, ID string }

// LeasedDelivery names a delivery and the lease that it is under.
type LeasedDelivery struct {
	DeliveryRef
	Lease Lease
}
