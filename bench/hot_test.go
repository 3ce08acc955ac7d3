package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkMe reads profiles without a network in between, as fast as it goes.
func BenchmarkMe(b *testing.B) {
	flowxi, bare, people := inProcess(b)
	for _, side := range []struct {
		name    string
		handler http.Handler
	}{{"floor", bare}, {"flowxi", flowxi}} {
		b.Run(side.name, func(b *testing.B) {
			r := request(b, http.MethodGet, "/me", people.token(1))
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				side.handler.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
