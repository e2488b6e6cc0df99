package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringback/ringback/webhook"
)

// makeEndpoint makes an endpoint for everything and gives its secret.
func makeEndpoint(p *process, url, profile string, more ...any) string {
	p.t.Helper()
	body := map[string]any{"url": url, "event_types": []string{"*"}, "profile": profile}
	for i := 0; i+1 < len(more); i += 2 {
		name, ok := more[i].(string)
		if !ok {
			p.t.Fatalf("%v is no member's name", more[i])
		}
		body[name] = more[i+1]
	}
	var ep struct {
		Secret string `json:"secret"`
	}
	if status := p.call(http.MethodPost, "/v1/endpoints", p.Key, body, &ep); status != http.StatusCreated || ep.Secret == "" {
		p.t.Fatalf("creating an endpoint: status %d, %+v", status, ep)
	}
	return ep.Secret
}

func profileSecret(t *testing.T, r *receiver, profile, secret string) {
	t.Helper()
	p, ok := webhook.Lookup(profile)
	if !ok {
		t.Fatalf("no profile %q", profile)
	}
	r.secret(t, p, secret)
}

func wantMembers(t *testing.T, line string, names ...string) {
	t.Helper()
	var members map[string]string
	if err := json.Unmarshal([]byte(line), &members); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	if len(members) != len(names) {
		t.Errorf("%q has %d members; want %v", line, len(members), names)
	}
	for _, name := range names {
		if members[name] == "" {
			t.Errorf("%q has no %s", line, name)
		}
	}
}

// `dev` prints one line and the same keys at every start.
func TestDevKeepsItsKeys(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "by dev")
	p := start(t, "dev", dir)
	wantMembers(t, p.line, "url", "api_key", "operator_key", "account_id")
	if info, err := os.Stat(filepath.Join(dir, "dev.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("dev.json: %v, %v", info, err)
	}
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Errorf("ended with %v", err)
	}
	again := start(t, "dev", dir)
	if again.Key != p.Key || again.Op != p.Op || again.Acct != p.Acct {
		t.Errorf("other keys: %q, then %q", p.line, again.line)
	}
	if status := again.call(http.MethodGet, "/v1/account", p.Key, nil, nil); status != http.StatusOK {
		t.Errorf("the key's account: %d", status)
	}
	if status := again.call(http.MethodGet, "/v1/accounts", p.Op, nil, nil); status != http.StatusOK {
		t.Errorf("the operator's accounts: %d", status)
	}
	if log := again.stderr.String(); strings.Contains(log, p.Key) || strings.Contains(log, p.Op) {
		t.Error("a key is in the log")
	}
}

// `server` shows its keys once.
func TestServerShowsItsKeysOnce(t *testing.T) {
	dir := t.TempDir()
	p := start(t, "server", dir)
	wantMembers(t, p.line, "url", "api_key", "operator_key", "account_id")
	if status := p.call(http.MethodPost, "/v1/jobs", p.Key, map[string]any{"type": "a", "input": 1, "callback_url": "http://127.0.0.1/"}, nil); status != http.StatusUnprocessableEntity {
		t.Errorf("a private callback in production: status %d", status)
	}
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Errorf("ended with %v", err)
	}
	again := start(t, "server", dir)
	wantMembers(t, again.line, "url")
	// A signal right after the line must not have the next start make others.
	for range 10 {
		short := t.TempDir()
		_ = start(t, "server", short).signal(syscall.SIGTERM)
		second := start(t, "server", short)
		wantMembers(t, second.line, "url")
		_ = second.signal(syscall.SIGTERM)
	}
	for key, path := range map[string]string{p.Key: "/v1/account", p.Op: "/v1/accounts"} {
		if status := again.call(http.MethodGet, path, key, nil, nil); status != http.StatusOK {
			t.Errorf("%s with the first start's key: %d", path, status)
		}
	}
}

