// What the types promise. Nothing here runs: it compiles, or the tests fail.
import type { Answer, ErrorCode, ErrorCodeOf, FlowxiClient, FlowxiError, TwoFactorStatus } from "@flowxi/client";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

export const promises: true[] = [
  true satisfies Same<Answer<"sendRegistrationCode">["code"], "OTP_SENT">,
  true satisfies Same<Answer<"login">["code"], "LOGIN_SUCCESS" | "TWOFA_REQUIRED">,
  true satisfies Same<Extract<Answer<"login">, { code: "TWOFA_REQUIRED" }>["data"]["mfa_required"], true>,
  true satisfies Same<Answer<"verifyTwoFactor">["code"], "TWOFA_VERIFIED">,
  true satisfies Same<ErrorCodeOf<"me">, "UNAUTHENTICATED" | "HTTPS_REQUIRED" | "TOO_MANY_REQUESTS" | "SERVER_ERROR" | "SERVICE_UNAVAILABLE">,
  true satisfies Same<Extract<ErrorCode, "OTP_EXPIRED" | "NOT_FOUND" | "FORBIDDEN" | "METHOD_NOT_ALLOWED">, "OTP_EXPIRED" | "NOT_FOUND" | "FORBIDDEN" | "METHOD_NOT_ALLOWED">,
  true satisfies Same<Extract<TwoFactorStatus, { enabled: false }>["secret"], string>,
];

export async function mistakes(flowxi: FlowxiClient, error: FlowxiError): Promise<void> {
  const login = await flowxi.login({ email: "ada@example.com", password: "…" });
  // @ts-expect-error there is no token before the second factor
  login.data.access_token;
  // @ts-expect-error the client names the device
  await flowxi.login({ email: "ada@example.com", password: "…", device_id: "another" });
  // @ts-expect-error a password is needed
  await flowxi.login({ email: "ada@example.com" });
  // @ts-expect-error there is no such code
  if (error.code === "OTP_INVALD") return;
  // @ts-expect-error there is no such field
  await flowxi.updateMe({ email: "ada@example.org" });
}
