package api

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/ringback/ringback/ringback"
)

// TestRoom lets large bodies wait for room, in vain and not, and small ones not.
func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 4 << 20
		of := semaphore.NewWeighted(6 << 20)
		text := func(n int) []byte {
			return append(append([]byte(`{"a":"`), bytes.Repeat([]byte("x"), n-8)...), `"}`...)
		}
		read := func(m *room, n, limit int) error {
			r := httptest.NewRequest(http.MethodPost, "/", io.NopCloser(bytes.NewReader(text(n)))) // chunked
			stable, err := readBody(r, &operation{MaxBody: limit}, m)
			if err == nil && len(stable) != n {
				t.Errorf("%d of %d bytes", len(stable), n)
			}
			return err
		}
		first, second, small := &room{of: of}, &room{of: of}, &room{of: of}
		if err := read(first, most, most); err != nil || first.taken != most {
			t.Fatalf("%v; it took %d", err, first.taken)
		}
		began := time.Now()
		err := read(second, most, most)
		if ringback.CodeOf(err) != ringback.CodeUnavailable || time.Since(began) != roomTimeout || second.taken != 2<<20 {
			t.Errorf("%v after %s; it took %d", err, time.Since(began), second.taken)
		}
		if err := read(small, maxBody, maxBody); err != nil || small.taken != 0 {
			t.Errorf("%v; it took %d", err, small.taken)
		}
		if err := read(small, most+1, most); ringback.CodeOf(err) != ringback.CodeBodyTooLarge && ringback.CodeOf(err) != ringback.CodeUnavailable {
			t.Error(err)
		}
		small.release()
		second.release()
		third := &room{of: of}
		time.AfterFunc(time.Second, first.release)
		if err := read(third, most, most); err != nil {
			t.Error(err)
		}
		third.release()
		if !of.TryAcquire(6 << 20) {
			t.Error("some room was not given back")
		}
	})
}
