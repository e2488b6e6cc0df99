package store

// Lease is the number of one hold on a delivery: the epoch of the node that
// holds it, and a count within that. No two holds of a delivery have the same,
// so that what comes of an earlier one is told apart. 0 = no lease.
type Lease int64

// A count has 40 bits: at 100,000 leases a second they last for four months. An
// epoch has the 23 bits above: a start every minute for fifteen years.
const leaseCountBits = 40

// MaxLeaseCount is the last count of an epoch.
const MaxLeaseCount = 1<<leaseCountBits - 1

// NewLease gives the lease with this count (at least 1) of an epoch.
func NewLease(epoch, count int64) Lease { return Lease(epoch<<leaseCountBits | count) }

// Epoch is that of the node that holds the lease.
func (l Lease) Epoch() int64 { return int64(l) >> leaseCountBits }

// LeasesOf gives the first and the last lease that an epoch can have.
func LeasesOf(epoch int64) (first, last Lease) {
	return NewLease(epoch, 0), NewLease(epoch, MaxLeaseCount)
}
