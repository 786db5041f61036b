/**
 * The credentials that the emulator accepts: one pair of long-lived keys, and the temporary keys
 * that it gave out, each with its session token and expiry. Expired keys are forgotten.
 * Limits: 10,000 temporary keys.
 */
import { randomBytes } from 'node:crypto';
import type { AwsCredentials } from '../aws/signing.ts';

export interface TemporaryCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresMs: number;
}

const TEMPORARY_MAX = 10_000;

export class Identities {
  /** The external id of each role that can be assumed with it only. */
  readonly externalIds = new Map<string, string>();
  /** Web identity tokens that are refused. */
  readonly refusedTokens = new Set<string>();
  readonly #root: AwsCredentials;
  readonly #temporary = new Map<string, TemporaryCredentials>();

  constructor(root: AwsCredentials) {
    this.#root = root;
  }

  find(accessKeyId: string, nowMs: number): AwsCredentials | undefined {
    if (accessKeyId === this.#root.accessKeyId) return this.#root;
    const found = this.#temporary.get(accessKeyId);
    return found !== undefined && found.expiresMs > nowMs ? found : undefined;
  }

  /** Ends all temporary credentials at once, as a failed rotation does. */
  revoke(): void {
    this.#temporary.clear();
  }

  issue(nowMs: number, lifetimeMs: number): TemporaryCredentials {
    for (const [id, { expiresMs }] of this.#temporary)
      if (expiresMs <= nowMs) this.#temporary.delete(id);
    if (this.#temporary.size >= TEMPORARY_MAX) this.#temporary.clear();
    const issued: TemporaryCredentials = {
      accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(60).toString('base64'),
      expiresMs: nowMs + lifetimeMs,
    };
    this.#temporary.set(issued.accessKeyId, issued);
    return issued;
  }
}
