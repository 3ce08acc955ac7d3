// What the tests know of the servers that client_test.go has started, and how a person
// would act: with a mailbox and an authenticator.
import { createHmac, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { createClient, FlowxiError, type ClientOptions, type ErrorCode, type FlowxiClient, type LocalCode } from "@flowxi/client";

/** The server without limits. */
export const server = setting("FLOWXI_TEST_SERVER");

/** The server that mails an address once in two seconds, and lets no login fail twice in an hour. */
export const strictServer = setting("FLOWXI_TEST_STRICT_SERVER");

export const password = "correct horse battery staple";

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run go test ./clients/ts`);
  return value;
}

/** An address that nobody has yet. */
export const stranger = () => `ada-${randomUUID()}@example.com`;

/** A client on a device of its own. */
export function client(options: Partial<ClientOptions> = {}): FlowxiClient {
  return createClient({ baseUrl: server, locale: "en", device: { newId: randomUUID, name: "Ada’s laptop" }, ...options });
}

interface Mail {
  id: string;
  locale: string;
  kind: string;
  code?: string;
  link?: string;
}

/** The newest mail for an address that is as wanted, once it has come. */
export async function mailFor(email: string, wanted: (mail: Mail) => boolean): Promise<Mail> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(100)) {
    const answer = await fetch(`${server}/dev/inbox.json?to=${encodeURIComponent(email)}`);
    const { mails } = (await answer.json()) as { mails: Mail[] };
    const mail = mails.find(wanted);
    if (mail) return mail;
  }
  throw new Error(`no such mail has come for ${email}`);
}

export async function codeFor(email: string): Promise<string> {
  return (await mailFor(email, (mail) => mail.code !== undefined)).code!;
}

/** Registers somebody, who is logged in on the device of the client from then on. */
export async function register(flowxi: FlowxiClient): Promise<string> {
  const email = stranger();
  await flowxi.sendRegistrationCode({ email });
  await flowxi.registerByCode({ email, code: await codeFor(email), password });
  return email;
}

/** The code that an authenticator shows, so many steps of thirty seconds from now (RFC 6238). */
export function totp(secret: string, steps = 0): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = Array.from(secret, (letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const sum = createHmac("sha1", key).update(counter).digest();
  const code = sum.readUInt32BE(sum[19]! & 15) & 0x7fffffff;
  return String(code % 1_000_000).padStart(6, "0");
}

/**
 * Switches the second factor on with the oldest code that is still good: each is good once,
 * and this leaves the two after it for the test. Where the clock has just gone past it, the
 * next one is the oldest.
 */
export async function enableTwoFactor(flowxi: FlowxiClient, secret: string): Promise<void> {
  const enable = () => flowxi.enableTwoFactor({ code: totp(secret, -1) });
  await enable().catch(enable);
}

/** A code of the same form that is not the given one. */
export const otherThan = (code: string) => code.slice(0, -1) + ((Number(code.slice(-1)) + 1) % 10);

/** The error that a call must end with. */
export async function refusal(call: Promise<unknown>, code: ErrorCode | LocalCode): Promise<FlowxiError> {
  const error = await call.then(
    () => new Error("the call went well"),
    (reason: unknown) => reason,
  );
  if (error instanceof FlowxiError && error.code === code) return error;
  throw new Error(`want ${code}`, { cause: error });
}
