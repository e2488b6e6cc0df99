package engine

import (
	lists "container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ringback/ringback/internal/schema"
	"github.com/ringback/ringback/internal/store"
)

// maxSchemaBytes bounds the memory of compiled schemas, as they estimate it;
// past it the one that was used longest ago is dropped.
const maxSchemaBytes = 64 << 20

// schemaCache keeps compiled schemas of event types. Those that change are kept
// under another time, so that nothing need be forgotten: what is old is not
// asked for any more.
type schemaCache struct {
	store store.Store
	limit int // bytes

	mu     sync.Mutex
	byKey  map[schemaKey]*lists.Element // of *cachedSchema
	recent *lists.List                  // the one used last first
	weight int
}

type schemaKey struct {
	owner, name string
	updatedAt   time.Time
}

type cachedSchema struct {
	key    schemaKey
	weight int // guarded by the cache's mu

	mu       sync.Mutex // held while it is being compiled
	compiled *schema.Schema
}

func newSchemaCache(s store.Store) *schemaCache {
	return &schemaCache{store: s, limit: maxSchemaBytes, byKey: make(map[schemaKey]*lists.Element), recent: lists.New()}
}

// get gives a compiled schema; nil if the event type has none any more.
func (c *schemaCache) get(ctx context.Context, key schemaKey) (*schema.Schema, error) {
	s := c.entry(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.compiled != nil {
		return s.compiled, nil
	}
	t, err := c.store.EventType(ctx, key.owner, key.name)
	if errors.Is(err, store.ErrNotFound) || err == nil && t.Schema == nil {
		return nil, nil // changed this moment
	}
	if err != nil {
		return nil, unavailable(err)
	}
	if s.compiled, err = schema.Compile(t.Schema); err != nil {
		return nil, fmt.Errorf("the schema of the event type %s of %q, which was checked when it was saved: %w", key.name, key.owner, err)
	}
	c.weigh(s, s.compiled.Weight())
	return s.compiled, nil
}

func (c *schemaCache) entry(key schemaKey) *cachedSchema {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byKey[key]; e != nil {
		c.recent.MoveToFront(e)
		return e.Value.(*cachedSchema) //nolint:errcheck,forcetypeassert // the list holds nothing else
	}
	s := &cachedSchema{key: key}
	c.byKey[key] = c.recent.PushFront(s)
	return s
}

// weigh notes what a schema weighs, and makes room for it.
func (c *schemaCache) weigh(s *cachedSchema, weight int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byKey[s.key]; e == nil || e.Value != any(s) {
		return // dropped while it was being compiled, and perhaps asked for anew
	}
	c.weight += weight - s.weight
	s.weight = weight
	for c.weight > c.limit && c.recent.Len() > 1 {
		last := c.recent.Back()
		old := c.recent.Remove(last).(*cachedSchema) //nolint:errcheck,forcetypeassert // the list holds nothing else
		delete(c.byKey, old.key)
		c.weight -= old.weight
	}
}
