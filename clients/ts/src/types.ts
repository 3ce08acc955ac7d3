import type { components, operations } from "./schema.js";

/** The operations of the API, by the `operationId` that its description gives them. */
export type OperationId = Exclude<keyof operations, `head${string}`>;

type Responses<Id extends OperationId> = operations[Id]["responses"];

/** The JSON that a response of the description holds. */
type JSONOf<R> = R extends { content: { "application/json": infer Body } } ? Body : never;

/** One object type for what the description composes of several. */
type Flat<T> = T extends unknown ? { [K in keyof T]: T[K] } : never;

type CodeOf<Body> = Body extends { code: infer Code extends string } ? Code : never;

/** What an operation takes: the JSON of its request. */
export type Input<Id extends OperationId> = JSONOf<operations[Id]["requestBody"]>;

/** What an operation answers when it succeeds. Tell the variants of an answer apart by `code`. */
export type Answer<Id extends OperationId> = Flat<JSONOf<Responses<Id>[200]>>;

/** The codes of the errors that an operation may answer with. */
export type ErrorCodeOf<Id extends OperationId> = {
  [Status in Exclude<keyof Responses<Id>, 200>]: CodeOf<JSONOf<Responses<Id>[Status]>>;
}[Exclude<keyof Responses<Id>, 200>];

type SharedResponses = components["responses"];

/** The codes of all errors of the API that this version knows. A newer server may have more. */
export type ErrorCode =
  | { [Id in OperationId]: ErrorCodeOf<Id> }[OperationId]
  | { [Name in keyof SharedResponses]: CodeOf<JSONOf<SharedResponses[Name]>> }[keyof SharedResponses];

/** A person, as `me` shows them to themselves. */
export type Person = components["schemas"]["Person"];

/** A device that is logged in. */
export type Device = components["schemas"]["Device"];

/** What `login` answers: a token, or the challenge for `loginTwoFactor`. */
export type LoginResult = Answer<"login">;

/** What `twoFactorStatus` answers: that the second factor is on, or what it takes to switch it on. */
export type TwoFactorStatus = Flat<
  Omit<Answer<"twoFactorStatus">, "enabled" | "secret" | "otpauth_uri" | "expires_in"> &
    (
      | { enabled: true; secret: null; otpauth_uri: null; expires_in: null }
      | { enabled: false; secret: string; otpauth_uri: string; expires_in: number }
    )
>;
