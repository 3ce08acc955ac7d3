package faults_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/clustertest"
)

// TestAStandbyHasAllThatWasAnswered kills PostgreSQL for good in a storm and makes its
// synchronous standby the primary. The nodes know both, and go where one may write.
func TestAStandbyHasAllThatWasAnswered(t *testing.T) {
	s := scaled{t: t, Cluster: clustertest.Start(t, clustertest.Options{Standby: true, Environ: []string{"FLOWXI_RATE_LIMITS=off"}})}
	l := newTally("PostgreSQL fails over to its standby", seed(t))
	people := newStorm(s, l)
	people.blow()
	time.Sleep(3 * time.Second)
	s.KillPostgres(t)
	time.Sleep(time.Second) // until somebody notices
	s.Promote(t)
	l.mend()
	l.awaitSuccess()
	time.Sleep(time.Second)
	people.calm()
	l.pause()
	people.verify(t)
	l.judge(t)
	if l.recovery > 10*time.Second || l.recovery == 0 {
		t.Errorf("it takes %v to go on after the promotion", l.recovery)
	}
}
