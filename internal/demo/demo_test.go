package demo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// screen is where a demo prints. seen is called with all that was printed so
// far, after each write.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
	seen func(text string)
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	s.text.Write(p)
	text := s.text.String()
	s.mu.Unlock()
	if s.seen != nil {
		s.seen(text)
	}
	return len(p), nil
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// run runs a demo whose temporary folder is in a folder of the test, and gives
// what it printed and left there.
func run(t *testing.T, ctx context.Context, c Config) (text string, left []os.DirEntry, err error) {
	t.Helper()
	c.tempDir = t.TempDir()
	s, ok := c.Out.(*screen)
	if !ok {
		s = &screen{}
		c.Out = s
	}
	err = Run(ctx, c)
	left, dirErr := os.ReadDir(c.tempDir)
	if dirErr != nil {
		t.Fatal(dirErr)
	}
	if t.Failed() || testing.Verbose() {
		t.Log("\n" + s.String())
	}
	return s.String(), left, err
}

func TestDemo(t *testing.T) {
	t.Parallel()
	text, left, err := run(t, t.Context(), Config{})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if strings.Contains(text, "\x1b") {
		t.Error("escape codes without Color")
	}
	// Bodies that take two lines are joined.
	text = regexp.MustCompile(`\n {10}([^{])`).ReplaceAllString(text, "$1")
	const line = `(?m)^ *\d+ ms  `
	for _, want := range []string{
		line + `sunrise\.png  unitary       queued     inspect; callback_url /unitary; job_`,
		line + `sunrise\.png  unitary       leased     by the worker, attempt 1$`,
		line + `sunrise\.png  unitary       done       image/png, 240 × 150 px, 7180 bytes, sha256 [0-9a-f]{8}…$`,
		line + `sunrise\.png  unitary       signed     attempt 1; X-Hub-Signature-256: [A-Za-z0-9+/]{23}…$`,
		line + `sunrise\.png  unitary       verified   the account's secret fits; webhook-id msg_`,
		line + `sunrise\.png  unitary       delivered  answered 200; 1 attempt$`,
		line + `invoice\.pdf  inkit         fetched    GET /v1/resources/doc_`,
		line + `broken\.png   unitary       failed     cannot decode this image/png: it is cut off$`,
		line + `harbour\.jpg  standard      signed     attempt 3; webhook-signature: v1,`,
		line + `harbour\.jpg  standard      verified   the endpoint's secret fits`,
		`(?m)^ +\{"job_id":"[0-9a-f-]{8}…","callback_url":"http`,
		`(?m)^ +\{"event_type":"DOCUMENT_CREATE_FINISHED","resource_id":"doc_`,
		`(?m)^ +\{"id":"[0-9a-f-]{8}…","status":"success","type":"inspect","result":\{`,
		`(?m)^ +\{"type":"job.succeeded","timestamp":"`,
		`"is_error":true,"result":\{"error":"cannot decode this image/png: it is cut off`,
		`(?m)^sunrise\.png  unitary       succeeded  1         yes, \d+ ms +X-Hub-Signature-256$`,
		`(?m)^harbour\.jpg  unitary-flat  succeeded  1         yes, \d+ ms +X-Hub-Signature-256$`,
		`(?m)^invoice\.pdf  inkit         succeeded  1         yes, \d+ ms +Inkit-Signature$`,
		`(?m)^order\.json   sharpapi      succeeded  1         yes, \d+ ms +X-Signature$`,
		`(?m)^comet\.gif    standard      succeeded  1         yes, \d+ ms +webhook-signature$`,
		`(?m)^broken\.png   unitary       failed     1         yes, \d+ ms +X-Hub-Signature-256$`,
		`(?m)^harbour\.jpg  standard      succeeded  3         yes, \d+ ms +webhook-signature$`,
		`(?m)^7 of 7 delivered and verified in \d\.\d s$`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("nothing matches %s", want)
		}
	}
	if n := strings.Count(text, " answered   503"); n != refusals {
		t.Errorf("%d calls were refused, want %d", n, refusals)
	}
}

func TestDemoLinesFitTheTerminal(t *testing.T) {
	t.Parallel()
	text, _, err := run(t, t.Context(), Config{Width: 80, Color: true, Command: "go run ./cmd/ringback"})
	if err != nil {
		t.Fatal(err)
	}
	escapes := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for line := range strings.Lines(text) {
		if plain := []rune(strings.TrimSuffix(escapes.ReplaceAllString(line, ""), "\n")); len(plain) > 80 {
			t.Errorf("%d characters: %s", len(plain), string(plain))
		}
	}
	if !escapes.MatchString(text) {
		t.Error("no colours")
	}
}

