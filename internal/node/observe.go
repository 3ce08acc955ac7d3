package node

import (
	"fmt"
	"time"

	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/metrics"
	"flowxi.app/flowxi/internal/otlp"
	"flowxi.app/flowxi/internal/password"
	"flowxi.app/flowxi/internal/photo"
	"flowxi.app/flowxi/internal/store"
)

// openTraces makes traces where the settings name a collector.
func (n *Node) openTraces(version string) error {
	if n.cfg.TracesURL == "" {
		return nil
	}
	p, err := otlp.Open(n.cfg.TracesURL, version, n.log)
	if err != nil {
		return fmt.Errorf("FLOWXI_TRACES_URL: %w", err)
	}
	n.tracer = p.Tracer()
	n.opened = append(n.opened, p)
	return nil
}

func (n *Node) observeStore() func(store.Work, time.Duration) {
	if n.metrics == nil {
		return nil
	}
	return n.metrics.Worked
}

func (n *Node) observeAPI() func(api.Answered) {
	if n.metrics == nil {
		return nil
	}
	return n.metrics.Answered
}

// watchParts has every scrape ask the parts that count for themselves.
func (n *Node) watchParts(hasher *password.Hasher, photos *photo.Processor, uploads *api.Uploads) {
	if n.metrics == nil {
		return
	}
	redis, _ := n.cache.(*cache.Redis)
	bucket, _ := n.bucket.(*blob.S3)
	data := ""
	if !n.cfg.Stateless() {
		data = string(n.data)
	}
	n.metrics.Watch(metrics.Parts{
		Auth: n.auth, Hasher: hasher, Photos: photos, Uploads: uploads, Store: n.store, Redis: redis, Rooms: n.rooms,
		Mails: n.worker, Bucket: bucket, Data: data, Now: n.now, Log: n.log, Certificate: n.certificateEnd,
	})
}

// certificateEnd is when the certificate that is served is over; the zero time where none
// is.
func (n *Node) certificateEnd() time.Time {
	if n.certificate == nil {
		return time.Time{}
	}
	return n.certificate.get().Leaf.NotAfter
}
