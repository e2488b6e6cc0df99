package commit_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringback/ringback/internal/commit"
	"github.com/ringback/ringback/internal/metrics"
	"github.com/ringback/ringback/internal/seal"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/sqlite"
	"github.com/ringback/ringback/ringback"
)

// slow is a store whose commits take a second, as if the disk were slow, and
// can be made to fail.
type slow struct {
	store.Store

	metrics *metrics.Metrics // of the committer

	mu      sync.Mutex
	batches []int
	fail    error
	lanes   int           // 0 = as the store says
	away    time.Duration // beyond a second
}

func (s *slow) Lanes() int {
	if s.lanes > 0 {
		return s.lanes
	}
	return s.Store.Lanes()
}

func (s *slow) Commit(ctx context.Context, ops []store.Op) error {
	s.mu.Lock()
	s.batches = append(s.batches, len(ops))
	err := s.fail
	s.mu.Unlock()
	time.Sleep(time.Second + s.away)
	if err != nil {
		return err
	}
	return s.Store.Commit(ctx, ops)
}

// inBubble runs a test with a committer over a slow store.
func inBubble(t *testing.T, test func(t *testing.T, c *commit.Committer, s *slow)) {
	t.Helper()
	inLanes(t, 0, test)
}

// inLanes is inBubble with a number of lanes.
func inLanes(t *testing.T, lanes int, test func(t *testing.T, c *commit.Committer, s *slow)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		sealer, err := seal.New(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		log := slog.New(slog.DiscardHandler)
		db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir, Sealer: sealer, Logger: log})
		if err != nil {
			t.Fatal(err)
		}
		s := &slow{Store: db, metrics: metrics.New("test"), lanes: lanes}
		c := commit.New(s, log, s.metrics)
		ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		defer func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if err := c.Do(newJob("late")); ringback.CodeOf(err) != ringback.CodeUnavailable {
				t.Errorf("after the end: %v", err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}()
		test(t, c, s)
	})
}

// measured checks lines of the metrics.
func (s *slow) measured(t *testing.T, lines ...string) {
	t.Helper()
	w := httptest.NewRecorder()
	s.metrics.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range lines {
		if !strings.Contains(w.Body.String(), line+"\n") {
			t.Errorf("the metrics lack %s", line)
		}
	}
}

var account = ringback.NewID(ringback.PrefixAccount, time.Unix(0, 0))

// newJob makes an operation that inserts a job of that type.
func newJob(jobType string) *store.SubmitJob {
	at := time.Now()
	return &store.SubmitJob{Job: &ringback.Job{
		ID: ringback.NewID(ringback.PrefixJob, at), AccountID: account, Type: jobType, Status: ringback.JobQueued,
		Input: []byte("{}"), RunAt: at, Timeout: time.Hour, MaxAttempts: 1, CreatedAt: at,
	}}
}

// What arrives during a commit goes into the next one, together.
func TestChangesShareACommit(t *testing.T) {
	inBubble(t, func(t *testing.T, c *commit.Committer, s *slow) {
		started := time.Now()
		var all sync.WaitGroup
		do := func() {
			all.Go(func() {
				if err := c.Do(newJob("a")); err != nil {
					t.Error(err)
				}
			})
		}
		do()
		time.Sleep(time.Second / 2)
		for range 50 {
			do()
		}
		all.Wait()
		if took := time.Since(started); took != 2*time.Second || len(s.batches) != 2 || s.batches[1] != 50 {
			t.Errorf("took %s in batches %v", took, s.batches)
		}
		s.measured(t, "ringback_commit_operations_count 2", "ringback_commit_operations_sum 51",
			`ringback_commit_operations_bucket{le="1"} 1`, "ringback_commit_rows_sum 51", "ringback_commit_duration_seconds_sum 2")
	})
}

