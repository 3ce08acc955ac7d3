package config

import (
	"net/url"
	"slices"
	"strings"
)

// warnClear names each server to which what is secret travels in clear, if it is not on
// this machine. It may be meant so, in a network that is nobody else's, and so is allowed.
func (c Config) warnClear(warn func(bool, string)) {
	const exposed = " TRAVEL IN CLEAR, for everybody on the way to read and change: "
	warn(clearDatabase(string(c.DatabaseURL)), "FLOWXI_DATABASE_URL: ALL DATA AND THE PASSWORD OF THE DATABASE"+exposed+"use sslmode=verify-full, or a network of the servers alone")
	warn(unknownDatabase(string(c.DatabaseURL)), "FLOWXI_DATABASE_URL: WHOEVER IS ON THE WAY CAN BE THE DATABASE, since sslmode=require looks at no certificate: use sslmode=verify-full")
	warn(clearURL(string(c.RedisURL), "redis"), "FLOWXI_REDIS_URL: LIMITS, WAITING LOGINS AND THE PASSWORD OF REDIS"+exposed+"use rediss://, or a network of the servers alone")
	warn(clearStorage(string(c.StorageURL)), "FLOWXI_STORAGE_URL with tls=false: PHOTOS AND THEIR ADDRESSES"+exposed+"leave tls=false out, or use a network of the servers alone")
	warn(clearURL(c.TracesURL, "http"), "FLOWXI_TRACES_URL: TRACES AND THE PASSWORD OF THE COLLECTOR"+exposed+"use https://, or a network of the servers alone")
}

// clearURL tells whether a URL of the plain scheme leads to another machine.
func clearURL(text, plain string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == plain && !IsLoopback(u.Hostname())
}

// clearDatabase tells whether the database may be spoken to without TLS. What is asked for
// without sslmode is prefer, which takes what it gets.
func clearDatabase(text string) bool {
	elsewhere, query := databaseElsewhere(text)
	return elsewhere && !slices.Contains([]string{"require", "verify-ca", "verify-full"}, query.Get("sslmode"))
}

// unknownDatabase tells whether the database is spoken to by TLS, and its certificate is not
// looked at: require does that only where a file of authorities is named.
func unknownDatabase(text string) bool {
	elsewhere, query := databaseElsewhere(text)
	return elsewhere && query.Get("sslmode") == "require" && query.Get("sslrootcert") == ""
}

// databaseElsewhere tells whether one of the hosts of a database is another machine.
func databaseElsewhere(text string) (elsewhere bool, query url.Values) {
	u, err := url.Parse(text)
	if err != nil || text == "" {
		return false, nil
	}
	query = u.Query()
	hosts := query.Get("host")
	if hosts == "" {
		hosts = u.Hostname()
	}
	return slices.ContainsFunc(strings.Split(hosts, ","), func(host string) bool {
		return host != "" && !strings.HasPrefix(host, "/") && !IsLoopback(host) // a path is a socket
	}), query
}

// clearStorage looks behind the keys, which may hold what no other URL may.
func clearStorage(text string) bool {
	rest := strings.TrimPrefix(text, "s3://")
	u, err := url.Parse("s3://" + rest[strings.LastIndexByte(rest, '@')+1:])
	return err == nil && u.Query().Get("tls") == "false" && !IsLoopback(u.Hostname())
}
