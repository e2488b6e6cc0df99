package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// invited are the parts of the curl command that --keep prints.
var invited = regexp.MustCompile(`(?s)curl (http://\S+/v1/jobs) .*-H 'Authorization: (Bearer \S+)'.*-H 'Content-Type: (\S+)'.*-d '(\{[^']*\})'`)

// TestDemoKeeps submits another job as the printed command does, sees its
// webhook arrive, and interrupts.
func TestDemoKeeps(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	kept := make(chan string, 1)
	var invitation, arrived bool
	out := &screen{}
	out.seen = func(text string) {
		// Writes come one at a time: no lock is needed.
		if !invitation && strings.Contains(text, "Submit another job") {
			invitation = true
			kept <- text
		}
		_, after, _ := strings.Cut(text, "A job of yours: ")
		if !arrived && strings.Contains(after, "delivered  answered 200; 1 attempt\n") {
			arrived = true
			interrupt()
		}
	}
	submitted := make(chan error, 1)
	go func() {
		select {
		case text := <-kept:
			submitted <- submitAsInvited(ctx, text)
		case <-ctx.Done():
			submitted <- ctx.Err()
		}
	}()
	text, left, err := run(t, ctx, Config{Out: out, Keep: true})
	interrupt()
	if submitErr := <-submitted; submitErr != nil || err != nil {
		t.Fatalf("submitted: %v; ended: %v\n%s", submitErr, err, text)
	}
	_, after, _ := strings.Cut(text, "A job of yours: ")
	for _, want := range []string{
		"sunrise.png  unitary       leased     by the worker, attempt 1\n",
		"sunrise.png  unitary       done       image/png, 240 × 150 px",
		"sunrise.png  unitary       signed     attempt 1; X-Hub-Signature-256: ",
		"sunrise.png  unitary       verified   the account's secret fits",
	} {
		if !strings.Contains(after, want) {
			t.Errorf("%q is not in\n%s", want, after)
		}
	}
	if len(left) != 1 {
		t.Fatalf("left: %v, want the data folder", left)
	}
	folder := regexp.MustCompile(`\n  data +(/\S+)\n`).FindStringSubmatch(text)
	if folder == nil || filepath.Base(folder[1]) != left[0].Name() {
		t.Fatalf("the folder %s is not printed", left[0].Name())
	}
	for _, name := range []string{"ringback.db", "dev.json", "server.log"} {
		if _, err := os.Stat(filepath.Join(folder[1], name)); err != nil {
			t.Error(err)
		}
	}
}

func submitAsInvited(ctx context.Context, text string) error {
	m := invited.FindStringSubmatch(text)
	if m == nil {
		return context.Canceled
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m[1], strings.NewReader(m[4]))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", m[2])
	req.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusAccepted {
		err = fmt.Errorf("the answer's status is %d", resp.StatusCode)
	}
	return errors.Join(err, resp.Body.Close())
}
