package config_test

import (
	"fmt"

	"flowxi.app/flowxi/internal/config"
)

// What is not set has its default, and what cannot be is refused by name.
func ExampleLoad() {
	c, err := config.Load([]string{"FLOWXI_OTP_TTL=5m"})
	fmt.Println(c.OTPTTL, c.MagicLinkTTL, err)
	_, err = config.Load([]string{"FLOWXI_OTP_TLL=5m"})
	fmt.Println(err)
	// Output:
	// 5m0s 1h0m0s <nil>
	// FLOWXI_OTP_TLL is not a setting; did you mean FLOWXI_OTP_TTL?
}
