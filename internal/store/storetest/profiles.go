package storetest

import (
	"errors"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

func (w *world) newProfile(owner, name string) *ringback.CustomProfile {
	return &ringback.CustomProfile{
		AccountID: owner, Name: name, Shape: "raw", Header: "X-Sig", Algorithm: "hmac-sha512", Encoding: "base64",
		Prefix: `sha512="`, Content: "timestamp.body", IncludeResult: true,
		RetrySchedule: []time.Duration{5 * time.Second, 1500 * time.Millisecond}, UserAgent: "Acme/1",
		CreatedAt: w.tick(), UpdatedAt: w.tick(),
	}
}

// insertProfiles makes profiles of an owner.
func (w *world) insertProfiles(owner string, names ...string) {
	w.Helper()
	for _, name := range names {
		w.check(w.s.InsertProfile(w.ctx(), w.newProfile(owner, name), 100))
	}
}

func (w *world) profiles(owner string) []*ringback.CustomProfile {
	w.Helper()
	got, err := w.s.ListProfiles(w.ctx(), owner)
	w.check(err)
	return got
}

func (w *world) profileNames(owner string) []string {
	w.Helper()
	return ids(w.profiles(owner), func(p *ringback.CustomProfile) string { return p.Name })
}

// wantUser checks who has a profile; the zero value stands for nobody.
func (w *world) wantUser(owner, name string, want store.ProfileUser) {
	w.Helper()
	got, err := w.s.ProfileUser(w.ctx(), owner, name)
	if want == (store.ProfileUser{}) {
		w.wantErr(err, store.ErrNotFound)
		return
	}
	w.check(err)
	w.exactly("user", got, want)
}

var profileTests = map[string]func(*world){
	"round trip": func(w *world) {
		for _, owner := range []string{w.account, ""} {
			full, none := w.newProfile(owner, "a"), w.newProfile(owner, "b")
			none.RetrySchedule = []time.Duration{} // no retry, which is not the default
			bare := &ringback.CustomProfile{AccountID: owner, Name: "c"}
			for _, p := range []*ringback.CustomProfile{full, none, bare} {
				w.check(w.s.InsertProfile(w.ctx(), p, 10))
			}
			w.exactly("profiles", w.profiles(owner), []*ringback.CustomProfile{full, none, bare})
		}
	},
	"the same name twice": func(w *world) {
		p := w.newProfile(w.account, "a")
		w.check(w.s.InsertProfile(w.ctx(), p, 1))
		other := w.newProfile(w.account, "a")
		other.Header = "X-Other"
		w.wantErr(w.s.InsertProfile(w.ctx(), other, 1), store.ErrExists)
		w.exactly("the first", w.profiles(w.account), []*ringback.CustomProfile{p})
	},
	"limit": func(w *world) {
		w.insertProfiles(w.account, "a", "b")
		w.wantErr(w.s.InsertProfile(w.ctx(), w.newProfile(w.account, "c"), 2), store.ErrLimit)
		w.check(w.s.InsertProfile(w.ctx(), w.newProfile("", "c"), 2))
		w.equal("names", w.profileNames(w.account), []string{"a", "b"})
	},
	"list": func(w *world) {
		w.insertProfiles(w.account, "b", "a-", "0", "a", "a0")
		w.insertProfiles("", "c")
		w.equal("names", w.profileNames(w.account), []string{"0", "a", "a-", "a0", "b"}) // by bytes
		w.equal("another account's", w.profileNames(w.id(ringback.PrefixAccount)), []string{})
	},
	"update": func(w *world) {
		w.insertProfiles("", "a")
		w.insertProfiles(w.account, "a")
		want := ringback.CustomProfile{Shape: "inkit", Header: "X-New", CreatedAt: w.now, UpdatedAt: w.tick()}
		got, err := w.s.UpdateProfile(w.ctx(), w.account, "a", func(p *ringback.CustomProfile) error {
			*p = want // owner and name stay
			return nil
		})
		w.check(err)
		want.AccountID, want.Name = w.account, "a"
		w.exactly("answer", got, &want)
		w.exactly("stored", w.profiles(w.account), []*ringback.CustomProfile{&want})
		w.equal("the operator's", w.profiles("")[0].Header, "X-Sig")
	},
	"a failed change writes nothing": func(w *world) {
		w.insertProfiles(w.account, "a")
		refused := errors.New("no")
		_, err := w.s.UpdateProfile(w.ctx(), w.account, "a", func(p *ringback.CustomProfile) error {
			p.Header = "X-New"
			return refused
		})
		w.wantErr(err, refused)
		w.equal("header", w.profiles(w.account)[0].Header, "X-Sig")
	},
	"not found": func(w *world) {
		w.insertProfiles("", "operators")
		w.insertProfiles(w.id(ringback.PrefixAccount), "others")
		for _, name := range []string{"none", "operators", "others"} {
			_, err := w.s.UpdateProfile(w.ctx(), w.account, name, func(*ringback.CustomProfile) error { w.Error("called"); return nil })
			w.wantErr(err, store.ErrNotFound)
			w.wantErr(w.s.DeleteProfile(w.ctx(), w.account, name), store.ErrNotFound)
		}
		w.equal("the operator's", w.profileNames(""), []string{"operators"})
	},
	"delete": func(w *world) {
		w.insertProfiles("", "a")
		w.insertProfiles(w.account, "a", "b")
		w.check(w.s.DeleteProfile(w.ctx(), w.account, "a"))
		w.equal("names", w.profileNames(w.account), []string{"b"})
		w.equal("the operator's", w.profileNames(""), []string{"a"})
	},
	"who has an account's": func(w *world) {
		a, other := w.newAccount(), w.newAccount()
		a.CallbackProfile, other.CallbackProfile = "standard", "mine"
		w.check(w.s.InsertAccount(w.ctx(), a))
		w.check(w.s.InsertAccount(w.ctx(), other))
		w.wantUser(a.ID, "mine", store.ProfileUser{})
		w.wantUser(a.ID, "standard", store.ProfileUser{AccountID: a.ID})
		theirs, ours := w.newEndpoint(), w.newEndpoint()
		theirs.AccountID, theirs.Profile = other.ID, "mine"
		ours.AccountID, ours.Profile = a.ID, "mine"
		w.check(w.s.InsertEndpoint(w.ctx(), theirs, 10))
		w.wantUser(a.ID, "mine", store.ProfileUser{})
		w.check(w.s.InsertEndpoint(w.ctx(), ours, 10))
		w.wantUser(a.ID, "mine", store.ProfileUser{AccountID: a.ID, EndpointID: ours.ID})
		w.check(w.s.DeleteEndpoint(w.ctx(), a.ID, ours.ID))
		w.wantUser(a.ID, "mine", store.ProfileUser{})
	},
	"who has the operator's": func(w *world) {
		a := w.newAccount()
		a.CallbackProfile = "standard"
		w.check(w.s.InsertAccount(w.ctx(), a))
		ep := w.newEndpoint()
		ep.AccountID, ep.Profile = a.ID, "ours"
		w.check(w.s.InsertEndpoint(w.ctx(), ep, 10))
		w.wantUser("", "ours", store.ProfileUser{AccountID: a.ID, EndpointID: ep.ID})
		w.insertProfiles(a.ID, "ours") // it has one of its own now
		w.insertProfiles("", "ours")
		w.wantUser("", "ours", store.ProfileUser{})
		_, err := w.s.UpdateAccount(w.ctx(), a.ID, func(a *ringback.Account) error { a.CallbackProfile = "ours"; return nil })
		w.check(err)
		w.wantUser("", "ours", store.ProfileUser{})
		other := w.newAccount()
		other.CallbackProfile = "ours"
		w.check(w.s.InsertAccount(w.ctx(), other))
		w.wantUser("", "ours", store.ProfileUser{AccountID: other.ID})
	},
}
