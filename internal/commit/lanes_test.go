package commit_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/commit"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// accountIn gives an account of a lane, of so many.
func accountIn(lane, lanes int) string {
	for at := time.Unix(1, 0); ; at = at.Add(time.Millisecond) {
		if id := ringback.NewID(ringback.PrefixAccount, at); store.BucketOf(id)%lanes == lane {
			return id
		}
	}
}

// jobOf is newJob for an account.
func jobOf(accountID string) *store.SubmitJob {
	op := newJob("a")
	op.Job.AccountID = accountID
	return op
}

// Lanes commit side by side, each its own accounts; what is of all accounts has
// a lane of its own.
func TestLanes(t *testing.T) {
	inLanes(t, 3, func(t *testing.T, c *commit.Committer, s *slow) {
		var all sync.WaitGroup
		started := time.Now()
		for lane := range 3 {
			id := accountIn(lane, 3)
			for range 10 {
				all.Go(func() {
					if err := c.Do(jobOf(id)); err != nil {
						t.Error(err)
					}
				})
			}
		}
		all.Go(func() {
			if err := c.Do(&store.PromoteJobs{Now: started, Limit: 1}); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		if took := time.Since(started); took > 2*time.Second {
			t.Errorf("took %s in batches %v", took, s.batches)
		}
		if n := slices.Max(s.batches); n > 10 {
			t.Errorf("%d operations in one commit; a lane has ten", n)
		}
	})
}

// A group of operations of several lanes is answered once, when all are durable,
// with the error of any.
func TestGroupOfSeveralLanes(t *testing.T) {
	inLanes(t, 2, func(t *testing.T, c *commit.Committer, s *slow) {
		a, b := jobOf(accountIn(0, 2)), jobOf(accountIn(1, 2))
		if err := c.Do(a, b); err != nil {
			t.Fatal(err)
		}
		for _, op := range []*store.SubmitJob{a, b} {
			if _, err := s.Job(t.Context(), op.Job.AccountID, op.Job.ID); err != nil {
				t.Error(err)
			}
		}
		again := jobOf(a.Job.AccountID)
		again.Job.ID = a.Job.ID
		if err := c.Do(again, jobOf(b.Job.AccountID)); ringback.CodeOf(err) != ringback.CodeInternal {
			t.Errorf("one of two lanes cannot commit: %v", err)
		}
		s.mu.Lock()
		s.fail = errors.New("disk full")
		s.mu.Unlock()
		if err := c.Do(jobOf(a.Job.AccountID), jobOf(b.Job.AccountID)); ringback.CodeOf(err) != ringback.CodeUnavailable {
			t.Errorf("neither can: %v", err)
		}
	})
}

// What one lane answers is heard before its next commit begins, however many
// lanes there are.
func TestAnswersBeforeTheNextOfTheLane(t *testing.T) {
	inLanes(t, 2, func(t *testing.T, c *commit.Committer, s *slow) {
		id := accountIn(0, 2)
		var all sync.WaitGroup
		for range 5 {
			all.Add(1)
			c.Go(func(error) {
				s.mu.Lock()
				begun := len(s.batches)
				s.mu.Unlock()
				c.Go(func(error) {
					defer all.Done()
					s.mu.Lock()
					defer s.mu.Unlock()
					if len(s.batches) == begun {
						t.Error("answered by the commit that was over")
					}
				}, jobOf(id))
			}, jobOf(id))
		}
		all.Wait()
	})
}
