// Package disk tells how full the file system of a folder is. Its one rule: it counts as
// df does, so that what is kept for root is not left.
package disk

// Space is what is left of a file system.
type Space struct {
	Free  uint64  // bytes
	Bytes float64 // part of them that is left, 0 to 1
	Files float64 // part of the inodes that is left; 1 where they have no bound
}

// Left is the scarcer of the two parts: whichever ends first, nothing can be written.
func (s Space) Left() float64 { return min(s.Bytes, s.Files) }
