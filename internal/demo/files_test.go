package demo

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringback/ringback/webhook"
)

func TestSamplesAreSmallAndComplete(t *testing.T) {
	entries, err := samples.ReadDir("samples")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(sampleNames)+1 {
		t.Errorf("%d files are embedded, %d are used", len(entries), len(sampleNames)+1)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Size() == 0 || info.Size() > 10_000 {
			t.Errorf("%s: %d bytes, %v", e.Name(), info.Size(), err)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.txt")
	if err := os.WriteFile(good, []byte("good"), 0o600); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(dir, "secret.txt")
	if err := os.WriteFile(secret, []byte("secret"), 0o000); err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{
		filepath.Join(dir, "missing.png"): "there is no such file",
		dir:                               "is a directory",
		os.DevNull:                        "is not a regular file",
		filepath.Join(good, "below"):      "not a directory",
		"":                                "there is no such file",
	}
	if os.Geteuid() != 0 { // root reads everything
		cases[secret] = "permission denied"
	}
	for path, want := range cases {
		_, err := load([]string{good, path})
		if _, ok := errors.AsType[*InputError](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want an InputError with %q", path, err, want)
		}
	}
}

func TestLoadGivesEveryFileItsName(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for _, path := range []string{"a/x.txt", "b/x.txt", "c/x.txt", "c/broken.png", "c/50% of #1?.txt"} {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("content of "+path), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	inputs, err := load(paths)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(newFileServer(inputs...))
	defer srv.Close()
	names := map[string]bool{brokenSample: true}
	for n, in := range inputs {
		if names[in.name] {
			t.Errorf("%q is there twice", in.name)
		}
		names[in.name] = true
		resp, err := srv.Client().Get(srv.URL + pathOf(in))
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || string(content) != "content of "+paths[n] {
			t.Errorf("%s: %s %q, %v", paths[n], resp.Status, content, err)
		}
	}
}

func TestFileServerServesInputsAlone(t *testing.T) {
	in, err := sample("order.json")
	if err != nil {
		t.Fatal(err)
	}
	gone := &input{name: "gone.txt", path: filepath.Join(t.TempDir(), "gone.txt")}
	s := newFileServer(in, gone)
	for _, tc := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, "/order.json", 200},
		{http.MethodHead, "/order.json", 200},
		{http.MethodPost, "/order.json", 405},
		{http.MethodGet, "/gone.txt", 404},
		{http.MethodGet, "/", 404},
		{http.MethodGet, "/../files.go", 404},
		{http.MethodGet, "/files.go", 404},
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(tc.method, tc.path, nil))
		if w.Code != tc.want {
			t.Errorf("%s %s: %d, want %d", tc.method, tc.path, w.Code, tc.want)
		}
	}
}

func TestPlansShowEveryProfileAndEveryFile(t *testing.T) {
	for _, n := range []int{1, 2, 5, 12} {
		var inputs []*input
		for i := range n {
			inputs = append(inputs, &input{name: string(rune('a' + i))})
		}
		all := plans(inputs, &input{name: brokenSample})
		profiles, files, busy := map[string]bool{}, map[string]bool{}, 0
		for _, p := range all {
			s := p.submission("http://files", "http://hooks")
			files[p.input.name] = true
			if p.busy {
				busy++
				if s.CallbackURL != "" {
					t.Errorf("%s: the busy job has a callback", p.title)
				}
				continue
			}
			profiles[s.Profile] = true
			if s.CallbackURL != "http://hooks/"+s.Profile {
				t.Errorf("%s: callback %q", p.title, s.CallbackURL)
			}
			for _, name := range []string{s.Events.Succeeded, s.Events.Failed, s.Events.Canceled} {
				if strings.HasPrefix(name, "busy.") {
					t.Errorf("%s: the busy endpoint would get %s", p.title, name)
				}
			}
		}
		if len(all) != max(n, len(scenes))+2 || len(files) != n+1 || busy != 1 {
			t.Errorf("%d files: %d jobs about %d files, %d with a busy receiver", n, len(all), len(files), busy)
		}
		for _, p := range []string{"unitary", "unitary-flat", "inkit", "sharpapi", "standard"} {
			if _, known := webhook.Lookup(p); !known || !profiles[p] {
				t.Errorf("%d files: profile %s is not shown", n, p)
			}
		}
	}
}
