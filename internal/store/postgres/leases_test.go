package postgres_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/pgtest"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/postgres"
	"github.com/ringback/ringback/ringback"
)

func leasing(account string, limit int, types ...string) *store.LeaseJobs {
	return &store.LeaseJobs{
		AccountID: account, Types: types, Max: limit, MaxBytes: 1 << 20, Now: time.Now(), Lease: time.Minute,
		Token: func(j *ringback.Job) string { return "token-" + j.ID },
	}
}

// Workers of several nodes share the jobs out: each job goes to one, and a worker
// that gets none finds none left.
func TestWorkersOfSeveralNodesLease(t *testing.T) {
	url := pgtest.Schema(t)
	const workers, accounts, each = 8, 5, 80
	stores := make([]*postgres.Store, 4)
	for i := range stores {
		stores[i] = openStore(t, url)
	}
	var submits []store.Op
	for i := range accounts * each {
		submits = append(submits, &store.SubmitJob{Job: jobOf(fmt.Sprintf("acc_%d", i%accounts), fmt.Sprint("t", i%2), time.Now())})
	}
	commit(t, stores[0], submits...)
	var mu sync.Mutex
	leased := map[string]int{}
	var wg sync.WaitGroup
	for n := range workers {
		s := stores[n%len(stores)]
		wg.Go(func() {
			for {
				op := leasing("", 7, "t0", "t1")
				if n%3 == 0 {
					op.AccountID = fmt.Sprintf("acc_%d", n%accounts)
				}
				if err := s.Commit(t.Context(), []store.Op{op}); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, j := range op.Jobs {
					leased[j.ID]++
				}
				mu.Unlock()
				if len(op.Jobs) == 0 {
					return
				}
			}
		})
	}
	wg.Wait()
	if len(leased) != accounts*each {
		t.Errorf("%d of %d jobs were leased", len(leased), accounts*each)
	}
	for id, n := range leased {
		if n != 1 {
			t.Errorf("job %s was leased %d times", id, n)
		}
	}
}

// However many jobs one account has, every other gets its turn: more of them
// than one look at the index finds.
func TestLeasesAreFairToManyAccounts(t *testing.T) {
	s := openStore(t, pgtest.Schema(t))
	const small = 150
	var submits []store.Op
	for range 500 {
		submits = append(submits, &store.SubmitJob{Job: jobOf("acc_large", "t", time.Now())})
	}
	for i := range small {
		submits = append(submits, &store.SubmitJob{Job: jobOf(fmt.Sprintf("acc_small_%03d", i), "t", time.Now())})
	}
	commit(t, s, submits...)
	counts := map[string]int{}
	for range 4 {
		op := leasing("", 40, "t")
		commit(t, s, op)
		for _, j := range op.Jobs {
			counts[j.AccountID]++
		}
	}
	if n := counts["acc_large"]; len(counts) != small+1 || n != 160-small {
		t.Errorf("%d accounts had a turn of %d; the large one had %d", len(counts), small+1, n)
	}
}
