import type { Code, FieldCode, Problem } from "./types";

/** A call that the server refused, or that never reached it. */
export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }

  get code(): Code {
    return this.problem.code;
  }

  get signedOut(): boolean {
    return this.problem.status === 401;
  }
}

/** For an answer that is no problem document: a proxy's error page, or none at all. */
export function unreachable(status = 503): ApiError {
  return new ApiError({
    type: "about:blank",
    title: "Unavailable",
    status,
    detail: "",
    code: "UNAVAILABLE",
    errors: [],
  });
}

/** The words for each code. A code that is new in Rust is missed here by the compiler. */
const WORDS: Record<Code, string> = {
  MALFORMED: "That could not be read. Reload the page and try again.",
  TOKEN_MISSING: "Please log in first.",
  TOKEN_INVALID: "Please log in again.",
  TOKEN_EXPIRED: "Please log in again.",
  CREDENTIALS_WRONG: "E-mail and password do not go together.",
  REFRESH_INVALID: "Please log in again.",
  FORBIDDEN: "You are not allowed to do that.",
  BANNED: "You are banned from this room.",
  CHAT_DISABLED: "Chat is switched off for this stream.",
  PROOF_INVALID: "This link does not open the stream.",
  PROOF_EXPIRED: "This link is over. Reload the page.",
  NOT_FOUND: "That is not there.",
  METHOD_NOT_ALLOWED: "That could not be done.",
  CONFLICT: "Something changed meanwhile. Reload the page and try again.",
  USERNAME_TAKEN: "Someone else has this name.",
  EMAIL_TAKEN: "This address already has an account.",
  STREAM_OVER: "This stream is over.",
  NOT_LIVE: "This stream is not live.",
  PUBLISHER_ACTIVE: "Another encoder is already sending with this key.",
  IDEMPOTENCY_MISMATCH: "That was already sent with other content.",
  TOO_LARGE: "That is too long.",
  UNSUPPORTED_MEDIA_TYPE: "That could not be read. Reload the page and try again.",
  RANGE_NOT_SATISFIABLE: "That could not be read.",
  VALIDATION_FAILED: "Some fields need another look.",
  RATE_LIMITED: "That was a bit fast. Wait a moment.",
  KEY_INVALID: "This stream key opens nothing.",
  KEY_BLOCKED: "The stream was just ended. Press Start to go on.",
  INTERNAL: "Something went wrong on our side. Try again in a moment.",
  UNAVAILABLE: "The server cannot be reached. Try again in a moment.",
};

const FIELD_WORDS: Record<FieldCode, string> = {
  REQUIRED: "This is needed.",
  TOO_SHORT: "This is too short.",
  TOO_LONG: "This is too long.",
  INVALID: "This is not of the right form.",
  OUT_OF_RANGE: "This is out of range.",
  TAKEN: "Someone else has this.",
};

/** What to tell a person. A code that is newer than this page falls back to `detail`. */
export function wordsFor(code: Code, detail = ""): string {
  return WORDS[code] ?? (detail || WORDS.INTERNAL);
}

/** The words for any thrown thing. */
export function wordsForError(error: unknown): string {
  return error instanceof ApiError ? wordsFor(error.code, error.problem.detail) : WORDS.INTERNAL;
}

/** Errors by field name; what belongs to no field of the form is under `form`. */
export type FieldErrors = Record<string, string>;

/** Which field a code that comes without `errors` is about. */
const FIELD_OF_CODE: Partial<Record<Code, string>> = { USERNAME_TAKEN: "username", EMAIL_TAKEN: "email" };

export function fieldErrors(error: unknown, fields: readonly string[]): FieldErrors {
  if (!(error instanceof ApiError)) return { form: wordsForError(error) };
  const { code, errors = [] } = error.problem;
  const own = FIELD_OF_CODE[code];
  if (own !== undefined && fields.includes(own)) return { [own]: wordsFor(code) };
  const known = errors.filter(({ field }) => fields.includes(field));
  if (known.length === 0) return { form: wordsForError(error) };
  return Object.fromEntries(known.map(({ field, code }) => [field, FIELD_WORDS[code] ?? FIELD_WORDS.INVALID]));
}
