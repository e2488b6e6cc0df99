package columns

import (
	"encoding/json"
	"time"
)

// EncodeSchedule gives a JSON array of microseconds; it keeps nil (the profile's)
// apart from empty (no retry).
func EncodeSchedule(schedule []time.Duration) (*string, error) {
	if schedule == nil {
		return nil, nil
	}
	text, err := json.Marshal(ScheduleMicros(schedule))
	s := string(text)
	return &s, err
}

// DecodeSchedule is the inverse of EncodeSchedule.
func DecodeSchedule(text []byte) ([]time.Duration, error) {
	if text == nil {
		return nil, nil
	}
	var delays []int64
	err := json.Unmarshal(text, &delays)
	return ScheduleOf(delays), err
}

// ScheduleMicros gives delays in microseconds; nil stays nil.
func ScheduleMicros(schedule []time.Duration) []int64 {
	if schedule == nil {
		return nil
	}
	delays := make([]int64, len(schedule))
	for i, d := range schedule {
		delays[i] = d.Microseconds()
	}
	return delays
}

// ScheduleOf is the inverse of ScheduleMicros.
func ScheduleOf(delays []int64) []time.Duration {
	if delays == nil {
		return nil
	}
	schedule := make([]time.Duration, len(delays))
	for i, d := range delays {
		schedule[i] = FromDuration(d)
	}
	return schedule
}
