// Package attack is what a hostile stranger tries against Flowxi, over HTTP, in both
// shapes. Its one rule: each attempt names the defence that stands against it, and is run
// against a build without that defence too, where it must succeed. An attempt that fails
// there as well proves nothing.
//
// A defence is taken out of a copy of the source that only the compiler of the test sees
// (go build -overlay), so the product has no switch for it.
package attack
