package body_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/ringback/ringback/internal/body"
)

// FuzzMembers compares with encoding/json, over whatever Stable takes.
func FuzzMembers(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"a":1}`, `{"a":"","b":{}}`, `{"a\"":"\\","b":[{"c":"]}"},[[]]],"":null}`, `{"a":-1.5e-7,"b":true,"c":{"d":{"e":"\\\""}}}`, `[]`, `"{"`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		stable, err := body.Stable(nil, text)
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		if body.IsObject(stable) {
			if err := json.Unmarshal(stable, &want); err != nil {
				t.Fatal(err)
			}
		}
		var joined [][]byte
		for name, value := range body.Members(stable) {
			var key string
			if err := json.Unmarshal(append(append([]byte{'"'}, name...), '"'), &key); err != nil {
				t.Fatalf("name %q: %v", name, err)
			}
			if !bytes.Equal(want[key], value) {
				t.Fatalf("%q is %s, not %s", key, want[key], value)
			}
			joined = append(joined, append(append(append([]byte{'"'}, name...), `":`...), value...))
		}
		if len(joined) != len(want) {
			t.Fatalf("%d members, not %d", len(joined), len(want))
		}
		if again := append(append([]byte{'{'}, bytes.Join(joined, []byte{','})...), '}'); body.IsObject(stable) && !bytes.Equal(again, stable) {
			t.Fatalf("%s, not %s", again, stable)
		}
	})
}
