package bench

import (
	"math"
	"slices"
)

// median gives the middle value, or the mean of the two in the middle; NaN of
// none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

// percentile gives the smallest value that the part p of all does not exceed
// (nearest rank); 0 of none.
func percentile[T int32 | float64](sorted []T, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p * float64(len(sorted))))
	return float64(sorted[min(max(rank, 1), len(sorted))-1])
}

// bucketBounds are the upper bounds of a histogram of latencies, in
// milliseconds; above the last there is one bucket more.
var bucketBounds = []float64{0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192}

// bucketOf finds the bucket of a latency.
func bucketOf(ms float64) int {
	i, _ := slices.BinarySearch(bucketBounds, ms)
	return i
}

func minOf(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	return slices.Min(values)
}

func maxOf(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	return slices.Max(values)
}
