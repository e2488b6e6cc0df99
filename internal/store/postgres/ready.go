package postgres

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/ringback/ringback/internal/store/columns"
)

// selectReady looks for the accounts that have jobs ready.
var selectReady = operatorWide("list accounts with ready jobs", "an operator's worker takes the jobs of all accounts",
	"SELECT account_id FROM jobs WHERE ready AND type = $1 AND account_id > $2 ORDER BY account_id LIMIT $3")

// leaseTurns remembers, for each set of types that operators' workers ask for,
// which account had a job last: the next call begins after it.
type leaseTurns struct {
	mu   sync.Mutex
	last map[string]string
}

// maxLeaseTurns bounds leaseTurns. Forgetting a turn costs no more than one
// unfair round.
const maxLeaseTurns = 1000

func (l *leaseTurns) after(types []string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last[strings.Join(types, " ")]
}

func (l *leaseTurns) had(types []string, account string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil || len(l.last) >= maxLeaseTurns {
		l.last = make(map[string]string)
	}
	l.last[strings.Join(types, " ")] = account
}

// readyAccount is an account and the types that it has jobs ready of.
type readyAccount struct {
	id    string
	types []string
}

// readyAccounts gives up to limit accounts that have jobs ready, in order of
// their ids, from the one after the cursor and around.
func readyAccounts(ctx context.Context, t *tx, types []string, cursor string, limit int) ([]readyAccount, error) {
	var accounts []readyAccount
	at, wrapped := cursor, cursor == ""
	for {
		page, last, err := nextReady(ctx, t, types, at)
		if err != nil {
			return nil, err
		}
		for _, a := range page {
			if wrapped && cursor != "" && a.id > cursor {
				return accounts, nil
			}
			if accounts = append(accounts, a); len(accounts) == limit {
				return accounts, nil
			}
		}
		switch {
		case last != "":
			at = last
		case wrapped:
			return accounts, nil
		default:
			at, wrapped = "", true
		}
	}
}

// nextReady gives the next accounts after an id, of all types at once, and up to
// which it has seen all; "" = there are no more. However many jobs there are of
// an account it looks at few of them.
func nextReady(ctx context.Context, t *tx, types []string, after string) (page []readyAccount, last string, err error) {
	const look = 100
	found := make([][]string, len(types))
	for i, kind := range types {
		t.ask(columns.Collect(&found[i], scanText), selectReady, kind, after, look)
	}
	if err := t.flush(ctx, false); err != nil {
		return nil, "", err
	}
	for _, accounts := range found {
		if n := len(accounts); n == look && (last == "" || accounts[n-1] < last) {
			last = accounts[n-1]
		}
	}
	have := map[string][]string{}
	for i, accounts := range found {
		for _, id := range slices.Compact(accounts) {
			if last == "" || id <= last {
				have[id] = append(have[id], types[i])
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(have)) {
		page = append(page, readyAccount{id, have[id]})
	}
	return page, last, nil
}
