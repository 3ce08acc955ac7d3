package faults_test

import (
	"errors"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"flowxi.app/flowxi/internal/blob/s3test"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/seal"
)

// s3Fault is what a badS3 does to requests.
type s3Fault int32

const (
	s3Passes  s3Fault = iota
	s3Fails           // everything is answered 500
	s3Cuts            // of an upload the server gets half, and the connection ends
	s3Forgets         // an upload is done, and its answer never comes
	s3Drags           // everything takes half a second longer
)

// badS3 stands between a server and its S3.
type badS3 struct {
	fault atomic.Int32
	met   atomic.Int64 // requests that a fault was done to
	next  *httputil.ReverseProxy
}

func newBadS3(t *testing.T, to string) (b *badS3, host string) {
	t.Helper()
	b = &badS3{next: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: to})}
	b.next.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	b.next.ModifyResponse = func(r *http.Response) error {
		if r.Request.Method == http.MethodPut && s3Fault(b.fault.Load()) == s3Forgets {
			b.met.Add(1)
			return errors.New("the answer is lost")
		}
		return nil
	}
	s := httptest.NewServer(b)
	t.Cleanup(s.Close)
	return b, s.Listener.Addr().String()
}

// ServeHTTP implements http.Handler.
func (b *badS3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch s3Fault(b.fault.Load()) {
	case s3Fails:
		b.met.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
		return
	case s3Cuts:
		if r.Method == http.MethodPut {
			b.met.Add(1)
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(io.LimitReader(r.Body, r.ContentLength/2), brokenReader{}), r.Body}
		}
	case s3Drags:
		b.met.Add(1)
		time.Sleep(500 * time.Millisecond)
	}
	b.next.ServeHTTP(w, r)
}

type brokenReader struct{}

// Read implements io.Reader.
func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestPhotosOutliveWhateverS3Does(t *testing.T) {
	for name, fault := range map[string]s3Fault{
		"S3 answers 500": s3Fails, "S3 gets half of an upload": s3Cuts, "S3's answer to an upload is lost": s3Forgets, "S3 is slow": s3Drags,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bucket := s3test.New(t)
			bad, host := newBadS3(t, bucket.Host())
			s := newSingle(t, t.TempDir(), "FLOWXI_DATABASE_URL="+dbtest.Blank(t, dbtest.Postgres).URL, "FLOWXI_KEYS="+seal.NewKey(),
				"FLOWXI_STORAGE_URL="+bucket.At(host))
			s.start(t)
			s.endure(t, name, asTheyAre, func(l *tally) {
				before := bad.met.Load()
				bad.fault.Store(int32(fault))
				for deadline := time.Now().Add(20 * time.Second); bad.met.Load() < before+5 && time.Now().Before(deadline); {
					time.Sleep(50 * time.Millisecond)
				}
				bad.fault.Store(int32(s3Passes))
				l.mend()
				time.Sleep(3 * time.Second)
			})
			if bad.met.Load() == 0 {
				t.Error("nothing was done to any request")
			}
			for o := range bucket.Client.ListObjectsIter(t.Context(), bucket.Name, minio.ListObjectsOptions{Recursive: true}) {
				object, err := bucket.Client.GetObject(t.Context(), bucket.Name, o.Key, minio.GetObjectOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := jpeg.Decode(object); err != nil {
					t.Errorf("%s in the bucket is no whole photo: %v", o.Key, err)
				}
				_ = object.Close()
			}
		})
	}
}
