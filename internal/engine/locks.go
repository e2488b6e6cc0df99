package engine

import (
	"context"
	"time"
)

// Locks that all nodes have in common.
const (
	lockProfiles  = "profiles"  // whole while a profile must not come into use, shared while one may
	lockRetention = "retention" // of who deletes what is over
)

// usingProfiles calls fn while no profile is changed, with the owner's view as it
// is then.
func (e *Engine) usingProfiles(ctx context.Context, owner string, fn func(context.Context, *view) error) error {
	return e.withProfiles(ctx, true, owner, fn)
}

// changingProfiles calls fn while no profile is changed or comes into use.
func (e *Engine) changingProfiles(ctx context.Context, owner string, fn func(context.Context, *view) error) error {
	return e.withProfiles(ctx, false, owner, fn)
}

func (e *Engine) withProfiles(ctx context.Context, shared bool, owner string, fn func(context.Context, *view) error) error {
	return unavailable(e.store.WithLock(ctx, lockProfiles, shared, func(ctx context.Context) error {
		if e.node.Shared() {
			// Another node may have changed one just now, and not been heard yet.
			e.directory.forget("")
			e.directory.forget(owner)
		}
		v, err := e.ownerView(ctx, owner)
		if err != nil {
			return err
		}
		return fn(ctx, v)
	}))
}

// lockWait is how long upkeep waits for a lock: who has it does that work.
const lockWait = time.Second

// ifFree calls fn under a lock, unless somebody else has it for longer than a
// moment.
func (e *Engine) ifFree(ctx context.Context, lock string, fn func(context.Context)) {
	wait, cancel := context.WithCancel(ctx)
	defer cancel()
	timer := time.AfterFunc(lockWait, cancel)
	err := e.store.WithLock(wait, lock, false, func(ctx context.Context) error {
		if timer.Stop() {
			fn(ctx)
		}
		return nil
	})
	if err != nil && wait.Err() == nil {
		e.log.Warn("a lock could not be had", "lock", lock, "error", err)
	}
}
