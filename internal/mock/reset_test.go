package mock

import (
	"errors"
	"testing"
)

// What ran before may leave something behind. The mock has begun again all the same.
func TestAResetIsDoneWhateverIsLeftBehind(t *testing.T) {
	t.Parallel()
	m, err := New(t.Context(), Options{URL: "http://localhost:8080"})
	if err != nil {
		t.Fatal(err)
	}
	before := m.play
	m.play = &play{stop: func() {}, failed: errors.New("left behind")}
	if err := m.Reset(t.Context()); err != nil {
		t.Errorf("a reset that was done says: %v", err)
	}
	if err := errors.Join(before.end(), m.Close()); err != nil {
		t.Error(err)
	}
}
