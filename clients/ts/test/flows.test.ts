import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { memoryStorage } from "@flowxi/client";

import { client, enableTwoFactor, mailFor, otherThan, password, refusal, register, server, strictServer, stranger, totp } from "./server.js";

test("health", async () => {
  const { code, data } = await client().health();
  assert.equal(code, "HEALTH_OK");
  assert.equal(data.status, "ok");
});

test("register by code", async () => {
  const flowxi = client();
  const email = stranger();
  assert.equal((await flowxi.sendRegistrationCode({ email })).code, "OTP_SENT");
  const first = await mailFor(email, (mail) => mail.code !== undefined);
  assert.equal((await flowxi.resendRegistrationCode({ email })).code, "OTP_SENT");
  const { code = "" } = await mailFor(email, (mail) => mail.code !== undefined && mail.id !== first.id);

  const wrong = await refusal(flowxi.verifyRegistrationCode({ email, code: otherThan(code) }), "OTP_INVALID");
  assert.equal(wrong.status, 403);
  assert.equal((await flowxi.verifyRegistrationCode({ email, code })).valid, true);
  assert.equal(await flowxi.getToken(), null);

  const issued = await flowxi.registerByCode({ email, code, password });
  assert.equal(issued.account_status, "active");
  assert.equal(await flowxi.getToken(), issued.access_token);
  assert.equal((await flowxi.me()).data.email, email);
  assert.equal((await refusal(flowxi.sendRegistrationCode({ email }), "EMAIL_ALREADY_USED")).status, 409);
});

test("register by link", async () => {
  const flowxi = client();
  const email = stranger();
  assert.equal((await flowxi.sendRegistrationLink({ email })).code, "MAGIC_LINK_SENT");
  const first = await mailFor(email, (mail) => mail.link !== undefined);
  assert.equal((await flowxi.resendRegistrationLink({ email })).code, "MAGIC_LINK_SENT");
  const { link } = await mailFor(email, (mail) => mail.link !== undefined && mail.link !== first.link);
  const query = new URL(link!).searchParams;
  const token = query.get("token")!;
  assert.equal(query.get("email"), email);

  const unequal = await refusal(flowxi.registerByLink({ token, email, password, password_confirmation: "another" }), "VALIDATION_FAILED");
  assert.deepEqual(Object.keys(unequal.fields), ["password"]);
  const issued = await flowxi.registerByLink({ token, email, password });
  assert.equal(issued.code, "TOKEN_ISSUED");
  assert.deepEqual((await flowxi.listDevices()).data.devices.map((device) => device.device_id), [await flowxi.deviceId()]);
  assert.equal((await refusal(client().registerByLink({ token, email, password }), "MAGIC_LINK_EXPIRED")).status, 410);
});

