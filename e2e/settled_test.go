package e2e

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

// inFlightLimit is the most requests that a node has under way to one
// destination; its crash can repeat no more than those.
const inFlightLimit = 128

// shownDelivery is what lists and looks show of a delivery.
type shownDelivery struct {
	ID           string `json:"id"`
	EventID      string `json:"event_id"`
	Status       string `json:"status"`
	AttemptCount int    `json:"attempt_count"`
	Attempts     []struct {
		Number     int    `json:"number"`
		StatusCode int    `json:"status_code"`
		Error      string `json:"error"`
	} `json:"attempts"`
}

// crash is what may have been repeated.
type crash struct {
	at    time.Time
	nodes int // that were killed or cut off; 0 = nothing may arrive twice
}

// settled fails the test unless everything that was accepted arrived, no more
// of it twice than the crash explains, and the store tells the same.
func (c *cluster) settled(l *traffic, after crash) {
	c.t.Helper()
	for _, cu := range c.customers {
		accepted := l.of(cu.id)
		eventually(c.t, 30*time.Second, "every accepted event arrived", func() bool { return cu.receiver.has(accepted) })
		cu.receiver.check(c.t)
		if got := cu.receiver.count(); got != len(accepted) {
			c.t.Errorf("%d different events arrived; %d were accepted", got, len(accepted))
		}
	}
	for i := range c.nodes {
		c.nothingPending(i)
	}
	for i, cu := range c.customers {
		cu.receiver.checkDuplicates(c.t, after)
		// Any node tells the same.
		c.checkRows(c.nodes[i%len(c.nodes)].process, cu, l.of(cu.id))
	}
}

// nothingPending waits until no account has a delivery that is pending.
func (c *cluster) nothingPending(node int) {
	c.t.Helper()
	p := c.nodes[node].process
	accounts := []string{"operator"}
	for _, a := range list[struct {
		ID string `json:"id"`
	}](p, "/v1/accounts", c.operator) {
		accounts = append(accounts, a.ID)
	}
	for _, account := range accounts {
		eventually(c.t, 30*time.Second, "no delivery is pending", func() bool {
			var page struct {
				Items []shownDelivery `json:"items"`
			}
			status := p.call(http.MethodGet, "/v1/deliveries?status=pending", c.operator, nil, &page, "Ringback-Account", account)
			return status == http.StatusOK && len(page.Items) == 0
		})
	}
}

// checkRows compares the events and deliveries of an account with what its
// receiver got.
func (c *cluster) checkRows(p *process, cu *customer, accepted []string) {
	c.t.Helper()
	header := []string{"Ringback-Account", cu.id}
	events := make(map[string]bool)
	for _, e := range list[struct {
		ID string `json:"id"`
	}](p, "/v1/events", c.operator, header...) {
		events[e.ID] = true
	}
	for _, id := range accepted {
		if !events[id] {
			c.t.Errorf("accepted event %s is not in the store", id)
		}
	}
	if len(events) != len(accepted) {
		c.t.Errorf("%d events in the store; %d were accepted", len(events), len(accepted))
	}
	deliveries := make(map[string]int)
	looks := 20 // at deliveries that arrived once
	for _, d := range list[shownDelivery](p, "/v1/deliveries", c.operator, header...) {
		deliveries[d.EventID]++
		arrived := cu.receiver.times(d.EventID)
		if d.Status != "delivered" || d.AttemptCount < 1 || d.AttemptCount > arrived {
			c.t.Errorf("%s arrived %d times: %+v", d.EventID, arrived, d)
		}
		if arrived > 1 || looks > 0 {
			looks--
			c.checkAttempts(p, d, header)
		}
	}
	for id := range events {
		if deliveries[id] != 1 {
			c.t.Errorf("event %s has %d deliveries", id, deliveries[id])
		}
	}
}

// checkAttempts compares a delivery's counter with its attempts.
func (c *cluster) checkAttempts(p *process, listed shownDelivery, header []string) {
	c.t.Helper()
	var d shownDelivery
	if status := p.call(http.MethodGet, "/v1/deliveries/"+listed.ID, c.operator, nil, &d, header...); status != http.StatusOK {
		c.t.Errorf("looking at %s: status %d", listed.ID, status)
		return
	}
	if d.AttemptCount != listed.AttemptCount || len(d.Attempts) != d.AttemptCount {
		c.t.Errorf("%d attempts in the list, %d counted, %d kept: %+v", listed.AttemptCount, d.AttemptCount, len(d.Attempts), d)
		return
	}
	for i, a := range d.Attempts {
		if a.Number != i+1 {
			c.t.Errorf("attempt %d has the number %d: %+v", i+1, a.Number, d)
		}
	}
	if last := d.Attempts[len(d.Attempts)-1]; last.StatusCode != http.StatusOK {
		c.t.Errorf("delivered without the receiver's yes: %+v", d)
	}
}

// list reads all pages of a list.
func list[Item any](p *process, path, key string, headers ...string) (items []Item) {
	p.t.Helper()
	query := url.Values{"limit": {"200"}}
	for {
		var page struct {
			Items []Item `json:"items"`
			Next  string `json:"next_cursor"`
		}
		if status := p.call(http.MethodGet, path+"?"+query.Encode(), key, nil, &page, headers...); status != http.StatusOK {
			p.t.Fatalf("reading %s: status %d", path, status)
		}
		items = append(items, page.Items...)
		if page.Next == "" {
			return items
		}
		query.Set("cursor", page.Next)
	}
}

// has says whether all these events arrived.
func (r *receiver) has(events []string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range events {
		if len(r.arrived[message(id)]) == 0 {
			return false
		}
	}
	return true
}

// times gives how often an event arrived.
func (r *receiver) times(event string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.arrived[message(event)])
}

// checkDuplicates fails if more arrived twice than was in flight at the crash,
// or something that arrived long before it.
func (r *receiver) checkDuplicates(t *testing.T, after crash) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	twice := 0
	for id, times := range r.arrived {
		if len(times) == 1 {
			continue
		}
		twice++
		if early := after.at.Sub(times[0]); early > 5*time.Second {
			t.Errorf("%s arrived %s before the crash and again", id, early)
		}
		if len(times) > 2 {
			t.Errorf("%s arrived %d times", id, len(times))
		}
	}
	if most := after.nodes * inFlightLimit; twice > most {
		t.Errorf("%d events arrived twice; at most %d were in flight", twice, most)
	}
	t.Logf("%d events, %d arrived twice", len(r.arrived), twice)
}
