package skip_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ringback/ringback/internal/skip"
)

func TestSkipIsNoted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "skips")
	t.Setenv("CI", "")
	t.Setenv("RINGBACK_TEST_SKIPS", path)
	for _, name := range []string{"one", "two"} {
		t.Run(name, func(t *testing.T) {
			skip.Test(t, "there is no "+name)
			t.Error("the test goes on")
		})
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := "TestSkipIsNoted/one: there is no one\nTestSkipIsNoted/two: there is no two\n"; string(got) != want {
		t.Errorf("%q; want %q", got, want)
	}
}
