//go:build unix

package e2e

import (
	"syscall"
	"testing"
	"time"
)

// Kill -9 of every node under load. What they had accepted arrives after they
// are started again.
func TestKillAllNodesOnSQLite(t *testing.T)   { eachCrash(t, onSQLite, testKillAllNodes) }
func TestKillAllNodesOnPostgres(t *testing.T) { eachCrash(t, onPostgres, testKillAllNodes) }

func testKillAllNodes(t *testing.T, c *cluster) {
	l := startTraffic(c, true)
	pass(500 * time.Millisecond)
	c.hold()
	published := l.bursts(1200 / len(c.nodes))
	killed := crash{time.Now(), len(c.nodes)}
	c.kill(c.all()...)
	c.release()
	c.start(c.all()...)
	published()
	l.stop()
	c.settled(l, killed)
}

// A rolling restart under load: nothing is lost, and nothing arrives twice.
func TestRollingRestartOnSQLite(t *testing.T)   { eachCrash(t, onSQLite, testRollingRestart) }
func TestRollingRestartOnPostgres(t *testing.T) { eachCrash(t, onPostgres, testRollingRestart) }

func testRollingRestart(t *testing.T, c *cluster) {
	l := startTraffic(c, true)
	for i := range c.nodes {
		c.hold()
		burst := l.burst(i, 600)
		<-burst.half
		// The node is told to stop with requests in flight and more queued.
		answering := time.AfterFunc(300*time.Millisecond, c.release)
		if err := c.nodes[i].signal(syscall.SIGTERM); err != nil {
			t.Errorf("a node ended with %v", err)
		}
		c.start(i)
		if answering.Stop() {
			t.Error("the node ended before what it had in flight was answered")
			c.release()
		}
		burst.done.Wait()
	}
	l.stop()
	c.settled(l, crash{})
}
