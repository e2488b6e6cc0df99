//go:build race

package storetest

// RaceDetector says that tests run with the race detector, which makes each
// ten times as slow: long ones then do less.
const RaceDetector = true
