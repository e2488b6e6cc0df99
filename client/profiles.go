package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

const profilesPath = "/v1/profiles"

// Profile is a wire format.
type Profile struct {
	Name          string         `json:"name"`
	Owner         string         `json:"owner"` // "built-in", "operator" (it holds for every account) or "account"
	Shape         string         `json:"shape"` // of the body
	Header        string         `json:"header"`
	Algorithm     string         `json:"algorithm"`
	Encoding      string         `json:"encoding"`
	Prefix        string         `json:"prefix"`
	Content       string         `json:"content"`        // what is signed
	IncludeResult bool           `json:"include_result"` // of endpoints that do not say otherwise
	RetrySchedule []string       `json:"retry_schedule"` // of endpoints that have none of their own ("5s", "1h30m")
	UserAgent     string         `json:"user_agent"`     // "" = the server's own
	CreatedAt     time.Time      `json:"created_at"`     // zero if it is built in
	UpdatedAt     time.Time      `json:"updated_at"`     // zero if it is built in
	Example       ProfileExample `json:"example"`
}

// ProfileExample is a call in a profile, to check a receiver with.
type ProfileExample struct {
	Headers   map[string]string `json:"headers"`
	Body      string            `json:"body"`
	Secret    string            `json:"secret"`     // what signed it, which everybody knows; "" with ed25519
	PublicKey string            `json:"public_key"` // what verifies it with ed25519; "" otherwise
}

// CreateProfileParams describe a custom profile. Name, Shape and Header are
// needed.
type CreateProfileParams struct {
	Name          string             `json:"name"`                    // 1 to 64 of a-z, 0-9 and -
	Shape         string             `json:"shape"`                   // standard, unitary, unitary-flat, inkit, sharpapi, raw
	Header        string             `json:"header"`                  // that the signature is in
	Algorithm     string             `json:"algorithm,omitempty"`     // hmac-sha256, or "", hmac-sha512, hmac-sha1, ed25519
	Encoding      string             `json:"encoding,omitempty"`      // hex, or "", base64
	Prefix        string             `json:"prefix,omitempty"`        // before the signature
	Content       string             `json:"content,omitempty"`       // body, or "", timestamp.body, id.timestamp.body
	IncludeResult Optional[bool]     `json:"include_result,omitzero"` // left out = true
	RetrySchedule Optional[[]string] `json:"retry_schedule,omitzero"` // left out or Null = the default, Set([]string{}) = no retry
	UserAgent     string             `json:"user_agent,omitempty"`    // "" = the server's own
}

// UpdateProfileParams change a custom profile. What is left out stays.
type UpdateProfileParams struct {
	Shape         Optional[string]   `json:"shape,omitzero"`
	Header        Optional[string]   `json:"header,omitzero"`
	Algorithm     Optional[string]   `json:"algorithm,omitzero"` // between ed25519 and the others while nobody has the profile
	Encoding      Optional[string]   `json:"encoding,omitzero"`
	Prefix        Optional[string]   `json:"prefix,omitzero"`
	Content       Optional[string]   `json:"content,omitzero"`
	IncludeResult Optional[bool]     `json:"include_result,omitzero"`
	RetrySchedule Optional[[]string] `json:"retry_schedule,omitzero"` // Null = the default, Set([]string{}) = no retry
	UserAgent     Optional[string]   `json:"user_agent,omitzero"`
}

// CreateProfile makes a custom profile: of the account or, with an operator's
// key and no account, of the operator, for every account.
func (c *Client) CreateProfile(ctx context.Context, p CreateProfileParams) (*Profile, error) {
	return change[Profile](ctx, c, http.MethodPost, profilesPath, p)
}

// GetProfile gives a profile: built in, the account's own or else the operator's.
func (c *Client) GetProfile(ctx context.Context, name string) (*Profile, error) {
	return get[Profile](ctx, c, under(profilesPath, name, ""))
}

// ListProfiles gives a page of the profiles that the account can use: the
// built-in ones by name, and then the others by name.
func (c *Client) ListProfiles(ctx context.Context, p Page) (*List[Profile], error) {
	return list[Profile](ctx, c, profilesPath, p.query())
}

// AllProfiles goes through all pages of ListProfiles.
func (c *Client) AllProfiles(ctx context.Context, p Page) iter.Seq2[*Profile, error] {
	return all(p, func(page Page) (*List[Profile], error) { return c.ListProfiles(ctx, page) })
}

// UpdateProfile changes a custom profile from the next attempt on.
func (c *Client) UpdateProfile(ctx context.Context, name string, p UpdateProfileParams) (*Profile, error) {
	return change[Profile](ctx, c, http.MethodPatch, under(profilesPath, name, ""), p)
}

// DeleteProfile deletes a custom profile that nobody uses.
func (c *Client) DeleteProfile(ctx context.Context, name string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: under(profilesPath, name, "")})
	return err
}
