package reference

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
)

//go:embed page.html style.css
var files embed.FS

var page = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"lower": strings.ToLower,
}).ParseFS(files, "page.html", "style.css"))

// Page is the documentation in HTML: one page that loads nothing.
type Page struct {
	HTML []byte
	// Policy is the Content-Security-Policy that the page is to be served with.
	// It allows the page's style and nothing else.
	Policy string
}

// HTML makes the page. Texts of the document are shown as text, never as markup.
func (r *Reference) HTML() (*Page, error) {
	var text bytes.Buffer
	if err := page.Execute(&text, r); err != nil {
		return nil, fmt.Errorf("reference: the page cannot be made: %w", err)
	}
	// The hash is of what the browser finds between the tags.
	_, style, _ := bytes.Cut(text.Bytes(), []byte("<style>"))
	style, _, _ = bytes.Cut(style, []byte("</style>"))
	hash := sha256.Sum256(style)
	return &Page{HTML: text.Bytes(), Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
		"'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}, nil
}
