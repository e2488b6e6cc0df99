package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// inspectFrom inspects the path of a server with that handler.
func inspectFrom(t *testing.T, i *inspector, h http.Handler, path string) (*findings, error) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	t.Cleanup(i.close)
	return i.inspect(t.Context(), srv.URL+path)
}

func TestInspectSamples(t *testing.T) {
	want := map[string]findings{
		"sunrise.png": {ContentType: "image/png", Width: 240, Height: 150, ServedAs: "image/png"},
		"harbour.jpg": {ContentType: "image/jpeg", Width: 300, Height: 200, ServedAs: "image/jpeg"},
		"comet.gif":   {ContentType: "image/gif", Width: 72, Height: 72, ServedAs: "image/gif"},
		"invoice.pdf": {ContentType: "application/pdf", ServedAs: "application/pdf"},
		"order.json":  {ContentType: "text/plain; charset=utf-8", ServedAs: "application/json"},
	}
	for _, name := range sampleNames {
		in, err := sample(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := inspectFrom(t, newInspector(), newFileServer(in), "/"+name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sum := sha256.Sum256(in.data)
		expected := want[name]
		expected.Size, expected.SHA256 = int64(len(in.data)), hex.EncodeToString(sum[:])
		if diff := cmp.Diff(&expected, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if len(want) != len(sampleNames) {
		t.Errorf("%d samples are expected, there are %d", len(want), len(sampleNames))
	}
}

// serve answers with that content.
func serve(contentType string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(content)
	}
}

func TestInspectRefuses(t *testing.T) {
	whole, err := sample("sunrise.png")
	broken, err2 := sample(brokenSample)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	flipped := bytes.Clone(whole.data)
	flipped[len(flipped)/2] ^= 0xff
	for _, tc := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"cut off", serve("image/png", broken.data), "cannot decode this image/png: it is cut off"},
		{"header alone", serve("image/png", whole.data[:8]), "cannot decode this image/png: it is cut off"},
		{"damaged", serve("image/png", flipped), "cannot decode this image/png: png: invalid format"},
		{"damaged, served as something else", serve("text/html", flipped), "cannot decode this image/png"},
		{"text served as a picture", serve("image/jpeg; q=1", []byte("not a picture")), "it is served as image/jpeg, but its content is text/plain"},
		{"nothing", serve("image/png", nil), "the file is empty: 0 bytes"},
		{"not found", http.NotFound, "the server answered 404 Not Found"},
		{"no content", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, "the server answered 204 No Content"},
		{"too many redirects", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
		}, "it redirects more than 5 times"},
		{"redirect to a file on disk", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "file:///etc/hostname")
			w.WriteHeader(http.StatusFound)
		}, "unsupported protocol scheme"},
		{"announces too much", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1099511627776")
		}, "the file is larger than 32 MiB"},
		{"less than announced", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("short"))
		}, "the download broke off after 5 bytes"},
		{"no HTTP", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = conn.Write([]byte("220 mail.example ESMTP\r\n"))
				_ = conn.Close()
			}
		}, "the download failed"},
		{"endless header", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 2*maxHeader))
		}, "the download failed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := inspectFrom(t, newInspector(), tc.handler, "/file.png")
			if err == nil {
				t.Fatalf("no error, but %+v", got)
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %q, want one with %q", err, tc.want)
			}
		})
	}
}

func TestInspectStopsReadingEndlessBodies(t *testing.T) {
	i := newInspector()
	i.limit = 1 << 20
	sent := make(chan int64, 1)
	_, err := inspectFrom(t, i, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var n int64
		chunk := make([]byte, 32<<10)
		for {
			written, err := w.Write(chunk)
			n += int64(written)
			if err != nil {
				sent <- n
				return
			}
		}
	}), "/")
	if err == nil || err.Error() != "the file is larger than 1 MiB" {
		t.Errorf("error %v", err)
	}
	if n := <-sent; n > 64<<20 {
		t.Errorf("%d bytes were taken", n)
	}
}

func TestInspectGivesUpOnSlowServers(t *testing.T) {
	i := newInspector()
	i.timeout = 50 * time.Millisecond
	_, err := inspectFrom(t, i, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("a beginning, then nothing"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}), "/")
	if err == nil || err.Error() != "the download took longer than 50ms" {
		t.Errorf("error %v", err)
	}
}

func TestInspectFollowsRedirects(t *testing.T) {
	in, err := sample("comet.gif")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/comet.gif", newFileServer(in))
	mux.Handle("/old", http.RedirectHandler("/comet.gif", http.StatusMovedPermanently))
	got, err := inspectFrom(t, newInspector(), mux, "/old")
	if err != nil || got.Width != 72 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestInspectChecksAddresses(t *testing.T) {
	for _, raw := range []string{"", "sunrise.png", "file:///etc/hostname", "http://", "ftp://example.com/x", "http://[::1", "http://" + strings.Repeat("x", 500) + "\x7f"} {
		_, err := newInspector().inspect(t.Context(), raw)
		if err == nil || !strings.HasPrefix(err.Error(), "input.url ") || len(err.Error()) > 200 {
			t.Errorf("%q: error %v", raw, err)
		}
	}
}

func TestInspectIsCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer srv.Close()
	i := newInspector()
	defer i.close()
	if _, err := i.inspect(ctx, srv.URL); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("error %v", err)
	}
}

// TestInspectMeasuresHugeImages: the header of an image may claim anything;
// memory for all its pixels is not taken then.
func TestInspectMeasuresHugeImages(t *testing.T) {
	var small bytes.Buffer
	if err := png.Encode(&small, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	raw := small.Bytes()
	copy(raw[16:24], []byte{0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff}) // width and height
	fixCRC(raw[12:33])
	got, err := inspectFrom(t, newInspector(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.Copy(w, bytes.NewReader(raw))
	}), "/")
	if err != nil || got.Width != 65535 || got.Height != 65535 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// fixCRC rewrites the checksum at the end of a PNG chunk: type, data, CRC-32.
func fixCRC(chunk []byte) {
	end := len(chunk) - 4
	binary.BigEndian.PutUint32(chunk[end:], crc32.ChecksumIEEE(chunk[:end]))
}
