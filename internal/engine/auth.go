package engine

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ringback/ringback/internal/nodes"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// keyPrefix leads the text of every generated API key.
const keyPrefix = "rb_"

// NewKeyText makes the text of a new key: 160 random bits.
func NewKeyText() string {
	var raw [20]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the program instead
	return keyPrefix + strings.ToLower(base32.StdEncoding.EncodeToString(raw[:]))
}

// HashKey is how a key is stored. Keys are random and long, so that one round
// of SHA-256 keeps them safe, and looking one up by its hash tells nothing of
// it through timing: what is compared is not under the caller's control.
func HashKey(text string) [32]byte { return sha256.Sum256([]byte(text)) }

// Authenticate finds the key with that text, or gives CodeUnauthorized.
func (e *Engine) Authenticate(ctx context.Context, text string) (*ringback.Key, error) {
	hash := HashKey(text)
	if k := e.keys.get(hash); k != nil {
		return k, nil
	}
	changes, read := e.keys.version(), time.Now()
	k, err := e.store.KeyByHash(ctx, hash)
	if errors.Is(err, store.ErrNotFound) {
		e.keys.remove(hash)
		return nil, ringback.Errorf(ringback.CodeUnauthorized, "this API key is not known; keys begin with %q", keyPrefix)
	}
	if err != nil {
		return nil, unavailable(err)
	}
	e.keys.put(hash, k, read, changes)
	return k, nil
}

// keyCache remembers keys that were found, by hash, until any key is deleted, or
// they are old.
type keyCache struct {
	node *nodes.Member

	mu      sync.RWMutex
	keys    map[[32]byte]cachedKey
	changes uint64
}

type cachedKey struct {
	*ringback.Key

	read time.Time
}

const maxCachedKeys = 10_000

func newKeyCache(n *nodes.Member) *keyCache {
	return &keyCache{node: n, keys: make(map[[32]byte]cachedKey)}
}

func (c *keyCache) get(hash [32]byte) *ringback.Key {
	c.mu.RLock()
	defer c.mu.RUnlock()
	k, ok := c.keys[hash]
	if !ok || outdated(c.node, k.read) {
		return nil
	}
	return k.Key
}

func (c *keyCache) version() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.changes
}

// put keeps a key, unless something changed since it was read.
func (c *keyCache) put(hash [32]byte, k *ringback.Key, read time.Time, version uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, known := c.keys[hash]
	if c.changes == version && (known || len(c.keys) < maxCachedKeys) {
		c.keys[hash] = cachedKey{k, read}
	}
}

func (c *keyCache) remove(hash [32]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.keys, hash)
}

func (c *keyCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	clear(c.keys)
}

// CreateKeyParams describes a new key. AccountID "" makes an operator's key;
// Scopes nil means the default ones.
type CreateKeyParams struct {
	AccountID string
	Name      string
	Scopes    []string
}

// CreateKey makes a key and gives its text, which is kept nowhere.
func (e *Engine) CreateKey(ctx context.Context, p CreateKeyParams) (*ringback.Key, string, error) {
	if err := checkName(p.Name, true); err != nil {
		return nil, "", err
	}
	if p.AccountID != "" {
		if _, err := e.Account(ctx, p.AccountID); err != nil {
			if ringback.CodeOf(err) == ringback.CodeNotFound {
				return nil, "", ringback.Invalid("account_id", "there is no account %q", p.AccountID)
			}
			return nil, "", err
		}
	}
	scopes, err := checkScopes(p.Scopes, p.AccountID == "")
	if err != nil {
		return nil, "", err
	}
	at := e.now()
	k := &ringback.Key{
		ID: ringback.NewID(ringback.PrefixKey, at), AccountID: p.AccountID,
		Name: p.Name, Scopes: scopes, CreatedAt: at,
	}
	text := NewKeyText()
	if err := e.store.InsertKey(ctx, k, HashKey(text)); err != nil {
		return nil, "", unavailable(err)
	}
	return k, text, nil
}

func checkScopes(names []string, operator bool) ([]ringback.Scope, error) {
	if names == nil {
		return ringback.DefaultScopes(operator), nil
	}
	scopes := make([]ringback.Scope, 0, len(names))
	for _, name := range names {
		s := ringback.Scope(name)
		if !slices.Contains(ringback.Scopes(), s) {
			return nil, ringback.Invalid("scopes", "%q is not a scope; those are %v", name, ringback.Scopes())
		}
		if !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	return scopes, nil
}

// Key gives one key.
func (e *Engine) Key(ctx context.Context, id string) (*ringback.Key, error) {
	if !ringback.ValidID(ringback.PrefixKey, id) {
		return nil, ringback.NotFound("key", id)
	}
	k, err := e.store.Key(ctx, id)
	return k, found(err, "key", id)
}

// Keys lists the keys of an account, or all with "".
func (e *Engine) Keys(ctx context.Context, accountID string, p Paging) (*List[ringback.Key], error) {
	page, err := p.page(isID(ringback.PrefixKey))
	if err != nil {
		return nil, err
	}
	ctx, cancel := listing(ctx)
	defer cancel()
	keys, err := e.store.ListKeys(ctx, accountID, page)
	if err != nil {
		return nil, listFailed(ctx, err)
	}
	return list(keys, p.Limit, func(k *ringback.Key) string { return k.ID }), nil
}

// DeleteKey makes a key invalid at once.
func (e *Engine) DeleteKey(ctx context.Context, id string) error {
	if !ringback.ValidID(ringback.PrefixKey, id) {
		return ringback.NotFound("key", id)
	}
	err := e.store.DeleteKey(ctx, id)
	e.keys.clear()
	return found(err, "key", id)
}

// EnsureKey makes sure that a key with this text exists under this id, and that
// no other text is valid for it: how keys that are configured, rather than
// made by CreateKey, come to be. If another key has that text it is
// store.ErrExists.
func (e *Engine) EnsureKey(ctx context.Context, k *ringback.Key, text string) error {
	if k.CreatedAt.IsZero() {
		k.CreatedAt = e.now()
	}
	err := e.store.InsertKey(ctx, k, HashKey(text))
	e.keys.clear()
	if errors.Is(err, store.ErrExists) {
		return err
	}
	return unavailable(err)
}
