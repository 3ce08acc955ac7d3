// Package contract holds no code, only the tests of the wire contract: black box,
// over HTTP, on both engines. Its one rule: a test is named by the section that it
// stands for and knows nothing but the contract, so that where the two disagree it
// is the product that is wrong.
//
// The contract is what those who build on Flowxi were promised. It is not kept
// here: what callers see of it is docs/openapi.yaml. "Contract section 7" is, here and everywhere:
//
//  1. Envelope and errors
//  2. Language
//  3. Transport and tokens
//  4. Accounts
//  5. Registration by code
//  6. Registration by magic link
//  7. Login
//  8. Sessions and devices
//  9. Two-factor
//  10. Me
//  11. Health
//  12. Limits
package contract
