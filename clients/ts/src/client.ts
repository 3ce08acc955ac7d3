import { DeviceIdentity, type DeviceFields, type DeviceOptions } from "./device.js";
import { FlowxiError } from "./error.js";
import { exchange, pause } from "./exchange.js";
import { routes } from "./routes.js";
import { memoryStorage, type ClientStorage } from "./storage.js";
import type { Answer, Input, LoginResult, OperationId, TwoFactorStatus } from "./types.js";

/** What a client works with. */
export interface ClientOptions {
  /** Address of the server, such as `https://id.example.com`. Plain HTTP is for this machine alone. */
  baseUrl: string;

  /**
   * Language of answers and mails: `fr`, `en`, or whatever the app shows. Unless given, the
   * browser's own settings count, then the language of the person, then French.
   */
  locale?: string | (() => string);

  /** Where the token is kept: in memory, unless given. */
  storage?: ClientStorage;

  /** Where the id of this device is kept. It should last as long as the installation. Unless given, `storage`. */
  deviceStorage?: ClientStorage;

  /** What this device is. */
  device?: DeviceOptions;

  /** Called when the server no longer knows the token, which is forgotten by then: show the login. */
  onSignedOut?: () => void;

  /** Milliseconds for each try, 60,000 unless given. 0 is no limit. */
  timeoutMs?: number;

  /**
   * How often a call is made again that the server had no room for: twice, unless given.
   * After a 429 that is every call, since nothing was done; after a 503 those that only
   * read, change or delete.
   */
  retries?: number;

  /** The longest `Retry-After`, in seconds, that a call waits for: 5, unless given. Past it the error comes at once. */
  maxWaitSeconds?: number;

  /** Allows plain HTTP to another machine. Passwords and tokens then travel in clear. */
  insecureHttp?: boolean;

  /** What sends requests, in the place of the global `fetch`. */
  fetch?: typeof fetch;
}

/** What one call may have of its own. */
export interface CallOptions {
  /** Ends the call, whose promise then rejects with the reason of the signal. */
  signal?: AbortSignal;

  /** In the place of the client's own. */
  timeoutMs?: number;
}

/** A request in which the client names the device, and repeats the password unless the person did. */
type Filled<T> = Omit<T, keyof DeviceFields | "password_confirmation"> &
  (T extends { password_confirmation: string } ? { password_confirmation?: string } : unknown);

/** A file as React Native has it. */
export interface NativeFile {
  uri: string;
  name: string;
  type: string;
}

/** Makes a client of one server, for one person on one device. Throws where an option makes no sense. */
export function createClient(options: ClientOptions): FlowxiClient {
  return new FlowxiClient(options);
}

const tokenKey = "flowxi.token";

/**
 * One method for each operation of the API, by its `operationId`. Each returns the answer
 * of the server as it is, and throws a `FlowxiError` for anything but success. Any number
 * of calls may run at once.
 */
export class FlowxiClient {
  private readonly base: string;
  private readonly storage: ClientStorage;
  private readonly device: DeviceIdentity;

  /** Done once the token is as those who came before have left it: a storage may take its time. */
  private settled: Promise<unknown> = Promise.resolve();

  /** Use `createClient`. */
  constructor(private readonly options: ClientOptions) {
    this.base = baseOf(options);
    this.storage = options.storage ?? memoryStorage();
    this.device = new DeviceIdentity(options.device ?? {}, options.deviceStorage ?? this.storage);
  }

  /** Tells whether the server can work. */
  health(options?: CallOptions): Promise<Answer<"health">> {
    return this.call("health", undefined, options);
  }

  /** Has six digits mailed to an address. They end those of any mail before. */
  sendRegistrationCode(input: Input<"sendRegistrationCode">, options?: CallOptions): Promise<Answer<"sendRegistrationCode">> {
    return this.call("sendRegistrationCode", input, options);
  }

  /** Has six new digits mailed to somebody who has begun to register. Answers the same for everybody else. */
  resendRegistrationCode(input: Input<"resendRegistrationCode">, options?: CallOptions): Promise<Answer<"resendRegistrationCode">> {
    return this.call("resendRegistrationCode", input, options);
  }

  /** Tells whether a registration code is right, and does not spend it. A wrong one counts. */
  verifyRegistrationCode(input: Input<"verifyRegistrationCode">, options?: CallOptions): Promise<Answer<"verifyRegistrationCode">> {
    return this.call("verifyRegistrationCode", input, options);
  }

  /** Spends a registration code, sets the password and logs the person in. */
  async registerByCode(input: Filled<Input<"registerByCode">>, options?: CallOptions): Promise<Answer<"registerByCode">> {
    const answer = await this.call("registerByCode", await this.filled(input), options);
    await this.setToken(answer.access_token);
    return answer;
  }

