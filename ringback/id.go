package ringback

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"
)

// Prefixes of ids: an id is its prefix, "_" and the 26 characters that encode
// a UUID of version 7 (RFC 9562), so that ids sort by the time of their making
// and a job's or event's UUID can be read off its id.
const (
	PrefixAccount  = "acc"
	PrefixKey      = "key"
	PrefixJob      = "job"
	PrefixEvent    = "evt"
	PrefixMessage  = "msg"
	PrefixEndpoint = "ep"
	PrefixDelivery = "dlv"
)

// idEncoding keeps the order of the bytes: its alphabet (Crockford's, in lower
// case) ascends.
var idEncoding = base32.NewEncoding(idDigits).WithPadding(base32.NoPadding)

const idDigits = "0123456789abcdefghjkmnpqrstvwxyz"

const idLength = 26 // characters of an encoded UUID

// NewID makes an id of the given kind for something made at the given time.
func NewID(prefix string, at time.Time) string {
	var u [16]byte
	fillTime(&u, at)
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the program instead
	copy(u[8:], random[:])
	u[8] = u[8]&0x3f | 0x80
	return encodeID(prefix, u)
}

// MinID is the smallest id of that kind that NewID could give for the time:
// what was made at or after it has an id that is not smaller.
func MinID(prefix string, at time.Time) string {
	var u [16]byte
	fillTime(&u, at)
	u[8] = 0x80
	return encodeID(prefix, u)
}

// fillTime writes the milliseconds since 1970 and, as RFC 9562 method 3
// allows, the fraction of the millisecond into the first 64 bits. Times
// outside the 48-bit range are moved to its ends.
func fillTime(u *[16]byte, at time.Time) {
	micros := max(at.UnixMicro(), 0)
	ms := uint64(micros / 1000)
	if ms >= 1<<48 {
		ms = 1<<48 - 1
	}
	fraction := uint64(micros%1000) * 4096 / 1000
	binary.BigEndian.PutUint64(u[:8], ms<<16|0x7000|fraction)
}

func encodeID(prefix string, u [16]byte) string {
	b := make([]byte, 0, len(prefix)+1+idLength)
	b = append(b, prefix...)
	b = append(b, '_')
	return string(idEncoding.AppendEncode(b, u[:]))
}

func decodeID(prefix, id string) (u [16]byte, ok bool) {
	rest, ok := strings.CutPrefix(id, prefix+"_")
	if !ok || len(rest) != idLength {
		return u, false
	}
	raw, err := idEncoding.DecodeString(rest)
	if err != nil || len(raw) != len(u) {
		return u, false
	}
	copy(u[:], raw)
	return u, encodeID(prefix, u) == id // refuse other spellings of the same bits
}

// ValidID says whether id is a well-formed id of that kind.
func ValidID(prefix, id string) bool {
	_, ok := decodeID(prefix, id)
	return ok
}

// deliveryNumberLength is how many characters of a delivery's id number the
// deliveries of one event.
const deliveryNumberLength = 3

// MaxDeliveryNumber is the largest n that DeliveryID takes.
const MaxDeliveryNumber = 1<<(5*deliveryNumberLength) - 1

// DeliveryID is the id of the n-th delivery (0, 1, …) of an event: "dlv_", the
// event's 26 characters, and n in three more. So the deliveries of an event
// are neighbours, and sort by the time of the event.
func DeliveryID(eventID string, n int) string {
	return Rekind(PrefixDelivery, eventID) +
		string([]byte{idDigits[n>>10&31], idDigits[n>>5&31], idDigits[n&31]})
}

// ValidDeliveryID says whether id is a well-formed id of a delivery.
func ValidDeliveryID(id string) bool {
	head := len(id) - deliveryNumberLength
	if head < 0 || !ValidID(PrefixDelivery, id[:head]) {
		return false
	}
	_, err := idEncoding.DecodeString(id[head:] + "00000") // a whole number of bytes
	return err == nil
}

// DeliveryNumber is the n of DeliveryID, of a well-formed id.
func DeliveryNumber(id string) (n int) {
	for _, c := range []byte(id[len(id)-deliveryNumberLength:]) {
		n = n<<5 | strings.IndexByte(idDigits, c)
	}
	return n
}

// EventOfDelivery is the id of the event that a delivery with this well-formed
// id delivers.
func EventOfDelivery(id string) string {
	return Rekind(PrefixEvent, id[:len(id)-deliveryNumberLength])
}

// UUID gives the UUID within an id, in its usual text form, or "" if id is not
// well formed.
func UUID(id string) string {
	prefix, _, _ := strings.Cut(id, "_")
	u, ok := decodeID(prefix, id)
	if !ok {
		return ""
	}
	text := make([]byte, 0, 36)
	for i, group := range [][]byte{u[0:4], u[4:6], u[6:8], u[8:10], u[10:16]} {
		if i > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, group)
	}
	return string(text)
}

// ParseID takes an id of that kind or its UUID (either case) and gives the id.
func ParseID(prefix, text string) (id string, ok bool) {
	if ValidID(prefix, text) {
		return text, true
	}
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return "", false
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(raw) != 16 {
		return "", false
	}
	return encodeID(prefix, [16]byte(raw)), true
}

// Rekind gives the id of another kind with the same UUID: an event's message
// id is the event's id with another prefix.
func Rekind(prefix, id string) string {
	_, rest, _ := strings.Cut(id, "_")
	return prefix + "_" + rest
}
