package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Traced has a tracer see what is run.
func (c Config) Traced(t pgx.QueryTracer) Config {
	c.tracer = t
	return c
}

// Statement is a statement as tests see it.
type Statement struct{ Name, SQL, Scope, Reason string }

// Statements are all that are registered.
func Statements() []Statement {
	all := make([]Statement, len(statements))
	for i, st := range statements {
		all[i] = Statement{st.name, st.sql, string(st.scope), st.reason}
	}
	return all
}

// Scopes of statements.
const (
	ScopeBucket    = string(scopeBucket)
	ScopeBuckets   = string(scopeBuckets)
	ScopeOperator  = string(scopeOperator)
	ScopeReference = string(scopeReference)
	ScopeControl   = string(scopeControl)
)

// SpreadTables are those that have buckets.
func SpreadTables() []string { return spreadTables }

// Migrations are the texts of the migrations.
func Migrations() (texts []string, err error) {
	files, err := migrations.ReadDir("migrations")
	for _, f := range files {
		text, err := migrations.ReadFile("migrations/" + f.Name())
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(text))
	}
	return texts, err
}

// Channel is where the store's nodes tell each other.
func (s *Store) Channel() string { return s.channel() }

// MakeDay makes the parts of a day.
func (s *Store) MakeDay(ctx context.Context, at time.Time) error {
	return s.makeDay(ctx, int(at.Unix()/secondsPerDay))
}

// PartOf is the part of a table for the day of a time.
func PartOf(table string, at time.Time) string { return partOf(table, int(at.Unix()/secondsPerDay)) }

// SetUp is what each connection of a pool runs first.
func SetUp() string { return setUp.sql }

// MaxKept is how many events of a day may be kept when it is dropped.
const MaxKept = maxKept
