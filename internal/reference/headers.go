package reference

import (
	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/header"
)

func commonParameters() list {
	return list{ref("parameters", "AppLocale"), ref("parameters", "AcceptLanguage"), ref("parameters", "RequestId")}
}

// parameters describes the headers that every request may have. What they hold is
// never refused: nonsense counts as absent.
func parameters() object {
	const choice = "The first language in it that is supported is taken: it is split at commas and semicolons, " +
		"q-values are ignored, the region is dropped, and case does not matter. One with none counts as absent."
	header := func(name, text string, example any) object {
		return object{
			{"name", name}, {"in", "header"}, {"description", text}, {"schema", object{{"type", "string"}}},
		}.when(example != nil, "example", example)
	}
	return object{
		{"AppLocale", header("X-App-Locale", "Language of the answer, and of mails that the request causes. It comes before Accept-Language. "+choice, "en")},
		{"AcceptLanguage", header("Accept-Language", "Language of the answer where X-App-Locale names none. "+choice, "en-GB, fr;q=0.8")},
		{"RequestId", header(api.RequestIDHeader, "Name of the request in logs: up to 64 letters, digits, dots, dashes and underscores. Anything else is replaced.", nil)}, // an example would be sent with every try
	}
}

// headers describes what the components name.
func headers(languages list) object {
	described := func(required bool, text string, schema object) object {
		return object{{"description", text}}.when(required, "required", true).and(member{"schema", schema})
	}
	always := func(name, text string) object {
		return described(true, text, object{{"type", "string"}, {"const", header.Data.Get(name)}})
	}
	count := func(least int) object { return object{{"type", "integer"}, {"minimum", least}} }
	return object{
		{"ContentLanguage", described(true, "Language of the message.", object{{"type", "string"}, {"enum", languages}})},
		{"CacheControl", always("Cache-Control", "No cache may keep the answer.")},
		{"ContentTypeOptions", always("X-Content-Type-Options", "The answer is of its Content-Type, and of no other that a browser may find in it.")},
		{"Vary", described(true, "The headers of the request that the answer depends on: those of the language, the origin where other origins are allowed, and what a proxy adds.", object{{"type", "string"}})},
		{"RequestId", described(true, "Name of the request in logs: that of the request where it had a sane one.", object{{"type", "string"}, {"pattern", api.RequestIDPattern}})},
		{"RateLimitLimit", described(false, "Size of the tightest limit that the request met: the one with the least left. Absent where limits are off.", count(1))},
		{"RateLimitRemaining", described(false, "What is left of that limit.", count(0))},
		{"RateLimitReset", described(false, "Seconds until that limit has more.", count(0))},
		{"RetryAfter", described(true, "Seconds to wait before the next try.", count(1))},
		{"WWWAuthenticate", described(true, "How to authenticate (RFC 6750).", object{{"type", "string"}, {"const", api.BearerScheme}})},
		{"Allow", described(true, "The methods that the path has.", object{{"type", "string"}})},
	}
}

// responseHeaders lists the headers of an answer.
func responseHeaders(status int, free bool) object {
	all := object{
		{"Content-Language", ref("headers", "ContentLanguage")},
		{api.RequestIDHeader, ref("headers", "RequestId")},
		{"Cache-Control", ref("headers", "CacheControl")},
		{"Vary", ref("headers", "Vary")},
		{"X-Content-Type-Options", ref("headers", "ContentTypeOptions")},
	}
	if !free {
		all = all.and(
			member{"RateLimit-Limit", ref("headers", "RateLimitLimit")},
			member{"RateLimit-Remaining", ref("headers", "RateLimitRemaining")},
			member{"RateLimit-Reset", ref("headers", "RateLimitReset")},
		)
	}
	is := func(e account.Error) bool { return status == api.StatusOf(e.Kind) }
	return all.
		when(is(account.ErrTooManyRequests) || is(account.ErrServiceUnavailable), "Retry-After", ref("headers", "RetryAfter")).
		when(is(account.ErrUnauthenticated), "WWW-Authenticate", ref("headers", "WWWAuthenticate")).
		when(is(account.ErrMethodNotAllowed), "Allow", ref("headers", "Allow"))
}
