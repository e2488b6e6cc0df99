//go:build !linux

package bench

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// postmasterOf knows nothing where there is no /proc.
func postmasterOf(context.Context, *pgx.Conn) (int, error) { return 0, nil }

func databaseCPU(int) time.Duration { return 0 }
