package postgres

import (
	"context"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
)

var (
	selectDueJobs = operatorWide("list due jobs", "jobs of all accounts wait", `SELECT account_id, id, type FROM jobs
		WHERE status = 'queued' AND NOT ready AND due_at <= $1 ORDER BY due_at, id LIMIT $2`)
	makeReady = bulk("make jobs ready", `UPDATE jobs j SET ready = true
		FROM unnest({array}$2::text[], $3::text[]) AS r ({column}account_id, id)
		WHERE {row j}
		AND `+isQueued+` AND NOT j.ready AND j.due_at <= $4
		RETURNING j.account_id, j.id`)
)

// promoteJobs looks for what is due, and then makes ready what still is: another
// node may do the same.
func (s *Store) promoteJobs(ctx context.Context, t *tx, op *store.PromoteJobs) error {
	op.Promoted = nil
	type job struct {
		account, id, kind string
		promoted          bool
	}
	due, err := list(ctx, t, func(row scanner) (*job, error) {
		var j job
		err := row.Scan(&j.account, &j.id, &j.kind)
		return &j, err
	}, selectDueJobs, columns.Micros(op.Now), op.Limit)
	if err != nil || len(due) == 0 {
		return err
	}
	byID := make(map[[2]string]*job, len(due))
	for _, j := range due {
		byID[[2]string{j.account, j.id}] = j
	}
	rows := sorted(due, func(j *job) string { return j.account }, func(j *job) string { return j.id })
	askBulk(t, func(row scanner) error {
		var k [2]string
		err := row.Scan(&k[0], &k[1])
		if err == nil {
			byID[k].promoted = true
		}
		return err
	}, makeReady, rows, func(bucket any, rows []keyed[*job]) []any {
		accounts, ids := keysOf(rows)
		return []any{bucket, accounts, ids, columns.Micros(op.Now)}
	})
	if err := t.flush(ctx, false); err != nil {
		return err
	}
	for _, j := range due {
		if j.promoted {
			op.Promoted = append(op.Promoted, store.PromotedJob{AccountID: j.account, Type: j.kind})
		}
	}
	return nil
}
