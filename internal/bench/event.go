package bench

import (
	"bytes"
	"strconv"
)

// Types of what is published.
const (
	eventType = "bench.event"
	stuckType = "bench.stuck"
	jobType   = "bench"
)

// dataBytes is the length of an event's data.
const dataBytes = 512

// appendData appends an event's data: its number, when it was (or was to be)
// sent in microseconds since 1970, and as much filling as makes dataBytes. Its
// members are in the order that stable JSON has, so that they come back as they
// are.
func appendData(dst []byte, n int, at int64) []byte {
	begin := len(dst)
	dst = append(dst, `{"n":`...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	dst = append(dst, `,"at":`...)
	dst = strconv.AppendInt(dst, at, 10)
	dst = append(dst, `,"fill":"`...)
	for len(dst)-begin < dataBytes-2 {
		dst = append(dst, filling[:min(len(filling), dataBytes-2-(len(dst)-begin))]...)
	}
	return append(dst, `"}`...)
}

const filling = "The quick brown fox jumps over the lazy dog. 0123456789 "

// appendEvent appends the body that publishes an event.
func appendEvent(dst []byte, eventType string, n int, at int64) []byte {
	dst = append(dst, `{"type":"`...)
	dst = append(dst, eventType...)
	dst = append(dst, `","data":`...)
	dst = appendData(dst, n, at)
	return append(dst, '}')
}

// readNumber finds a number by the text before it, in a body that appendData's
// members are part of.
func readNumber(body []byte, before string) (int64, bool) {
	i := bytes.Index(body, []byte(before))
	if i < 0 {
		return 0, false
	}
	rest := body[i+len(before):]
	end := 0
	var n int64
	for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' && end < 19 {
		n = n*10 + int64(rest[end]-'0')
		end++
	}
	return n, end > 0
}

const (
	beforeNumber = `"n":`
	beforeTime   = `"at":`
)
