package egress

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// authority is a private CA.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	ca := &authority{pool: x509.NewCertPool()}
	ca.key = newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &ca.key.PublicKey, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	if ca.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	ca.pool.AddCert(ca.cert)
	return ca
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue makes a certificate for a name or an address, valid from and until
// these hours from now.
func (ca *authority) issue(t *testing.T, host string, from, until int) tls.Certificate {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host},
		NotBefore: time.Now().Add(time.Duration(from) * time.Hour), NotAfter: time.Now().Add(time.Duration(until) * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, &key.PublicKey, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// newTLSServer starts a server that offers HTTP/2 too.
func newTLSServer(t *testing.T, cfg *tls.Config, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.TLS, s.EnableHTTP2 = cfg, true
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are meant
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func TestCertificates(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	good := ca.issue(t, "127.0.0.1", -1, 1)
	for _, tc := range []struct {
		name   string
		server *tls.Config
		want   string
	}{
		{"valid", &tls.Config{Certificates: []tls.Certificate{good}}, ""},
		{"expired", &tls.Config{Certificates: []tls.Certificate{ca.issue(t, "127.0.0.1", -2, -1)}}, "certificate has expired"},
		{"not yet valid", &tls.Config{Certificates: []tls.Certificate{ca.issue(t, "127.0.0.1", 1, 2)}}, "certificate is not yet valid"},
		{"wrong host", &tls.Config{Certificates: []tls.Certificate{ca.issue(t, "other.example", -1, 1)}}, "certificate is not valid for host 127.0.0.1"},
		{"unknown authority", &tls.Config{Certificates: []tls.Certificate{stranger.issue(t, "127.0.0.1", -1, 1)}}, "unknown authority"},
		{"old TLS", &tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "TLS"},
		{"client certificate wanted", &tls.Config{Certificates: []tls.Certificate{good}, ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}, "refused the TLS connection: handshake failure"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			url := newTLSServer(t, tc.server, func(http.ResponseWriter, *http.Request) {})
			c := newTestClient(t, Config{AllowPrivate: true, RootCAs: ca.pool})
			resp, err := c.Do(t.Context(), Request{URL: url, Body: []byte("x")})
			if tc.want != "" {
				wantError(t, err, KindTLS, tc.want)
				return
			}
			if err != nil || resp.StatusCode != 200 {
				t.Error(resp, err)
			}
		})
	}
}

func TestPlainServerAtHTTPS(t *testing.T) {
	s := newServer(t, func(http.ResponseWriter, *http.Request) {})
	url := strings.Replace(s.URL, "http://", "https://", 1)
	_, err := newTestClient(t, laptop).Do(t.Context(), Request{URL: url})
	wantError(t, err, KindTLS, "does not speak TLS")
}

func TestHandshakeIsCut(t *testing.T) {
	addr := rawServer(t, func(_ int, conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) })
	_, err := newTestClient(t, laptop).Do(t.Context(), Request{URL: "https://" + addr})
	wantError(t, err, KindTLS, "closed the connection during the TLS handshake")
}

func TestStalledHandshakeIsATimeout(t *testing.T) {
	addr := rawServer(t, func(_ int, conn net.Conn) { waitClosed(conn) })
	resp, err := newTestClient(t, laptop).Do(t.Context(), Request{URL: "https://" + addr, Timeout: 100 * time.Millisecond})
	wantError(t, err, KindTimeout, "within 100ms", "TLS ")
	if tm := resp.Timing; tm.TLS < 50*time.Millisecond || tm.Connect == 0 || tm.FirstByte != 0 || tm.Total < tm.TLS {
		t.Errorf("timing %+v", tm)
	}
}

// A dial may outlive its request, but not the request's deadline or its
// caller's patience.
func TestDialEndsWithItsRequest(t *testing.T) {
	arrived, closed := make(chan struct{}, 2), make(chan struct{}, 2)
	addr := rawServer(t, func(_ int, conn net.Conn) {
		arrived <- struct{}{}
		waitClosed(conn)
		closed <- struct{}{}
	})
	wait := func(what string, c <-chan struct{}) {
		t.Helper()
		select {
		case <-c:
		case <-time.After(10 * time.Second):
			t.Fatal("not " + what)
		}
	}
	c := newTestClient(t, laptop)
	_, err := c.Do(t.Context(), Request{URL: "https://" + addr, Timeout: 50 * time.Millisecond})
	wantError(t, err, KindTimeout)
	wait("arrived", arrived)
	wait("closed at the deadline", closed)

	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	_, err = c.Do(ctx, Request{URL: "https://" + addr, Timeout: time.Minute})
	wantError(t, err, KindCanceled)
	wait("closed at the cancellation", closed)
}

func TestHTTP2(t *testing.T) {
	ca := newAuthority(t)
	data := strings.Repeat("x", chunk1k)
	url := newTLSServer(t, &tls.Config{Certificates: []tls.Certificate{ca.issue(t, "127.0.0.1", -1, 1)}},
		func(w http.ResponseWriter, r *http.Request) {
			if r.Proto != "HTTP/2.0" {
				t.Errorf("protocol %s", r.Proto)
			}
			switch r.URL.Path {
			case "/endless":
				for {
					if _, err := io.WriteString(w, data); err != nil {
						return
					}
				}
			case "/silent":
				<-r.Context().Done()
			case "/flood":
				for i := range 1000 {
					w.Header().Add("X-Flood", data[:100+i%7])
				}
			case "/abort":
				panic(http.ErrAbortHandler)
			default:
				w.Header().Set("X-Target", r.RequestURI)
			}
		})
	c := newTestClient(t, Config{AllowPrivate: true, RootCAs: ca.pool})

	target := `/a|b;c%2Fd'e?x=1|2&y=a%20b`
	resp, err := c.Do(t.Context(), Request{URL: url + target, Body: []byte("x")})
	if err != nil || resp.Header.Get("X-Target") != target || resp.Timing.TLS == 0 {
		t.Fatal(resp, err)
	}
	resp, err = c.Do(t.Context(), Request{URL: url + "/endless"})
	if err != nil || !resp.Truncated || len(resp.Body) != DefaultMaxResponseBody || resp.Timing.TLS != 0 {
		t.Errorf("%d bytes, truncated %v, timing %+v, error %v", len(resp.Body), resp.Truncated, resp.Timing, err)
	}
	_, err = c.Do(t.Context(), Request{URL: url + "/silent", Timeout: 100 * time.Millisecond})
	wantError(t, err, KindTimeout, "waiting for headers")
	_, err = c.Do(t.Context(), Request{URL: url + "/flood"})
	wantError(t, err, KindProtocol, "too large")
	_, err = c.Do(t.Context(), Request{URL: url + "/abort"})
	wantError(t, err, KindProtocol, "HTTP/2")
}
