package storetest

import (
	"crypto/sha256"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

func (w *world) newKey(account string) *ringback.Key {
	id := w.id(ringback.PrefixKey)
	return &ringback.Key{
		ID: id, AccountID: account, Name: "ci", CreatedAt: w.now,
		Scopes: []ringback.Scope{ringback.ScopeJobsRead, ringback.ScopeJobsWrite},
	}
}

var keyTests = map[string]func(*world){
	"round trip": func(w *world) {
		k := w.newKey(w.account)
		hash := sha256.Sum256([]byte("rb_1"))
		w.check(w.s.InsertKey(w.ctx(), k, hash))
		got, err := w.s.KeyByHash(w.ctx(), hash)
		w.check(err)
		w.equal("by hash", got, k)
		got, err = w.s.Key(w.ctx(), k.ID)
		w.check(err)
		w.equal("by id", got, k)
	},
	"not found": func(w *world) {
		_, err := w.s.KeyByHash(w.ctx(), sha256.Sum256(nil))
		w.wantErr(err, store.ErrNotFound)
		_, err = w.s.Key(w.ctx(), "key_none")
		w.wantErr(err, store.ErrNotFound)
		w.wantErr(w.s.DeleteKey(w.ctx(), "key_none"), store.ErrNotFound)
	},
	"replace": func(w *world) {
		k := w.newKey(w.account)
		before, after := sha256.Sum256([]byte("1")), sha256.Sum256([]byte("2"))
		w.check(w.s.InsertKey(w.ctx(), k, before))
		k.Name, k.Scopes, k.AccountID = "other", nil, ""
		w.check(w.s.InsertKey(w.ctx(), k, after))
		_, err := w.s.KeyByHash(w.ctx(), before)
		w.wantErr(err, store.ErrNotFound)
		got, err := w.s.KeyByHash(w.ctx(), after)
		w.check(err)
		w.equal("key", got, k)
	},
	"two keys of one hash": func(w *world) {
		hash := sha256.Sum256([]byte("1"))
		first := w.newKey(w.account)
		w.check(w.s.InsertKey(w.ctx(), first, hash))
		second := w.newKey(w.account)
		w.wantErr(w.s.InsertKey(w.ctx(), second, hash), store.ErrExists)
		w.check(w.s.InsertKey(w.ctx(), second, sha256.Sum256([]byte("2"))))
		w.wantErr(w.s.InsertKey(w.ctx(), second, hash), store.ErrExists) // nor by replacing
		w.check(w.s.InsertKey(w.ctx(), first, hash))                     // its own
		got, err := w.s.KeyByHash(w.ctx(), hash)
		w.check(err)
		w.equal("key", got, first)
		got, err = w.s.KeyByHash(w.ctx(), sha256.Sum256([]byte("2")))
		w.check(err)
		w.equal("key", got, second)
	},
	"delete": func(w *world) {
		k := w.newKey(w.account)
		hash := sha256.Sum256([]byte("1"))
		w.check(w.s.InsertKey(w.ctx(), k, hash))
		w.check(w.s.DeleteKey(w.ctx(), k.ID))
		_, err := w.s.KeyByHash(w.ctx(), hash)
		w.wantErr(err, store.ErrNotFound)
	},
	"list": func(w *world) {
		var mine, every []string
		for i := range 7 {
			account := w.account
			if i%3 == 0 {
				account = ""
			}
			k := w.newKey(account)
			w.check(w.s.InsertKey(w.ctx(), k, sha256.Sum256([]byte{byte(i)})))
			every = append([]string{k.ID}, every...)
			if account != "" {
				mine = append([]string{k.ID}, mine...)
			}
		}
		list := func(account string) func(store.Page) ([]string, error) {
			return func(p store.Page) ([]string, error) {
				got, err := w.s.ListKeys(w.ctx(), account, p)
				return ids(got, func(k *ringback.Key) string { return k.ID }), err
			}
		}
		w.equal("of the account", paged(w, 2, list(w.account)), mine)
		w.equal("all", paged(w, 2, list("")), every)
	},
}
