package blob

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// How long the parts of one try may take. The limits of whole calls are in s3.go.
const (
	dialWithin   = 2 * time.Second
	answerWithin = 4 * time.Second // from the last byte of a request to the first of the answer
)

const (
	connections  = 32 // to the server at a time; more callers wait their turn
	idleConnsFor = 30 * time.Second
	maxHeader    = 64 << 10
)

// newTransport is what everything goes through, to the server as well as to whoever
// gives out the keys of a role. It speaks HTTP/1.1, where a try that stalls takes no
// other one with it.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: dialWithin}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    dialWithin,
		ResponseHeaderTimeout:  answerWithin,
		MaxConnsPerHost:        connections,
		MaxIdleConnsPerHost:    connections,
		IdleConnTimeout:        idleConnsFor,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true,
	}
}

// newClient makes the client of a bucket. It fails with noKeys where nobody has any,
// since the client would go on without.
func newClient(ctx context.Context, u s3URL, transport *http.Transport) (minio.Core, error) {
	keys := u.keys()
	client, err := minio.New(u.host, &minio.Options{
		Creds:        keys,
		Secure:       !u.plain,
		Transport:    transport,
		Region:       u.region,
		BucketLookup: u.style,
		MaxRetries:   1, // see persist
	})
	if err != nil {
		return minio.Core{}, badHost // the client found nothing else to check
	}
	where := client.CredContext()
	where.Context = ctx
	if value, err := keys.GetWithContext(where); err != nil || value.SignerType.IsAnonymous() {
		return minio.Core{}, noKeys
	}
	return minio.Core{Client: client}, nil
}

// keys says where the keys are.
func (u s3URL) keys() *credentials.Credentials {
	if u.keyID != "" {
		return credentials.NewStaticV4(u.keyID, u.secret, "")
	}
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{},
	})
}
