// Package client calls a Flowxi server: one method for each operation of its API, with the
// names of the API. It leans on the standard library alone.
//
//	c, err := client.New("https://id.example.org", client.Options{
//		Locale: "en",
//		Device: client.DeviceInput{DeviceID: id, DeviceType: "desktop", DeviceName: "Ada's laptop"},
//		Tokens: client.NewFileTokens("/home/ada/.config/app/token"),
//	})
//
// # Logging in
//
// [Client.Login] has two good ends, and [LoginResult] says which: a token, or a challenge
// that [Client.LoginTwoFactor] answers. A token goes to the [TokenStore] of the client, which
// every later call takes it from, and leaves it when the server says that it is worth
// nothing any more, and at a logout, even one that fails: without a network, say, the session
// then lasts on the server until it is ended from another device, or is not used for 30 days.
//
// # Errors
//
// What the server refuses is an [*Error]. Decide by its code:
//
//	var refused *client.Error
//	switch {
//	case errors.Is(err, client.CodeInvalidCredentials):
//		// stay at the login
//	case errors.As(err, &refused) && refused.RetryAfter > 0:
//		// show a countdown
//	case errors.As(err, &refused):
//		// show refused.Message, and refused.Fields beside the fields
//	}
//
// Every other error says that no answer came, or none of Flowxi's.
//
// # Secrets
//
// Passwords, codes and tokens are a [Secret], which prints as "[secret]" wherever it ends
// up. No error of this package holds one.
package client
