package cli

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/internal/terminal"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// signFlags are the flags of `sign`.
type signFlags struct {
	hookFlags

	id, timestamp, eventType, curl string
}

func newSign() *cobra.Command {
	var f signFlags
	cmd := &cobra.Command{
		Use:   "sign --profile NAME < BODY",
		Short: "Sign a webhook: print the headers that make a receiver trust it",
		Long: "Sign a webhook: print the headers that a body is sent with, one a line, as a server\n" +
			"would send them. With several secrets, profiles that can carry several signatures have\n" +
			"one of each; the others are signed with the first.\n\n" + secretHelp,
		Example: "  RINGBACK_SECRET=test_key ringback sign --profile sharpapi < body.json\n" +
			"  ringback sign --profile standard --secret-file secret.txt --body body.json --curl http://127.0.0.1:9000/hook | sh",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.id, "id", "", "`ID` of the message (webhook-id); a new one if not given")
	flags.StringVar(&f.timestamp, "timestamp", "", "`TIME` of signing, in Unix seconds or as 2026-01-02T15:04:05Z; now if not given")
	flags.StringVar(&f.eventType, "type", "", "`TYPE` of the event, for profiles with a header for it (github)")
	flags.StringVar(&f.curl, "curl", "", "print a curl command that POSTs the body's file to this `URL`")
	return cmd
}

func (f *signFlags) run(cmd *cobra.Command) error {
	in := inputsOf(cmd)
	p, err := f.wire(in)
	if err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	s, err := f.signer(cmd, in, p)
	if err != nil {
		return err
	}
	m, err := f.message(in)
	if err != nil {
		return err
	}
	h := make(http.Header)
	if err := s.Sign(m, h); err != nil {
		return wrongUse("%w (--id, --timestamp or --type)", err)
	}
	h.Set("Content-Type", "application/json")
	h.Set(webhook.HeaderID, m.ID)
	h.Set(webhook.HeaderAttempt, "1")
	return f.print(outputOf(cmd, f.json), wireNames(p, h))
}

func (f *signFlags) check() error {
	switch {
	case f.curl != "" && f.json:
		return wrongUse("--curl and --json exclude each other; give one of them")
	case f.curl != "" && (f.body == "" || f.body == "-"):
		return wrongUse("--curl needs --body FILE: the command that it prints names the file")
	}
	return nil
}

func (f *signFlags) signer(cmd *cobra.Command, in *inputs, p webhook.Profile) (*webhook.Signer, error) {
	secrets, err := f.all(cmd, in)
	if err != nil {
		return nil, err
	}
	if len(secrets) == 0 {
		return nil, wrongUse("the secret is missing: give it in RINGBACK_SECRET, or with --secret-file or --secret")
	}
	s, err := webhook.NewSigner(p, secrets...)
	if err != nil {
		return nil, wrongUse("--secret: %w", err)
	}
	return s, nil
}

// message makes what is signed.
func (f *signFlags) message(in *inputs) (m webhook.Message, err error) {
	m = webhook.Message{ID: f.id, Type: f.eventType, Timestamp: time.Now()}
	if m.ID == "" {
		m.ID = ringback.NewID(ringback.PrefixMessage, m.Timestamp)
	}
	m.UUID = ringback.UUID(m.ID)
	if f.timestamp != "" {
		if unix, err := strconv.ParseInt(f.timestamp, 10, 64); err == nil {
			m.Timestamp = time.Unix(unix, 0)
		} else if m.Timestamp, err = time.Parse(time.RFC3339, f.timestamp); err != nil {
			return m, wrongUse("--timestamp %q: it is a time in Unix seconds, or such as 2026-01-02T15:04:05Z", f.timestamp)
		}
	}
	m.Body, err = in.body(f.body)
	return m, err
}

// wireNames gives headers the names that the profile documents.
func wireNames(p webhook.Profile, h http.Header) map[string]string {
	names := []string{p.SignatureHeader, webhook.HeaderID, webhook.HeaderTimestamp, webhook.HeaderAttempt, "Content-Type", "User-Agent"}
	for _, extra := range p.ExtraHeaders {
		names = append(names, extra.Name)
	}
	wire := make(map[string]string, len(h))
	for _, name := range names {
		if value := h.Get(name); value != "" {
			wire[name] = value
		}
	}
	return wire
}

func (f *signFlags) print(out *output, headers map[string]string) error {
	if out.json {
		raw, err := json.Marshal(headers)
		if err != nil {
			return err
		}
		return out.printJSON(raw)
	}
	var lines []string
	for name, value := range headers {
		lines = append(lines, name+": "+value)
	}
	slices.Sort(lines)
	text := strings.Join(lines, "\n")
	if f.curl != "" {
		words := []string{"curl", "-sS", shellWord(f.curl)}
		for _, line := range lines {
			words = append(words, "-H", shellWord(line))
		}
		text = strings.Join(append(words, "--data-binary", shellWord("@"+f.body)), " ")
	}
	_, err := io.WriteString(out.w, terminal.Lines(text)+"\n")
	return err
}

// shellWord quotes a word for a POSIX shell.
func shellWord(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
