package bench

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// postmasterOf finds the process that all others of a PostgreSQL server are
// children of; 0 if the server is not on this machine, or not to be seen.
func postmasterOf(ctx context.Context, conn *pgx.Conn) (pid int, err error) {
	var backend int
	if err := conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return 0, err
	}
	// A process of that number may be another one on this machine. A backend's
	// title names its client: "postgres: USER DATABASE HOST(PORT) idle".
	client := "[local]"
	if addr, ok := conn.PgConn().Conn().LocalAddr().(*net.TCPAddr); ok {
		client = fmt.Sprintf("(%d)", addr.Port)
	}
	title, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", backend))
	if err != nil || !bytes.HasPrefix(title, []byte("postgres: ")) || !bytes.Contains(title, []byte(client)) {
		return 0, nil //nolint:nilerr // then it is not known
	}
	p, err := readStat(backend)
	return p.parent, err
}

// databaseCPU gives what a PostgreSQL server's processes have used, those that
// ended among them; 0 if that is not known.
func databaseCPU(postmaster int) time.Duration {
	if postmaster == 0 {
		return 0
	}
	all, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	server, err := readStat(postmaster)
	if err != nil {
		return 0
	}
	sum := server.cpu + server.ended
	for _, dir := range all {
		pid, err := strconv.Atoi(dir.Name())
		if err != nil {
			continue
		}
		if p, err := readStat(pid); err == nil && p.parent == postmaster { // else it has ended
			sum += p.cpu
		}
	}
	return sum
}