// RINGBACK_OPERATOR_KEY is the operator's key as long as it is set.
func TestConfiguredOperatorKey(t *testing.T) {
	dir := t.TempDir()
	status := func(p *process, key string) int { return p.call(http.MethodGet, "/v1/accounts", key, nil, nil) }
	const one, two = "an-operators-own-key-1", "an-operators-own-key-2"
	p := start(t, "server", dir, "RINGBACK_OPERATOR_KEY="+one)
	if got := status(p, one); got != http.StatusOK || p.Op != one {
		t.Errorf("status %d, line %q", got, p.line)
	}
	_ = p.signal(syscall.SIGTERM)
	p = start(t, "server", dir, "RINGBACK_OPERATOR_KEY="+two)
	if a, b := status(p, one), status(p, two); a != http.StatusUnauthorized || b != http.StatusOK {
		t.Errorf("the former key: %d, the present one: %d", a, b)
	}
	_ = p.signal(syscall.SIGTERM)
	p = start(t, "server", dir)
	if got := status(p, two); got != http.StatusUnauthorized {
		t.Errorf("a key that is configured no longer: %d", got)
	}
	eventually(t, 5*time.Second, "a warning that there is no operator's key", func() bool {
		return strings.Contains(p.stderr.String(), "there is no operator's key; set RINGBACK_OPERATOR_KEY")
	})
	// The first start's key may become the configured one; an account's may not.
	_ = p.signal(syscall.SIGTERM)
	other := t.TempDir()
	first := start(t, "server", other)
	_ = first.signal(syscall.SIGTERM)
	p = start(t, "server", other, "RINGBACK_OPERATOR_KEY="+first.Op)
	if got := status(p, first.Op); got != http.StatusOK {
		t.Errorf("the first start's key, configured: %d", got)
	}
	_ = p.signal(syscall.SIGTERM)
	if code, stderr := refuses(t, []string{"RINGBACK_OPERATOR_KEY=" + first.Key}, "server", "--addr", "127.0.0.1:0", "--data", other); code != 1 || !strings.Contains(stderr, first.Acct) {
		t.Errorf("an account's key, configured: exit status %d, %s", code, stderr)
	}
	code, stderr := refuses(t, []string{"RINGBACK_OPERATOR_KEY=short"}, "server", "--addr", "127.0.0.1:0", "--data", t.TempDir())
	if code != 1 {
		t.Errorf("a short key: exit status %d", code)
	}
	contains(t, stderr, "RINGBACK_OPERATOR_KEY", "16")
}

// What cannot be meant or cannot work is refused with what to do.
func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	p := start(t, "dev", dir)
	code, stderr := refuses(t, nil, "server", "--addr", "127.0.0.1:0", "--data", dir)
	if code != 1 {
		t.Errorf("a second server: exit status %d", code)
	}
	contains(t, stderr, "another server", dir, "--data")
	addr := strings.TrimPrefix(p.URL, "http://")
	if code, stderr = refuses(t, nil, "server", "--addr", addr, "--data", t.TempDir()); code != 1 {
		t.Errorf("a taken port: exit status %d", code)
	}
	contains(t, stderr, "--addr", addr)
	if status := p.call(http.MethodGet, "/healthz", "", nil, nil); status != http.StatusOK {
		t.Errorf("the first server suffers: %d", status)
	}
	_ = p.signal(syscall.SIGTERM)

	for _, c := range []struct {
		env  []string
		args []string
		want []string
	}{
		{nil, []string{"nonsense"}, []string{`"nonsense"`, "ringback help"}},
		{nil, []string{"dev", "extra"}, []string{"extra", "no arguments"}},
		{nil, []string{"dev", "--nonsense"}, []string{"--nonsense", "ringback dev --help"}},
		{nil, []string{"dev", "--addr", "8787"}, []string{"--addr", "8787", "HOST:PORT"}},
		{nil, []string{"dev", "--public-url", "ringback.example"}, []string{"--public-url", "https://"}},
		{nil, []string{"dev", "--log-level", "loud"}, []string{"--log-level", "loud", "debug"}},
		{nil, []string{"dev", "--log-format", "xml"}, []string{"--log-format", "xml"}},
		{[]string{"RINGBACK_ALLOW_HTTP=perhaps"}, []string{"server"}, []string{"RINGBACK_ALLOW_HTTP", "perhaps"}},
	} {
		code, stderr := refuses(t, c.env, c.args...)
		if code != 2 {
			t.Errorf("%v: exit status %d", c.args, code)
		}
		contains(t, stderr, c.want...)
	}
	if code, stderr = refuses(t, []string{"RINGBACK_MASTER_KEY=c2hvcnQ="}, "server", "--addr", "127.0.0.1:0", "--data", t.TempDir()); code != 1 {
		t.Errorf("a short master key: exit status %d", code)
	}
	contains(t, stderr, "RINGBACK_MASTER_KEY", "32")
	if err := os.Rename(filepath.Join(dir, "master.key"), filepath.Join(dir, "moved")); err != nil {
		t.Fatal(err)
	}
	if code, stderr = refuses(t, nil, "server", "--addr", "127.0.0.1:0", "--data", dir); code != 1 {
		t.Errorf("a lost master key: exit status %d", code)
	}
	contains(t, stderr, "master.key", "RINGBACK_MASTER_KEY")
	if _, err := os.Stat(filepath.Join(dir, "master.key")); err == nil {
		t.Error("a new master key was made beside a store that was sealed with another")
	}
}

