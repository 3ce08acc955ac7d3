package cache

// Kind is what a key serves, and so who can have keys of it made. Each has a share of a
// Memory to itself, so that what one kind of caller fills is not missing to another.
type Kind uint8

// The kinds. The first is that of every value, and of a window that nobody says more of.
const (
	Owners Kind = iota // takes a password, a token or a device that its person has used
	Logins             // failed logins of anybody, each at the cost of a hash
	Codes              // checks of codes and links, of any address
	Mails              // requests for mails, to any address
	Floods             // requests, by network and by token
	kinds
)

// String implements fmt.Stringer: it is the name of the kind in metrics and in the log.
func (k Kind) String() string {
	return [kinds]string{"owners", "logins", "codes", "mails", "floods"}[k]
}

// shares is how many parts of a cache there are, one to itself for each kind. What no kind has
// is for those that come first, so that one alone takes no more than a half.
const shares = 8

// Room is what a Memory has of one kind.
type Room struct {
	Kind    Kind
	Entries int
	Max     int    // with all of what no kind has to itself
	Refused uint64 // how often there was no room for one more
}

// Rooms tells of each kind.
func (m *Memory) Rooms() []Room {
	rooms := make([]Room, kinds)
	for i := range m.shards {
		m.shards[i].addTo(rooms)
	}
	return rooms
}

// Rooms tells of what the node itself has counted. The server is bounded by its memory.
func (r *Redis) Rooms() []Room { return r.shadow.Rooms() }

func (s *shard) addTo(rooms []Room) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range kinds {
		r := &rooms[k]
		r.Kind = k
		r.Entries += s.count[k]
		r.Max += s.limit - s.share*(int(kinds)-1)
		r.Refused += s.refused[k]
	}
}

// told is what the log has last said of a kind.
type told struct {
	refused uint64
	at      int64
}

// warnOfFull tells of kinds that have met no room since they were last told of. Only the
// sweep calls it.
func (m *Memory) warnOfFull() {
	now := m.clock.read()
	for _, r := range m.Rooms() {
		last := &m.told[r.Kind]
		if r.Refused == last.refused || last.refused > 0 && now-last.at < int64(warnEvery) {
			continue
		}
		m.log.Warn("there is no room to count more of one kind: its requests are refused, or pass where they only slow a flood down",
			"kind", r.Kind.String(), "entries", r.Entries, "max", r.Max, "times", r.Refused-last.refused)
		*last = told{r.Refused, now}
	}
}