// TestDemoNoticesTampering: one byte of the bodies changes on the way.
func TestDemoNoticesTampering(t *testing.T) {
	t.Parallel()
	text, left, err := run(t, t.Context(), Config{
		aroundReceiver: func(receiver http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/sharpapi" {
					body, _ := io.ReadAll(r.Body)
					r.Body = io.NopCloser(bytes.NewReader(bytes.Replace(body, []byte("success"), []byte("Success"), 1)))
				}
				receiver.ServeHTTP(w, r)
			})
		},
	})
	if !errors.Is(err, ErrIncomplete) || len(left) > 0 {
		t.Errorf("error %v, left %v", err, left)
	}
	for _, want := range []string{
		"NOT VERIFIED  signature mismatch in X-Signature",
		"6 of 7 delivered and verified",
		"1 call not verified",
		"\nMissing:\n  order.json sharpapi: a webhook about it was not verified: signature mismatch",
		"the receiver answered 401 Unauthorized",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// TestDemoExplainsWhatIsMissing: the receiver never takes anything.
func TestDemoExplainsWhatIsMissing(t *testing.T) {
	t.Parallel()
	text, left, err := run(t, t.Context(), Config{
		Timeout: 2 * time.Second,
		aroundReceiver: func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, "under repair", http.StatusBadGateway)
			})
		},
	})
	if !errors.Is(err, ErrIncomplete) || len(left) > 0 {
		t.Errorf("error %v, left %v", err, left)
	}
	for _, want := range []string{
		"0 of 7 delivered and verified",
		"\nMissing:\n  sunrise.png unitary: delivery dlv_",
		" is pending after 1 attempt: the receiver answered 502 Bad Gateway\n",
		"\n  harbour.jpg standard: it could not be submitted: the time was up\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// TestDemoDropsDuplicates: every call arrives twice, as after a crash.
func TestDemoDropsDuplicates(t *testing.T) {
	t.Parallel()
	text, _, err := run(t, t.Context(), Config{
		aroundReceiver: func(receiver http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				for _, answer := range []http.ResponseWriter{w, httptest.NewRecorder()} {
					again := r.Clone(r.Context())
					again.Body = io.NopCloser(bytes.NewReader(body))
					receiver.ServeHTTP(answer, again)
				}
			})
		},
	})
	// The busy receiver is sent 503, (503); 200, (200): one duplicate less.
	if err != nil || !strings.Contains(text, "7 duplicates dropped by webhook-id.") {
		t.Errorf("error %v\n%s", err, text)
	}
}

func TestDemoInspectsFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var files []string
	for name, content := range map[string]string{"50% of #1?.txt": "some text", "cut.png": "\x89PNG\r\n\x1a\n", "empty": ""} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	text, _, err := run(t, t.Context(), Config{Files: files})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, want := range []string{
		"text/plain; charset=utf-8, 9 bytes",
		"failed     cannot decode this image/png: it is cut off",
		"failed     the file is empty: 0 bytes",
		"7 of 7 delivered and verified",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestDemoRefusesFilesBeforeItStarts(t *testing.T) {
	t.Parallel()
	text, left, err := run(t, t.Context(), Config{Files: []string{t.TempDir()}})
	if _, ok := errors.AsType[*InputError](err); !ok || text != "" || len(left) > 0 {
		t.Errorf("error %v, left %v, printed %q", err, left, text)
	}
}

func TestDemoIsInterrupted(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"Milliseconds count", "signed ", "503, as a busy"} {
		ctx, cancel := context.WithCancel(t.Context())
		out := &screen{seen: func(text string) {
			if strings.Contains(text, at) {
				cancel()
			}
		}}
		text, left, err := run(t, ctx, Config{Out: out})
		if !errors.Is(err, context.Canceled) || len(left) > 0 || strings.Contains(text, "delivered and verified in") {
			t.Errorf("at %q: error %v, left %v\n%s", at, err, left, text)
		}
		cancel()
	}
}

func TestDemoEndsWhenNobodyReads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Run(t.Context(), Config{Out: &brokenWriter{}, tempDir: dir}); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
