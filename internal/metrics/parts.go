package metrics

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/disk"
	"flowxi.app/flowxi/internal/mail"
	"flowxi.app/flowxi/internal/password"
	"flowxi.app/flowxi/internal/photo"
	"flowxi.app/flowxi/internal/rescue"
	"flowxi.app/flowxi/internal/store"
)

// Parts is what is asked at each scrape. What may be nil says so.
type Parts struct {
	Auth    *auth.Auth
	Hasher  *password.Hasher
	Photos  *photo.Processor
	Uploads *api.Uploads
	Store   *store.Store
	Redis   *cache.Redis        // nil where the node counts in its own memory
	Rooms   func() []cache.Room // of the node's own count of limits
	Mails   *mail.Worker
	Bucket  *blob.S3         // nil where photos are in a folder
	Data    string           // the folder that the node keeps things in; empty where it keeps none
	Now     func() time.Time // the clock of the node
	Log     *slog.Logger     // nil is nowhere

	// Certificate tells when the one that is served is over; the zero time is for none.
	Certificate func() time.Time
}

// Watch has every scrape ask the parts of a node. It is called once.
func (m *Metrics) Watch(p Parts) { m.registry.MustRegister(&parts{Parts: p}) }

// parts reads what the parts count themselves.
type parts struct {
	Parts
	backlog backlog
}

var _ prometheus.Collector = (*parts)(nil)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("flowxi_"+name, help, labels, nil)
}

var (
	hashActive  = desc("password_hash_active", "Passwords that are being hashed.")
	hashWaiting = desc("password_hash_waiting", "Callers that wait to have a password hashed.")
	hashRefused = desc("password_hash_refused_total", "Callers that were sent away because too many waited to have a password hashed.")

	photoActive  = desc("photo_active", "Photos that are being worked on.")
	photoWaiting = desc("photo_waiting", "Uploads that wait for their turn.")
	photoRefused = desc("photo_refused_total", "Uploads that were sent away without a turn.")
	photoTrash   = desc("photo_trash_waiting", "Objects that wait to be deleted from the storage; every node tells the same number.")

	poolMax    = desc("database_connections_max", "Connections that a pool may have.", "pool")
	poolOpen   = desc("database_connections_open", "Connections that a pool has.", "pool")
	poolUsed   = desc("database_connections_in_use", "Connections of a pool that somebody uses.", "pool")
	poolWaits  = desc("database_connection_waits_total", "How often somebody had to wait for a connection.", "pool")
	poolWaited = desc("database_connection_wait_seconds_total", "Time spent on waiting for a connection.", "pool")
	txRetries  = desc("database_transaction_retries_total", "Transactions that were run again after a conflict with others.")

	cacheUp     = desc("cache_up", "Whether Redis answered when it was last looked at, 1 or 0; absent without Redis.")
	cacheLosses = desc("cache_losses_total", "How often Redis has lost data and was given back what this node had counted.")

	cacheEntries = desc("cache_entries", "Keys of one kind that this node holds to count limits, with the values where there is no Redis.", "kind")
	cacheMax     = desc("cache_entries_max", "Keys of one kind that this node holds at most, where the other kinds leave room.", "kind")
	cacheRefused = desc("cache_refused_total", "How often there was no room for one more key of a kind.", "kind")

	mails        = desc("mails_total", "What became of tries to send a mail.", "result")
	outbox       = desc("outbox_waiting", "Mails in the outbox; every node tells the same number.")
	outboxOldest = desc("outbox_oldest_seconds", "Age of the oldest mail in the outbox, 0 where it is empty; every node tells the same number.")

	lastBackup = desc("backup_last_success_timestamp_seconds", "When the last backup that flowxi backup has written whole was begun, 0 where none was; every node tells the same number.")

	databaseUp  = desc("database_up", "Whether the database answered when it was last asked, some seconds ago at most, 1 or 0.")
	bucketCalls = desc("storage_calls_total", "Calls of the S3 server, by whether it did what it was asked; absent without one.", "result")
	dataLeft    = desc("data_dir_free_ratio", "Part that is left of the file system of the data directory, of its bytes or its inodes, whichever is less; absent without one.")
	dataFree    = desc("data_dir_free_bytes", "Space that is left on the file system of the data directory; absent without one.")
	certEnd     = desc("tls_certificate_not_after_timestamp_seconds", "When the certificate that is served is over; absent where TLS ends elsewhere.")
	clock       = desc("clock_timestamp_seconds", "The time of day by the clock of the node.")

	jobRuns = desc("job_runs_total", "Runs of background jobs; elsewhere is one that was another node's to do.", "job", "result")
	jobLast = desc("job_last_success_timestamp_seconds", "When a background job last succeeded on this node.", "job")

	panics = desc("panics_total", "Panics that the process has lived through: each is a bug, and the log has its stack.")
)

// Describe implements prometheus.Collector.
func (p *parts) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		hashActive, hashWaiting, hashRefused, photoActive, photoWaiting, photoRefused, photoTrash,
		poolMax, poolOpen, poolUsed, poolWaits, poolWaited, txRetries, cacheUp, cacheLosses, cacheEntries, cacheMax, cacheRefused,
		mails, outbox, outboxOldest, lastBackup, databaseUp, bucketCalls, dataLeft, dataFree, certEnd, clock, jobRuns, jobLast, panics,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector. A scrape calls it from a goroutine of its own,
