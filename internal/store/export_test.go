package store

import "time"

// WaitForTables sets how long Migrate waits for others to let go of a table.
func (s *Store) WaitForTables(d time.Duration) { s.tableWait = d }

// CheckFileBy sets the statement that lists what is broken in a file.
func (s *Store) CheckFileBy(query string) { s.engine.damage = query }

// ProfileColumns are those of a profile, which Activate clears by the same list.
func ProfileColumns() (list []string) {
	for _, f := range profile {
		list = append(list, f.column)
	}
	return list
}