  /** Has a link mailed to an address. It ends that of any mail before. */
  sendRegistrationLink(input: Input<"sendRegistrationLink">, options?: CallOptions): Promise<Answer<"sendRegistrationLink">> {
    return this.call("sendRegistrationLink", input, options);
  }

  /** Has a new link mailed to somebody who has begun to register. Answers the same for everybody else. */
  resendRegistrationLink(input: Input<"resendRegistrationLink">, options?: CallOptions): Promise<Answer<"resendRegistrationLink">> {
    return this.call("resendRegistrationLink", input, options);
  }

  /** Spends a registration link, sets the password and logs the person in. */
  async registerByLink(input: Filled<Input<"registerByLink">>, options?: CallOptions): Promise<Answer<"registerByLink">> {
    const answer = await this.call("registerByLink", await this.filled(input), options);
    await this.setToken(answer.access_token);
    return answer;
  }

  /** Logs this device in: `LOGIN_SUCCESS`. Or asks for the second factor: `TWOFA_REQUIRED`, and no token yet. */
  async login(input: Filled<Input<"login">>, options?: CallOptions): Promise<LoginResult> {
    const answer = await this.call("login", { ...input, ...(await this.device.fields()) }, options);
    if (answer.code === "LOGIN_SUCCESS") await this.setToken(answer.data.access_token);
    return answer;
  }

  /** Finishes a login with the second factor. After `TWOFA_CHALLENGE_EXPIRED` it begins again with `login`. */
  async loginTwoFactor(input: Filled<Input<"loginTwoFactor">>, options?: CallOptions): Promise<Answer<"loginTwoFactor">> {
    const answer = await this.call("loginTwoFactor", { ...input, device_id: await this.device.deviceId() }, options);
    await this.setToken(answer.data.access_token);
    return answer;
  }

  /** Ends this session and no other. The token is forgotten here even where the call fails. */
  async logout(options?: CallOptions): Promise<Answer<"logout">> {
    const token = await this.getToken();
    try {
      return await this.call("logout", undefined, options);
    } finally {
      await this.forget(token);
    }
  }

  /** Lists the devices that are logged in, the latest used first. */
  listDevices(options?: CallOptions): Promise<Answer<"listDevices">> {
    return this.call("listDevices", undefined, options);
  }

  /** Logs one device out. Where that is this one, its token is forgotten here too. */
  async logoutDevice(input: Input<"logoutDevice">, options?: CallOptions): Promise<Answer<"logoutDevice">> {
    const token = await this.getToken();
    const answer = await this.call("logoutDevice", input, options);
    if (input.device_id === (await this.deviceId())) await this.forget(token);
    return answer;
  }

  /** Tells whether the second factor is on. Where it is off, gives a secret to switch it on with. */
  twoFactorStatus(options?: CallOptions): Promise<TwoFactorStatus> {
    return this.call("twoFactorStatus", undefined, options) as Promise<TwoFactorStatus>;
  }

  /** Switches the second factor on, with a code of the secret that `twoFactorStatus` gave. */
  enableTwoFactor(input: Input<"enableTwoFactor">, options?: CallOptions): Promise<Answer<"enableTwoFactor">> {
    return this.call("enableTwoFactor", input, options);
  }

  /** Switches the second factor off. Nobody is logged out. */
  disableTwoFactor(input: Input<"disableTwoFactor">, options?: CallOptions): Promise<Answer<"disableTwoFactor">> {
    return this.call("disableTwoFactor", input, options);
  }

  /** Steps the session up: proves the second factor once more, before something delicate. No new token. */
  verifyTwoFactor(input: Input<"verifyTwoFactor">, options?: CallOptions): Promise<Answer<"verifyTwoFactor">> {
    return this.call("verifyTwoFactor", input, options);
  }

  /** Who is logged in. */
  me(options?: CallOptions): Promise<Answer<"me">> {
    return this.call("me", undefined, options);
  }

  /** Changes the profile: what is absent stays, null clears. */
  updateMe(input: Input<"updateMe">, options?: CallOptions): Promise<Answer<"updateMe">> {
    return this.call("updateMe", input, options);
  }

  /** Sets the profile photo: a JPEG, PNG or WebP file of up to 5 MiB. */
  updatePhoto(input: { photo: Blob | NativeFile }, options?: CallOptions): Promise<Answer<"updatePhoto">> {
    const form = new FormData();
    form.append("photo", input.photo as Blob); // in React Native FormData takes a NativeFile
    return this.call("updatePhoto", form, options);
  }