test("what is wrong is told by code and by field, and tells no secret", async () => {
  const flowxi = client();
  const email = await register(flowxi);
  const wrong = await refusal(client().login({ email, password: "not that of Ada" }), "INVALID_CREDENTIALS");
  assert.equal(wrong.status, 401);
  assert.equal(wrong.message, "The email or the password is incorrect.");
  assert.match(wrong.requestId!, /^[\w.-]+$/);
  assert.deepEqual(wrong.fields, {});
  assert.equal(wrong.retryAfter, undefined);

  const invalid = await refusal(flowxi.login({ email: "ada", password, country: "XX" }), "VALIDATION_FAILED");
  assert.equal(invalid.status, 422);
  assert.deepEqual(Object.keys(invalid.fields).sort(), ["country", "email"]);
  assert.deepEqual(invalid.fields["email"], ["The email must be a valid email address."]);
  for (const error of [wrong, invalid]) {
    const shown = `${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
    assert.ok(!shown.includes(password) && !shown.includes("not that of Ada") && !shown.includes((await flowxi.getToken())!));
  }
  // Somebody whose login fails stays logged in as whoever they were.
  assert.equal((await flowxi.me()).code, "ME_OK");
});

test("the second factor: on, in two steps, stepped up", async () => {
  const flowxi = client();
  const email = await register(flowxi);
  await refusal(flowxi.verifyTwoFactor({ code: "123456" }), "TWOFA_NOT_ENABLED");
  const off = await flowxi.twoFactorStatus();
  assert.ok(!off.enabled && off.expires_in > 0 && off.otpauth_uri.startsWith("otpauth://totp/"));
  await enableTwoFactor(flowxi, off.secret);
  const on = await flowxi.twoFactorStatus();
  assert.ok(on.enabled && on.secret === null);
  assert.equal((await flowxi.me()).data.twofa_enabled, true);

  const phone = client({ device: { newId: () => "phone-" + email, type: "ios", name: "Ada’s phone" } });
  const step1 = await phone.login({ email, password });
  assert.equal(step1.code, "TWOFA_REQUIRED");
  assert.equal(await phone.getToken(), null);
  assert.ok(step1.code === "TWOFA_REQUIRED" && step1.data.mfa_required && step1.data.expires_in > 0);
  const { challenge_id } = step1.data;
  const code = totp(off.secret, 0);
  await refusal(client().loginTwoFactor({ challenge_id, code }), "TWOFA_CHALLENGE_MISMATCH"); // another device
  await refusal(phone.loginTwoFactor({ challenge_id, code: otherThan(code) }), "TWOFA_INVALID_CODE");
  const step2 = await phone.loginTwoFactor({ challenge_id, code });
  assert.equal(step2.data.access_token, await phone.getToken());
  assert.equal((await refusal(phone.loginTwoFactor({ challenge_id, code }), "TWOFA_CHALLENGE_EXPIRED")).status, 410);

  const stepUp = await phone.verifyTwoFactor({ code: totp(off.secret, 1) });
  assert.equal(stepUp.code, "TWOFA_VERIFIED");
  assert.equal(stepUp.success, true);
  await refusal(phone.disableTwoFactor({ code: totp(off.secret, 1) }), "TWOFA_INVALID_CODE"); // good once
  await refusal(phone.enableTwoFactor({ code: "123456" }), "TWOFA_ALREADY_ENABLED");
});

test("the second factor, off again", async () => {
  const flowxi = client();
  const email = await register(flowxi);
  const { secret } = await flowxi.twoFactorStatus();
  await enableTwoFactor(flowxi, secret!);
  assert.equal((await flowxi.disableTwoFactor({ code: totp(secret!) })).code, "TWOFA_DISABLED");
  assert.equal((await flowxi.login({ email, password })).code, "LOGIN_SUCCESS");
});

test("the profile", async () => {
  const flowxi = client();
  await register(flowxi);
  const changed = await flowxi.updateMe({ first_name: "Ada", country: "fr", phone_number: "+229 00 00 00 00" });
  assert.equal(changed.code, "ME_UPDATED");
  assert.equal(changed.data.country, "FR");
  await flowxi.updateMe({ first_name: null });
  const { data: person } = await flowxi.me();
  assert.deepEqual([person.first_name, person.country, person.phone_number], [null, "FR", "+22900000000"]);
  const invalid = await refusal(flowxi.updateMe({ birth_date: "tomorrow", country: "XX" }), "VALIDATION_FAILED");
  assert.deepEqual(Object.keys(invalid.fields).sort(), ["birth_date", "country"]);
});

test("the photo", async () => {
  const flowxi = client();
  await register(flowxi);
  const png = readFileSync(new URL("../../test/photo.png", import.meta.url));
  const { data } = await flowxi.updatePhoto({ photo: new Blob([png], { type: "image/png" }) });
  const photo = await fetch(data.photo_url);
  assert.equal(photo.headers.get("Content-Type"), "image/jpeg");
  assert.ok((await flowxi.me()).data.photo_url);
  assert.equal((await flowxi.deletePhoto()).data.photo_url, null);
  const invalid = await refusal(flowxi.updatePhoto({ photo: new Blob(["no picture"]) }), "VALIDATION_FAILED");
  assert.deepEqual(Object.keys(invalid.fields), ["photo"]);
  const large = await refusal(flowxi.updatePhoto({ photo: new Blob([new Uint8Array(5 * 1024 * 1024 + 1)]) }), "PAYLOAD_TOO_LARGE");
  assert.equal(large.status, 413);
});

test("devices, and logging them out", async () => {
  const laptop = client();
  const email = await register(laptop);
  const phone = client({ device: { newId: () => "phone of " + email, type: "android", name: "Ada’s phone" } });
  await phone.login({ email, password, country: "FR" });
  const { devices } = (await laptop.listDevices()).data;
  assert.deepEqual(
    devices.map((device) => [device.device_name, device.device_type, device.country, device.is_current]).sort(),
    [["Ada’s laptop", "web", null, true], ["Ada’s phone", "android", "FR", false]],
  );

  await laptop.logoutDevice({ device_id: await phone.deviceId() });
  assert.equal((await refusal(phone.me(), "UNAUTHENTICATED")).status, 401);
  assert.equal(await phone.getToken(), null);
  await refusal(laptop.logoutDevice({ device_id: await phone.deviceId() }), "DEVICE_NOT_FOUND");
  assert.ok(await laptop.getToken());

  await laptop.logoutDevice({ device_id: await laptop.deviceId() });
  assert.equal(await laptop.getToken(), null);
});

test("logging out, and being logged out", async () => {
  let signedOut = 0;
  const storage = memoryStorage();
  const flowxi = client({ storage, onSignedOut: () => signedOut++ });
  const email = await register(flowxi);
  const token = await flowxi.getToken();
  assert.equal((await flowxi.logout()).code, "LOGOUT_SUCCESS");
  assert.equal(await flowxi.getToken(), null);
  assert.equal(signedOut, 0); // who logs out knows it
  await refusal(flowxi.me(), "UNAUTHENTICATED");
  assert.equal(signedOut, 0);

  await flowxi.setToken(token); // revoked
  await Promise.all([refusal(flowxi.me(), "UNAUTHENTICATED"), refusal(flowxi.listDevices(), "UNAUTHENTICATED")]);
  assert.equal(signedOut, 1);
  assert.equal(await flowxi.getToken(), null);

  await flowxi.login({ email, password });
  assert.equal((await flowxi.me()).data.email, email);
});

test("one session a device: the id outlives clients and logouts", async () => {
  const deviceStorage = memoryStorage();
  const first = client({ deviceStorage });
  const email = await register(first);
  const again = client({ deviceStorage });
  await Promise.all([again.deviceId(), again.login({ email, password })]);
  assert.equal(await again.deviceId(), await first.deviceId());
  assert.equal((await again.listDevices()).data.devices.length, 1);
  await refusal(first.me(), "UNAUTHENTICATED"); // its session was replaced
});

test("the language", async () => {
  const wrong = { email: stranger(), password: "nobody’s" };
  const inFrench = client({ locale: "fr-CA" });
  assert.equal((await refusal(inFrench.login(wrong), "INVALID_CREDENTIALS")).message, "Adresse e-mail ou mot de passe incorrect.");
  let shown = "en";
  const flowxi = client({ locale: () => shown });
  assert.equal((await refusal(flowxi.me(), "UNAUTHENTICATED")).message, "Please log in to continue.");
  shown = "fr";
  assert.equal((await refusal(flowxi.me(), "UNAUTHENTICATED")).message, "Connectez-vous pour continuer.");
  const email = stranger();
  await inFrench.sendRegistrationCode({ email });
  assert.equal((await mailFor(email, () => true)).locale, "fr");
});

test("a limit: the error tells when to come back", async () => {
  const flowxi = client({ baseUrl: strictServer, retries: 0 });
  const wrong = { email: stranger(), password: "nobody’s" };
  await refusal(flowxi.login(wrong), "INVALID_CREDENTIALS");
  const limited = await refusal(flowxi.login(wrong), "TOO_MANY_REQUESTS");
  assert.equal(limited.status, 429);
  assert.ok(limited.retryAfter! > 60 && limited.retryAfter! <= 3600, `${limited.retryAfter}`);
});

test("a limit: a call waits for its turn where that is soon", async () => {
  const statuses: number[] = [];
  const watched: typeof fetch = async (...request) => {
    const response = await fetch(...request);
    statuses.push(response.status);
    return response;
  };
  const flowxi = client({ baseUrl: strictServer, fetch: watched, retries: 9 });
  const email = stranger();
  const answers = await Promise.all([flowxi.sendRegistrationCode({ email }), flowxi.sendRegistrationCode({ email })]);
  assert.deepEqual(answers.map((answer) => answer.code), ["OTP_SENT", "OTP_SENT"]);
  assert.ok(statuses.includes(429), `${statuses}`);
  assert.equal(statuses.filter((status) => status === 200).length, 2);
});

test("the address of the server may end as the API’s does", async () => {
  for (const baseUrl of [server + "/", server + "/api/v1", server + "/api/v1/"]) {
    assert.equal((await client({ baseUrl }).health()).code, "HEALTH_OK");
  }
});
