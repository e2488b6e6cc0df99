package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// Keys are the first account and keys of a store. In production they are shown
// at the first start alone; members are empty after that.
type Keys struct {
	APIKey      string `json:"api_key,omitempty"`
	OperatorKey string `json:"operator_key,omitempty"`
	AccountID   string `json:"account_id,omitempty"`
}

// Names of the store's settings about the first account and keys.
const (
	settingFirst       = "first_keys"       // firstIDs
	settingAnnounced   = "first_keys_shown" // shownYes once they were
	settingEnvOperator = "env_operator_key" // the id of the key that RINGBACK_OPERATOR_KEY sets
)

// firstIDs names what the first start makes. They are settled before anything
// is made, so that a start that was cut off is taken up by the next one.
type firstIDs struct {
	Account  string `json:"account"`
	APIKey   string `json:"api_key"`
	Operator string `json:"operator"`
}

// lockKeys is held by the node that makes the first keys.
const lockKeys = "first keys"

// firstKeys makes sure that there is an account, a key of it and an operator's
// key, and gives what may be shown: of several nodes that start at once, by one.
func (s *Server) firstKeys(ctx context.Context) (keys Keys, err error) {
	err = s.store.WithLock(ctx, lockKeys, false, func(ctx context.Context) (err error) {
		keys, err = s.makeFirstKeys(ctx)
		return err
	})
	return keys, err
}

func (s *Server) makeFirstKeys(ctx context.Context) (Keys, error) {
	if err := s.ensureAccount(ctx, ringback.OperatorAccountID, "operator"); err != nil {
		return Keys{}, err
	}
	if err := s.ensureConfiguredOperator(ctx); err != nil {
		return Keys{}, err
	}
	shown, err := s.store.Setting(ctx, settingAnnounced)
	if err != nil {
		return Keys{}, err
	}
	if (shown == shownYes || s.shownByOther(shown)) && !s.config.Dev {
		return Keys{}, nil
	}
	if s.node.Shared() && shown != shownYes {
		showing := shownBy + strconv.FormatInt(s.node.Epoch(), 10)
		if err := s.store.PutSetting(ctx, settingAnnounced, showing); err != nil {
			return Keys{}, err
		}
	}
	ids, err := s.firstIDs(ctx)
	if err != nil {
		return Keys{}, err
	}
	if s.config.Dev && shown != "" {
		if ids, err = s.otherDevKeys(ctx, ids); err != nil {
			return Keys{}, err
		}
	}
	keys := Keys{APIKey: engine.NewKeyText(), OperatorKey: engine.NewKeyText(), AccountID: ids.Account}
	if s.config.Dev {
		if keys, err = s.devKeys(keys); err != nil {
			return Keys{}, err
		}
	}
	if err := s.ensureAccount(ctx, ids.Account, "default"); err != nil {
		return Keys{}, err
	}
	api := &ringback.Key{ID: ids.APIKey, AccountID: ids.Account, Name: "first key", Scopes: ringback.DefaultScopes(false), CreatedAt: s.node.Now()}
	if err := s.engine.EnsureKey(ctx, api, keys.APIKey); err != nil {
		return Keys{}, err
	}
	if s.config.OperatorKey != "" {
		keys.OperatorKey = s.config.OperatorKey
		return keys, nil
	}
	operator := &ringback.Key{ID: ids.Operator, Name: "first operator key", Scopes: ringback.DefaultScopes(true), CreatedAt: s.node.Now()}
	return keys, s.engine.EnsureKey(ctx, operator, keys.OperatorKey)
}

// Values of settingAnnounced: shownYes, or shownBy and the epoch of the node that
// is about to show the keys. If that one is gone they were never seen.
const (
	shownYes = "yes"
	shownBy  = "by "
)

// shownByOther says whether another node that lives is about to show the keys.
func (s *Server) shownByOther(shown string) bool {
	text, ok := strings.CutPrefix(shown, shownBy)
	epoch, err := strconv.ParseInt(text, 10, 64)
	return ok && err == nil && epoch != s.node.Epoch() && s.node.Lives(epoch)
}

// warnWithoutOperator says so if nobody can act as the operator: the configured
// key was the only one, and is configured no longer.
func (s *Server) warnWithoutOperator(ctx context.Context) error {
	page := store.Page{Limit: 200}
	for {
		keys, err := s.store.ListKeys(ctx, "", page)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if k.Operator() {
				return nil
			}
		}
		if len(keys) < page.Limit {
			s.config.Log.Warn("there is no operator's key; set RINGBACK_OPERATOR_KEY to have one")
			return nil
		}
		page.Before = keys[len(keys)-1].ID
	}
}

// Announced says that the keys were shown: the next start does not show them.
func (s *Server) Announced(ctx context.Context) error {
	return s.store.PutSetting(ctx, settingAnnounced, shownYes)
}

func (s *Server) firstIDs(ctx context.Context) (ids firstIDs, err error) {
	text, err := s.store.Setting(ctx, settingFirst)
	if err != nil {
		return ids, err
	}
	if text != "" {
		return ids, json.Unmarshal([]byte(text), &ids)
	}
	at := s.node.Now()
	ids = firstIDs{
		Account:  ringback.NewID(ringback.PrefixAccount, at),
		APIKey:   ringback.NewID(ringback.PrefixKey, at),
		Operator: ringback.NewID(ringback.PrefixKey, at),
	}
	return ids, s.putFirstIDs(ctx, ids)
}

