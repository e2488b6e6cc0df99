package body

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// vectors returns the cases of testdata/json_stable.json, whose outputs Node.js
// has computed: texts and what JSON.stringify(JSON.parse(text)) makes of them.
func vectors(t testing.TB) (cases []struct{ Name, Input, Output string }) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "json_stable.json"))
	if err != nil {
		t.Fatal(err)
	}
	file := struct {
		Cases any `json:"cases"`
	}{&cases}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("no cases")
	}
	return cases
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			wantStable(t, v.Input, v.Output)
		})
	}
}

// TestVectorsAreTheShared compares the copy in testdata with the file that all
// implementations share, where that is at hand.
func TestVectorsAreTheShared(t *testing.T) {
	shared, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "vectors", "json_stable.json"))
	if err != nil {
		t.Skip(err)
	}
	own, err := os.ReadFile(filepath.Join("testdata", "json_stable.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(own, shared) {
		t.Error("testdata/json_stable.json is not the shared file")
	}
}
