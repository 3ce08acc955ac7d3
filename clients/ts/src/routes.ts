import type { operations, paths } from "./schema.js";
import type { ErrorCodeOf, OperationId } from "./types.js";

type Method = "get" | "post" | "patch" | "delete";

/** Where the description has an operation. Two types that fit each other both ways are one. */
type Place<Id extends OperationId> = {
  [Path in keyof paths]: {
    [M in Method]: paths[Path][M] extends operations[Id]
      ? operations[Id] extends paths[Path][M]
        ? { method: Uppercase<M>; path: Path }
        : never
      : never;
  }[Method];
}[keyof paths];

/** Only what needs a token can be refused for want of one. */
type Access<Id extends OperationId> = { token: "UNAUTHENTICATED" extends ErrorCodeOf<Id> ? true : false };

/** Where each operation is and whether it needs a token. It does not compile unless the description says so. */
export const routes = {
  health: { method: "GET", path: "/health", token: false },
  sendRegistrationCode: { method: "POST", path: "/register-email-code/send", token: false },
  resendRegistrationCode: { method: "POST", path: "/register-email-code/resend", token: false },
  verifyRegistrationCode: { method: "POST", path: "/register-email-code/verify", token: false },
  registerByCode: { method: "POST", path: "/register-email-code/set-password", token: false },
  sendRegistrationLink: { method: "POST", path: "/auth/register-email", token: false },
  resendRegistrationLink: { method: "POST", path: "/register-email/resend", token: false },
  registerByLink: { method: "POST", path: "/auth/register/set-password", token: false },
  login: { method: "POST", path: "/auth/login", token: false },
  loginTwoFactor: { method: "POST", path: "/auth/login/2fa", token: false },
  logout: { method: "POST", path: "/auth/logout", token: true },
  listDevices: { method: "GET", path: "/auth/devices", token: true },
  logoutDevice: { method: "POST", path: "/auth/logout-device", token: true },
  twoFactorStatus: { method: "GET", path: "/auth/2fa/status", token: true },
  enableTwoFactor: { method: "POST", path: "/auth/2fa/enable", token: true },
  disableTwoFactor: { method: "POST", path: "/auth/2fa/disable", token: true },
  verifyTwoFactor: { method: "POST", path: "/auth/2fa/verify", token: true },
  me: { method: "GET", path: "/me", token: true },
  updateMe: { method: "PATCH", path: "/me", token: true },
  updatePhoto: { method: "POST", path: "/me/photo", token: true },
  deletePhoto: { method: "DELETE", path: "/me/photo", token: true },
} as const satisfies { [Id in OperationId]: Place<Id> & Access<Id> };
