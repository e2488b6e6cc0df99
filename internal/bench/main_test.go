package bench

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/ringback/ringback/internal/pgtest"
)

// withPostgres are the tests, after which their PostgreSQL is ended.
type withPostgres struct{ m *testing.M }

func (w withPostgres) Run() int { return pgtest.Main(w.m, pgtest.Options{NoSync: true}) }

func TestMain(m *testing.M) { goleak.VerifyTestMain(withPostgres{m}) }
