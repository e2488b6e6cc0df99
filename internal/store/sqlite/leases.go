package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// leaseTurns remembers, for each set of types that operators' workers ask for,
// which account had a job last: the next call begins after it.
type leaseTurns map[string]string

// maxLeaseTurns bounds leaseTurns. Forgetting a turn costs no more than one
// unfair round.
const maxLeaseTurns = 1000

func (s *Store) leaseJobs(ctx context.Context, t tx, op *store.LeaseJobs) error {
	op.Jobs = nil
	if op.Max <= 0 {
		return nil
	}
	types := slices.Compact(slices.Sorted(slices.Values(op.Types)))
	accounts := []string{op.AccountID}
	set := strings.Join(types, " ")
	if op.AccountID == "" {
		var err error
		if accounts, err = readyAccounts(ctx, t, types, s.turns[set], op.Max); err != nil {
			return err
		}
	}
	chosen, err := inTurn(ctx, t, accounts, types, op.Max)
	if err != nil || len(chosen) == 0 {
		return err
	}
	if err := leaseChosen(ctx, t, op, chosen); err != nil {
		return err
	}
	if op.AccountID == "" {
		if s.turns == nil || len(s.turns) >= maxLeaseTurns {
			s.turns = leaseTurns{}
		}
		s.turns[set] = op.Jobs[len(op.Jobs)-1].AccountID
	}
	return nil
}

// readyAccounts gives up to limit accounts that have jobs ready, in order of
// their ids, from the one after the cursor and around. It looks into the index
// once for each account and type, however many jobs there are.
func readyAccounts(ctx context.Context, t tx, types []string, cursor string, limit int) ([]string, error) {
	var accounts []string
	at, wrapped := cursor, false
	for len(accounts) < limit {
		next, err := nextReadyAccount(ctx, t, types, at)
		if err != nil {
			return nil, err
		}
		switch {
		case next == "" && (wrapped || cursor == ""):
			return accounts, nil
		case next == "":
			at, wrapped = "", true
			continue
		case wrapped && next > cursor:
			return accounts, nil
		}
		accounts = append(accounts, next)
		at = next
	}
	return accounts, nil
}

func nextReadyAccount(ctx context.Context, t tx, types []string, after string) (string, error) {
	next := ""
	for _, kind := range types {
		var account string
		err := one(ctx, t, func(row scanner) error { return row.Scan(&account) },
			`SELECT account_id FROM jobs INDEXED BY jobs_ready
			WHERE ready = 1 AND type = ? AND account_id > ? ORDER BY account_id LIMIT 1`, kind, after)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return "", err
		}
		if next == "" || account < next {
			next = account
		}
	}
	return next, nil
}

// readyJob is a job that may be leased.
type readyJob struct {
	account, id string
	due         int64
}

// inTurn takes one job of each account in turn, up to limit.
func inTurn(ctx context.Context, t tx, accounts, types []string, limit int) ([]readyJob, error) {
	if len(accounts) == 0 {
		return nil, nil
	}
	lines := make([][]readyJob, len(accounts))
	each := limit
	if len(accounts) >= limit {
		each = 1
	}
	for i, account := range accounts {
		var err error
		if lines[i], err = readyJobs(ctx, t, account, types, each); err != nil {
			return nil, err
		}
	}
	var chosen []readyJob
	for round := 0; round < each && len(chosen) < limit; round++ {
		for _, line := range lines {
			if round < len(line) && len(chosen) < limit {
				chosen = append(chosen, line[round])
			}
		}
	}
	return chosen, nil
}

// readyJobs gives the first jobs of an account over all the types.
func readyJobs(ctx context.Context, t tx, account string, types []string, limit int) ([]readyJob, error) {
	var all []readyJob
	for _, kind := range types {
		jobs, err := list(ctx, t, func(row scanner) (readyJob, error) {
			r := readyJob{account: account}
			err := row.Scan(&r.id, &r.due)
			return r, err
		}, `SELECT id, due_at FROM jobs INDEXED BY jobs_ready
			WHERE ready = 1 AND type = ? AND account_id = ? ORDER BY due_at, id LIMIT (SELECT ?)`, kind, account, limit)
		if err != nil {
			return nil, err
		}
		all = append(all, jobs...)
	}
	slices.SortFunc(all, func(a, b readyJob) int {
		return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.id, b.id))
	})
	return all[:min(limit, len(all))], nil
}

// updateLeased takes an account's id, a job's and the token of its lease of each
// row.
var updateLeased = perRows(`UPDATE jobs SET status = 'running', ready = 0, attempt = attempt + 1, started_at = ?, lease = ?,
	lease_expires_at = ? + min(?, timeout), lease_token = column3 FROM (VALUES `, "(?, ?, ?)",
	") WHERE account_id = column1 AND id = column2")

func leaseChosen(ctx context.Context, t tx, op *store.LeaseJobs, chosen []readyJob) error {
	jobs, err := readRows(ctx, t, selectJobs, op.MaxBytes, jobRow, func(yield func(rowKey) bool) {
		for _, c := range chosen {
			if !yield(rowKey{c.account, c.id}) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	for _, c := range chosen {
		j, looked := jobs.get(rowKey{c.account, c.id})
		if !looked {
			break
		}
		if j == nil {
			return fmt.Errorf("job %s: %w", c.id, store.ErrNotFound)
		}
		j.Status = ringback.JobRunning
		j.Attempt++
		j.StartedAt = fromMicros(micros(op.Now))
		j.Lease = op.Lease.Truncate(time.Microsecond)
		j.LeaseExpiresAt = j.StartedAt.Add(min(j.Lease, j.Timeout))
		j.LeaseToken = op.Token(j)
		op.Jobs = append(op.Jobs, j)
	}
	for rest := op.Jobs; len(rest) > 0; {
		size := sizeFor(len(rest))
		lease := op.Lease.Microseconds()
		args := []any{micros(op.Now), lease, micros(op.Now), lease}
		for _, j := range rest[:bulkSizes[size]] {
			args = append(args, j.AccountID, j.ID, j.LeaseToken)
		}
		if _, err := t.exec(ctx, updateLeased[size], args...); err != nil {
			return err
		}
		rest = rest[bulkSizes[size]:]
	}
	return nil
}

func (s *Store) extendLease(ctx context.Context, t tx, op *store.ExtendLease) error {
	op.Err, op.ExpiresAt = nil, time.Time{}
	var started, timeout, lease int64
	err := one(ctx, t, func(row scanner) error { return row.Scan(&started, &timeout, &lease) },
		`SELECT started_at, timeout, lease FROM jobs
		WHERE account_id = ? AND id = ? AND status = 'running' AND lease_token = ?`,
		op.AccountID, op.JobID, op.Token)
	if errors.Is(err, store.ErrNotFound) {
		op.Err, err = s.whyNot(ctx, t, op.AccountID, op.JobID)
		return err
	}
	if err != nil {
		return err
	}
	if op.Lease != 0 {
		lease = op.Lease.Microseconds()
	}
	expires := min(micros(op.Now)+lease, started+timeout)
	op.ExpiresAt = fromMicros(expires)
	_, err = t.exec(ctx, "UPDATE jobs SET lease = ?, lease_expires_at = ? WHERE account_id = ? AND id = ?",
		lease, expires, op.AccountID, op.JobID)
	return err
}
