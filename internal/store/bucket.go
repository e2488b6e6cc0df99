package store

import "hash/fnv"

// Buckets is the number of parts that accounts are divided into, so that a
// database may spread them over machines.
const Buckets = 256

// BucketOf gives the bucket of an account, 0 to Buckets-1: FNV-1a over the id,
// 32 bits, its four bytes folded by XOR. It must never change: rows are found by
// it.
func BucketOf(accountID string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(accountID)) // never fails
	sum := h.Sum32()
	return int((sum ^ sum>>8 ^ sum>>16 ^ sum>>24) % Buckets)
}