  /** Removes the profile photo. */
  deletePhoto(options?: CallOptions): Promise<Answer<"deletePhoto">> {
    return this.call("deletePhoto", undefined, options);
  }

  /** The token that is kept, or null. */
  async getToken(): Promise<string | null> {
    await this.settled;
    return this.readToken();
  }

  private async readToken(): Promise<string | null> {
    const token = await this.storage.getItem(tokenKey);
    // What is no token would be told, by the fetch that refuses it as a header, to a log.
    return token && /^[\x21-\x7e]+$/.test(token) ? token : null;
  }

  /** Keeps a token that was issued elsewhere, or forgets the one that is kept. */
  setToken(token: string | null): Promise<void> {
    return this.inTurn(() => this.writeToken(token));
  }

  private async writeToken(token: string | null): Promise<void> {
    await (token === null ? this.storage.removeItem(tokenKey) : this.storage.setItem(tokenKey, token));
  }

  /** The id of this device, which is made at its first use. */
  deviceId(): Promise<string> {
    return this.device.deviceId();
  }

  private async filled<T extends { password: string; password_confirmation?: string }>(input: T) {
    return { ...input, password_confirmation: input.password_confirmation ?? input.password, ...(await this.device.fields()) };
  }

  private async call<Id extends OperationId>(id: Id, input: unknown, options: CallOptions = {}): Promise<Answer<Id>> {
    const { retries = 2, onSignedOut } = this.options;
    const token = routes[id].token ? await this.getToken() : null;
    for (let tries = 0; ; tries++) {
      try {
        return (await this.once(id, token, input, options)) as Answer<Id>;
      } catch (error) {
        if (!(error instanceof FlowxiError)) throw error;
        if (error.code === "UNAUTHENTICATED" && token && (await this.forget(token))) onSignedOut?.();
        const wait = this.waitOf(error, routes[id].method);
        if (wait === undefined || tries >= retries) throw error;
        await pause(wait * 1000, options.signal);
      }
    }
  }

  private once(id: OperationId, token: string | null, input: unknown, options: CallOptions): Promise<unknown> {
    const { fetch: send = globalThis.fetch, locale: given, timeoutMs = 60_000 } = this.options;
    const { method, path } = routes[id];
    const locale = typeof given === "function" ? given() : given;
    const headers: Record<string, string> = { Accept: "application/json" };
    if (locale) headers["X-App-Locale"] = locale;
    if (token) headers["Authorization"] = `Bearer ${token}`;
    let body: BodyInit | undefined;
    if (input instanceof FormData) {
      body = input;
    } else if (input !== undefined) {
      headers["Content-Type"] = "application/json";
      body = JSON.stringify(input);
    }
    return exchange(send, {
      url: this.base + path,
      method,
      headers,
      body,
      locale,
      signal: options.signal,
      timeoutMs: options.timeoutMs ?? timeoutMs,
    });
  }

  /**
   * How long to wait before a call is worth another try, in seconds, or undefined. A tenth
   * more, by chance, keeps those who were turned away together from coming back together.
   */
  private waitOf({ status, retryAfter = 0 }: FlowxiError, method: string): number | undefined {
    const { maxWaitSeconds = 5 } = this.options;
    const harmless = status === 429 || (status === 503 && method !== "POST");
    return harmless && retryAfter > 0 && retryAfter <= maxWaitSeconds ? retryAfter * (1 + Math.random() / 10) : undefined;
  }

  /** Forgets a token, unless another has taken its place meanwhile, and tells whether it was there. */
  private forget(token: string | null): Promise<boolean> {
    return this.inTurn(async () => {
      const there = token !== null && (await this.readToken()) === token;
      if (there) await this.writeToken(null);
      return there;
    });
  }

  /** Changes the token once every change before is done, so that none comes between what another reads and writes. */
  private inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.settled.then(change);
    this.settled = changed.catch(() => undefined);
    return changed;
  }
}

/** The address that paths are added to. What is wrong with one is told without it: it may hold a password. */
function baseOf({ baseUrl, insecureHttp = false }: ClientOptions): string {
  const [, scheme, host] = /^(https?):\/\/([^/?#@\s]+)(?:\/[^?#@\s]*)?$/i.exec(baseUrl) ?? [];
  if (!scheme || !host) {
    throw new TypeError("baseUrl is no address of a server, such as https://id.example.com");
  }
  const here = /^(localhost|[^:]+\.localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i.test(host);
  if (scheme.toLowerCase() === "http" && !here && !insecureHttp) {
    throw new TypeError("baseUrl is plain HTTP to another machine: use https, or insecureHttp for a test");
  }
  return baseUrl.replace(/\/*$/, "").replace(/\/api\/v1$/, "") + "/api/v1";
}