// One change that can never be applied fails alone.
func TestOneBadChangeFailsAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, c *commit.Committer, s *slow) {
		first := newJob("a")
		if err := c.Do(first); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		jobs := make([]*store.SubmitJob, 10)
		for i := range jobs {
			jobs[i] = newJob("a")
			if i == 3 || i == 7 {
				jobs[i].Job.ID = first.Job.ID // exists already
			}
			all.Go(func() {
				err := c.Do(jobs[i])
				if bad := i == 3 || i == 7; bad && ringback.CodeOf(err) != ringback.CodeInternal || !bad && err != nil {
					t.Errorf("change %d: %v", i, err)
				}
			})
		}
		all.Wait()
		for i, op := range jobs {
			if _, err := s.Job(t.Context(), account, op.Job.ID); err != nil {
				t.Errorf("job %d: %v", i, err)
			}
		}
		if c.Failing() {
			t.Error("a bad change counts as a fault of the store")
		}
		s.measured(t, "ringback_commit_failures_total 0", "ringback_jobs_accepted_total 9")
	})
}

// A store that cannot commit refuses what waits, and is known to fail until it
// can again.
func TestFailing(t *testing.T) {
	inBubble(t, func(t *testing.T, c *commit.Committer, s *slow) {
		full := errors.New("disk full")
		s.fail = full
		err := c.Do(newJob("a"))
		if ringback.CodeOf(err) != ringback.CodeUnavailable || !errors.Is(err, full) || !c.Failing() {
			t.Errorf("%v, failing %v", err, c.Failing())
		}
		s.measured(t, "ringback_commit_failures_total 1", "ringback_jobs_accepted_total 0", "ringback_commit_operations_count 0")
		s.mu.Lock()
		s.fail = nil
		s.mu.Unlock()
		if err := c.Do(newJob("a")); err != nil || c.Failing() {
			t.Errorf("%v, failing %v", err, c.Failing())
		}
	})
}

// A store that does not answer keeps nobody waiting for long: what waits for its
// turn is refused, and so is what comes, until it answers again.
func TestStalled(t *testing.T) {
	inBubble(t, func(t *testing.T, c *commit.Committer, s *slow) {
		s.away = time.Minute
		began := time.Now()
		type answer struct {
			err   error
			after time.Duration
		}
		first, second := make(chan answer, 1), make(chan answer, 1)
		begin := func(into chan answer, name string) {
			c.Go(func(err error) { into <- answer{err, time.Since(began)} }, newJob(name))
			synctest.Wait()
		}
		begin(first, "a")
		begin(second, "b")
		if a := <-second; ringback.CodeOf(a.err) != ringback.CodeUnavailable || a.after != 2*time.Second || c.Waiting() != 0 {
			t.Errorf("what waited: %v after %s; %d rows wait", a.err, a.after, c.Waiting())
		}
		if err := c.Do(newJob("c")); ringback.CodeOf(err) != ringback.CodeUnavailable || time.Since(began) != 2*time.Second || !c.Failing() {
			t.Errorf("what came: %v after %s, failing %v", err, time.Since(began), c.Failing())
		}
		// The fate of the first one is not known; it was made in the end.
		if a := <-first; ringback.CodeOf(a.err) != ringback.CodeUnavailable || a.after != 30*time.Second {
			t.Errorf("what was under way: %v after %s", a.err, a.after)
		} else if e, _ := errors.AsType[*ringback.Error](a.err); strings.Contains(e.Message, "nothing was accepted") {
			t.Errorf("what was under way: %s", e.Message)
		}
		s.away = 0
		time.Sleep(35 * time.Second)
		synctest.Wait()
		if err := c.Do(newJob("d")); err != nil || c.Failing() {
			t.Errorf("%v, failing %v", err, c.Failing())
		}
		s.measured(t, "ringback_commit_refusals_total 2", "ringback_jobs_accepted_total 2")
	})
}

// What waits is bounded: a caller too many is told at once.
func TestTooManyWaiting(t *testing.T) {
	inBubble(t, func(t *testing.T, c *commit.Committer, s *slow) {
		s.fail = errors.New("disk full") // so that 50,000 jobs need not be written
		var all sync.WaitGroup
		all.Add(1)
		c.Go(func(error) { all.Done() }, newJob("a"))
		synctest.Wait()
		for range 50_000 {
			all.Add(1)
			c.Go(func(error) { all.Done() }, newJob("a"))
		}
		at := time.Now()
		if err := c.Do(newJob("a")); ringback.CodeOf(err) != ringback.CodeUnavailable || time.Since(at) != 0 {
			t.Errorf("%v after %s", err, time.Since(at))
		}
		if n := c.Waiting(); n != 50_000 {
			t.Errorf("%d rows wait", n)
		}
		s.measured(t, "ringback_commit_refusals_total 1")
		all.Wait()
	})
}
