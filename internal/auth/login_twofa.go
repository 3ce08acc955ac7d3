package auth

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/store"
)

// challenge keeps a login that has proved its password until the second factor comes.
// It lives in the cache only, sealed, under the hash of its id.
func (a *Auth) challenge(ctx context.Context, c *Caller, u account.User, device account.Device) (LoginResult, error) {
	id := a.hex(32)
	plain, err := json.Marshal(account.Challenge{
		UserID: u.ID, Device: device, Network: c.Network(), UserAgent: agent(c), Grounds: u.Grounds(),
	})
	if err != nil {
		return LoginResult{}, fmt.Errorf("encode challenge: %w", err)
	}
	key := challengeKey(id)
	if err := a.cache.Set(ctx, key, a.keys.Seal(plain, key), a.cfg.ChallengeTTL); err != nil {
		return LoginResult{}, a.cacheDown(ctx, err)
	}
	if err := a.record(ctx, a.eventOn(c, device.ID, eventChallenged, u.ID, device.Type)); err != nil {
		return LoginResult{}, err
	}
	return LoginResult{Challenge: account.Secret(id), ExpiresIn: a.cfg.ChallengeTTL}, nil
}

// agent is what a browser calls itself, as a challenge can keep it: JSON has no bytes that
// are not UTF-8.
func agent(c *Caller) string { return string([]rune(c.UserAgent)) }

func challengeKey(id string) string { return "challenge:" + hex.EncodeToString(hashSecret(id)) }

// LoginTwoFA is step 2 of a login: a challenge and a code for a token (contract section
// 7). A challenge that cannot be used any more, for whatever reason and from wherever, is
// one and the same ErrTwoFAChallengeExpired. From another network, agent or device than
// step 1 it is ErrTwoFAChallengeMismatch, which spends nothing, and a wrong code, which
// counts, is ErrTwoFAInvalidCode.
func (a *Auth) LoginTwoFA(ctx context.Context, c *Caller, in LoginTwoFAInput) (Issued, error) {
	key := challengeKey(string(in.ChallengeID))
	ch, err := a.readChallenge(ctx, key)
	if err != nil {
		return Issued{}, err
	}
	u, err := unchanged(ctx, a.store.UserByID, ch.UserID, ch.Hold, account.ErrTwoFAChallengeExpired)
	if err != nil {
		return Issued{}, err
	}
	if ch.Network != c.Network() || ch.UserAgent != agent(c) || ch.Device.ID != in.DeviceID {
		if err := a.record(ctx, a.eventOn(c, in.DeviceID, eventMismatch, ch.UserID, "")); err != nil {
			return Issued{}, err
		}
		return Issued{}, account.ErrTwoFAChallengeMismatch
	}
	try, err := a.reserveTry(ctx, key)
	if err != nil {
		return Issued{}, err
	}
	issued, err := a.answerChallenge(ctx, c, key, ch, u, in.Code)
	// What is left as it was counts, which is safe.
	if errors.Is(err, account.ErrTwoFAInvalidCode) {
		_ = a.cache.Settle(context.WithoutCancel(ctx), try)
		a.endWithoutTries(context.WithoutCancel(ctx), key)
	} else {
		_ = a.cache.Release(context.WithoutCancel(ctx), try)
	}
	return issued, err
}

// answerChallenge checks a code, and spends the challenge with it. A wrong one and one that
// was used before are ErrTwoFAInvalidCode.
func (a *Auth) answerChallenge(ctx context.Context, c *Caller, key string, ch account.Challenge, u account.User, code account.Secret) (Issued, error) {
	step, err := a.matchCode(ctx, c, u, code)
	if err != nil {
		return Issued{}, err
	}
	issued, err := a.spendChallenge(ctx, c, key, ch, step)
	return issued, a.orReplayed(ctx, c, u.ID, err)
}