// in which a panic would end the process; it costs what was not told yet instead.
func (p *parts) Collect(to chan<- prometheus.Metric) {
	out := sink(to)
	err := rescue.Do(func() error { p.collect(out); return nil })
	if err != nil && p.Log != nil {
		p.Log.Error("cannot read some of the metrics", "error", err, rescue.Stack(err))
	}
	out.count(panics, rescue.Caught())
}

func (p *parts) collect(out sink) {
	h, f, m := p.Hasher.Load(), p.Photos.Load(), p.Mails.Counts()
	waiting, refused := p.Uploads.Load()
	out.gauge(hashActive, float64(h.Active))
	out.gauge(hashWaiting, float64(h.Waiting))
	out.count(hashRefused, h.Refused)
	out.gauge(photoActive, float64(f.Active))
	out.gauge(photoWaiting, float64(f.Waiting+waiting))
	out.count(photoRefused, f.Refused+refused)
	out.count(mails, m.Sent, "sent")
	out.count(mails, m.Retried, "retried")
	out.count(mails, m.Dropped, "dropped")
	p.collectStore(out)
	p.collectJobs(out)
	p.collectMachine(out)
	for _, r := range p.Rooms() {
		out.gauge(cacheEntries, float64(r.Entries), r.Kind.String())
		out.gauge(cacheMax, float64(r.Max), r.Kind.String())
		out.count(cacheRefused, r.Refused, r.Kind.String())
	}
	if p.Redis != nil {
		out.gauge(cacheUp, oneIf(p.Redis.Up()))
		out.count(cacheLosses, p.Redis.Losses())
	}
	if p.Bucket != nil {
		answered, failed := p.Bucket.Calls()
		out.count(bucketCalls, answered, "succeeded")
		out.count(bucketCalls, failed, "failed")
	}
}

// collectMachine tells of what is the node's own: its clock, its disk, its certificate.
func (p *parts) collectMachine(out sink) {
	out.gauge(clock, float64(p.Now().UnixMilli())/1000)
	if over := p.Certificate(); !over.IsZero() {
		out.gauge(certEnd, float64(over.Unix()))
	}
	if p.Data == "" {
		return
	}
	if s, err := disk.Of(p.Data); err == nil {
		out.gauge(dataLeft, s.Left())
		out.gauge(dataFree, float64(s.Free))
	}
}

func (p *parts) collectStore(out sink) {
	for _, pool := range p.Store.Pools() {
		out.gauge(poolMax, float64(pool.Max), pool.Name)
		out.gauge(poolOpen, float64(pool.Open), pool.Name)
		out.gauge(poolUsed, float64(pool.Used), pool.Name)
		out.count(poolWaits, pool.Waits, pool.Name)
		out <- prometheus.MustNewConstMetric(poolWaited, prometheus.CounterValue, pool.Waited.Seconds(), pool.Name)
	}
	out.count(txRetries, p.Store.Retries())
	b, known := p.backlog.read(p.Store)
	out.gauge(databaseUp, oneIf(known))
	if !known {
		return
	}
	out.gauge(outbox, float64(b.Mails))
	out.gauge(outboxOldest, p.age(b.OldestMail).Seconds())
	out.gauge(photoTrash, float64(b.Objects))
	out.gauge(lastBackup, since1970(b.LastBackup))
}

// since1970 is a time in seconds, 0 for none.
func since1970(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}

func (p *parts) age(t time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return max(0, p.Now().Sub(t))
}

func (p *parts) collectJobs(out sink) {
	for _, j := range p.Auth.JobCounts() {
		out.count(jobRuns, j.Succeeded, j.Name, "succeeded")
		out.count(jobRuns, j.Failed, j.Name, "failed")
		out.count(jobRuns, j.Elsewhere, j.Name, "elsewhere")
		if !j.Last.IsZero() {
			out.gauge(jobLast, float64(j.Last.Unix()), j.Name)
		}
	}
}

// sink takes what a scrape finds.
type sink chan<- prometheus.Metric

func (s sink) gauge(d *prometheus.Desc, v float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (s sink) count(d *prometheus.Desc, n uint64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

const (
	backlogTime = time.Second     // for the database to tell what waits
	backlogAge  = 5 * time.Second // how old an answer may be, so that scrapes cost it little
)

// backlog asks the database what waits, and remembers the answer for a while.
type backlog struct {
	mu    sync.Mutex
	asked time.Time
	last  store.Backlog
	known bool // the database answered when it was last asked
}

func (b *backlog) read(s *store.Store) (store.Backlog, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.asked.IsZero() && time.Since(b.asked) < backlogAge {
		return b.last, b.known
	}
	ctx, cancel := context.WithTimeout(context.Background(), backlogTime)
	defer cancel()
	var err error
	b.last, err = s.Backlog(ctx)
	b.asked, b.known = time.Now(), err == nil
	return b.last, b.known
}
