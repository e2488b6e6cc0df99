package sqlite

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

func TestAttemptCode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		header := func(name string) http.Header {
			switch rapid.IntRange(0, 3).Draw(t, name) {
			case 0:
				return nil
			case 1:
				return http.Header{}
			case 2:
				return http.Header{"A": {"1", ""}, "B-C": {strings.Repeat("x", rapid.IntRange(0, 40_000).Draw(t, "length"))}}
			default:
				return http.Header{"X": {rapid.StringMatching(`[ -~]{0,200}`).Draw(t, "value")}}
			}
		}
		a := ringback.Attempt{
			Number: 1, StartedAt: time.UnixMicro(rapid.Int64Range(1, 1<<60).Draw(t, "started")).UTC(),
			Duration:   time.Duration(rapid.Int64Range(0, 1<<40).Draw(t, "duration")) * time.Microsecond,
			StatusCode: rapid.IntRange(0, 999).Draw(t, "status"), RequestHeaders: header("request"), ResponseHeaders: header("response"),
		}
		if rapid.Bool().Draw(t, "body") {
			a.ResponseBody = rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "bytes")
		}
		text := encodeAttempt(nil, &a)
		got, err := decodeAttempt(text)
		if diff := cmp.Diff(a, got); err != nil || diff != "" {
			t.Fatalf("%v (-want +got):\n%s", err, diff)
		}
		if cut := rapid.IntRange(0, len(text)-1).Draw(t, "cut"); cut < len(text) {
			_, _ = decodeAttempt(text[:cut]) // whatever it gives, it ends
		}
	})
}

func TestBornCode(t *testing.T) {
	at := time.UnixMicro(1_790_000_000_123_456).UTC()
	e := &ringback.Event{ID: ringback.NewID(ringback.PrefixEvent, at), AccountID: "acc_1", Type: "a.b", JobID: "job_1", CreatedAt: at}
	var want []store.NewDelivery
	var given []*store.NewDelivery
	for i, n := range []int{0, 1, ringback.MaxDeliveryNumber} {
		d := store.NewDelivery{Delivery: ringback.Delivery{
			ID: ringback.DeliveryID(e.ID, n), AccountID: "acc_1", EventID: e.ID, EventType: "a.b", JobID: "job_1",
			EndpointID: []string{"", "ep_1", "ep_2"}[i], URL: "https://example.com/ü?" + strings.Repeat("x", 300*i), Profile: "standard",
			Status: ringback.DeliveryPending, NextAttemptAt: at, CreatedAt: at,
		}}
		want = append(want, d)
		d.Lease = 7
		if given = append(given, &d); !usual(e, &d) {
			t.Errorf("delivery %d is not usual", n)
		}
	}
	text := encodeBorn(nil, given)
	got, err := decodeBorn(e, text)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatalf("%v (-want +got):\n%s", err, diff)
	}
	for cut := range text {
		if d, err := decodeBorn(e, text[:cut]); err == nil && len(d) >= len(want) {
			t.Errorf("%d of %d bytes were taken for all", cut, len(text))
		}
	}
}
