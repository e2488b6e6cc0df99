package e2e

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/pgtest"
)

// PostgreSQL ends under load, at once or in order, and is back after a while.
// Meanwhile publishers get 503 with Retry-After; then the same nodes go on.
func TestDatabaseCrashes(t *testing.T) {
	t.Parallel()
	testDatabase(t, 3*time.Second, (*pgtest.Server).Kill)
}

func TestDatabaseRestarts(t *testing.T) {
	t.Parallel()
	testDatabase(t, 0, (*pgtest.Server).Stop)
}

func testDatabase(t *testing.T, away time.Duration, end func(*pgtest.Server)) {
	for round := range crashes(t) {
		t.Run(strconv.Itoa(round+1), func(t *testing.T) {
			db := pgtest.Start(t, pgtest.Options{})
			c := newCluster(t, stored{3, func(*testing.T) []string { return []string{"--store", db.URL("postgres")} }})
			l := startTraffic(c, false)
			pass(500 * time.Millisecond)
			c.hold()
			published := l.bursts(400)
			ended := crash{time.Now(), len(c.nodes)}
			end(db)
			c.release()
			pass(away)
			if away > 0 {
				c.refusing(l)
			}
			db.Restart()
			for i := range c.nodes {
				eventually(t, 10*time.Second, "ready again", func() bool {
					return c.nodes[i].call(http.MethodGet, "/readyz", "", nil, nil) == http.StatusOK
				})
				l.burst(i, 10).done.Wait()
			}
			published()
			l.stop()
			for _, n := range c.nodes {
				select {
				case err := <-n.exited:
					t.Errorf("a node ended: %v", err)
				default:
				}
			}
			c.settled(l, ended)
		})
	}
}

// refusing fails the test unless the nodes say that they can take nothing, and
// that they live.
func (c *cluster) refusing(l *traffic) {
	c.t.Helper()
	if l.refused.Load() == 0 {
		c.t.Error("no publisher was refused while there was no database")
	}
	for _, n := range c.nodes {
		if status := n.call(http.MethodGet, "/readyz", "", nil, nil); status != http.StatusServiceUnavailable {
			c.t.Errorf("readyz without a database: %d", status)
		}
		if status := n.call(http.MethodGet, "/healthz", "", nil, nil); status != http.StatusOK {
			c.t.Errorf("healthz without a database: %d", status)
		}
	}
}
