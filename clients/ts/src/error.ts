import type { ErrorCode } from "./types.js";

/**
 * The codes of what this client finds out by itself: nobody answered, nobody answered in
 * time, or what answered was not Flowxi (a proxy, say).
 */
export type LocalCode = "NETWORK_ERROR" | "TIMEOUT" | "UNEXPECTED_ANSWER";

/** What an error is made of. */
export interface ErrorFacts {
  code: ErrorCode | LocalCode;
  status: number;
  message: string;
  fields?: Record<string, string[]>;
  requestId?: string | undefined;
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** Why a call failed. Decide by `code`, and show `message`. It holds nothing that was sent. */
export class FlowxiError extends Error {
  override readonly name: string = "FlowxiError";

  /** Stable, and never localized. Have a `default` where you switch over it: a newer server may have more. */
  readonly code: ErrorCode | LocalCode;

  /** Status of HTTP, or 0 where there was no answer. */
  readonly status: number;

  /** What is wrong, as sentences for the person, by the field of the request. Empty but for `VALIDATION_FAILED`. */
  readonly fields: Readonly<Record<string, string[]>>;

  /** By which the server's log knows the request. */
  readonly requestId: string | undefined;

  /** Seconds to wait before the next try, where the server said so. */
  readonly retryAfter: number | undefined;

  constructor(facts: ErrorFacts) {
    super(facts.message, "cause" in facts ? { cause: facts.cause } : undefined);
    this.code = facts.code;
    this.status = facts.status;
    this.fields = facts.fields ?? {};
    this.requestId = facts.requestId;
    this.retryAfter = facts.retryAfter;
  }
}

const texts: Record<LocalCode, { fr: string; en: string }> = {
  NETWORK_ERROR: {
    fr: "Le service est injoignable. Vérifiez votre connexion, puis réessayez.",
    en: "The service cannot be reached. Check your connection, then try again.",
  },
  TIMEOUT: {
    fr: "Le service met trop de temps à répondre. Réessayez.",
    en: "The service takes too long to answer. Please try again.",
  },
  UNEXPECTED_ANSWER: {
    fr: "La réponse du service est inattendue. Réessayez plus tard.",
    en: "The service gave an unexpected answer. Please try again later.",
  },
};

/** An error that no server put into words. */
export function localError(code: LocalCode, locale: string | undefined, more: Partial<ErrorFacts> = {}): FlowxiError {
  return new FlowxiError({ status: 0, ...more, code, message: texts[code][language(locale)] });
}

/** The language that the server would choose: the first that it knows, or French. */
function language(locale: string | undefined): "fr" | "en" {
  const wanted = locale ?? (globalThis.navigator as Navigator | undefined)?.language ?? "";
  const known = /(?:^|[,;])\s*(fr|en)(?![a-z])/i.exec(wanted)?.[1];
  return known?.toLowerCase() === "en" ? "en" : "fr";
}
