package storetest

import (
	"bytes"
	"fmt"
	"net/http"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// PublishBatch gives what publishes n events of 512 bytes, each with one delivery
// that is born leased, of so many accounts in turn, and what records that they
// were delivered at the first attempt. The offset goes on after an earlier batch.
func PublishBatch(n, accounts, offset int) (publish, record []store.Op) {
	data := append(append([]byte(`{"a":"`), bytes.Repeat([]byte("x"), 504)...), `"}`...)
	header := http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"Ringback/1"}, "Webhook-Id": {"msg_01234567890"},
		"Webhook-Timestamp": {"1234567890"}, "Webhook-Signature": {"v1,***"},
	}
	answer := http.Header{"Content-Length": {"2"}, "Date": {"Fri, 20 Nov 2026 17:33:00 GMT"}}
	for i := range n {
		now := time.Now()
		lease := store.NewLease(1, int64(offset+i+1))
		account := fmt.Sprintf("acc_%026d", (offset+i)%accounts)
		endpoint := "ep_" + account[4:]
		e := &ringback.Event{
			ID: ringback.NewID(ringback.PrefixEvent, now), AccountID: account,
			Type: "user.created", Data: data, CreatedAt: now,
		}
		d := ringback.Delivery{
			ID: ringback.DeliveryID(e.ID, 0), AccountID: account, EventID: e.ID, EventType: e.Type,
			EndpointID: endpoint, URL: "http://127.0.0.1:8080/hook", Profile: "standard",
			Status: ringback.DeliveryPending, NextAttemptAt: now, CreatedAt: now,
		}
		publish = append(publish, &store.PublishEvent{Event: e, Revision: 1, Deliveries: []store.NewDelivery{
			{Delivery: d, Placement: store.Placement{Lease: lease}},
		}})
		record = append(record, &store.RecordAttempt{
			Lease:       lease,
			DeliveryRef: store.DeliveryRef{AccountID: account, ID: d.ID},
			Attempt: ringback.Attempt{
				Number: 1, StartedAt: now, Duration: 12 * time.Millisecond, StatusCode: 200,
				RequestHeaders: header, ResponseHeaders: answer, ResponseBody: []byte("ok"),
			},
			Status: ringback.DeliveryDelivered, Now: now, URL: d.URL, Profile: d.Profile,
		})
	}
	return publish, record
}
