package postgres

import (
	"fmt"
	"strings"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// jobList is which filters of a list of jobs are set. Its statement depends on
// that and never on what they are set to, so that each can run along its index.
type jobList struct {
	status    bool
	succeeded bool // the status is the one that most jobs have; its index has all but these
	kind      bool
	resource  bool
}

// jobLists are the statements of all that a list can be asked for.
var jobLists = func() map[jobList]*statement {
	all := make(map[jobList]*statement)
	for _, l := range []jobList{{}, {status: true}, {status: true, succeeded: true}} {
		for bits := range 4 {
			l.kind, l.resource = bits&1 != 0, bits&2 != 0
			all[l] = l.statement()
		}
	}
	return all
}()

// statement repeats the conditions of the indexes that it may run along. It takes
// the bucket, the account, the first id, the id after the last,
// the limit, and the filters that are set.
func (l jobList) statement() *statement {
	var name, where strings.Builder
	next := 6
	and := func(set bool, column string) {
		if set {
			fmt.Fprintf(&name, " by %s", column)
			fmt.Fprintf(&where, " AND j.%s = $%d", column, next)
			next++
		}
	}
	and(l.status, "status")
	if l.succeeded {
		name.WriteString(" succeeded")
	} else if l.status {
		where.WriteString(" AND j.status <> 'succeeded' AND j.account_id <> ''")
	}
	and(l.kind, "type")
	if l.kind {
		where.WriteString(" AND j.type <> ''")
	}
	and(l.resource, "resource_id")
	if l.resource {
		where.WriteString(" AND j.resource_id <> ''")
	}
	return oneBucket("list jobs"+name.String(), "SELECT "+jobColumns+` FROM jobs j WHERE j.bucket = $1 AND j.account_id = $2
		AND j.id >= $3 AND j.id < $4`+where.String()+" ORDER BY j.id DESC LIMIT $5")
}

// listOf gives the statement of a list and the values of the filters that are set.
func listOf(f store.JobFilter) (st *statement, values []any) {
	l := jobList{
		status: f.Status != "", succeeded: f.Status == ringback.JobSucceeded, kind: f.Type != "", resource: f.ResourceID != "",
	}
	for _, v := range []string{string(f.Status), f.Type, f.ResourceID} {
		if v != "" {
			values = append(values, printable(v))
		}
	}
	return jobLists[l], values
}
