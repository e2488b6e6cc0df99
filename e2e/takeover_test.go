//go:build unix

package e2e

import (
	"syscall"
	"testing"
	"time"
)

// Kill -9 of one node of three. The others go on and have its work within ten
// seconds.
func TestKillOneNode(t *testing.T) {
	eachCrash(t, onPostgres, func(t *testing.T, c *cluster) {
		const takeover, sending = 10 * time.Second, 2 * time.Second
		l := startTraffic(c, true)
		pass(500 * time.Millisecond)
		c.hold()
		burst := l.burst(0, 1200)
		<-burst.half
		killed := crash{time.Now(), 1}
		c.kill(0)
		queued := l.at(0)
		c.release()
		eventually(t, takeover+sending, "the others sent what the killed node had", func() bool {
			return len(c.calls(queued)) == len(queued)
		})
		t.Logf("the others sent what the killed node had within %s", time.Since(killed.at))
		c.start(0)
		burst.done.Wait()
		l.stop()
		c.settled(l, killed)
	})
}

// A node is paused for longer than its lease. Meanwhile others send what it
// had; when it goes on, it sends nothing of that, and the outcomes of what it
// had under way come too late.
func TestPausedNode(t *testing.T) { eachCrash(t, onPostgres, testPausedNode) }

func testPausedNode(t *testing.T, c *cluster) {
	l := startTraffic(c, true)
	pass(500 * time.Millisecond)
	c.hold()
	burst := l.burst(0, 1200)
	<-burst.half
	c.spare(0, true)
	paused := crash{time.Now(), 1}
	stopped := c.nodes[0].cmd.Process
	if err := stopped.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	queued := l.at(0)
	c.release()
	pass(12 * time.Second)
	sent := c.calls(queued)
	if err := stopped.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	c.spare(0, false)
	burst.done.Wait()
	l.burst(0, 10).done.Wait()
	pass(2 * time.Second)
	l.stop()
	c.settled(l, paused)
	if len(sent) != len(queued) {
		t.Errorf("while it was paused, %d of the node's %d events were sent", len(sent), len(queued))
	}
	for id, times := range c.calls(queued) {
		if times > sent[id] {
			t.Errorf("%s was sent by the node that had been paused", id)
		}
	}
}

// calls gives how often each of these events arrived, without those that did
// not.
func (c *cluster) calls(events []string) map[string]int {
	calls := make(map[string]int)
	for _, id := range events {
		for _, cu := range c.customers {
			if n := cu.receiver.times(id); n > 0 {
				calls[id] = n
			}
		}
	}
	return calls
}
