package bench

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringback/ringback/webhook"
)

// pipe is a part that the test talks to as the benchmark does.
type pipe struct {
	t     *testing.T
	in    io.WriteCloser
	lines *bufio.Scanner
	ended chan error
}

func runPart(t *testing.T, role string, ready any) *pipe {
	t.Helper()
	in, toPart := io.Pipe()
	fromPart, out := io.Pipe()
	p := &pipe{t: t, in: toPart, lines: bufio.NewScanner(fromPart), ended: make(chan error, 1)}
	p.lines.Buffer(nil, maxLine)
	go func() {
		err := Part(context.WithoutCancel(t.Context()), role, in, out)
		_ = out.Close()
		p.ended <- err
	}()
	p.read(ready)
	t.Cleanup(func() {
		_ = toPart.Close() // the part ends when its standard input does
		if err := <-p.ended; err != nil {
			t.Error(err)
		}
	})
	return p
}

func (p *pipe) call(what string, args, out any) {
	p.t.Helper()
	raw, err := json.Marshal(args)
	if err != nil {
		p.t.Fatal(err)
	}
	line, err := json.Marshal(request{Do: what, Args: raw})
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		p.t.Fatal(err)
	}
	p.read(out)
}

func (p *pipe) read(out any) {
	p.t.Helper()
	if !p.lines.Scan() {
		p.t.Fatal("the part says nothing")
	}
	var r reply
	if err := json.Unmarshal(p.lines.Bytes(), &r); err != nil || r.Error != "" {
		p.t.Fatalf("%v, %s", err, r.Error)
	}
	if out != nil {
		if err := json.Unmarshal(r.Result, out); err != nil {
			p.t.Fatal(err)
		}
	}
}

// hook sends a signed event to the receiver.
func hook(t *testing.T, addr, path, secret string, n int) error {
	t.Helper()
	profile, _ := webhook.Lookup("standard")
	body := string(appendEvent(nil, eventType, n, time.Now().UnixMicro()))
	h, err := webhook.Sign(profile, webhook.Message{ID: fmt.Sprintf("msg_%d", n), Timestamp: time.Now(), Body: []byte(body)}, secret)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = h
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}

func TestReceiverCounts(t *testing.T) {
	var at listening
	p := runPart(t, partReceiver, &at)
	secrets := []string{webhook.GenerateSecret(), webhook.GenerateSecret()}
	p.call("expect", expectation{Events: 300, Secrets: secrets}, nil)
	for _, c := range []struct {
		path   string
		secret int
		n      int
	}{
		{"/e/0", 0, 0}, {"/e/0", 0, 7}, {"/e/0", 0, 7}, {"/e/0", 0, 7}, // twice more than needed
		{"/e/1", 1, 7}, {"/e/1", 1, 100},
		{"/e/1", 0, 200},                 // with another endpoint's secret
		{"/e/0", 0, 300}, {"/e/2", 0, 1}, // expected by nobody
	} {
		if err := hook(t, at.Addr, c.path, secrets[c.secret], c.n); err != nil {
			t.Errorf("%s, %d: %v", c.path, c.n, err)
		}
	}
	if err := hook(t, at.Addr, "/elsewhere", secrets[0], 1); err == nil {
		t.Error("a request to nowhere was answered")
	}
	var got arrivals
	p.call("arrivals", nil, &got)
	if got.Distinct != 5 || got.Duplicates != 2 || got.Strangers != 2 || got.Checked != 3 || got.Wrong != 1 {
		t.Errorf("%+v", got)
	}
	if sum := sumOf(got.Buckets); sum != 5 || got.P99 < got.P50 || got.Last < got.First {
		t.Errorf("%d latencies; %+v", sum, got)
	}
	var text string
	p.call("seen", nil, &text)
	bits, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 300 {
		want := n == 0 || n == 7 || n == 100 || n == 200
		if got := bits[n/8]&(1<<(n%8)) != 0; got != want {
			t.Errorf("%d was seen: %t", n, got)
		}
	}
	p.call("expect", expectation{Events: 1, Secrets: secrets[:1]}, nil)
	p.call("arrivals", nil, &got)
	if got.Distinct != 0 || got.Duplicates != 0 {
		t.Errorf("nothing came since it was expected anew: %+v", got)
	}
}

func sumOf(all []int) (sum int) {
	for _, n := range all {
		sum += n
	}
	return sum
}

// What never answers lets connections be opened and says nothing.
func TestReceiverIsStuck(t *testing.T) {
	var at listening
	runPart(t, partReceiver, &at)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+at.Stuck+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}, Timeout: 100 * time.Millisecond}
	defer client.CloseIdleConnections()
	_, err = client.Do(r) //nolint:bodyclose // there is none
	if timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); !ok || !timeout.Timeout() {
		t.Errorf("it answered, or refused: %v", err)
	}
}

// The load generator publishes through the relay to the receiver: everything
// arrives once, signed, with the latencies of all.
func TestRelay(t *testing.T) {
	const events = 500
	var relayAt, receiverAt listening
	r := runPart(t, partReceiver, &receiverAt)
	relay := runPart(t, partRelay, &relayAt)
	load := runPart(t, partLoad, nil)
	secret := webhook.GenerateSecret()
	relay.call("to", relayTo{URL: endpointURL(receiverAt.Addr, 0), Secret: secret}, nil)
	for _, o := range []order{{}, {Rate: 5000}} {
		r.call("expect", expectation{Events: events, Secrets: []string{secret}}, nil)
		o.Addr, o.Type, o.Events, o.Publishers = relayAt.Addr, eventType, events, 8
		load.call("publish", o, nil)
		var got arrived
		var sent published
		deadline := time.Now().Add(20 * time.Second)
		for (!sent.Done || got.Distinct < events) && time.Now().Before(deadline) {
			load.call("status", nil, &sent)
			r.call("status", nil, &got)
		}
		if sent.Accepted != events || sent.Error != "" || got.Distinct != events || got.Duplicates != 0 || got.Checked != events/checkEvery || got.Wrong != 0 {
			t.Errorf("%+v: sent %+v, got %+v", o, sent, got)
		}
	}
	var c conn
	defer c.close()
	if a, err := c.do(post(relayAt.Addr, "/v1/events", ""), []byte(`{"n":1}`)); err != nil || a.status != http.StatusBadRequest {
		t.Errorf("what cannot be made into a call was answered with %d, %v", a.status, err)
	}
	var status relayStatus
	relay.call("status", nil, &status)
	if status.Refused != 0 {
		t.Errorf("%d were refused", status.Refused)
	}
}
