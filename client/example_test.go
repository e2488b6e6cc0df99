package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/ringback"
)

// server stands for a Ringback server, so that the example runs.
func exampleServer() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/jobs", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"id":"job_1","type":"inspect","status":"succeeded","result":{"width":1920}}`)
	})
	mux.HandleFunc("GET /v1/jobs/{id}", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = fmt.Fprint(w, `{"code":"not_found","detail":"there is no job \"job_2\" in this account"}`)
	})
	return httptest.NewServer(mux)
}

func Example() {
	server := exampleServer()
	defer server.Close()
	c, err := client.New(server.URL, "rb_your_key", client.HTTPClient(server.Client()))
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()

	job, err := c.SubmitJob(ctx, client.SubmitJobParams{
		Type:           "inspect",
		Input:          map[string]string{"url": "https://example.com/video.mp4"},
		CallbackURL:    "https://customer.example/hook",
		IdempotencyKey: "order-17",
		WaitSeconds:    10,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(job.ID, job.Status, string(job.Result))

	_, err = c.GetJob(ctx, "job_2", client.GetJobParams{})
	fmt.Println(errors.Is(err, &client.Error{Code: ringback.CodeNotFound}))
	fmt.Println(err)

	// Output:
	// job_1 succeeded {"width":1920}
	// true
	// GET /v1/jobs/job_2: 404 Not Found: there is no job "job_2" in this account (not_found)
}
