export { createClient, type CallOptions, type ClientOptions, type FlowxiClient, type NativeFile } from "./client.js";
export type { DeviceOptions } from "./device.js";
export { FlowxiError, type LocalCode } from "./error.js";
export { memoryStorage, webStorage, type ClientStorage } from "./storage.js";
export type {
  Answer,
  Device,
  ErrorCode,
  ErrorCodeOf,
  Input,
  LoginResult,
  OperationId,
  Person,
  TwoFactorStatus,
} from "./types.js";
export type { components, operations, paths } from "./schema.js";