// spendChallenge spends time step and challenge and opens the session, in this order
// and once each, whoever else tries at the same time.
func (a *Auth) spendChallenge(ctx context.Context, c *Caller, key string, ch account.Challenge, step int64) (issued Issued, err error) {
	taken := false // a second run of the transaction must not take the challenge twice
	err = a.store.RowTx(ctx, func(tx *store.Tx) error {
		u, err := unchanged(ctx, tx.HoldUser, ch.UserID, ch.Hold, account.ErrTwoFAChallengeExpired)
		if err != nil {
			return err
		}
		if err := a.useStep(ctx, tx, u.ID, step); err != nil {
			return a.orSpent(ctx, key, err)
		}
		if !taken {
			if _, err := a.cache.Take(ctx, key); errors.Is(err, cache.ErrMiss) {
				return account.ErrTwoFAChallengeExpired
			} else if err != nil {
				return a.cacheDown(ctx, err)
			}
			taken = true
		}
		issued, err = a.openSession(ctx, tx, c, u, ch.Device)
		return err
	})
	return issued, err
}

// orSpent answers a code that was used before. Where that was to spend this very
// challenge, there is no challenge any more.
func (a *Auth) orSpent(ctx context.Context, key string, used error) error {
	if _, _, err := a.cache.Get(ctx, key); errors.Is(err, cache.ErrMiss) {
		return account.ErrTwoFAChallengeExpired
	}
	return used
}

func (a *Auth) readChallenge(ctx context.Context, key string) (ch account.Challenge, err error) {
	sealed, _, err := a.cache.Get(ctx, key)
	if errors.Is(err, cache.ErrMiss) {
		return ch, account.ErrTwoFAChallengeExpired
	}
	if err != nil {
		return ch, a.cacheDown(ctx, err)
	}
	plain, err := a.keys.Open(sealed, key)
	if err != nil { // its key was retired: whoever has it starts again
		return ch, account.ErrTwoFAChallengeExpired
	}
	if err := json.Unmarshal(plain, &ch); err != nil {
		return ch, fmt.Errorf("decode challenge: %w", err)
	}
	return ch, nil
}

const (
	tryTime = 30 * time.Second      // the most that a try is under way, should its node end: longer than a request may take
	tryWait = 2 * time.Second       // for those under way
	tryAsk  = 10 * time.Millisecond // between two looks at them
)

// reserveTry takes one of a challenge's tries before the code is looked at, so that
// guesses at the same time cannot share one. Where others under way hold the last of them
// it waits until it is known what became of these: a challenge is over where its tries were
// wrong, and not before. The allowance is part of the challenge and not a rate limit: it
// holds with limits off, too.
func (a *Auth) reserveTry(ctx context.Context, key string) (cache.Reservation, error) {
	windows := a.tries(key)
	waiting, cancel := context.WithTimeout(ctx, tryWait)
	defer cancel()
	for {
		try, err := a.cache.Reserve(ctx, windows)
		switch {
		case err != nil:
			return try, a.cacheDown(ctx, err)
		case try.Allowed:
			return try, nil
		case try.Pending == 0:
			_ = a.cache.Delete(ctx, key) // where that failed with the last try
			return try, account.ErrTwoFAChallengeExpired
		}
		select {
		case <-waiting.Done():
			return try, account.ErrServiceUnavailable.After(busyPause)
		case <-time.After(tryAsk):
		}
	}
}

// tries are the windows of a challenge's tries, and of those of them that are under way.
func (a *Auth) tries(key string) []cache.Window {
	return []cache.Window{
		// A minute more than the challenge lives, so that no try is forgotten before it.
		{Key: key + ":tries", Limit: a.cfg.Limits.ChallengeTries, Per: a.cfg.ChallengeTTL + time.Minute},
		{Key: key + ":under way", Limit: 10_000, Per: tryTime, Pending: true, Fleeting: true},
	}
}

// endWithoutTries deletes a challenge whose tries were all wrong, so that it is as unknown
// from elsewhere as it is from where it began. Where the cache does not answer, a challenge is
// left that nobody can finish, or one that has lost a try more, under way for tryTime at most.
func (a *Auth) endWithoutTries(ctx context.Context, key string) {
	next, err := a.cache.Reserve(ctx, a.tries(key))
	switch {
	case err != nil:
	case next.Allowed:
		_ = a.cache.Release(ctx, next)
	case next.Pending == 0:
		_ = a.cache.Delete(ctx, key)
	}
}
