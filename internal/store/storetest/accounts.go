package storetest

import (
	"errors"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

func (w *world) newAccount() *ringback.Account {
	id := w.id(ringback.PrefixAccount)
	return &ringback.Account{
		ID: id, Name: "Acme", CallbackProfile: "standard", Secret: "whsec_callback",
		PreviousSecrets:   []ringback.PreviousSecret{{Secret: "older", Until: w.now}, {Secret: "old é", Until: w.tick()}},
		CallbackSignature: "v1a", SigningKey: "whsk_callback",
		PreviousSigningKeys: []ringback.PreviousSecret{{Secret: "whsk_old", Until: w.now}},
		CreatedAt:           w.now, UpdatedAt: w.now,
	}
}

var accountTests = map[string]func(*world){
	"round trip": func(w *world) {
		a := w.newAccount()
		w.check(w.s.InsertAccount(w.ctx(), a))
		got, err := w.s.Account(w.ctx(), a.ID)
		w.check(err)
		w.equal("account", got, a)
	},
	"no secret and zero times": func(w *world) {
		a := &ringback.Account{ID: w.id(ringback.PrefixAccount)}
		w.check(w.s.InsertAccount(w.ctx(), a))
		got, err := w.s.Account(w.ctx(), a.ID)
		w.check(err)
		w.equal("account", got, a)
	},
	"not found": func(w *world) {
		_, err := w.s.Account(w.ctx(), "acc_none")
		w.wantErr(err, store.ErrNotFound)
		_, err = w.s.UpdateAccount(w.ctx(), "acc_none", func(*ringback.Account) error { return nil })
		w.wantErr(err, store.ErrNotFound)
	},
	"same id twice": func(w *world) {
		a := w.newAccount()
		w.check(w.s.InsertAccount(w.ctx(), a))
		if err := w.s.InsertAccount(w.ctx(), a); err == nil {
			w.Fatal("the second was taken")
		}
	},
	"update": func(w *world) {
		a := w.newAccount()
		w.check(w.s.InsertAccount(w.ctx(), a))
		want := *a
		want.Name, want.CallbackProfile, want.Secret, want.UpdatedAt = "B", "github", "other", w.tick()
		want.PreviousSecrets, want.SigningKey, want.CallbackSignature, want.PreviousSigningKeys = nil, "", "v1", nil
		got, err := w.s.UpdateAccount(w.ctx(), a.ID, func(b *ringback.Account) error {
			*b = want
			return nil
		})
		w.check(err)
		w.equal("answer", got, &want)
		got, err = w.s.Account(w.ctx(), a.ID)
		w.check(err)
		w.equal("stored", got, &want)
	},
	"a failed change writes nothing": func(w *world) {
		a := w.newAccount()
		w.check(w.s.InsertAccount(w.ctx(), a))
		refused := errors.New("no")
		_, err := w.s.UpdateAccount(w.ctx(), a.ID, func(b *ringback.Account) error { b.Name = "B"; return refused })
		w.wantErr(err, refused)
		got, err := w.s.Account(w.ctx(), a.ID)
		w.check(err)
		w.equal("account", got, a)
	},
	"list": func(w *world) {
		var want []string
		for range 5 {
			a := w.newAccount()
			w.check(w.s.InsertAccount(w.ctx(), a))
			want = append([]string{a.ID}, want...)
		}
		w.equal("ids", paged(w, 2, func(p store.Page) ([]string, error) {
			got, err := w.s.ListAccounts(w.ctx(), p)
			return ids(got, func(a *ringback.Account) string { return a.ID }), err
		}), want)
	},
	"settings": func(w *world) {
		got, err := w.s.Setting(w.ctx(), "color")
		w.check(err)
		w.equal("unset", got, "")
		w.check(w.s.PutSetting(w.ctx(), "color", "red"))
		w.check(w.s.PutSetting(w.ctx(), "color", "blue"))
		got, err = w.s.Setting(w.ctx(), "color")
		w.check(err)
		w.equal("set", got, "blue")
	},
}

// paged reads a whole list page by page.
func paged(w *world, limit int, list func(store.Page) ([]string, error)) []string {
	w.Helper()
	var whole []string
	p := store.Page{Limit: limit}
	for {
		page, err := list(p)
		w.check(err)
		if len(page) > limit {
			w.Fatalf("a page of %d has %d", limit, len(page))
		}
		whole = append(whole, page...)
		if len(page) < limit {
			return whole
		}
		p.Before = page[len(page)-1]
	}
}
