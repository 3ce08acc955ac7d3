// Package faults breaks what Flowxi runs on, the real thing and for real, while people
// use it, and counts. Its one rule: what was answered is kept, whatever breaks; so each
// test keeps a ledger of every answer and holds the servers to it afterwards.
//
// FLOWXI_FAULT_ROUNDS says how often each fault is repeated (once where it is not set), and
// FLOWXI_FAULT_SEED repeats a run. FLOWXI_FAULT_CONNECTIONS is how many idle connections
// there are, and has the server close them. The figures are printed with -v.
package faults
