package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/worker"
)

// exampleServer stands for a Ringback server with one job, so that the example
// runs. It calls done when the job is completed.
func exampleServer(done func()) *httptest.Server {
	var leased atomic.Bool
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/jobs/lease", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the context end with the connection
		if leased.Swap(true) {
			<-r.Context().Done()
			return
		}
		_, _ = fmt.Fprint(w, `{"jobs":[{"id":"job_1","type":"greet","input":{"name":"Ada"},"attempt":1,"lease_token":"lease_1","timeout_seconds":60}]}`)
	})
	mux.HandleFunc("POST /v1/jobs/{id}/complete", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Result json.RawMessage `json:"result"`
		}
		_ = json.NewDecoder(r.Body).Decode(&body)
		fmt.Println(r.PathValue("id"), string(body.Result))
		_, _ = fmt.Fprint(w, `{}`)
		done()
	})
	return httptest.NewServer(mux)
}

func Example() {
	ctx, stop := context.WithCancel(context.Background()) // usually signal.NotifyContext
	defer stop()
	server := exampleServer(stop)
	defer server.Close()
	c, err := client.New(server.URL, "rb_operator_key", client.HTTPClient(server.Client()))
	if err != nil {
		log.Fatal(err)
	}

	greet := func(ctx context.Context, job worker.Job) (any, error) {
		var in struct{ Name string }
		if err := json.Unmarshal(job.Input, &in); err != nil {
			return nil, fmt.Errorf("the input is not what greet takes: %w", err) // fails the job
		}
		if ctx.Err() != nil {
			return nil, worker.Retry(errors.New("no time left")) // queues it again
		}
		return map[string]string{"text": "Hello, " + in.Name + "!"}, nil
	}
	w, err := worker.New(c, map[string]worker.Handler{"greet": greet},
		worker.Concurrency(4), worker.Log(slog.New(slog.DiscardHandler)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("stopped:", w.Run(ctx))

	// Output:
	// job_1 {"text":"Hello, Ada!"}
	// stopped: <nil>
}
