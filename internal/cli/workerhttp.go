package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/worker"
)

// maxAnswerText is how much of an answer that is no result is put into the
// job's error, in bytes.
const maxAnswerText = 1 << 10

func newWorkerHTTP() *cobra.Command {
	var f workerFlags
	var rawURL string
	var headers []string
	cmd := &cobra.Command{
		Use:   "http --type TYPE --url URL",
		Short: "POST each job's input to a URL: its answer is the result",
		Long: "POST each job's input as JSON to a URL. A 2xx answer is the result (JSON, at most\n" +
			"1 MiB; nothing is null). 429 and 503, and a connection that fails, queue the job again,\n" +
			"if it has attempts left. Every other answer fails it, redirects too; its status and\n" +
			"beginning are the error, which customers see.\n\n" +
			"A header's value that is env:NAME is taken from the environment variable NAME, so\n" +
			"that secrets need not be on the command line. Each request also has the headers\n" +
			"Ringback-Job-Id, Ringback-Job-Type, Ringback-Account-Id and Ringback-Attempt.",
		Example: "  ringback worker http --type classify --url http://127.0.0.1:8000/predict --header 'Authorization: env:MODEL_AUTH'",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			s, err := newService(rawURL, headers)
			if err != nil {
				return &usageError{err}
			}
			defer s.http.CloseIdleConnections()
			return f.run(cmd, &lockedWriter{w: cmd.ErrOrStderr()}, s.do)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&rawURL, "url", "", "`URL` to POST to: http:// or https://, any address")
	cmd.Flags().StringArrayVar(&headers, "header", nil, "`'NAME: VALUE'` to send; may be repeated; VALUE may be env:VARIABLE")
	return cmd
}

// service is a URL that does jobs.
type service struct {
	url    string
	header http.Header
	http   *http.Client
}

// newService makes a service. The URL is the operator's own choice: any address
// is right, and a proxy from the environment is used.
func newService(rawURL string, headers []string) (*service, error) {
	if rawURL == "" {
		return nil, errors.New("--url is missing: say where to POST the jobs' inputs")
	}
	u, err := url.Parse(rawURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("--url %q: it must be an http:// or https:// address", rawURL)
	}
	s := &service{url: rawURL, header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}}
	set := make(map[string]bool)
	for _, text := range headers {
		name, value, err := parseHeader(text)
		if err != nil {
			return nil, err
		}
		if !set[name] { // one that is given replaces the default
			s.header.Del(name)
			set[name] = true
		}
		s.header.Add(name, value)
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: worker.MaxConcurrency, ForceAttemptHTTP2: true}
	s.http = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s, nil
}

// parseHeader reads "Name: value". Errors do not repeat the value, which may be
// a secret.
func parseHeader(text string) (name, value string, err error) {
	name, value, ok := strings.Cut(text, ":")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if !ok || name == "" || strings.ContainsFunc(name, notInToken) {
		return "", "", errors.New("--header: it must be 'NAME: VALUE', such as 'X-Model: large'")
	}
	name = http.CanonicalHeaderKey(name)
	switch name {
	case "Host", "Content-Length", "Transfer-Encoding", "Connection":
		return "", "", fmt.Errorf("--header %s: it cannot be set", name)
	}
	if variable, ok := strings.CutPrefix(value, "env:"); ok {
		if value, ok = os.LookupEnv(variable); !ok {
			return "", "", fmt.Errorf("--header %s: the environment variable %q, which has its value, is not set", name, variable)
		}
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return "", "", fmt.Errorf("--header %s: its value has control characters, such as a line end", name)
	}
	return name, value, nil
}

// notInToken says whether a character cannot be in a header's name (RFC 9110).
func notInToken(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

// do has the service do a job.
func (s *service) do(ctx context.Context, job worker.Job) (any, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(job.Input))
	if err != nil {
		return nil, err
	}
	req.Header = s.header.Clone()
	req.Header.Set("Ringback-Job-Id", job.ID)
	req.Header.Set("Ringback-Job-Type", job.Type)
	req.Header.Set("Ringback-Account-Id", job.AccountID)
	req.Header.Set("Ringback-Attempt", strconv.Itoa(job.Attempt))
	if job.TraceParent != "" {
		req.Header.Set("Traceparent", job.TraceParent)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // without the URL, which customers need not know
		}
		return nil, worker.Retry(fmt.Errorf("the service cannot be reached: %w", err))
	}
	defer func() { _ = resp.Body.Close() }() // read only
	answer := &bounded{limit: maxResult}
	// One byte more than the limit shows that there is more.
	_, err = io.Copy(answer, io.LimitReader(resp.Body, maxResult+1))
	switch {
	case err != nil:
		return nil, worker.Retry(fmt.Errorf("the service's answer broke off: %w", err))
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable:
		return nil, worker.Retry(answered(resp, answer.buf.Bytes()))
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return nil, answered(resp, answer.buf.Bytes())
	case answer.over:
		return nil, fmt.Errorf("the service's answer is larger than %d bytes; that is the limit of a result", maxResult)
	}
	return resultOf("the service's answer", answer.buf.Bytes())
}

// answered is the error that an answer other than 2xx makes.
func answered(resp *http.Response, body []byte) error {
	text := "the service answered " + strings.TrimSpace(strconv.Itoa(resp.StatusCode)+" "+http.StatusText(resp.StatusCode))
	if resp.StatusCode/100 == 3 {
		return errors.New(text + ", and redirects are not followed; --url must be the last address")
	}
	body = body[:min(len(body), maxAnswerText)]
	if said := strings.TrimSpace(strings.ToValidUTF8(string(body), "\uFFFD")); said != "" {
		text += ": " + said
	}
	return errors.New(text)
}
