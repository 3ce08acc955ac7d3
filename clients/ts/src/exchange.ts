import { FlowxiError, localError } from "./error.js";
import type { ErrorCode } from "./types.js";

/** One request, as it is sent. */
export interface Outgoing {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: BodyInit | undefined;
  signal: AbortSignal | undefined;
  timeoutMs: number;
  locale: string | undefined;
}

/** Sends a request and returns the JSON of a success. Anything else is an error. */
export async function exchange(send: typeof fetch, request: Outgoing): Promise<unknown> {
  const { response, text } = await fetchText(send, request);
  const answer = parse(text);
  const requestId = response.headers.get("X-Request-Id") ?? undefined;
  const retryAfter = seconds(response.headers.get("Retry-After"));
  if (!answer) {
    throw localError("UNEXPECTED_ANSWER", request.locale, { status: response.status, requestId, retryAfter });
  }
  if (response.ok) return answer;
  throw new FlowxiError({
    code: answer.code as ErrorCode,
    status: response.status,
    message: answer.message,
    fields: answer.errors ?? {},
    requestId,
    retryAfter,
  });
}

async function fetchText(send: typeof fetch, request: Outgoing): Promise<{ response: Response; text: string }> {
  const { url, method, headers, body, signal, timeoutMs, locale } = request;
  const controller = new AbortController();
  const stop = () => controller.abort();
  let late = false;
  throwIfAborted(signal);
  const timer = timeoutMs > 0 ? setTimeout(() => ((late = true), stop()), timeoutMs) : undefined;
  signal?.addEventListener("abort", stop);
  try {
    const response = await send(url, {
      method,
      headers,
      body: body ?? null,
      signal: controller.signal,
      // The token goes in a header, and neither it nor a password to where a redirect points.
      credentials: "omit",
      redirect: "error",
      cache: "no-store",
    });
    return { response, text: await response.text() };
  } catch (cause) {
    throwIfAborted(signal);
    throw localError(late ? "TIMEOUT" : "NETWORK_ERROR", locale, { cause });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

interface Envelope {
  code: string;
  message: string;
  errors?: Record<string, string[]>;
}

/** The answer, where it is one of Flowxi's. */
function parse(text: string): Envelope | undefined {
  try {
    const answer = JSON.parse(text) as Partial<Envelope> | null;
    return typeof answer?.code === "string" && typeof answer.message === "string" ? (answer as Envelope) : undefined;
  } catch {
    return undefined;
  }
}

/** What Retry-After says, which may be a date where a proxy has answered (RFC 9110 section 10.2.3). */
function seconds(header: string | null): number | undefined {
  if (header !== null && /^\d+$/.test(header)) return Number(header);
  const until = /^[A-Z][a-z]{2}, /.test(header ?? "") ? Date.parse(header!) : NaN;
  return Number.isNaN(until) ? undefined : Math.max(0, Math.ceil((until - Date.now()) / 1000));
}

/** Waits, unless it is told not to. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(reasonOf(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted) stop();
  });
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw reasonOf(signal);
}

/** React Native has signals without a reason. */
function reasonOf(signal: AbortSignal | undefined): unknown {
  return signal?.reason ?? Object.assign(new Error("This operation was aborted"), { name: "AbortError" });
}
