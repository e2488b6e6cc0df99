package bench

import (
	"slices"
	"time"

	"github.com/ringback/ringback/webhook"
)

// tally counts what arrives at a number of endpoints.
type tally struct {
	events    int     // numbers of each endpoint
	times     []uint8 // how often each arrived: endpoint · events + number
	verifiers []*webhook.Verifier
	count     arrived
	latencies []int32 // microseconds from sending, of first arrivals
	perSlot   []int32 // first arrivals in each slot since the first
}

// arrived says how much has come so far.
type arrived struct {
	Distinct   int    `json:"distinct"`   // of what is expected
	Duplicates int    `json:"duplicates"` // arrivals beyond the first
	Strangers  int    `json:"strangers"`  // with a number or endpoint that is not expected
	Checked    int    `json:"checked"`    // signatures
	Wrong      int    `json:"wrong"`      // of them
	WrongWhy   string `json:"wrong_why,omitempty"`
	First      int64  `json:"first"` // microseconds since 1970
	Last       int64  `json:"last"`  // the same, of the last first arrival
}

const (
	checkEvery = 100 // one signature of so many is verified
	slot       = 100 * time.Millisecond
	maxSlots   = 1 << 16
)

// add counts one arrival, and says whether its signature is to be verified.
func (t *tally) add(endpoint int, n, at, now int64) (sample bool) {
	if endpoint >= len(t.verifiers) || n >= int64(t.events) {
		t.count.Strangers++
		return false
	}
	i := endpoint*t.events + int(n)
	if t.times[i] < 255 {
		t.times[i]++
	}
	if t.times[i] > 1 {
		t.count.Duplicates++
		return false
	}
	if t.count.Distinct == 0 {
		t.count.First = now
	}
	t.count.Distinct++
	t.count.Last = now
	if at > 0 {
		t.latencies = append(t.latencies, int32(min(max(now-at, 0), 1<<31-1)))
	}
	s := int((now - t.count.First) / slot.Microseconds())
	if s < 0 || s >= maxSlots {
		return n%checkEvery == 0
	}
	for len(t.perSlot) <= s {
		t.perSlot = append(t.perSlot, 0)
	}
	t.perSlot[s]++
	return n%checkEvery == 0
}

// verified notes what became of the signature of a sample.
func (t *tally) verified(err error) {
	t.count.Checked++
	if err != nil {
		t.count.Wrong++
		t.count.WrongWhy = err.Error()
	}
}

// seen gives a bit for each number that arrived, at any endpoint, lowest first.
func (t *tally) seen() []byte {
	bits := make([]byte, (t.events+7)/8)
	for i, times := range t.times {
		if n := i % t.events; times > 0 {
			bits[n/8] |= 1 << (n % 8)
		}
	}
	return bits
}

// arrivals is what is known at the end of a run.
type arrivals struct {
	arrived

	P50     float64   `json:"p50"` // milliseconds from sending to arrival
	P99     float64   `json:"p99"`
	Buckets []int     `json:"buckets"`  // of latencies, see bucketBounds
	PerSlot []float64 `json:"per_slot"` // arrivals a second, in each slot since the first
}

func (t *tally) arrivals() arrivals {
	sorted := slices.Sorted(slices.Values(t.latencies))
	a := arrivals{arrived: t.count, Buckets: make([]int, len(bucketBounds)+1)}
	a.P50, a.P99 = percentile(sorted, 0.50)/1000, percentile(sorted, 0.99)/1000
	for _, us := range sorted {
		a.Buckets[bucketOf(float64(us)/1000)]++
	}
	for _, n := range t.perSlot {
		a.PerSlot = append(a.PerSlot, float64(n)/slot.Seconds())
	}
	return a
}
