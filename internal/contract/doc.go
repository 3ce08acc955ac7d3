// Package contract holds no code, only the tests of the wire contract: black box,
// over HTTP, on both engines. Its one rule: a test is named by the section that it
// stands for and knows nothing but the contract, so that where the two disagree it
// is the product that is wrong.
package contract
