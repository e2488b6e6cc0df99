package webhook

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// vector is a case of testdata/signatures.json, which was computed with
// implementations other than this one.
type vector struct {
	Profile   string
	Name      string
	Secret    secrets
	PublicKey string `json:"public_key"`
	Body      string
	ID        string
	Timestamp int64
	Headers   map[string]string
	Absent    []string
}

// secrets is a string, "" for none, or a list with the current one first.
type secrets []string

func (s *secrets) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		if *s = nil; one != "" {
			*s = secrets{one}
		}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(s))
}

func (v *vector) message() Message {
	return Message{ID: v.ID, Timestamp: time.Unix(v.Timestamp, 0), Body: []byte(v.Body)}
}

// header is the vector's headers as they arrive.
func (v *vector) header() http.Header {
	h := make(http.Header)
	for name, value := range v.Headers {
		h.Set(name, value)
	}
	return h
}

// clock is the clock of a receiver that gets the call late by d.
func (v *vector) clock(late time.Duration) VerifierOption {
	return Now(func() time.Time { return time.Unix(v.Timestamp, 0).Add(late) })
}

// vectors returns all cases.
func vectors(t testing.TB) []vector {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "signatures.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []vector `json:"cases"`
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	return file.Cases
}

func TestVectorsCoverEveryProfile(t *testing.T) {
	covered := make(map[string]bool)
	asymmetric := 0
	for _, v := range vectors(t) {
		if len(v.Secret) > 0 {
			covered[v.Profile] = true
		}
		if v.PublicKey != "" {
			asymmetric++
		}
	}
	if asymmetric == 0 {
		t.Error("no vector for v1a")
	}
	for _, p := range Profiles() {
		if !covered[p.Name] {
			t.Errorf("no vector for profile %s", p.Name)
		}
	}
}

func TestVectorsSign(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Profile+"/"+v.Name, func(t *testing.T) {
			p := profile(t, v.Profile)
			got, err := Sign(p, v.message(), v.Secret...)
			if err != nil {
				t.Fatal(err)
			}
			want := v.header()
			if p.UserAgent != "" && len(v.Secret) == 0 {
				want.Set("User-Agent", p.UserAgent)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			for _, name := range v.Absent {
				if got.Values(name) != nil {
					t.Errorf("header %s is set", name)
				}
			}
		})
	}
}

func TestVectorsVerify(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Profile+"/"+v.Name, func(t *testing.T) {
			p := profile(t, v.Profile)
			h := v.header()
			if len(v.Secret) == 0 {
				_, err := Verify(p, h, []byte(v.Body), "test_key")
				wantReason(t, err, ReasonMissingHeader, p.SignatureHeader)
				return
			}
			h.Set(HeaderID, "msg_2b8pQ1")
			h.Set(HeaderAttempt, "3")
			// Each secret alone verifies, and so do all together; the public key, too.
			all := v.Secret
			if v.PublicKey != "" {
				public, err := PublicKey(v.Secret[0])
				if err != nil || public != v.PublicKey {
					t.Errorf("PublicKey gives %s, %v; want %s", public, err, v.PublicKey)
				}
				all = append(all, v.PublicKey)
			}
			for _, known := range append([][]string{all}, each(all)...) {
				verifier, err := NewVerifier(p, known, v.clock(4*time.Minute))
				if err != nil {
					t.Fatal(err)
				}
				got, err := verifier.Verify(h, []byte(v.Body))
				if err != nil {
					t.Fatal(err)
				}
				want := Delivery{ID: "msg_2b8pQ1", Attempt: 3, Body: []byte(v.Body)}
				want.IDVerified = v.ID != "" // the vectors with an id sign it
				if v.Timestamp != 0 {
					want.Timestamp = time.Unix(v.Timestamp, 0)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("delivery (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// each returns one list for each secret.
func each(all []string) (lists [][]string) {
	for _, s := range all {
		lists = append(lists, []string{s})
	}
	return lists
}

// TestVectorsAreTheShared compares the copy in testdata with the file that all
// implementations share, where that is at hand.
func TestVectorsAreTheShared(t *testing.T) {
	shared, err := os.ReadFile(filepath.Join("..", "..", "shared", "vectors", "signatures.json"))
	if err != nil {
		t.Skip(err)
	}
	own, err := os.ReadFile(filepath.Join("testdata", "signatures.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(own, shared) {
		t.Error("testdata/signatures.json is not the shared file")
	}
}
