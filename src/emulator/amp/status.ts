/**
 * The status of what AMP makes: it settles by itself a while after a change, as seen by who asks.
 */

type StatusCode =
  | 'CREATING'
  | 'ACTIVE'
  | 'UPDATING'
  | 'DELETING'
  | 'CREATION_FAILED'
  | 'UPDATE_FAILED';

/** How long a change takes. */
const CHANGE_MS = 300;

export class AmpStatus {
  #code: StatusCode;
  #then: StatusCode | 'GONE';
  #atMs: number;
  #reason: string | undefined;

  /** @param reason  why it fails */
  constructor(nowMs: number, reason?: string) {
    this.#code = 'CREATING';
    this.#then = reason === undefined ? 'ACTIVE' : 'CREATION_FAILED';
    this.#atMs = nowMs + CHANGE_MS;
    this.#reason = reason;
  }

  update(nowMs: number, reason?: string): void {
    this.#change('UPDATING', reason === undefined ? 'ACTIVE' : 'UPDATE_FAILED', nowMs, reason);
  }

  delete(nowMs: number): void {
    this.#change('DELETING', 'GONE', nowMs);
  }

  isGone(nowMs: number): boolean {
    return this.#then === 'GONE' && nowMs >= this.#atMs;
  }

  codeAt(nowMs: number): StatusCode {
    return nowMs < this.#atMs || this.#then === 'GONE' ? this.#code : this.#then;
  }

  /** As answers have it. */
  at(nowMs: number): { readonly statusCode: StatusCode; readonly statusReason?: string } {
    const statusCode = this.codeAt(nowMs);
    return this.#reason !== undefined && statusCode.endsWith('_FAILED')
      ? { statusCode, statusReason: this.#reason }
      : { statusCode };
  }

  #change(code: StatusCode, then: StatusCode | 'GONE', nowMs: number, reason?: string): void {
    this.#code = code;
    this.#then = then;
    this.#atMs = nowMs + CHANGE_MS;
    this.#reason = reason;
  }
}