func (s *Server) putFirstIDs(ctx context.Context, ids firstIDs) error {
	raw, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	return s.store.PutSetting(ctx, settingFirst, string(raw))
}

func (s *Server) ensureAccount(ctx context.Context, id, name string) error {
	_, err := s.store.Account(ctx, id)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	at := s.node.Now().UTC().Truncate(time.Microsecond)
	return s.store.InsertAccount(ctx, &ringback.Account{
		ID: id, Name: name, CallbackProfile: ringback.DefaultCallbackProfile,
		Secret: webhook.GenerateSecret(), CallbackSignature: ringback.SignatureV1, CreatedAt: at, UpdatedAt: at,
	})
}

// minOperatorKey is the shortest operator's key that may be configured.
const minOperatorKey = 16

// ensureConfiguredOperator makes the configured operator's key the only one of
// its kind: a former value no longer works, nor does any once none is
// configured.
func (s *Server) ensureConfiguredOperator(ctx context.Context) error {
	id, err := s.store.Setting(ctx, settingEnvOperator)
	if err != nil {
		return err
	}
	text := s.config.OperatorKey
	if text == "" {
		return s.dropConfiguredOperator(ctx, id)
	}
	if len(text) < minOperatorKey || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("RINGBACK_OPERATOR_KEY: an operator's key has at least %d visible ASCII characters without spaces", minOperatorKey)
	}
	if given, err := s.store.KeyByHash(ctx, engine.HashKey(text)); err == nil && given.ID != id {
		// A key that was made here before: it is valid as it is.
		if !given.Operator() {
			return fmt.Errorf("RINGBACK_OPERATOR_KEY: this is the key of the account %s; an operator's key is another one", given.AccountID)
		}
		return s.dropConfiguredOperator(ctx, id)
	}
	if id == "" {
		id = ringback.NewID(ringback.PrefixKey, s.node.Now())
		if err := s.store.PutSetting(ctx, settingEnvOperator, id); err != nil {
			return err
		}
	}
	return s.engine.EnsureKey(ctx, &ringback.Key{
		ID: id, Name: "RINGBACK_OPERATOR_KEY", Scopes: ringback.DefaultScopes(true), CreatedAt: s.node.Now(),
	}, text)
}

// dropConfiguredOperator makes the key that was configured before invalid.
func (s *Server) dropConfiguredOperator(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	if err := s.store.DeleteKey(ctx, id); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

// otherDevKeys names new keys if the present ones were shown, but are not in
// dev.json: they are somebody's, of `ringback server` for example, and stay.
func (s *Server) otherDevKeys(ctx context.Context, ids firstIDs) (firstIDs, error) {
	_, err := os.Stat(s.devPath())
	if !errors.Is(err, os.ErrNotExist) {
		return ids, err
	}
	at := s.node.Now()
	ids.APIKey, ids.Operator = ringback.NewID(ringback.PrefixKey, at), ringback.NewID(ringback.PrefixKey, at)
	s.config.Log.Info("these are new keys beside those that this folder has already", "account", ids.Account)
	return ids, s.putFirstIDs(ctx, ids)
}

// devFile is what DIR/dev.json holds: the keys of `ringback dev`, and where the
// server last listened, for commands in the same folder.
type devFile struct {
	URL string `json:"url,omitempty"`
	Keys
}

func (s *Server) devPath() string { return filepath.Join(s.config.Dir, "dev.json") }

// devKeys keeps the keys of `ringback dev` in DIR/dev.json, so that they are
// the same at every start: those in the file, or the fresh ones, which are
// written there.
func (s *Server) devKeys(fresh Keys) (Keys, error) {
	path := s.devPath()
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return Keys{}, err
	default:
		var kept Keys
		if err := json.Unmarshal(raw, &kept); err != nil || kept.APIKey == "" || kept.OperatorKey == "" {
			return Keys{}, fmt.Errorf("%s does not hold the two keys; delete it to get new ones", path)
		}
		kept.AccountID = fresh.AccountID
		return kept, nil
	}
	return fresh, writeDev(path, devFile{Keys: fresh})
}

// keepURL adds to dev.json where the server listens, with the port that was
// chosen. The keys stay as the file has them: the operator's may be configured
// for this start alone.
func (s *Server) keepURL() error {
	path := s.devPath()
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var kept devFile
	if err := json.Unmarshal(raw, &kept); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	url := s.localURL()
	if kept.URL == url {
		return nil
	}
	kept.URL = url
	return writeDev(path, kept)
}

// localURL is how a program on this machine reaches the server: one that listens
// on all addresses also does on the loopback one.
func (s *Server) localURL() string {
	tcp, ok := s.api.listener.Addr().(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return s.URL()
	}
	return "http://127.0.0.1:" + strconv.Itoa(tcp.Port)
}

func writeDev(path string, d devFile) error {
	raw, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return writeDurably(path, append(raw, '\n'))
}

// writeDurably writes a file that only its owner may read, whole or not at all.
func writeDurably(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone after the rename
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
