package api

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/ringback/ringback/ringback"
)

// accountHeader names the account that an operator's key acts for.
const accountHeader = "Ringback-Account"

// operatorAlias stands for the operator's own account there.
const operatorAlias = "operator"

// maxKeyText is the longest text that is looked up as a key, in bytes.
const maxKeyText = 512

// actor says who may call an operation, and for which account.
type actor int

const (
	// anyone needs no key.
	anyone actor = iota
	// anAccount is an account's key for its own account, or an operator's for
	// the one that it names.
	anAccount
	// aWorker is an account's key for its own account, or an operator's for
	// the one that it names or, without a name, for all.
	aWorker
	// anOwner is an account's key for its own account, or an operator's for the
	// one that it names or, without a name, for what holds for every account.
	anOwner
	// theOperator is an operator's key alone. If it names an account, the
	// operation is about that one.
	theOperator
)

// call is what is known about a request before its handler runs.
type call struct {
	key       *ringback.Key
	accountID string // "" = all accounts; only for workers, owners and operators
	url       string // scheme and host that lead URLs in answers
	header    http.Header
	body      []byte // in stable form
}

type callKey struct{}

// callOf gives the call that a handler answers.
func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// guard lets a request through to its handler if it may be made at all.
func (a *API) guard(op *operation) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(hc)
		ctx, ended := a.observe(w, r, op)
		defer ended()
		room := &room{of: a.largeBodies}
		defer room.release()
		c, err := a.admit(w, r, op, room)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		next(huma.WithContext(hc, context.WithValue(ctx, callKey{}, c)))
	}
}

// admit checks a request in the order in which a stranger should learn about
// it: key, permission, account, and only then what it says.
func (a *API) admit(w http.ResponseWriter, r *http.Request, op *operation, room *room) (*call, error) {
	c := &call{url: a.urlOf(r), header: r.Header}
	if op.By != anyone {
		var err error
		if c.key, err = a.authenticate(r); err != nil {
			return nil, err
		}
		if err := permit(c.key, op); err != nil {
			return nil, err
		}
		if c.accountID, err = a.accountOf(r, c.key, op.By); err != nil {
			return nil, err
		}
	}
	if err := checkQuery(r); err != nil {
		return nil, err
	}
	if op.takesBody {
		var err error
		if c.body, err = readBody(r, op, room); err != nil {
			return nil, err
		}
		replaceBody(r, c.body)
	}
	r.Header.Del("Accept") // there is one representation: JSON
	return c, nil
}

// authenticate finds the request's key.
func (a *API) authenticate(r *http.Request) (*ringback.Key, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return nil, ringback.Errorf(ringback.CodeUnauthorized, "there is no API key; send it as: Authorization: Bearer rb_…")
	}
	scheme, text, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") || text == "" {
		return nil, ringback.Errorf(ringback.CodeUnauthorized, "the Authorization header must be one: Bearer, a space, and the API key")
	}
	err := error(ringback.Errorf(ringback.CodeUnauthorized, "this is no API key: it is too long or has characters that no key has"))
	if len(text) <= maxKeyText && visibleASCII(text) {
		var key *ringback.Key
		if key, err = a.engine.Authenticate(r.Context(), text); err == nil {
			return key, nil
		}
	}
	if ringback.CodeOf(err) != ringback.CodeUnauthorized {
		return nil, err
	}
	a.metrics.WrongKey()
	if wait := a.wrongKeys.count(r.RemoteAddr, time.Now()); wait > 0 {
		return nil, &ringback.Error{
			Code: ringback.CodeTooManyFailures, RetryAfter: wait,
			Message: "too many wrong API keys came from this address; right ones still work",
		}
	}
	return nil, err
}

// permit says whether a key may call an operation.
func permit(k *ringback.Key, op *operation) error {
	if op.By == theOperator && !k.Operator() {
		return ringback.Errorf(ringback.CodeOperatorOnly, "this needs an operator's key; the key %s acts for the account %s", k.ID, k.AccountID)
	}
	for _, s := range op.Scopes {
		if !k.Has(s) {
			return ringback.Errorf(ringback.CodeMissingScope, "the key %s lacks the scope %s; use another key, or have one made with it", k.ID, s)
		}
	}
	return nil
}

// accountOf says which account a request is about.
func (a *API) accountOf(r *http.Request, k *ringback.Key, by actor) (string, error) {
	values := r.Header.Values(accountHeader)
	if len(values) > 1 || len(values) == 1 && values[0] == "" {
		return "", ringback.Invalid(accountHeader, "it must name one account")
	}
	if len(values) == 0 {
		if k.Operator() && by == anAccount {
			return "", ringback.Invalid(accountHeader, "an operator's key must say which account this is about: send this header with the account's id")
		}
		return k.AccountID, nil
	}
	if k.Operator() {
		id := values[0]
		if id == operatorAlias {
			id = ringback.OperatorAccountID
		}
		_, err := a.engine.Account(r.Context(), id)
		return id, err
	}
	if values[0] != k.AccountID {
		return "", ringback.Errorf(ringback.CodeNotFound, "there is no account %q that this key may act for; it acts for %s", limit(values[0], maxFieldName), k.AccountID)
	}
	return k.AccountID, nil
}

// urlOf is how the caller addresses this server.
func (a *API) urlOf(r *http.Request) string {
	if a.config.PublicURL != "" {
		return a.config.PublicURL
	}
	host := r.Host
	if host == "" { // HTTP/1.0
		if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
			host = addr.String()
		}
	}
	if r.TLS != nil {
		return "https://" + host
	}
	return "http://" + host
}

// visibleASCII says whether a text has no other characters, and no spaces.
func visibleASCII(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
