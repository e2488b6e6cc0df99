package egress

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"testing"
)

// newResolver returns a resolver that asks a DNS server in this process. answer
// gets each name asked for and returns its IPv4 addresses; nil means that there
// is no such name, and silence (below) that no answer comes.
func newResolver(t *testing.T, answer func(name string) []string) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		query := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(query)
			if err != nil {
				return
			}
			if reply := dnsReply(query[:n], answer); reply != nil {
				_, _ = pc.WriteTo(reply, from)
			}
		}
	})
	ended, end := context.WithCancel(context.Background())
	t.Cleanup(func() { end(); _ = pc.Close(); running.Wait() })
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			if err := ended.Err(); err != nil {
				return nil, err
			}
			conn, err := (&net.Dialer{}).DialContext(ctx, "udp", pc.LocalAddr().String())
			if err == nil { // a lookup waits for seconds after its context has ended
				context.AfterFunc(ended, func() { _ = conn.Close() })
			}
			return conn, err
		},
	}
}

// silence is what answer returns to leave a query unanswered.
var silence = []string{"silence"}

const typeA = 1

// dnsReply answers a query for an A record; other types get an empty answer.
func dnsReply(query []byte, answer func(name string) []string) []byte {
	name, end := "", 12
	for query[end] != 0 {
		n := int(query[end])
		name += string(query[end+1:end+1+n]) + "."
		end += 1 + n
	}
	question := query[12 : end+5]
	var addrs []string
	status := byte(0)
	if binary.BigEndian.Uint16(query[end+1:]) == typeA {
		if addrs = answer(name); addrs == nil {
			status = 3 // no such name
		}
		if len(addrs) == 1 && addrs[0] == silence[0] {
			return nil
		}
	}
	reply := append([]byte{query[0], query[1], 0x81, 0x80 | status, 0, 1, 0, byte(len(addrs)), 0, 0, 0, 0}, question...)
	for _, a := range addrs {
		ip := netip.MustParseAddr(a).As4()
		reply = append(reply, 0xc0, 12, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4)
		reply = append(reply, ip[:]...)
	}
	return reply
}
