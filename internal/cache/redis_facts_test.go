package cache

import (
	"errors"
	"testing"
)

func TestWhatARedisTells(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		info string
		want Facts
		old  bool
	}{
		"Redis":      {"# Server\r\nredis_version:7.0.15\r\nrole:master\r\naof_enabled:1\r\nused_memory:5\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n", Facts{Name: "Redis 7.0.15", Version: "7.0.15", Used: 5}, false},
		"an old one": {"redis_version:6.0.16\r\naof_enabled:1\r\n", Facts{Name: "Redis 6.0.16", Version: "6.0.16"}, true},
		"Valkey":     {"redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\naof_enabled:0\r\n", Facts{Name: "Valkey 8.0.1", Version: "7.2.4", Unkept: true}, false},
		"a replica that drops keys and cannot write": {"redis_version:6.2.0\r\nrole:slave\r\nmaxmemory:100\r\nmaxmemory_policy:volatile-ttl\r\naof_last_write_status:err\r\n",
			Facts{Name: "Redis 6.2.0", Version: "6.2.0", Replica: true, Evicts: "volatile-ttl", Most: 100, Failing: true}, false},
		"one that tells nothing": {"", Facts{Name: "Redis"}, false},
	} {
		if got := factsOf(tt.info); got != tt.want || got.TooOld() != tt.old {
			t.Errorf("%s: got %+v, too old: %t", name, got, got.TooOld())
		}
	}
}

func TestAnAddressThatCannotBeReadIsNotInspected(t *testing.T) {
	t.Parallel()
	if _, err := Inspect(t.Context(), "http://joe:hunter2@localhost"); !errors.Is(err, ErrURL) {
		t.Errorf("got error %v", err)
	}
}
