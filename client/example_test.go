package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"flowxi.app/flowxi/client"
)

// device is what the examples run on. An app chooses its id once, by client.NewDeviceID,
// and keeps it.
var device = client.DeviceInput{DeviceID: "b7e23ec2", DeviceType: "desktop", DeviceName: "Ada's laptop"}

// The server of the examples is that of "flowxi mock", where every mailed code is 123456.
func Example() {
	ctx := context.Background()
	c, err := client.New(server, client.Options{Locale: "en", Device: device})
	if err != nil {
		log.Fatal(err)
	}

	// Register: ask for a code, and spend it with a password. That logs in, too.
	const email = "ada@example.com"
	sent, err := c.SendRegistrationCode(ctx, client.EmailInput{Email: email})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sent.Message)
	if _, err := c.RegisterByCode(ctx, client.CodePasswordInput{Email: email, Code: "123456", Password: "correct horse battery"}); err != nil {
		log.Fatal(err)
	}

	me, err := c.Me(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(me.Data.Email, me.Data.Status)
	// Output:
	// OTP sent.
	// ada@example.com active
}

// A login of somebody with a second factor has two steps.
func ExampleClient_Login() {
	ctx := context.Background()
	c, err := client.New(server, client.Options{Locale: "en", Device: device})
	if err != nil {
		log.Fatal(err)
	}
	in, err := c.Login(ctx, client.LoginInput{Email: "twofa@example.com", Password: "correct horse battery"})
	if err != nil {
		log.Fatal(err)
	}
	if in.Challenged != nil {
		fmt.Println("Enter the code of your authenticator.")
		_, err = c.LoginTwoFactor(ctx, client.LoginTwoFAInput{
			ChallengeID: in.Challenged.Data.ChallengeID,
			Code:        authenticator(),
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	me, err := c.Me(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(me.Data.Email)
	// Output:
	// Enter the code of your authenticator.
	// twofa@example.com
}

// Decide by the code of a refusal, and show its message.
func ExampleError() {
	ctx := context.Background()
	c, err := client.New(server, client.Options{Locale: "en", Device: device})
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.Login(ctx, client.LoginInput{Email: "active@example.com", Password: "a guess"})
	if errors.Is(err, client.CodeInvalidCredentials) {
		fmt.Println("back to the login")
	}
	var refused *client.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Status, refused.Message)
	}
	// Output:
	// back to the login
	// 401 The email or the password is incorrect.
}

// What is wrong with a form is told for each field, in the language of the client.
func ExampleError_fields() {
	ctx := context.Background()
	c, err := client.New(server, client.Options{Locale: "en", Device: device})
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.SendRegistrationCode(ctx, client.EmailInput{Email: "nobody"})
	var refused *client.Error
	if errors.As(err, &refused) {
		for field, texts := range refused.Fields {
			fmt.Println(field+":", strings.Join(texts, " "))
		}
	}
	// Output:
	// email: The email must be a valid email address.
}

// A limit tells when to come back. Short waits the client makes by itself.
func ExampleError_retryAfter() {
	ctx := context.Background()
	c, err := client.New(server, client.Options{Device: device, MaxWait: 2 * time.Second})
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.Login(ctx, client.LoginInput{Email: "limited@example.com", Password: "correct horse battery"})
	var refused *client.Error
	if errors.As(err, &refused) && refused.RetryAfter > 0 {
		fmt.Println(refused.Code, "- a countdown is due:", refused.RetryAfter > time.Second)
	}
	// Output:
	// TOO_MANY_REQUESTS - a countdown is due: true
}

// A field that is not given stays as it is; Clear leaves it without a value.
func ExampleClient_UpdateMe() {
	ctx := context.Background()
	c, err := client.New(server, client.Options{Device: device})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.Login(ctx, client.LoginInput{Email: "english@example.com", Password: "correct horse battery"}); err != nil {
		log.Fatal(err)
	}
	updated, err := c.UpdateMe(ctx, client.ProfileInput{
		FirstName:   client.Set("Ada"),
		PhoneNumber: client.Clear(),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(*updated.Data.FirstName, *updated.Data.LastName, updated.Data.PhoneNumber == nil)
	// Output:
	// Ada Mensah true
}

// A token in a file outlives the program.
func ExampleNewFileTokens() {
	ctx := context.Background()
	o := client.Options{Device: device, Tokens: client.NewFileTokens(tokenFile)}
	c, err := client.New(server, o)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.Login(ctx, client.LoginInput{Email: "empty@example.com", Password: "correct horse battery"}); err != nil {
		log.Fatal(err)
	}

	// The next time that the program runs:
	again, err := client.New(server, o)
	if err != nil {
		log.Fatal(err)
	}
	me, err := again.Me(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(me.Data.Email)

	if _, err := again.Logout(ctx); err != nil {
		log.Fatal(err)
	}
	_, err = again.Me(ctx)
	fmt.Println(errors.Is(err, client.CodeUnauthenticated))
	// Output:
	// empty@example.com
	// true
}
