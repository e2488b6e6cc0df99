package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/ringback/ringback/internal/reference"
)

const docsPath = "/docs"

// serveDocs serves the document as a page for people. The page is made when it
// is first asked for: most servers are never asked.
func (a *API) serveDocs() {
	made := sync.OnceValue(a.makeDocs)
	a.mux.HandleFunc("GET "+docsPath, func(w http.ResponseWriter, r *http.Request) {
		docs := made()
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", docs.policy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache") // may be kept, but is asked for again: a new version has a new page
		h.Set("ETag", docs.etag)
		r.Header.Del("Range") // the page is served whole
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(docs.html))
	})
}

// docs is the page with its headers.
type docs struct {
	html         []byte
	policy, etag string
}

func (a *API) makeDocs() *docs {
	ref, err := reference.Parse(a.document)
	if err != nil {
		panic(fmt.Sprintf("api: %v", err)) // the document is made of constants
	}
	page, err := ref.HTML()
	if err != nil {
		panic(fmt.Sprintf("api: %v", err))
	}
	hash := sha256.Sum256(page.HTML)
	return &docs{html: page.HTML, policy: page.Policy, etag: `"` + hex.EncodeToString(hash[:16]) + `"`}
}
