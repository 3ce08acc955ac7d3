package reference

import (
	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/api"
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
	header := func(required bool, text string, schema object) object {
		return object{{"description", text}}.when(required, "required", true).and(member{"schema", schema})
	}
	count := func(least int) object { return object{{"type", "integer"}, {"minimum", least}} }
	return object{
		{"ContentLanguage", header(true, "Language of the message.", object{{"type", "string"}, {"enum", languages}})},
		{"RequestId", header(true, "Name of the request in logs: that of the request where it had a sane one.", object{{"type", "string"}, {"pattern", api.RequestIDPattern}})},
		{"RateLimitLimit", header(false, "Size of the tightest limit that the request met: the one with the least left. Absent where limits are off.", count(1))},
		{"RateLimitRemaining", header(false, "What is left of that limit.", count(0))},
		{"RateLimitReset", header(false, "Seconds until that limit has more.", count(0))},
		{"RetryAfter", header(true, "Seconds to wait before the next try.", count(1))},
		{"WWWAuthenticate", header(true, "How to authenticate (RFC 6750).", object{{"type", "string"}, {"const", api.BearerScheme}})},
		{"Allow", header(true, "The methods that the path has.", object{{"type", "string"}})},
	}
}

// responseHeaders lists the headers of an answer.
func responseHeaders(status int, free bool) object {
	all := object{
		{"Content-Language", ref("headers", "ContentLanguage")},
		{api.RequestIDHeader, ref("headers", "RequestId")},
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
