package store

import (
	"context"
	"time"
)

// Nodes is the part of the contract about the processes that share the store.
//
// A node lives in an epoch. It says that it lives by counting up; who sees a
// node's count stand still for long, by its own clock, ends that epoch. So no
// clock of another machine decides whether somebody is dead, and a node that
// was taken for dead finds its epoch ended and begins another. A lease of an
// epoch that ended is void: TakeOver makes its delivery scheduled again.
//
// A store that one process has alone ends all earlier epochs by Join, and takes
// over what they had leased; its other methods have little to do.
type Nodes interface {
	// Join begins an epoch, larger than any before, for a node of this name
	// (which is for people to read).
	Join(ctx context.Context, name string) (epoch int64, err error)
	// Beat counts the epoch up and gives all nodes that live. ErrFenced: the epoch
	// has ended.
	Beat(ctx context.Context, epoch int64) (Beat, error)
	// EndEpoch ends an epoch: another's that is dead, or the caller's own when it
	// leaves. One that has ended already is no error.
	EndEpoch(ctx context.Context, epoch int64) error
	// TakeOver makes up to limit deliveries scheduled again that are under leases
	// of epochs that ended, and gives how many it found.
	TakeOver(ctx context.Context, limit int) (int, error)

	// Signal tells all other nodes, soon, once or more. It may be lost; whoever
	// misses it must find out in some other way, if later.
	Signal(ctx context.Context, signals []Signal) error
	// Signals calls fn with what other nodes tell until ctx is done, and with
	// SignalMissed whenever it may not have heard all, as at its beginning. Changes
	// of accounts, endpoints, profiles, event types and keys are told by the store
	// itself, before the change returns. fn must not block.
	Signals(ctx context.Context, fn func(Signal)) error

	// WithLock runs fn while nobody else, on any node, runs one under the same
	// name; if shared, others that are shared may.
	WithLock(ctx context.Context, name string, shared bool, fn func(context.Context) error) error
}

// Beat is what a node learns when it says that it lives.
type Beat struct {
	// Alone: no other process can have this store.
	Alone bool
	// Now is the store's clock; zero if the store has none of its own.
	Now   time.Time
	Nodes []Node // by epoch
}

// Node is a process that lives, or is not yet known to be dead.
type Node struct {
	Epoch    int64
	Name     string
	Count    int64
	JoinedAt time.Time // by the store's clock
}

// SignalKind says what a signal is about.
type SignalKind string

// The kinds of signals.
const (
	SignalMissed   SignalKind = "missed"   // anything may have happened
	SignalAccount  SignalKind = "account"  // AccountID, what it has, was changed; "" = what the operator has for all
	SignalKeys     SignalKind = "keys"     // API keys were changed
	SignalReady    SignalKind = "ready"    // a job of AccountID and the type Name can be leased
	SignalFinished SignalKind = "finished" // the job Name of AccountID has its outcome
	SignalTimers   SignalKind = "timers"   // a job is to be looked at earlier than known
	SignalCanceled SignalKind = "canceled" // the delivery Name of AccountID was canceled; "" = those of an endpoint or account
	SignalDue      SignalKind = "due"      // deliveries that nobody holds are due
	SignalParked   SignalKind = "parked"   // deliveries were parked in the queue Name
)

// Signal is what one node tells the others.
type Signal struct {
	Kind      SignalKind
	AccountID string
	Name      string
}
