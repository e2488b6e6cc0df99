package webhook

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTableIsComplete(t *testing.T) {
	shapes := []Shape{ShapeStandard, ShapeUnitary, ShapeUnitaryFlat, ShapeInkit, ShapeSharpAPI}
	for _, p := range Profiles() {
		t.Run(p.Name, func(t *testing.T) {
			if p.Name == "" {
				t.Error("no name")
			}
			if !slices.Contains(shapes, p.Shape) {
				t.Errorf("unknown shape %q", p.Shape)
			}
			p := p
			if err := p.Check(); err == nil || err.Error() != "profile: name: "+p.Name+" is a built-in profile; choose another name" {
				t.Errorf("a custom profile of the name: %v", err)
			}
			name := p.Name
			p.Name = "my-" + name
			if err := p.Check(); err != nil {
				t.Errorf("the same as a custom profile: %v", err)
			}
			p.Name = name
			if err := p.CheckSecret(GenerateSecret()); err != nil {
				t.Errorf("a generated secret: %v", err)
			}
			if got, ok := Lookup(p.Name); !ok || !cmp.Equal(got, p) {
				t.Errorf("Lookup gives %+v, %v", got, ok)
			}
		})
	}
}

func TestTableIsSortedAndUnique(t *testing.T) {
	var names []string
	for _, p := range Profiles() {
		names = append(names, p.Name)
	}
	// The list that documentation and users know.
	want := []string{"github", "inkit", "sharpapi", "standard", "stripe", "unitary", "unitary-flat"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestLookupOfUnknownNames(t *testing.T) {
	for _, name := range []string{"", "Standard", "unitary-", "zzz", "a"} {
		if p, ok := Lookup(name); ok {
			t.Errorf("Lookup(%q) = %s", name, p.Name)
		}
	}
}

func TestProfilesAreCopies(t *testing.T) {
	for _, p := range Profiles() {
		if len(p.RetrySchedule) > 0 {
			p.RetrySchedule[0] = 0
		}
		if len(p.ExtraHeaders) > 0 {
			p.ExtraHeaders[0].Name = "changed"
		}
	}
	Profiles()[0].Name = "changed"
	p, _ := Lookup("github")
	p.ExtraHeaders[1].Name = "changed"
	if p, _ = Lookup("github"); p.ExtraHeaders[0].Name != "X-GitHub-Event" || p.ExtraHeaders[1].Name != "X-GitHub-Delivery" {
		t.Errorf("a change of the extra headers has changed the profile: %v", p.ExtraHeaders)
	}
	p, _ = Lookup("sharpapi")
	p.RetrySchedule[1] = 0
	p.Schedule()[2] = 0
	if p.Schedule()[2] != 30*time.Minute {
		t.Error("a change of the schedule has changed the profile")
	}
	DefaultRetrySchedule()[0] = 0

	p, _ = Lookup("sharpapi")
	want := []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute}
	if diff := cmp.Diff(want, p.Schedule()); diff != "" {
		t.Errorf("sharpapi's schedule (-want +got):\n%s", diff)
	}
	if DefaultRetrySchedule()[0] != 5*time.Second {
		t.Error("the default schedule has changed")
	}
}

func TestSchedule(t *testing.T) {
	const s, m, h = time.Second, time.Minute, time.Hour
	p, _ := Lookup("unitary")
	want := []time.Duration{5 * s, 5 * m, 30 * m, 2 * h, 5 * h, 10 * h, 10 * h}
	if diff := cmp.Diff(want, p.Schedule()); diff != "" {
		t.Errorf("unitary (-want +got):\n%s", diff)
	}
	p.RetrySchedule = []time.Duration{}
	if got := p.Schedule(); len(got) != 0 {
		t.Errorf("an empty schedule became %v", got)
	}
}

func TestHeadersAndDefaults(t *testing.T) {
	tests := map[string]struct {
		headers        []string
		secretRequired bool
		includeResult  bool
	}{
		"github":       {[]string{"X-Github-Delivery", "X-Github-Event", "X-Hub-Signature-256"}, false, true},
		"stripe":       {[]string{"Stripe-Signature"}, false, true},
		"standard":     {[]string{"Webhook-Id", "Webhook-Signature", "Webhook-Timestamp"}, true, true},
		"unitary":      {[]string{"X-Hub-Signature-256"}, false, true},
		"unitary-flat": {[]string{"X-Hub-Signature-256"}, false, true},
		"inkit":        {[]string{"Inkit-Signature"}, false, true},
		"sharpapi":     {[]string{"User-Agent", "X-Signature"}, false, false},
	}
	for _, p := range Profiles() {
		want, ok := tests[p.Name]
		if !ok {
			t.Errorf("%s is not tested", p.Name)
		}
		if diff := cmp.Diff(want.headers, p.Headers()); diff != "" {
			t.Errorf("%s: headers (-want +got):\n%s", p.Name, diff)
		}
		if p.SecretRequired() != want.secretRequired || p.IncludeResult != want.includeResult {
			t.Errorf("%s: secret required %v, include result %v", p.Name, p.SecretRequired(), p.IncludeResult)
		}
	}
}

func TestCheckSecret(t *testing.T) {
	key := func(n int) string { return "whsec_" + strings.Repeat("AAAA", n/3) }
	tests := []struct {
		secret         string
		standard, text bool // whether it is good
	}{
		{"", false, false},
		{"test_key", false, true},
		{" ", false, true},
		{"ключ-🔑", false, true},
		{key(24), true, true},
		{key(63) + "AA==", true, true},  // 64 bytes
		{key(63) + "AAA=", false, true}, // 65
		{key(21) + "AA==", false, true}, // 22
		{key(21) + "AAA=", false, true}, // 23
		{key(300), false, true},
		{key(24) + "AA", false, true},       // no padding
		{key(24) + "AB==", false, true},     // set bits that belong to no byte
		{key(24) + "\n", false, true},       // which decoders skip
		{"whsec_-_" + key(24), false, true}, // the alphabet of URLs
		{"WHSEC_" + key(24)[6:], false, true},
		{key(24)[6:], false, true}, // no prefix
		{"whsec_", false, true},
		{"whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", false, false}, // a seed alone
		{signingKey, true, false},
		{signingKey + "\n", false, false},
		{publicKey, false, false}, // which cannot sign
		{"whsk_", false, false},
		{"whpk_", false, false},
		{"WHSK_" + signingKey[5:], false, true},
		{signingKey[5:], false, true},
	}
	for _, tt := range tests {
		for _, p := range Profiles() {
			want := tt.text
			if p.Name == "standard" {
				want = tt.standard
			}
			err := p.CheckSecret(tt.secret)
			if (err == nil) != want {
				t.Errorf("%s: CheckSecret(%q) = %v", p.Name, tt.secret, err)
			}
			if err != nil && len(tt.secret) > 6 && strings.Contains(err.Error(), tt.secret[6:]) {
				t.Errorf("%s: the error repeats the secret: %v", p.Name, err)
			}
		}
	}
}

func TestCheckSecretSaysWhatIsWanted(t *testing.T) {
	p, _ := Lookup("standard")
	const want = `secret must be "whsec_" followed by the base64 of 24 to 64 bytes`
	if err := p.CheckSecret("test_key"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestGenerateSecret(t *testing.T) {
	a, b := GenerateSecret(), GenerateSecret()
	if a == b {
		t.Error("the same secret twice")
	}
	if len(a) != len("whsec_")+44 || !strings.HasPrefix(a, "whsec_") {
		t.Errorf("%q is not whsec_ and the base64 of 32 bytes", a)
	}
}
