// Package alerts holds deploy/prometheus and deploy/grafana to what servers tell of
// themselves, and watches alerts come and go with what is broken. Its one rule: servers,
// what they stand on, and Prometheus are the real ones.
//
// A test run breaks what is quickly broken and mended. FLOWXI_TEST_ALERTS=all walks the
// runbooks as far as a machine can alone:
//
//	FLOWXI_TEST_ALERTS=all go test -v -run TestAlerts -timeout 30m ./internal/alerts
package alerts
