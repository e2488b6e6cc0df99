package webhook

import (
	"crypto/ed25519"
	"crypto/hmac"
	"errors"
	"fmt"
	"strings"
)

// maxEd25519 is how many ed25519 signatures of a header are tried with a key:
// each costs the work of reading the whole body, and a rotation needs two.
const maxEd25519 = 8

// key is a secret, ready to sign and to verify.
type key struct {
	algorithm Algorithm
	prefix    string             // what stands before its signatures
	mac       *mac               // of the HMACs
	public    ed25519.PublicKey  // of ed25519
	private   ed25519.PrivateKey // nil if the key can only verify
}

var (
	errEmptySecret = errors.New("secret is empty")
	errPublicKey   = fmt.Errorf("secret is a public key (%q), which cannot sign; sign with the %q it belongs to", whpkPrefix, whskPrefix)
)

// CheckSecret says what is wrong with a secret for signing in this profile, if
// anything. "" never is a secret. A public key ("whpk_…") is none, though
// [NewVerifier] takes it. The error does not repeat the secret.
func (p Profile) CheckSecret(secret string) error {
	k, err := p.key(secret)
	if err != nil {
		return err
	}
	return k.checkSigns()
}

// key returns the key that the secret stands for. The prefix of the secret
// decides where the profile leaves a choice.
func (p Profile) key(secret string) (key, error) {
	asymmetric := strings.HasPrefix(secret, whskPrefix) || strings.HasPrefix(secret, whpkPrefix)
	switch {
	case secret == "":
		return key{}, errEmptySecret
	case p.KeyForm == KeyWhsk:
		return newEd25519Key(p.Prefix, secret)
	case asymmetric && p.Ed25519Prefix != "":
		return newEd25519Key(p.Ed25519Prefix, secret)
	case asymmetric:
		return key{}, fmt.Errorf("secret is an ed25519 key (%q or %q), and this profile signs with %s: give it another secret, or choose a profile that signs with ed25519",
			whskPrefix, whpkPrefix, p.Algorithm)
	}
	text := []byte(secret)
	if p.KeyForm == KeyWhsec {
		var err error
		if text, err = decodeWhsec(secret); err != nil {
			return key{}, err
		}
	}
	return key{algorithm: p.Algorithm, prefix: p.Prefix, mac: newMAC(p.Algorithm, text)}, nil
}

func newEd25519Key(prefix, secret string) (key, error) {
	k := key{algorithm: AlgorithmEd25519, prefix: prefix}
	var err error
	if strings.HasPrefix(secret, whpkPrefix) {
		k.public, err = decodeWhpk(secret)
		return k, err
	}
	k.private, k.public, err = decodeWhsk(secret)
	return k, err
}

// checkSigns refuses keys that can only verify.
func (k *key) checkSigns() error {
	if k.mac == nil && k.private == nil {
		return errPublicKey
	}
	return nil
}

// keys returns one key for each secret, in their order.
func (p Profile) keys(secrets []string, check func(*key) error) ([]key, error) {
	if err := p.checkScheme(); err != nil {
		return nil, err
	}
	all := make([]key, len(secrets))
	for i, secret := range secrets {
		k, err := p.key(secret)
		if err == nil {
			err = check(&k)
		}
		if err != nil {
			if len(secrets) > 1 {
				err = fmt.Errorf("secret %d of %d: %w", i+1, len(secrets), err)
			}
			return nil, err
		}
		all[i] = k
	}
	return all, nil
}

// sign returns the signature of the content.
func (k *key) sign(c *content) signature {
	s := signature{algorithm: k.algorithm}
	if k.mac != nil {
		s.bytes = k.mac.of(c)
		return s
	}
	whole, buf := c.join()
	copy(s.bytes[:], ed25519.Sign(k.private, whole))
	unjoin(buf)
	return s
}

// made reports whether one of the signatures is the key's.
func (k *key) made(signatures []signature, c *content) bool {
	if k.mac == nil {
		return k.madeEd25519(signatures, c)
	}
	want := signature{algorithm: k.algorithm, bytes: k.mac.of(c)}
	for i := range signatures {
		if signatures[i].algorithm == k.algorithm && hmac.Equal(signatures[i].raw(), want.raw()) {
			return true
		}
	}
	return false
}

func (k *key) madeEd25519(signatures []signature, c *content) bool {
	whole, buf := c.join()
	defer unjoin(buf)
	tried := 0
	for i := range signatures {
		if signatures[i].algorithm != AlgorithmEd25519 || tried == maxEd25519 {
			continue
		}
		tried++
		if ed25519.Verify(k.public, whole, signatures[i].raw()) {
			return true
		}
	}
	return false
}
