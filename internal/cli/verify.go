package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/internal/terminal"
	"github.com/ringback/ringback/webhook"
)

// verifyFlags are the flags of `verify`.
type verifyFlags struct {
	hookFlags

	headers   []string
	file      string
	tolerance string
}

func newVerify() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify --profile NAME --header 'NAME: VALUE' < BODY",
		Short: "Verify the signature of a webhook that you have at hand",
		Long: "Verify the signature of a webhook that you have at hand: its headers, and its body as it\n" +
			"arrived. The exit status is 0 if it is genuine, 1 if not, with the reason.\n\n" +
			"Of ed25519 signatures (v1a), the secret is the public key, whpk_….\n\n" + secretHelp,
		Example: "  ringback verify --profile sharpapi --secret-file secret.txt --header 'X-Signature: 5d41…' < body.json\n" +
			"  RINGBACK_SECRET=whsec_… ringback verify --profile standard --headers-file headers.txt --body body.json",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&f.headers, "header", nil, "`'NAME: VALUE'` as it arrived; may be repeated")
	flags.StringVar(&f.file, "headers-file", "", "`FILE` with headers, one a line as curl -D writes them")
	flags.StringVar(&f.tolerance, "tolerance", "5m", "`DURATION` that a signed time may be off, either way")
	return cmd
}

func (f *verifyFlags) run(cmd *cobra.Command) error {
	in := inputsOf(cmd)
	v, err := f.verifier(cmd, in)
	if err != nil {
		return err
	}
	h, err := f.header(in)
	if err != nil {
		return err
	}
	body, err := in.body(f.body)
	if err != nil {
		return err
	}
	out := outputOf(cmd, f.json)
	d, err := v.Verify(h, body)
	if wrong, ok := errors.AsType[*webhook.VerifyError](err); ok {
		return refused(out, wrong)
	}
	if err != nil {
		return err
	}
	return f.verified(out, &d)
}

func (f *verifyFlags) verifier(cmd *cobra.Command, in *inputs) (*webhook.Verifier, error) {
	p, err := f.wire(in)
	if err != nil {
		return nil, err
	}
	tolerance, err := parseSpan(f.tolerance)
	switch {
	case err != nil:
		return nil, wrongUse("--tolerance: %w", err)
	case tolerance <= 0:
		return nil, wrongUse("--tolerance %s: it must be more than 0", f.tolerance)
	}
	secrets, err := f.all(cmd, in)
	if err != nil {
		return nil, err
	}
	if len(secrets) == 0 {
		return nil, wrongUse("the secret is missing: give it in RINGBACK_SECRET, or with --secret-file or --secret")
	}
	v, err := webhook.NewVerifier(p, secrets, webhook.Tolerance(tolerance))
	if err != nil {
		return nil, wrongUse("--secret: %w", err)
	}
	return v, nil
}

// header reads the headers of the flags and of the file.
func (f *verifyFlags) header(in *inputs) (http.Header, error) {
	h := make(http.Header)
	if f.file != "" {
		const limit = 1 << 20
		raw, err := in.file("--headers-file", f.file, limit)
		if err != nil {
			return nil, err
		}
		if h, err = readHeaders(raw); err != nil {
			return nil, err
		}
	}
	for _, text := range f.headers {
		name, value, ok := strings.Cut(text, ":")
		if name = strings.TrimSpace(name); !ok || name == "" || strings.ContainsFunc(name, notInToken) {
			return nil, wrongUse("--header %q: it must be 'NAME: VALUE', as it arrived", text)
		}
		h.Add(name, strings.TrimSpace(value))
	}
	if len(h) == 0 {
		return nil, wrongUse("the headers are missing: give them with --header or --headers-file")
	}
	return h, nil
}

// readHeaders reads headers as curl -D writes them: a status line before each
// block, of which the last counts.
func readHeaders(raw []byte) (http.Header, error) {
	h := make(http.Header)
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, len(raw)+1)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimRight(lines.Text(), "\r")
		name, value, ok := strings.Cut(line, ":")
		switch {
		case strings.HasPrefix(line, "HTTP/") || strings.HasSuffix(line, " HTTP/1.1") || strings.HasSuffix(line, " HTTP/2"):
			h = make(http.Header)
		case line == "":
		case !ok || name == "" || strings.ContainsFunc(name, notInToken):
			return nil, wrongUse("--headers-file: line %d is not NAME: VALUE", n)
		default:
			h.Add(name, strings.TrimSpace(value))
		}
	}
	return h, lines.Err()
}

// verdict is what --json prints.
type verdict struct {
	Verified   bool           `json:"verified"`
	ID         string         `json:"id,omitempty"`
	IDVerified bool           `json:"id_verified,omitempty"` // the signature covers it
	Timestamp  time.Time      `json:"timestamp,omitzero"`    // the signed one
	Attempt    int            `json:"attempt,omitempty"`     // not signed
	Reason     webhook.Reason `json:"reason,omitempty"`
	Header     string         `json:"header,omitempty"` // at fault
	Error      string         `json:"error,omitempty"`
}

func (v verdict) print(out *output) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return out.printJSON(raw)
}

// refused tells why a call is not genuine.
func refused(out *output, e *webhook.VerifyError) error {
	if out.json {
		if err := (verdict{Reason: e.Reason, Header: e.Header, Error: e.Error()}).print(out); err != nil {
			return err
		}
		return exitError{statusFailed}
	}
	out.notef("not verified: %v", e)
	return exitError{statusFailed}
}

// verified tells what was verified, and what was not.
func (f *verifyFlags) verified(out *output, d *webhook.Delivery) error {
	if out.json {
		return verdict{Verified: true, ID: d.ID, IDVerified: d.IDVerified, Timestamp: d.Timestamp.UTC(), Attempt: d.Attempt}.print(out)
	}
	r := out.record()
	r.cell("verified", cell{"yes: the signature is good for these " + strconv.Itoa(len(d.Body)) + " bytes, as " + f.profile, terminal.Green})
	switch {
	case d.ID == "":
		r.text("id", "none")
	case d.IDVerified:
		r.text("id", d.ID+" (signed)")
	default:
		r.text("id", d.ID+" (not signed: somebody may have changed it)")
	}
	if d.Timestamp.IsZero() {
		r.text("timestamp", "none is signed: a call that somebody kept can be sent again")
	} else {
		r.text("timestamp", stamp(d.Timestamp)+" (signed, "+ago(d.Timestamp, out.now)+")")
	}
	if d.Attempt > 0 {
		r.text("attempt", strconv.Itoa(d.Attempt)+" (not signed)")
	}
	return r.print()
}
