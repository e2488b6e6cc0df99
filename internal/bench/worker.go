package bench

import (
	"encoding/json"
	"fmt"
	"sync"
)

// completers is how many completions of a worker's batch are under way at once.
const completers = 4

// worker leases jobs in batches and completes them until all are done.
func (c *campaign) worker() {
	var link conn
	defer link.close()
	lease := post(c.Addr, "/v1/jobs/lease", c.OperatorKey)
	ask := fmt.Appendf(nil, `{"types":["%s"],"max":%d,"wait_seconds":1,"lease_seconds":60}`, jobType, c.Lease)
	links := make([]conn, completers)
	defer func() {
		for i := range links {
			links[i].close()
		}
	}()
	for !c.stopping.Load() && c.completed.Load() < int64(c.Events) {
		a, err := link.do(lease, ask)
		if err == nil && a.status != 200 {
			err = fmt.Errorf("a lease was answered with %d: %.300s", a.status, a.body)
		}
		var leased leases
		if err == nil {
			err = json.Unmarshal(a.body, &leased)
		}
		if err != nil {
			c.fail(err)
			return
		}
		c.completeAll(links, leased.Jobs)
	}
	if c.completed.Load() >= int64(c.Events) {
		c.done.Store(true)
	}
}

type leases struct {
	Jobs []leasedJob `json:"jobs"`
}

type leasedJob struct {
	ID         string          `json:"id"`
	LeaseToken string          `json:"lease_token"`
	Input      json.RawMessage `json:"input"`
}

// completeAll completes a batch over the connections.
func (c *campaign) completeAll(links []conn, jobs []leasedJob) {
	var all sync.WaitGroup
	for i := range links {
		all.Go(func() {
			var body []byte
			for j := i; j < len(jobs); j += len(links) {
				job := &jobs[j]
				body = append(body[:0], `{"lease_token":"`...)
				body = append(body, job.LeaseToken...)
				body = append(body, `","result":`...)
				body = append(body, job.Input...)
				body = append(body, '}')
				a, err := links[i].do(post(c.Addr, "/v1/jobs/"+job.ID+"/complete", c.OperatorKey), body)
				if err == nil && a.status != 200 {
					err = fmt.Errorf("a completion was answered with %d: %.300s", a.status, a.body)
				}
				if err != nil {
					c.fail(err)
					return
				}
				c.completed.Add(1)
			}
		})
	}
	all.Wait()
}
