package store

import (
	"context"
	"database/sql/driver"
	"errors"
)

// keepingConnector is a driver of SQLite whose connections keep the statements that they
// have prepared. To prepare one takes longer than to run it, and database/sql, for which
// a transaction is the whole use of the only connection that writes, would prepare it in
// each anew.
type keepingConnector struct{ driver.Connector }

// Connect implements driver.Connector.
func (k keepingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	whole, ok := conn.(wholeConn)
	if !ok {
		return nil, errors.Join(errors.New("the driver of SQLite lacks what it had"), conn.Close())
	}
	return &keepingConn{wholeConn: whole, kept: make(map[string]*keptStatement)}, nil
}

// wholeConn is what database/sql asks of a connection, but for statements that nobody
// prepares.
type wholeConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type wholeStatement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// maxKept is how many statements a connection keeps: all that the store has, and some of
// those that it makes for as many rows as there are.
const maxKept = 200

// keepingConn is one connection. As with all of them, one goroutine uses it at a time.
type keepingConn struct {
	wholeConn

	kept map[string]*keptStatement // by text
}

// keptStatement is prepared once, and lent to one caller after the other.
type keptStatement struct {
	wholeStatement

	lent bool
}

// Close gives the statement back. It has been reset by then.
func (s *keptStatement) Close() error {
	s.lent = false
	return nil
}

// Prepare implements driver.Conn.
func (c *keepingConn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// PrepareContext implements driver.ConnPrepareContext.
func (c *keepingConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	known, ok := c.kept[query]
	if ok && !known.lent {
		known.lent = true
		return known, nil
	}
	s, err := c.wholeConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	whole, can := s.(wholeStatement)
	if ok || !can || len(c.kept) >= maxKept {
		return s, nil // for once
	}
	c.kept[query] = &keptStatement{whole, true}
	return c.kept[query], nil
}

// Close implements driver.Conn.
func (c *keepingConn) Close() error {
	var all []error
	for _, s := range c.kept {
		all = append(all, s.wholeStatement.Close())
	}
	return errors.Join(append(all, c.wholeConn.Close())...)
}
