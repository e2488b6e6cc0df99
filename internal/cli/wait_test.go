package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// jobAPI serves one job by the given function, which gets the number of the
// request.
func jobAPI(t *testing.T, answer func(n int64) (httpStatus int, jobStatus string)) {
	t.Helper()
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code, status := answer(n.Add(1))
		w.WriteHeader(code)
		_, _ = fmt.Fprintf(w, `{"id": "job_1", "status": %q}`, status)
	}))
	t.Cleanup(s.Close)
	t.Setenv("RINGBACK_SERVER", s.URL)
	t.Setenv("RINGBACK_KEY", "rb_x")
}

// A server that is started anew does not end the wait.
func TestWaitOutlastsARestart(t *testing.T) {
	jobAPI(t, func(n int64) (int, string) {
		switch {
		case n == 1:
			return 200, "running"
		case n < 5: // one call with its repetitions
			return 503, ""
		default:
			return 200, "succeeded"
		}
	})
	if status, out, stderr := commandLine("jobs", "wait", "job_1"); status != 0 || !strings.Contains(out, "succeeded") {
		t.Errorf("status %d: %s%s", status, out, stderr)
	}
}

func TestWaitIsInterrupted(t *testing.T) {
	asked := make(chan struct{}, 1)
	jobAPI(t, func(n int64) (int, string) {
		select {
		case asked <- struct{}{}:
		default:
		}
		return 200, "running"
	})
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		root := newRoot()
		root.SetArgs([]string{"jobs", "wait", "job_1"})
		root.SetOut(io.Discard)
		root.SetErr(io.Discard)
		ended <- root.ExecuteContext(ctx)
	}()
	<-asked
	interrupt()
	if status, tell := statusOf(<-ended); status != statusInterrupted || !tell {
		t.Errorf("status %d", status)
	}
}

// `ringback … | head` ends quietly.
func TestAReaderThatWentIsNotTold(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	defer w.Close()
	jobAPI(t, func(int64) (int, string) { return 200, "running" })
	var stderr strings.Builder
	if status := Main([]string{"jobs", "get", "job_1"}, Streams{In: strings.NewReader(""), Out: w, Err: &stderr}); status != 1 || stderr.Len() > 0 {
		t.Errorf("status %d: %s", status, stderr.String())
	}
	if status, tell := statusOf(fmt.Errorf("the server cannot be reached: %w", syscall.EPIPE)); status != 1 || !tell {
		t.Error("a connection that breaks is not told")
	}
}
