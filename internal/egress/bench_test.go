package egress

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// benchServer answers as fast as it can, so that the client's part shows.
func benchServer(b *testing.B, bodyLength int) string {
	return "http://" + rawServer(b, func(_ int, conn net.Conn) {
		r := bufio.NewReader(conn)
		answer := []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		for {
			for {
				line, err := r.ReadSlice('\n')
				if err != nil {
					return
				}
				if len(line) == 2 {
					break
				}
			}
			if _, err := r.Discard(bodyLength); err != nil {
				return
			}
			if _, err := conn.Write(answer); err != nil {
				return
			}
		}
	}) + "/hooks/in?token=abc"
}

var (
	benchBody   = bytes.Repeat([]byte("x"), 600)
	benchHeader = http.Header{
		"User-Agent":        {"Ringback"},
		"Content-Type":      {"application/json"},
		"Webhook-Id":        {"msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"},
		"Webhook-Timestamp": {"1674087231"},
		"Webhook-Signature": {"v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="},
	}
)

// BenchmarkDo is one request and its answer on a kept connection.
func BenchmarkDo(b *testing.B) {
	url := benchServer(b, len(benchBody))
	c := newTestClient(b, laptop)
	do := func() {
		resp, err := c.Do(context.Background(), Request{URL: url, Header: benchHeader, Body: benchBody})
		if err != nil || resp.StatusCode != 200 {
			b.Error(err)
		}
	}
	run(b, do)
}

// BenchmarkRoundTrip is the same without anything of this package, and
// BenchmarkRoundTripDeadline with a deadline.
func BenchmarkRoundTrip(b *testing.B) {
	benchTransport(b, func() (context.Context, context.CancelFunc) { return context.Background(), func() {} })
}

func BenchmarkRoundTripDeadline(b *testing.B) {
	benchTransport(b, func() (context.Context, context.CancelFunc) {
		return context.WithTimeout(context.Background(), DefaultTimeout)
	})
}

func benchTransport(b *testing.B, newContext func() (context.Context, context.CancelFunc)) {
	url := benchServer(b, len(benchBody))
	transport := &http.Transport{MaxIdleConnsPerHost: idlePerHost, DisableCompression: true}
	defer transport.CloseIdleConnections()
	do := func() {
		ctx, cancel := newContext()
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(benchBody))
		if err != nil {
			b.Error(err)
			return
		}
		req.Header = benchHeader
		resp, err := transport.RoundTrip(req)
		if err != nil {
			b.Error(err)
			return
		}
		_, _ = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
	}
	run(b, do)
}

// run measures do with another timer running, as in every server: without an
// earlier one each deadline wakes the network poller, which doubles the time.
func run(b *testing.B, do func()) {
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	}()
	b.Run("serial", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			do()
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				do()
			}
		})
	})
}

// BenchmarkAttempt is what timing and context cost a request.
func BenchmarkAttempt(b *testing.B) {
	c := New(laptop)
	u, _ := c.policy.parseURL("http://127.0.0.1/")
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		a := newAttempt(ctx, ctx, time.Now(), u)
		_ = c.httpRequest(a, u, Request{Header: benchHeader, Body: benchBody})
		_ = a.timing()
	}
}

func BenchmarkCheckURL(b *testing.B) {
	c := New(Config{})
	b.ReportAllocs()
	for b.Loop() {
		if err := c.CheckURL("https://hooks.example.com/in/42?token=abc"); err != nil {
			b.Fatal(err)
		}
	}
}
