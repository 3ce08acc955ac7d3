package faults_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/clustertest"
	"flowxi.app/flowxi/internal/mail"
)

// scaled is a cluster as a world.
type scaled struct {
	*clustertest.Cluster
	t *testing.T
}

func (s scaled) url() string { return s.URL }

func (s scaled) inbox(to string) []mail.Entry {
	list, _ := s.TryMails(to)
	return list
}

// rounds is how often a fault is repeated.
func rounds(t *testing.T) int {
	t.Helper()
	return int(setting(t, "FLOWXI_FAULT_ROUNDS", 1))
}

// seed is that of the run that is to be repeated, or another each time.
func seed(t *testing.T) uint64 {
	t.Helper()
	return setting(t, "FLOWXI_FAULT_SEED", uint64(time.Now().UnixNano()%1_000_000))
}

func setting(t *testing.T, name string, preset uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return preset
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// fault breaks something and mends it again.
type fault struct {
	name   string
	breaks func(s scaled)
	lasts  time.Duration
	mends  func(s scaled)
}

// run breaks a cluster in a storm, round by round, and judges what is left.
func (f fault) run(t *testing.T, s scaled) {
	l := newTally(f.name, seed(t))
	people := newStorm(s, l)
	for range rounds(t) {
		people.blow()
		time.Sleep(1500 * time.Millisecond)
		f.breaks(s)
		time.Sleep(f.lasts)
		f.mends(s)
		l.mend()
		l.awaitSuccess()
		time.Sleep(4 * time.Second)
		people.calm()
		l.pause()
		people.verify(t)
		l.pause()
		l.rounds--
	}
	l.judge(t)
}

// TestWhatWasAnsweredIsKept breaks what a cluster stands on, but for Redis, which is for
// limits_test.go: without limits nobody asks it.
func TestWhatWasAnsweredIsKept(t *testing.T) {
	s := scaled{t: t, Cluster: clustertest.Start(t, clustertest.Options{Environ: []string{"FLOWXI_RATE_LIMITS=off"}})}
	nothing := func(scaled) {}
	for _, f := range []fault{
		{"a node is killed", func(s scaled) { s.Kill(t, "node1") }, 2 * time.Second, func(s scaled) { s.Start(t, "node1") }},
		{"a node is told to stop", func(s scaled) { s.Stop(t, "node2") }, time.Second, func(s scaled) { s.Start(t, "node2") }},
		{"PostgreSQL is killed", func(s scaled) { s.KillPostgres(t) }, 2 * time.Second, func(s scaled) { s.Start(t, "postgres") }},
		{"PostgreSQL is restarted", func(s scaled) { s.Stop(t, "postgres") }, 0, func(s scaled) { s.Start(t, "postgres") }},
		{"PostgreSQL is paused", func(s scaled) { s.Pause(t, "postgres") }, 6 * time.Second, func(s scaled) { s.Resume(t, "postgres") }},
		{"PostgreSQL cuts every connection", func(s scaled) { s.CutPostgres(t, 20) }, 0, nothing},
		{"S3 is killed", func(s scaled) { s.Kill(t, "s3") }, 3 * time.Second, func(s scaled) { s.Start(t, "s3") }},
		{"S3 is paused", func(s scaled) { s.Pause(t, "s3") }, 4 * time.Second, func(s scaled) { s.Resume(t, "s3") }},
		{"the mail server is killed", func(s scaled) { s.Kill(t, "mail") }, 3 * time.Second, func(s scaled) { s.Start(t, "mail") }},
		{"the mail server answers 4xx", func(s scaled) { s.MailFault(t, "busy") }, 3 * time.Second, func(s scaled) { s.MailFault(t, "") }},
		{"the mail server stalls", func(s scaled) { s.MailFault(t, "stalled") }, 3 * time.Second, func(s scaled) { s.MailFault(t, "") }},
		{"the mail server hangs up after DATA", func(s scaled) { s.MailFault(t, "cut") }, 2 * time.Second, func(s scaled) { s.MailFault(t, "") }},
	} {
		t.Run(f.name, func(t *testing.T) { f.run(t, scaled{Cluster: s.Cluster, t: t}) })
	}
}
