package contract_test

import (
	"fmt"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/config"
)

func TestSection11_Health_Answer(t *testing.T) {
	environments := map[string]func(*config.Config){"production": func(*config.Config) {}, "sandbox": sandbox}
	for environment, configure := range environments {
		t.Run(environment, func(t *testing.T) {
			onEachWith(t, configure, func(t *testing.T, srv *authtest.Server) {
				a := srv.Client(t).Get("/health").Expect(200, "HEALTH_OK").Matches(fmt.Sprintf(`{"message": "$text", "code": "HEALTH_OK",
					"data": {"status": "ok", "version": "$text", "environment": %q, "time": "$time"}}`, environment))
				if off := a.Time("data.time").Sub(srv.Now()).Abs(); off > time.Minute {
					a.Fail("the time is off by %v", off)
				}
			})
		})
	}
}

func TestSection11_Health_IsPublicAndOverPlainHTTP(t *testing.T) {
	onEachWith(t, overHTTPS, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Get("/health").Expect(200, "HEALTH_OK")
		c.Header("X-Forwarded-Proto", "https").Get("/health").Expect(200, "HEALTH_OK")
		c.Token("garbage").Get("/health").Expect(200, "HEALTH_OK")
		if a := c.Head("/health"); a.Status != 200 {
			a.Fail("HEAD answers %d", a.Status)
		}
	})
}

func TestSection11_Health_IsUnlimited(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for range 650 {
			c.Get("/health").Expect(200, "HEALTH_OK")
		}
		if a := c.Get("/me"); quota(t, a.Expect(401, "UNAUTHENTICATED"), "Remaining") < 500 {
			a.Fail("the health checks counted")
		}
	})
}

// An SQLite database cannot be taken away from the process that has it open.
func TestSection11_Health_IsUnavailableWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	srv := start(t, authtest.Scaled, func(*config.Config) {})
	giveBack := srv.LoseDatabase(t)
	started := time.Now()
	a := srv.Client(t).Get("/health").Expect(503, "SERVICE_UNAVAILABLE")
	a.Matches(`{"message": "$text", "code": "SERVICE_UNAVAILABLE"}`)
	a.RetryAfter()
	if took := time.Since(started); took > 3*time.Second {
		a.Fail("it took %v, want about a second", took)
	}
	giveBack()
	expectWellSoon(t, srv)
}

// expectWellSoon waits until both nodes have found their database again: each learns by a
// call that its connections are dead.
func expectWellSoon(t *testing.T, srv *authtest.Server) {
	t.Helper()
	for well := 0; well < 4; {
		if srv.Client(t).Get("/health").Status == 200 {
			well++
			continue
		}
		well = 0
		time.Sleep(50 * time.Millisecond)
	}
}

func TestSection11_Unavailable_IsEveryCallWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	srv := start(t, authtest.Scaled, func(*config.Config) {})
	person := srv.Client(t).Register(ada)
	giveBack := srv.LoseDatabase(t)
	c := srv.Client(t)
	for _, a := range []*authtest.Answer{
		c.Login(ada, "phone"),
		c.Post("/register-email-code/send", Fields{"email": bob}),
		person.Get("/me"),
		person.Patch("/me", Fields{"first_name": "Ada"}),
		person.Upload(jpegOf(8, 8)),
		person.Post("/auth/logout", nil),
	} {
		a.Expect(503, "SERVICE_UNAVAILABLE").RetryAfter()
	}
	giveBack()
	expectWellSoon(t, srv)
	person.Get("/me").Expect(200, "ME_OK")
}
