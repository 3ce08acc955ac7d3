package reference

import (
	"maps"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/form"
)

// fact is what the type of an answer does not tell of one of its members.
type fact struct {
	about string
	more  object
}

// facts go by the owner and the name of a member, or by the name alone where it
// means the same in every answer. A wrong one is noticed by the tests, which hold
// every answer against its schema.
type facts map[string]fact

func newFacts(cfg config.Config) facts {
	all := profileFacts()
	maps.Copy(all, commonFacts())
	maps.Copy(all, ownFacts(cfg))
	return all
}

func (f facts) of(owner, name string) fact {
	if own, ok := f[owner+"."+name]; ok {
		return own
	}
	return f[name]
}

func example(v any) object { return object{{"examples", list{v}}} }

func always(v any) object { return object{{"const", v}} }

// alwaysNull is a type of its own: as a const beside another, some generators take it for
// a text.
func alwaysNull() object { return object{{"type", "null"}} }

// profileFacts show what a person says of themselves as the input has it.
func profileFacts() facts {
	all := make(facts)
	for _, f := range new(auth.ProfileInput).Fields() {
		all[f.Name] = fact{"", example(f.Rule.Schema.Example)}
	}
	return all
}

// commonFacts go by name alone.
func commonFacts() facts {
	return facts{
		"message":        {"A sentence for the person, in the language of the answer.", nil},
		"code":           {"What became of the request. Stable, and never localized: decide by it.", nil},
		"errors":         {"Everything that is wrong, as messages by field. Field names are never localized.", nil},
		"valid":          {"", always(true)},
		"success":        {"", always(true)},
		"access_token":   {"The bearer token. It is shown this once.", object{{"pattern", auth.TokenPattern()}}.and(example(exampleToken)...)},
		"token_type":     {"", always(api.BearerScheme)},
		"user_id":        {"", example(exampleUserID)},
		"account_status": {"", example(string(account.Active))},
		"challenge_id":   {"Goes into step 2 of the login, together with the code.", example(exampleHex)},
		"expires_in":     {"Seconds that are left.", object{{"minimum", 0}}},
		"device_id":      {"As the client named it.", nil},
		"device_type":    {"", example("ios")},
		"device_name":    {"", example("Ada's iPhone")},
		"country":        {"ISO 3166-1 alpha-2 code.", object{{"minLength", 2}, {"maxLength", 2}}.and(example("BJ")...)},
		"nationality":    {"ISO 3166-1 alpha-3 code.", object{{"minLength", 3}, {"maxLength", 3}}.and(example("BEN")...)},
		"ip":             {"The address that the device logged in from.", example("203.0.113.7")},
		"last_used_at":   {"", nil},
		"created_at":     {"", nil},
		"updated_at":     {"", nil},
		"is_current":     {"Whether it is the device of this request.", nil},
		"devices":        {"The latest used first. A token without a device is not among them.", nil},
		"enabled":        {"Whether the second factor is on.", nil},
		"email":          {"In lower case.", object{{"format", "email"}}.and(example(exampleEmail)...)},
		"issuer":         {"Who the authenticator app says the code is for.", always(auth.Issuer)},
		"id":             {"", example(exampleUserID)},
		"locale":         {"The language of answers to calls with a token where no header of the call names one.", example("fr")},
		"username":       {"Generated: fx and the id in eight digits.", object{{"pattern", "^fx[0-9]{8,}$"}}.and(example(account.Username(exampleUserID))...)},
		"photo_url":      {"Signed, and good for a while only. Do not store it.", object{{"format", "uri"}}},
		"birth_date":     {"", object{{"format", "date"}}},
		"phone_number":   {"E.164.", object{{"pattern", form.PhonePattern}}.and(example("+22900000000")...)},
		"twofa_enabled":  {"Whether a login needs the second factor.", nil},
		"version":        {"Of the server.", nil},
		"environment":    {"Tokens of one environment are unknown to the other.", object{{"enum", list{"production", "sandbox"}}}},
		"time":           {"Of the server.", nil},
	}
}

// ownFacts go by owner and name, where the name alone would say something else.
func ownFacts(cfg config.Config) facts {
	challenge, enroll := api.Seconds(cfg.ChallengeTTL), api.Seconds(cfg.EnrollTTL)
	return facts{
		"LoginToken.mfa_required":     {"", always(false)},
		"LoginChallenge.mfa_required": {"The login is not finished: ask for the second factor.", always(true)},
		"LoginChallenge.expires_in":   {"Seconds in which the login has to be finished.", object{{"minimum", 1}}.and(example(challenge)...)},
		"Device.expires_at":           {"When the device is logged out if it is not used again: the earlier of the end of its token and the end of its idle time.", nil},
		"SecondFactor.secret":         {"For typing into an authenticator app. Null where the second factor is on.", example(exampleTOTP)},
		"SecondFactor.otpauth_uri":    {"For a QR code. Null where the second factor is on.", object{{"pattern", "^otpauth://totp/"}}},
		"SecondFactor.expires_in":     {"Seconds that the secret is still good for. Null where the second factor is on.", object{{"minimum", 0}, {"maximum", enroll}}},
		"Person.status":               {"The state of the account. What answers here is active.", example(string(account.Active))},
		"HealthData.status":           {"", always("ok")},
		"PhotoDeleted.photo_url":      {"", alwaysNull()},
	}
}
