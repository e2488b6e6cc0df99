package storetest

import (
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// owe makes n deliveries to an endpoint of the account; "" is a callback.
func (w *world) owe(account, endpoint string, n int) []store.NewDelivery {
	w.Helper()
	e := w.newEvent("t")
	e.AccountID = account
	ds := w.deliveriesOf(e, n, store.Scheduled)
	for i := range ds {
		ds[i].EndpointID = endpoint
	}
	w.commit(&store.PublishEvent{Event: e, Deliveries: ds})
	return ds
}

func (w *world) abandoned(limit int) []store.EndpointRef {
	w.Helper()
	got, err := w.s.AbandonedEndpoints(w.ctx(), limit)
	w.check(err)
	return got
}

// insertEndpoint makes an endpoint of the account and gives its id.
func (w *world) insertEndpoint(account string, enabled bool) string {
	w.Helper()
	e := w.newEndpoint()
	e.AccountID, e.Enabled = account, enabled
	w.check(w.s.InsertEndpoint(w.ctx(), e, 10))
	return e.ID
}

var abandonedTests = map[string]func(*world){
	"none": func(w *world) {
		w.equal("empty", w.abandoned(10), []store.EndpointRef(nil))
		w.insertEndpoint(w.account, false) // to which nothing is pending
		w.owe(w.account, w.insertEndpoint(w.account, true), 2)
		w.owe(w.account, "", 2)
		w.equal("enabled", w.abandoned(10), []store.EndpointRef(nil))
	},
	"disabled and deleted ones, of two accounts": func(w *world) {
		var want []store.EndpointRef
		var owed []store.NewDelivery
		for _, account := range []string{w.account, w.id(ringback.PrefixAccount)} {
			disabled, deleted := w.insertEndpoint(account, false), w.insertEndpoint(account, true)
			enabled := w.insertEndpoint(account, true)
			for range 3 {
				for _, endpoint := range []string{enabled, disabled, "", deleted} {
					owed = append(owed, w.owe(account, endpoint, 2)...)
				}
			}
			w.check(w.s.DeleteEndpoint(w.ctx(), account, deleted))
			want = append(want, store.EndpointRef{AccountID: account, ID: disabled},
				store.EndpointRef{AccountID: account, ID: deleted})
		}
		w.equal("endpoints", w.abandoned(10), want)
		w.equal("limited", w.abandoned(3), want[:3])
		for _, d := range owed {
			w.commit(&store.CancelDelivery{DeliveryRef: ref(&d.Delivery), Now: w.tick()})
		}
		w.equal("canceled", w.abandoned(10), []store.EndpointRef(nil))
	},
	"of another account's endpoint": func(w *world) {
		other := w.id(ringback.PrefixAccount)
		endpoint := w.insertEndpoint(other, true)
		w.owe(w.account, endpoint, 1)
		w.equal("endpoints", w.abandoned(10), []store.EndpointRef{{AccountID: w.account, ID: endpoint}})
	},
	"leased ones are pending": func(w *world) {
		d := w.owe(w.account, "ep_none", 1)[0]
		w.claim("", w.now, 1)
		w.equal("endpoints", w.abandoned(10), []store.EndpointRef{{AccountID: w.account, ID: d.EndpointID}})
	},
}
