package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client calls one server with one key. It may be used concurrently.
type Client struct {
	url       string // without a slash at the end
	key       string
	account   string // "" = the key's own, or none
	userAgent string
	http      *http.Client
	retries   int
	timeout   time.Duration
	maxAnswer int64
}

// Defaults of the options.
const (
	DefaultRetries   = 4
	DefaultTimeout   = 30 * time.Second
	DefaultMaxAnswer = 64 << 20 // bytes
	defaultUserAgent = "ringback-go"
)

// Option changes how a client works.
type Option func(*Client)

// HTTPClient has calls made with h, whose redirect policy is not used: the
// client follows no redirects, since a POST that was redirected would lose its
// body. The default has http.DefaultTransport.
func HTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// Account names the account that an operator's key acts for (the header
// Ringback-Account).
func Account(id string) Option { return func(c *Client) { c.account = id } }

// UserAgent sets the header User-Agent.
func UserAgent(s string) Option { return func(c *Client) { c.userAgent = s } }

// Retries sets how often a call that can be repeated is, after its first try;
// 0 = never. The default is DefaultRetries.
func Retries(n int) Option { return func(c *Client) { c.retries = n } }

// Timeout sets how long one try may take, besides the time that the server is
// asked to wait. The default is DefaultTimeout.
func Timeout(d time.Duration) Option { return func(c *Client) { c.timeout = d } }

// MaxAnswer sets the size in bytes above which an answer is an error. The
// default is DefaultMaxAnswer.
func MaxAnswer(bytes int64) Option { return func(c *Client) { c.maxAnswer = bytes } }

// New makes a client of the server at rawURL ("https://ringback.example.com",
// with a path where a proxy has it under one). The key is an account's or an
// operator's ("rb_…"); with "" only GetHealth and GetReadiness work.
func New(rawURL, key string, options ...Option) (*Client, error) {
	u, err := url.Parse(rawURL)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return nil, fmt.Errorf("%q is not a server's address; it looks like https://ringback.example.com", rawURL)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("the server's address at %q must not have a user, a query or a fragment", u.Host)
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return nil, errors.New("the API key has characters that no key has; it looks like rb_… and has no spaces or line ends")
		}
	}
	c := &Client{
		url: strings.TrimRight(u.String(), "/"), key: key, userAgent: defaultUserAgent,
		http: &http.Client{}, retries: DefaultRetries, timeout: DefaultTimeout, maxAnswer: DefaultMaxAnswer,
	}
	for _, o := range options {
		o(c)
	}
	h := *c.http
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &h
	return c, nil
}

// WithAccount gives a client that acts for an account, with the same operator's
// key; "" = for none.
func (c *Client) WithAccount(id string) *Client {
	other := *c
	other.account = id
	return &other
}
