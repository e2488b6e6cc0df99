package columns

import (
	"encoding/json"
	"fmt"

	"github.com/ringback/ringback/ringback"
)

// ScanProfile reads a custom profile.
func ScanProfile(row Scanner) (*ringback.CustomProfile, error) {
	var p ringback.CustomProfile
	var definition []byte
	var created, updated int64
	if err := row.Scan(&p.AccountID, &p.Name, &definition, &created, &updated); err != nil {
		return nil, err
	}
	var d profileDefinition
	if err := json.Unmarshal(definition, &d); err != nil {
		return nil, fmt.Errorf("reading profile %s of %q: %w", p.Name, p.AccountID, err)
	}
	p.Shape, p.Header, p.Algorithm, p.Encoding, p.Prefix = d.Shape, d.Header, d.Algorithm, d.Encoding, d.Prefix
	p.Content, p.IncludeResult, p.UserAgent = d.Content, d.IncludeResult, d.UserAgent
	p.RetrySchedule = ScheduleOf(d.RetrySchedule)
	p.CreatedAt, p.UpdatedAt = FromMicros(created), FromMicros(updated)
	return &p, nil
}

// profileDefinition is what a profile's owner chose.
type profileDefinition struct {
	Shape         string  `json:"shape"`
	Header        string  `json:"header"`
	Algorithm     string  `json:"algorithm"`
	Encoding      string  `json:"encoding"`
	Prefix        string  `json:"prefix"`
	Content       string  `json:"content"`
	IncludeResult bool    `json:"include_result"`
	RetrySchedule []int64 `json:"retry_schedule"` // microseconds; null = the default
	UserAgent     string  `json:"user_agent"`
}

// EncodeProfile gives the definition of a profile as ScanProfile reads it: JSON.
func EncodeProfile(p *ringback.CustomProfile) (string, error) {
	text, err := json.Marshal(profileDefinition{
		Shape: p.Shape, Header: p.Header, Algorithm: p.Algorithm, Encoding: p.Encoding, Prefix: p.Prefix,
		Content: p.Content, IncludeResult: p.IncludeResult, UserAgent: p.UserAgent,
		RetrySchedule: ScheduleMicros(p.RetrySchedule),
	})
	return string(text), err
}
