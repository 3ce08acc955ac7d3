import type { ClientStorage } from "./storage.js";

/** What the server and the person know this device by. */
export interface DeviceOptions {
  /** Kind of device: `web` unless given, or `ios` or `android`, say. */
  type?: string;

  /** What its owner would call it. Unless given, a browser is named, such as "Firefox · Linux". */
  name?: string;

  /**
   * Makes the id of this device, once. Nobody may be able to guess it. Only needed where
   * there is no `crypto.getRandomValues`: in React Native, and in Node.js 18.
   */
  newId?: () => string | Promise<string>;
}

/** The members of a request that name the device. */
export interface DeviceFields {
  device_id: string;
  device_type: string;
  device_name: string;
}

const key = "flowxi.device_id";

/** Knows the id of this device: the one that is stored, or a new one that it stores. */
export class DeviceIdentity {
  private id: Promise<string> | undefined;

  constructor(
    private readonly options: DeviceOptions,
    private readonly storage: ClientStorage,
  ) {}

  /** The same promise for all who ask, so that two calls at the start do not make two ids. */
  deviceId(): Promise<string> {
    this.id ??= this.load().catch((error: unknown) => {
      this.id = undefined;
      throw error;
    });
    return this.id;
  }

  async fields(): Promise<DeviceFields> {
    const { type = "web", name = browserName() ?? (type === "web" ? unknownBrowser : type) } = this.options;
    return { device_id: await this.deviceId(), device_type: type, device_name: name };
  }

  private async load(): Promise<string> {
    const stored = await this.storage.getItem(key);
    if (stored) return stored;
    const made = await (this.options.newId ?? randomId)();
    await this.storage.setItem(key, made);
    return made;
  }
}

function randomId(): string {
  const crypto = globalThis.crypto as Crypto | undefined;
  if (!crypto?.getRandomValues) {
    throw new Error("there is no crypto.getRandomValues here: give createClient a device.newId");
  }
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Browsers and systems by what they put into `User-Agent`, as the account portal names them; the first that fits is the one. */
const browsers: [string, string][] = [
  ["Edg", "Edge"],
  ["OPR", "Opera"],
  ["SamsungBrowser", "Samsung Internet"],
  ["Firefox", "Firefox"],
  ["FxiOS", "Firefox"],
  ["CriOS", "Chrome"],
  ["Chrome", "Chrome"],
  ["Safari", "Safari"],
];
const systems: [string, string][] = [
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Android", "Android"],
  ["CrOS", "ChromeOS"],
  ["Windows", "Windows"],
  ["Macintosh", "Mac"],
  ["Linux", "Linux"],
];
const unknownBrowser = "Web";

function browserName(): string | undefined {
  const agent = (globalThis.navigator as Navigator | undefined)?.userAgent ?? "";
  const find = (list: [string, string][]) => list.find(([mark]) => agent.includes(mark))?.[1];
  const [browser, system] = [find(browsers), find(systems)];
  return browser || system ? [browser ?? unknownBrowser, system].filter(Boolean).join(" · ") : undefined;
}
