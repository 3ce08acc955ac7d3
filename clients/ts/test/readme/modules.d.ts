// What the samples of the README use of packages that are not installed here.

declare module "expo-secure-store" {
  export function getItemAsync(key: string): Promise<string | null>;
  export function setItemAsync(key: string, value: string, options?: { keychainAccessible?: number }): Promise<void>;
  export function deleteItemAsync(key: string): Promise<void>;
  export const WHEN_UNLOCKED_THIS_DEVICE_ONLY: number;
}

declare module "expo-crypto" {
  export function randomUUID(): string;
}

declare module "react-native" {
  export const Platform: { OS: "ios" | "android" | "windows" | "macos" | "web" };
}

declare module "node:crypto" {
  export function randomUUID(): string;
}
