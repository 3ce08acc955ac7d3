package contract_test

import (
	"net/netip"
	"net/url"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/config"
)

func overHTTPS(c *config.Config) {
	c.PublicURL = &url.URL{Scheme: "https", Host: "api.example.com"}
}

func overHTTPSWithoutProxy(c *config.Config) {
	overHTTPS(c)
	c.TrustedProxies = nil
}

func TestSection03_HTTPS_PlainHTTPIsRejectedNotRedirected(t *testing.T) {
	onEachWith(t, overHTTPS, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for path, methods := range allowed {
			if path == "/health" {
				continue
			}
			for _, method := range methods {
				a := c.Send(method, "/api/v1"+path, nil)
				if a.Status != 403 || a.Header.Get("Location") != "" {
					a.Fail("got %d, want 403 and no Location", a.Status)
				}
				if method != "HEAD" {
					a.Expect(403, "HTTPS_REQUIRED")
				}
			}
		}
		c.Get("/nowhere").Expect(403, "HTTPS_REQUIRED")
	})
}

func TestSection03_HTTPS_PlainHTTPDoesNoWork(t *testing.T) {
	onEachWith(t, overHTTPS, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Post("/register-email-code/send", Fields{"email": ada}).Expect(403, "HTTPS_REQUIRED")
		srv.ExpectNoMail(t, ada)
	})
}

func TestSection03_HTTPS_IsBelievedOfATrustedProxy(t *testing.T) {
	onEachWith(t, overHTTPS, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Header("X-Forwarded-Proto", "https")
		c.Get("/me").Expect(401, "UNAUTHENTICATED")
		c.Register(ada).Get("/me").Expect(200, "ME_OK")
		c.Header("X-Forwarded-Proto", "http").Get("/me").Expect(403, "HTTPS_REQUIRED")
	})
}

func TestSection03_HTTPS_IsNotBelievedOfAnybodyElse(t *testing.T) {
	claims := map[string]string{
		"X-Forwarded-Proto": "https", "Forwarded": "proto=https", "X-Forwarded-Ssl": "on", "Front-End-Https": "on",
		"X-Url-Scheme": "https", "X-Forwarded-Scheme": "https", "X-Forwarded-Protocol": "https",
	}
	onEachWith(t, overHTTPSWithoutProxy, func(t *testing.T, srv *authtest.Server) {
		for name, value := range claims {
			srv.Client(t).Header(name, value).Get("/me").Expect(403, "HTTPS_REQUIRED")
		}
	})
}

func TestSection03_HTTPS_OfAProxyElsewhereIsNotBelieved(t *testing.T) {
	elsewhere := func(c *config.Config) {
		overHTTPS(c)
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	}
	onEachWith(t, elsewhere, func(t *testing.T, srv *authtest.Server) {
		srv.Client(t).Header("X-Forwarded-Proto", "https").Get("/me").Expect(403, "HTTPS_REQUIRED")
		srv.Client(t).Header("X-Forwarded-Proto", "https").From("10.0.0.1").Get("/me").Expect(403, "HTTPS_REQUIRED")
	})
}

func TestSection03_HTTP_IsServedOnALoopbackHost(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		srv.Client(t).Get("/me").Expect(401, "UNAUTHENTICATED")
	})
}
