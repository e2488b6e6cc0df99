package nodes_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/nodes/nodestest"
	"github.com/ringback/ringback/internal/store/sqlite"
)

// owners gives the nodes that may send to a queue at this moment.
func owners(queue string, all ...*node) (list []*node) {
	for _, n := range all {
		if owns, since := n.Owns(queue); owns && n.Sure() && !since.After(time.Now()) {
			list = append(list, n)
		}
	}
	return list
}

// A queue has at most one owner at any moment, while nodes come, go, and are cut
// off, and one after each change has settled; and the work is spread.
func TestOneOwner(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *sqlite.Store, c *nodestest.Cluster) {
		queues := make([]string, 300)
		for i := range queues {
			queues[i] = fmt.Sprintf("acct_%d/ep_%d", i, i)
		}
		var all []*node
		watch := func(d time.Duration) {
			t.Helper()
			for end := time.Now().Add(d); time.Now().Before(end); {
				sleep(37 * time.Millisecond)
				for _, q := range queues {
					if got := owners(q, all...); len(got) > 1 {
						t.Fatalf("%s has %d owners", q, len(got))
					}
				}
			}
		}
		settled := func(nodes int) {
			t.Helper()
			count := make(map[*node]int)
			for _, q := range queues {
				for _, n := range owners(q, all...) {
					count[n]++
				}
			}
			sum := 0
			for _, n := range count {
				sum += n
				if n < len(queues)/nodes/2 {
					t.Errorf("a node has %d of %d queues", n, len(queues))
				}
			}
			if len(count) != nodes || sum != len(queues) {
				t.Errorf("%d nodes own %d of %d queues; want all, by %d", len(count), sum, len(queues), nodes)
			}
		}
		all = append(all, join(t, c, 0))
		settled(1) // who is alone need not wait
		watch(3 * time.Second / 2)
		all = append(all, join(t, c, time.Hour))
		watch(6 * time.Second)
		settled(2)
		all = append(all, join(t, c, 0))
		watch(time.Second / 3)
		all = append(all, join(t, c, 0))
		watch(6 * time.Second)
		settled(4)
		all[0].stop()
		watch(2 * time.Second)
		settled(3)
		all[1].Cut(true)
		watch(10 * time.Second)
		settled(2)
		all[1].Cut(false)
		watch(8 * time.Second)
		settled(3)
	})
}

// An heir begins when the one before it is gone, and not as if it had always
// been there.
func TestHeir(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *sqlite.Store, c *nodestest.Cluster) {
		a, b := join(t, c, 0), join(t, c, 0)
		sleep(time.Minute)
		for i := range 50 {
			q := fmt.Sprintf("acct/ep_%d", i)
			if owns, _ := b.Owns(q); !owns {
				continue
			}
			a.heard()
			gone := time.Now()
			b.stop()
			sleep(2 * time.Second)
			owns, since := a.Owns(q)
			if !owns || since.Before(gone) || since.After(gone.Add(1100*time.Millisecond)) {
				t.Errorf("owns %t, since %s; the other was gone at %s", owns, since, gone)
			}
			return
		}
		t.Fatal("the second node owns nothing")
	})
}
