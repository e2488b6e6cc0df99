package nodes

import "time"

// settleMargin is added to Silence for what may lie between a node's decision
// that it lives and what it does.
const settleMargin = 250 * time.Millisecond

// Owns says whether this node, and no other, is the one that sends to a queue of
// which there must be one: that with the highest score for it among the living.
// No other node has sent anything there since the time, which may be one to come
// and has a monotonic reading.
//
// A node is silent before it is seen to be gone, so that its heir may begin at
// once. A new one is not known to the others at first, and waits until it is, or
// they are silent.
func (m *Member) Owns(queue string) (owns bool, since time.Time) {
	s := m.standing.Load()
	if s.alone {
		return true, time.Time{}
	}
	if s.epoch == 0 {
		return false, time.Time{}
	}
	hash := hashOf(queue)
	own := score(hash, s.epoch)
	for _, epoch := range s.living {
		if epoch != s.epoch && score(hash, epoch) > own {
			return false, time.Time{}
		}
	}
	since = s.settled
	for _, d := range s.departed {
		if score(hash, d.epoch) > own && d.at.After(since) {
			since = d.at
		}
	}
	return true, since
}

// hashOf is FNV-1a, 64 bits.
func hashOf(queue string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(queue) {
		h = (h ^ uint64(queue[i])) * 1099511628211
	}
	return h
}

// score is how much a node is to have a queue (rendezvous hashing). For one
// queue no two nodes have the same: each step can be undone (the finalizer of
// SplitMix64).
func score(hash uint64, epoch int64) uint64 {
	x := hash ^ uint64(epoch)*0x9e3779b97f4a7c15 //nolint:gosec // epochs are positive
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
