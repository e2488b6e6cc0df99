package postgres

import (
	"errors"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATE codes that decide what a commit does next.
const (
	codeSerialization = "40001"
	codeDeadlock      = "40P01"
	codeLockTimeout   = "55P03"
	codeTimeout       = "57014" // of a statement
	codeGuard         = "22012" // division by zero: see guard
)

// databaseError is one that is not about the values of an operation: of the
// connection, or of the database as a whole.
type databaseError struct{ err error }

func (e *databaseError) Error() string { return e.err.Error() }
func (e *databaseError) Unwrap() error { return e.err }

// ofDatabase says whether an error is about the whole database, or the
// connection to it. Any other is the operation's own: about its values, or
// about the rows that it reads.
func ofDatabase(err error) bool {
	_, ok := errors.AsType[*databaseError](err)
	return ok
}

// classify marks what is not an operation's own.
func classify(err error) error {
	if err == nil || ofDatabase(err) {
		return err
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return &databaseError{err}
	}
	switch e.Code[:min(2, len(e.Code))] {
	case "21", "22", "23", "54": // cardinality, data, constraints, limits
		return err
	}
	return &databaseError{err}
}

func hasCode(err error, codes ...string) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && slices.Contains(codes, e.Code)
}

// refused says whether the database told that a statement failed, so that its
// transaction was certainly not committed. What ends the session instead (FATAL,
// or no answer at all) may come after the commit.
func refused(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.SeverityUnlocalized == "ERROR"
}
