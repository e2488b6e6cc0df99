package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // the formats whose size in pixels is told
	_ "image/jpeg"
	_ "image/png"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Bounds of a download.
const (
	maxInput     = 32 << 20 // bytes
	maxRedirects = 5
	inputTimeout = 10 * time.Second // for all of it
	maxPixels    = 32 << 20         // of an image that is decoded to its end
	maxHeader    = 64 << 10         // bytes
)

// findings are the result of a job of type inspect.
type findings struct {
	ContentType string `json:"content_type"`     // by the content itself
	Width       int    `json:"width,omitempty"`  // pixels; of PNG, JPEG and GIF
	Height      int    `json:"height,omitempty"` // pixels
	Size        int64  `json:"size"`             // bytes
	SHA256      string `json:"sha256"`           // hex
	ServedAs    string `json:"served_as,omitempty"`
}

// inspector downloads files and looks at them.
type inspector struct {
	http    *http.Client
	limit   int64
	timeout time.Duration
}

func newInspector() *inspector {
	return &inspector{
		limit:   maxInput,
		timeout: inputTimeout,
		http: &http.Client{
			Transport: &http.Transport{
				DisableCompression:     true, // size and digest are of the bytes as they are served
				MaxResponseHeaderBytes: maxHeader,
			},
			CheckRedirect: func(_ *http.Request, via []*http.Request) error {
				if len(via) > maxRedirects {
					return fmt.Errorf("it redirects more than %d times", maxRedirects)
				}
				return nil
			},
		},
	}
}

// close ends idle connections.
func (i *inspector) close() { i.http.CloseIdleConnections() }

// inspect downloads a file and says what it is. What cannot be downloaded
// within the bounds, is empty, or pretends to be an image is an error, worded
// for whoever submitted the job.
func (i *inspector) inspect(ctx context.Context, rawURL string) (*findings, error) {
	u, err := url.Parse(rawURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("input.url %q is not an http:// or https:// address", abbreviate(rawURL, 80))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, i.timeout,
		fmt.Errorf("the download took longer than %s", i.timeout))
	defer cancel()
	content, servedAs, err := i.download(ctx, u)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	if len(content) == 0 {
		return nil, errors.New("the file is empty: 0 bytes")
	}
	sum := sha256.Sum256(content)
	f := &findings{
		ContentType: http.DetectContentType(content),
		Size:        int64(len(content)),
		SHA256:      hex.EncodeToString(sum[:]),
		ServedAs:    servedAs,
	}
	if err := f.measure(content); err != nil {
		return nil, err
	}
	return f, nil
}

// download gets a file of at most the limit, and the type it is served as.
func (i *inspector) download(ctx context.Context, u *url.URL) (content []byte, servedAs string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, "", err
	}
	resp, err := i.http.Do(req)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // without the URL, which may be long
		}
		return nil, "", fmt.Errorf("the download failed: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // read only
	if resp.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("the download failed: the server answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	tooLarge := fmt.Errorf("the file is larger than %d MiB", i.limit>>20)
	if resp.ContentLength > i.limit {
		return nil, "", tooLarge
	}
	content, err = io.ReadAll(io.LimitReader(resp.Body, i.limit+1))
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("the download broke off after %d bytes: %w", len(content), err)
	case int64(len(content)) > i.limit:
		return nil, "", tooLarge
	}
	return content, abbreviate(resp.Header.Get("Content-Type"), 100), nil
}

// measure finds an image's width and height, having decoded all of it: an
// image that is cut off or damaged is an error, and so is something else that
// is served as one.
func (f *findings) measure(content []byte) error {
	if !measurable(f.ContentType) {
		if served, _, err := mime.ParseMediaType(f.ServedAs); err == nil && measurable(served) {
			return fmt.Errorf("it is served as %s, but its content is %s", served, f.ContentType)
		}
		return nil
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return undecodable(f.ContentType, err)
	}
	f.Width, f.Height = config.Width, config.Height
	if int64(config.Width)*int64(config.Height) > maxPixels {
		return nil // measured by its header; decoding it would take too much memory
	}
	if _, _, err := image.Decode(bytes.NewReader(content)); err != nil {
		return undecodable("image/"+format, err)
	}
	return nil
}

// measurable says whether a content type is one of the decoded formats.
func measurable(contentType string) bool {
	switch contentType {
	case "image/png", "image/jpeg", "image/gif":
		return true
	}
	return false
}

func undecodable(contentType string, err error) error {
	why := err.Error()
	if errors.Is(err, io.EOF) || strings.HasSuffix(why, io.ErrUnexpectedEOF.Error()) || strings.Contains(why, "not enough") {
		why = "it is cut off"
	}
	return fmt.Errorf("cannot decode this %s: %s", contentType, why)
}

// String is a line about the file.
func (f *findings) String() string {
	kind := f.ContentType
	if f.Width > 0 {
		kind += fmt.Sprintf(", %d × %d px", f.Width, f.Height)
	}
	return fmt.Sprintf("%s, %d bytes, sha256 %s", kind, f.Size, abbreviate(f.SHA256, 9))
}
