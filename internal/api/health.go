package api

import (
	"cmp"
	"context"
	"errors"
	"time"

	"flowxi.app/flowxi/internal/account"
)

// healthWithin is how long the database may take to answer the health check
// (contract section 11), where Deps says nothing else.
const healthWithin = time.Second

func (x *exchange) health() (Answer, error) {
	ctx, cancel := context.WithTimeout(x.request.Context(), cmp.Or(x.HealthWithin, healthWithin))
	defer cancel()
	if err := x.Auth.Ping(ctx); err != nil {
		return nil, errors.Join(account.ErrServiceUnavailable, err)
	}
	return &Health{Data: HealthData{
		Status: "ok", Version: x.Version, Environment: x.Config.Environment, Time: Timestamp(x.Now()),
	}}, nil
}
