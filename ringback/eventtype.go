package ringback

import (
	"encoding/json"
	"time"
)

// Limits of the catalogue of event types.
const (
	MaxEventTypes  = 1000 // of one owner
	MaxDescription = 1024 // bytes
)

// EventType is an entry of the catalogue: what events of that type are, and what
// their data looks like. Events may have types that are in no catalogue.
type EventType struct {
	AccountID   string // its owner; "" = the operator, and it holds for every account
	Name        string
	Description string
	Schema      json.RawMessage // JSON Schema of published data, in stable form; nil = any
	Archived    bool            // nothing is published under it any more
	CreatedAt   time.Time
	UpdatedAt   time.Time // later than before with every change
}

// OfOperator says whether it is the operator's, and holds for every account
// that has none of its own of the same name.
func (t *EventType) OfOperator() bool { return t.AccountID == "" }
