package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// owner gives the node that sends to an endpoint, and another one.
func (c *cluster) owner(ep *ringback.Endpoint) (owner, other *clusterNode) {
	for _, n := range c.nodes {
		if owns, _ := n.node.Owns(dispatch.QueueName(ep.AccountID, ep.ID)); owns {
			owner = n
		} else {
			other = n
		}
	}
	return owner, other
}

// A rate limit holds over all nodes, and is used up to the full, wherever events
// are published.
func TestRateLimitAcrossNodes(t *testing.T) {
	for _, limit := range []float64{1, 10, 500} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			inCluster(t, three, func(t *testing.T, c *cluster) {
				got := answer(200)
				c.net.at(receiver, got.ServeHTTP)
				c.endpoint(receiver, limited(limit))
				const events = 120
				for i := range events {
					c.nodes[i%3].publish("a")
				}
				takes := time.Duration(events / limit * float64(time.Second))
				sleep(takes + takes/10 + 6*time.Second)
				calls := got.times()
				checkSpacing(t, calls, time.Duration(float64(time.Second)/limit))
				checkWindows(t, calls, max(1, int(limit)))
				got.once(t, events)
				if took := calls[len(calls)-1].Sub(calls[0]); took > takes+takes/10+5*time.Second {
					t.Errorf("it took %s; want about %s", took, takes)
				}
			})
		})
	}
}

// Retries that another node has claimed, and what is recovered or retried by
// hand there, are sent by the owner.
func TestRateLimitRetriesAcrossNodes(t *testing.T) {
	inCluster(t, three, func(t *testing.T, c *cluster) {
		got := answer(500)
		c.net.at(receiver, got.ServeHTTP)
		ep := c.endpoint(receiver, limited(2))
		_, other := c.owner(ep)
		for range 10 {
			other.publish("a")
		}
		sleep(time.Minute)
		got.each(t, 10, 2)
		l, err := other.e.Deliveries(t.Context(), c.account.ID, engine.DeliveryFilter{Status: ringback.DeliveryFailed}, engine.Paging{Limit: engine.MaxLimit})
		if err != nil || len(l.Items) != 10 {
			t.Fatalf("%d have failed, %v", len(l.Items), err)
		}
		for _, d := range l.Items {
			if _, err := other.e.RetryDelivery(t.Context(), c.account.ID, d.ID); err != nil {
				t.Fatal(err)
			}
		}
		sleep(20 * time.Second)
		got.each(t, 10, 3)
		checkSpacing(t, got.times(), time.Second/2)
	})
}

// A rate limit holds while nodes come, leave, are cut off and come back.
func TestRateLimitWhileNodesComeAndGo(t *testing.T) {
	for _, limit := range []float64{1, 10} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			inCluster(t, three, func(t *testing.T, c *cluster) {
				endpoints, receivers := make([]*ringback.Endpoint, 10), make([]*answers, 10)
				for i := range endpoints {
					url := fmt.Sprintf("https://r%d.example/", i)
					receivers[i] = answer(200)
					c.net.at(url, receivers[i].ServeHTTP)
					endpoints[i] = c.endpoint(url, limited(limit))
				}
				published := 0
				publish := func(seconds int) {
					for range seconds {
						for i := range max(1, int(limit)*9/10) {
							for j := range c.nodes {
								if n := c.nodes[(i+j)%len(c.nodes)]; !n.store.isBroken() {
									n.publish("a")
									published++
									break
								}
							}
						}
						sleep(time.Second)
					}
				}
				drop := func(n *clusterNode) { // it is not published at any more
					for i, have := range c.nodes {
						if have == n {
							c.nodes = append(c.nodes[:i:i], c.nodes[i+1:]...)
						}
					}
				}
				publish(3)
				c.add(t, c.net, time.Hour)
				publish(7)
				owner, _ := c.owner(endpoints[0])
				owner.stop()
				drop(owner)
				publish(5)
				owner, _ = c.owner(endpoints[1])
				owner.cut(true)
				publish(12)
				owner.cut(false)
				publish(8)
				c.add(t, c.net, 0)
				publish(1)
				owner, _ = c.owner(endpoints[2])
				owner.stop()
				drop(owner)
				publish(8)
				sleep(time.Minute)
				if limit == 1 {
					sleep(time.Minute)
				}
				for _, a := range receivers {
					calls := a.times()
					checkSpacing(t, calls, time.Duration(float64(time.Second)/limit))
					checkWindows(t, calls, max(1, int(limit)))
					// The last attempt before it was cut off could not be recorded.
					if len(a.ids) != published || len(calls) > published+1 {
						t.Errorf("%d of %d arrived, in %d calls", len(a.ids), published, len(calls))
					}
				}
			})
		})
	}
}
