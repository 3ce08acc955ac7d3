package store

import "time"

// WaitForTables sets how long Migrate waits for others to let go of a table.
func (s *Store) WaitForTables(d time.Duration) { s.tableWait = d }
