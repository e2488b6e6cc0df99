package server_test

import (
	"testing"

	"github.com/ringback/ringback/internal/server"
)

// A laptop's server on a folder of `ringback server` makes keys of its own: those
// that were shown before stay valid, and its own are the same at the next start.
func TestDevOnAFolderOfServer(t *testing.T) {
	dir := t.TempDir()
	open := func(dev bool) (*world, server.Keys) {
		t.Helper()
		w := start(t, func(c *server.Config) { c.Dir, c.Dev = dir, dev })
		if err := w.server.Announced(t.Context()); err != nil {
			t.Fatal(err)
		}
		return w, w.server.Keys()
	}
	w, production := open(false)
	w.stop()
	w, laptop := open(true)
	w.stop()
	w, again := open(true)
	if laptop.APIKey == production.APIKey || laptop.AccountID != production.AccountID || again != laptop {
		t.Errorf("keys %+v, then %+v, then %+v", production, laptop, again)
	}
	for _, keys := range []server.Keys{production, laptop} {
		if account, err := w.client(keys.APIKey).GetOwnAccount(t.Context()); err != nil || account.ID != production.AccountID {
			t.Errorf("the API key: %v", err)
		}
		if _, err := w.client(keys.OperatorKey).GetAccount(t.Context(), production.AccountID); err != nil {
			t.Errorf("the operator's key: %v", err)
		}
	}
}
