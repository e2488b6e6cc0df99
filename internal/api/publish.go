package api

import (
	"context"
	"encoding/json"

	"github.com/ringback/ringback/internal/body"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// publishUsual is publishEvent, as a shortcut.
func (a *API) publishUsual(ctx context.Context, c *call, _ string) (reply, error) {
	p, ok := usualPublication(c.body)
	if !ok {
		return reply{}, errUnusual
	}
	var err error
	if p.Key, err = c.idempotencyKey("events"); err != nil {
		return reply{}, err
	}
	ev, replayed, err := a.engine.PublishEvent(ctx, c.accountID, p)
	if err != nil {
		return reply{}, err
	}
	return reply{eventText(ev), replayed}, nil
}

// usualPublication reads a body in stable form that has no other members than
// those of an event, each of its type and not null.
func usualPublication(stable []byte) (p engine.PublishEventParams, ok bool) {
	for name, value := range body.Members(stable) {
		switch string(name) {
		case "type":
			p.Type, ok = plainString(value)
		case "resource_id":
			p.ResourceID, ok = plainString(value)
		case "data":
			p.Data, ok = json.RawMessage(value), body.IsObject(value)
		default:
			ok = false
		}
		if !ok {
			return p, false
		}
	}
	return p, p.Type != ""
}

// eventText is an event that was published, as JSON.
func eventText(ev *ringback.Event) []byte {
	m := members{make([]byte, 0, 192+len(ev.Type)+len(ev.ResourceID)+len(ev.Data))}
	m.string(`{"id":`, ev.ID)
	m.string(`,"type":`, ev.Type)
	m.stringIfAny(`,"resource_id":`, ev.ResourceID)
	m.rawIfAny(`,"data":`, ev.Data)
	m.time(`,"created_at":`, Instant{ev.CreatedAt})
	return append(m.text, "}\n"...)
}
