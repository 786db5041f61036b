/**
 * The three families of errors, each with a stable code of the catalogue in error-codes/, and the
 * assertion for impossible states. A message says what, where and how to fix; lower-case, no full
 * stop, values quoted, the remedy last. Pure.
 *
 * ConfigError       the user must change something before the command can start; exit status 2
 * RecoverableError  try again later; never counts as loss
 * PermanentError    this batch can never succeed; drop it and count it under `reason`
 */
import type {
  FindingCode,
  PermanentCode,
  RecoverableCode,
  StartCode,
} from './error-codes/catalogue.ts';
import { permanentCodes } from './error-codes/permanent-codes.ts';

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: StartCode | FindingCode;
  constructor(code: StartCode | FindingCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export class RecoverableError extends Error {
  override readonly name = 'RecoverableError';
  readonly code: RecoverableCode;
  /** How long the other side asked us to wait, ms; undefined when it did not say. */
  readonly retryAfterMs: number | undefined;
  /** Whether only a change of the set-up mends it, so that many attempts would not help. */
  readonly isOfSetUp: boolean;
  constructor(
    code: RecoverableCode,
    message: string,
    options?: ErrorOptions & { retryAfterMs?: number | undefined; isOfSetUp?: boolean },
  ) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options?.retryAfterMs;
    this.isOfSetUp = options?.isOfSetUp ?? false;
  }
}

export class PermanentError extends Error {
  override readonly name = 'PermanentError';
  readonly code: PermanentCode;
  constructor(code: PermanentCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** A word of a bounded set, used as a metric label. */
  get reason(): (typeof permanentCodes)[PermanentCode]['reason'] {
    return permanentCodes[this.code].reason;
  }
}

/** Throws in a state that cannot occur: always a bug of ours, never a fault of the input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (condition === false || condition === undefined || condition === null) {
    throw new Error(`BUG: ${message}`);
  }
}

/** The message of anything that was thrown, with its code and its causes, on one line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = describeIssues(error) ?? (error.message === '' ? error.name : error.message);
  const own =
    'code' in error && typeof error.code === 'string' && !text.includes(error.code)
      ? `${text} [${error.code}]`
      : text;
  const cause = error.cause === undefined ? '' : describeError(error.cause);
  return cause === '' || own.includes(cause) ? own : `${own}: ${cause}`;
}

/** What a schema refused: the first fault and its place, and how many there are besides. */
function describeIssues(error: Error): string | undefined {
  if (!('issues' in error) || !Array.isArray(error.issues)) return undefined;
  const [first, ...more] = error.issues as readonly { path?: unknown[]; message?: unknown }[];
  if (first === undefined) return undefined;
  const place = (first.path ?? [])
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
  const words = `${place === '' ? '' : `${place}: `}${String(first.message)}`;
  return more.length === 0 ? words : `${words} (and ${more.length} more)`;
}