// SIGTERM: what is under way ends and is recorded, nothing new begins, exit 0.
func TestDrain(t *testing.T) {
	dir := t.TempDir()
	p := start(t, "dev", dir)
	entered, release := make(chan struct{}, 1), make(chan struct{})
	r := newReceiver(t, "standard", "", func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-release
	})
	profileSecret(t, r, "standard", makeEndpoint(p, r.URL, "standard"))
	var ev struct {
		ID string `json:"id"`
	}
	p.call(http.MethodPost, "/v1/events", p.Key, map[string]any{"type": "a"}, &ev)
	<-entered
	polled := make(chan int, 1)
	go func() {
		polled <- p.call(http.MethodPost, "/v1/jobs/lease", p.Op, map[string]any{"types": []string{"a"}, "wait_seconds": 60}, nil)
	}()
	eventually(t, 10*time.Second, "the long poll is under way", func() bool {
		return p.call(http.MethodGet, "/readyz", "", nil, nil) == http.StatusOK
	})
	time.AfterFunc(500*time.Millisecond, func() { close(release) })
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Errorf("ended with %v", err)
	}
	if status := <-polled; status != http.StatusOK && status != 0 {
		t.Errorf("the long poll got status %d", status)
	}
	p = start(t, "dev", dir)
	var l struct {
		Items []struct {
			Status  string `json:"status"`
			EventID string `json:"event_id"`
		} `json:"items"`
	}
	p.call(http.MethodGet, "/v1/deliveries", p.Key, nil, &l)
	if len(l.Items) != 1 || l.Items[0].Status != "delivered" || l.Items[0].EventID != ev.ID || r.count() != 1 {
		t.Errorf("after the restart: %+v, %d arrived", l.Items, r.count())
	}
	r.check(t)
}

// An attempt that does not end is given up within ten seconds, and made again
// by the next start.
func TestDrainGivesUp(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	dir := t.TempDir()
	p := start(t, "dev", dir)
	entered := make(chan struct{}, 1)
	hang := make(chan struct{})
	r := newReceiver(t, "standard", "", func(_ http.ResponseWriter, req *http.Request) {
		entered <- struct{}{}
		select {
		case <-hang:
		case <-req.Context().Done():
		}
	})
	profileSecret(t, r, "standard", makeEndpoint(p, r.URL, "standard"))
	p.call(http.MethodPost, "/v1/events", p.Key, map[string]any{"type": "a"}, nil)
	<-entered
	started := time.Now()
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Errorf("ended with %v", err)
	}
	if took := time.Since(started); took > 11*time.Second {
		t.Errorf("stopping took %s", took)
	}
	close(hang)
	p = start(t, "dev", dir)
	<-entered
	eventually(t, 10*time.Second, "delivered after the restart", func() bool {
		var l struct {
			Items []struct {
				Status       string `json:"status"`
				AttemptCount int    `json:"attempt_count"`
			} `json:"items"`
		}
		p.call(http.MethodGet, "/v1/deliveries", p.Key, nil, &l)
		return len(l.Items) == 1 && l.Items[0].Status == "delivered" && l.Items[0].AttemptCount == 1
	})
}
