/**
 * Where a client keeps what outlives a call. `localStorage` and `sessionStorage` have this
 * shape, and so does AsyncStorage of React Native: each method may return a promise.
 */
export interface ClientStorage {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): void | Promise<void>;
  removeItem(key: string): void | Promise<void>;
}

/** Keeps everything for as long as the program runs. */
export function memoryStorage(): ClientStorage {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

/**
 * The `localStorage` or `sessionStorage` of the browser. Where the browser refuses to keep
 * anything, as some do in private windows, it keeps things as `memoryStorage` does.
 */
export function webStorage(kind: "local" | "session"): ClientStorage {
  const memory = memoryStorage();
  const open = (): Storage => (kind === "local" ? globalThis.localStorage : globalThis.sessionStorage);
  return {
    // What the browser did not take is newer than what it has.
    getItem: (key) => memory.getItem(key) ?? attempt(() => open().getItem(key)) ?? null,
    setItem: (key, value) => {
      const kept = attempt(() => (open().setItem(key, value), true));
      return kept ? memory.removeItem(key) : memory.setItem(key, value);
    },
    removeItem: (key) => {
      attempt(() => open().removeItem(key));
      return memory.removeItem(key);
    },
  };
}

/** What f returns, or undefined where it throws. */
function attempt<T>(f: () => T): T | undefined {
  try {
    return f();
  } catch {
    return undefined;
  }
}
