package ringback_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringback/ringback/ringback"
)

func TestIDsSortByTheirTime(t *testing.T) {
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	var ids []string
	for i := range 2000 {
		ids = append(ids, ringback.NewID(ringback.PrefixJob, at.Add(time.Duration(i)*time.Microsecond)))
	}
	if !slices.IsSorted(ids) {
		t.Error("ids made one microsecond apart do not sort by time")
	}
}

func TestMinIDBoundsAnInstant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		micros := rapid.Int64Range(0, 1<<52).Draw(t, "micros")
		at := time.UnixMicro(micros)
		id := ringback.NewID(ringback.PrefixEvent, at)
		if low := ringback.MinID(ringback.PrefixEvent, at); id < low {
			t.Fatalf("%s < %s", id, low)
		}
		if later := ringback.MinID(ringback.PrefixEvent, at.Add(time.Millisecond)); id >= later {
			t.Fatalf("%s >= %s, which is a millisecond later", id, later)
		}
	})
}

func TestUUIDFindsTheID(t *testing.T) {
	id := ringback.NewID(ringback.PrefixJob, time.Now())
	uuid := ringback.UUID(id)
	if len(uuid) != 36 || uuid[14] != '7' || !strings.ContainsRune("89ab", rune(uuid[19])) {
		t.Fatalf("%q is no UUID of version 7", uuid)
	}
	for _, text := range []string{id, uuid, strings.ToUpper(uuid)} {
		if got, ok := ringback.ParseID(ringback.PrefixJob, text); !ok || got != id {
			t.Errorf("ParseID(%q) = %q, %v; want %q", text, got, ok, id)
		}
	}
}

func TestMalformedIDs(t *testing.T) {
	id := ringback.NewID(ringback.PrefixJob, time.Now())
	for _, bad := range []string{
		"", "job", "job_", id + "0", id[:len(id)-1], strings.ToUpper(id), "evt" + id[3:], id[:len(id)-1] + "u",
		id[:len(id)-1] + "z", "job_" + strings.Repeat("0", 25) + "\n", "../" + id, "job_\x00" + id[5:],
	} {
		if ringback.ValidID(ringback.PrefixJob, bad) {
			t.Errorf("ValidID(%q) = true", bad)
		}
		if got, ok := ringback.ParseID(ringback.PrefixJob, bad); ok {
			t.Errorf("ParseID(%q) = %q", bad, got)
		}
		if got := ringback.UUID(bad); got != "" && strings.HasPrefix(bad, "job") {
			t.Errorf("UUID(%q) = %q", bad, got)
		}
	}
}

func TestDeliveryIDs(t *testing.T) {
	event := ringback.NewID(ringback.PrefixEvent, time.Now())
	var last string
	for _, n := range []int{0, 1, 31, 32, 1023, 1024, ringback.MaxDeliveryNumber} {
		id := ringback.DeliveryID(event, n)
		if !ringback.ValidDeliveryID(id) {
			t.Errorf("%q is not valid", id)
		}
		if got := ringback.DeliveryNumber(id); got != n {
			t.Errorf("the number of %q is %d; want %d", id, got, n)
		}
		if got := ringback.EventOfDelivery(id); got != event {
			t.Errorf("event of %q is %q; want %q", id, got, event)
		}
		if id <= last {
			t.Errorf("%q does not follow %q", id, last)
		}
		last = id
	}
	for _, bad := range []string{"", "dlv_", last + "0", last[:len(last)-1], last[:len(last)-1] + "!", event, last[:30]} {
		if ringback.ValidDeliveryID(bad) {
			t.Errorf("ValidDeliveryID(%q) = true", bad)
		}
	}
}

func TestOperatorAccountID(t *testing.T) {
	if want := ringback.MinID(ringback.PrefixAccount, time.Unix(0, 0)); ringback.OperatorAccountID != want {
		t.Errorf("it is %s; want %s, the smallest", ringback.OperatorAccountID, want)
	}
}
