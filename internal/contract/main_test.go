package contract_test

import (
	"flag"
	"os"
	"runtime"
	"strconv"
	"testing"
)

// atOnce is how many tests run beside each other at the least: they mostly wait, for mails
// and for answers that are held.
const atOnce = 8

// TestMain runs more tests at once than a small machine has cores, unless it is told how many.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", strconv.Itoa(max(atOnce, runtime.GOMAXPROCS(0)))); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
