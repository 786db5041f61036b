/**
 * The credentials that the emulator accepts: one pair of long-lived keys, and the temporary keys
 * that it gave out, each with its session token and expiry. Expired keys are forgotten.
 * Limits: 10,000 temporary keys.
 */
import { randomBytes } from 'node:crypto';
import type { AwsCredentials } from '../aws/signing.ts';
import type { Caller } from './service.ts';

export interface TemporaryCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresMs: number;
  /** Whose they are. */
  readonly caller: Caller;
}

const TEMPORARY_MAX = 10_000;

export class Identities {
  /** Web identity tokens that are refused. */
  readonly refusedTokens = new Set<string>();
  /** The long-lived keys by access key id. */
  readonly #lasting = new Map<string, AwsCredentials & { readonly caller: Caller }>();
  readonly #temporary = new Map<string, TemporaryCredentials>();

  /** @param accountId  the account whose root the keys are of */
  constructor(root: AwsCredentials, accountId: string) {
    this.addLasting(root, rootOf(accountId));
  }

  /** Adds long-lived keys, of an account's root or of a user. */
  addLasting(keys: AwsCredentials, caller: Caller): void {
    this.#lasting.set(keys.accessKeyId, { ...keys, caller });
  }

  /** Ends long-lived keys. */
  removeLasting(accessKeyId: string): void {
    this.#lasting.delete(accessKeyId);
  }

  find(
    accessKeyId: string,
    nowMs: number,
  ): (AwsCredentials & { readonly caller: Caller }) | undefined {
    const lasting = this.#lasting.get(accessKeyId);
    if (lasting !== undefined) return lasting;
    const found = this.#temporary.get(accessKeyId);
    return found !== undefined && found.expiresMs > nowMs ? found : undefined;
  }

  /** Ends all temporary credentials at once, as a failed rotation does. */
  revoke(): void {
    this.#temporary.clear();
  }

  issue(nowMs: number, lifetimeMs: number, caller: Caller): TemporaryCredentials {
    for (const [id, { expiresMs }] of this.#temporary)
      if (expiresMs <= nowMs) this.#temporary.delete(id);
    if (this.#temporary.size >= TEMPORARY_MAX) this.#temporary.clear();
    const issued: TemporaryCredentials = {
      accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(60).toString('base64'),
      expiresMs: nowMs + lifetimeMs,
      caller,
    };
    this.#temporary.set(issued.accessKeyId, issued);
    return issued;
  }
}

/** The root of an account, who may do all. */
export function rootOf(accountId: string): Caller {
  return { accountId, arn: `arn:aws:iam::${accountId}:root`, userId: accountId };
}

/** The id of a role that nobody created. */
const UNKNOWN_ROLE_ID = 'AROAEMULATED';

/** Whether a session is one of a role that was there, and may be gone since. */
export function isOfCreatedRole({ roleArn, userId }: Caller): boolean {
  return roleArn !== undefined && !userId.startsWith(`${UNKNOWN_ROLE_ID}:`);
}

/**
 * Who has assumed a role.
 *
 * @param roleArn  `arn:aws:iam::ACCOUNT:role/PATH/NAME`
 * @param roleId   that of IAM, where it knows the role
 */
export function sessionOf(roleArn: string, session: string, roleId = UNKNOWN_ROLE_ID): Caller {
  const accountId = roleArn.split(':')[4] ?? '';
  const name = roleArn.split('/').at(-1) ?? '';
  return {
    accountId,
    arn: `arn:aws:sts::${accountId}:assumed-role/${name}/${session}`,
    userId: `${roleId}:${session}`,
    roleArn,
  };
}
