/**
 * Calls that IAM denies and that others stand in for: each is told once, with what is done instead,
 * and when it is allowed again.
 */
import { type AwsAction, AwsCallError } from '../../aws/calls.ts';
import type { Logger } from '../../kernel/logger.ts';

export class Denials {
  readonly #log: Logger;
  /** What each action is denied for: ids of services, or '' for all. */
  readonly #denied = new Map<AwsAction, Set<string>>();

  constructor(log: Logger) {
    this.#log = log;
  }

  noteDenied(action: AwsAction, scope: string, instead: string, error: unknown): void {
    const scopes = this.#denied.get(action) ?? new Set();
    if (scopes.size === 0)
      this.#log.warn(`the role in use may not call ${action}; ${instead}`, { error });
    this.#denied.set(action, scopes.add(scope));
  }

  noteAllowed(action: AwsAction, scope: string): void {
    const scopes = this.#denied.get(action);
    if (scopes?.delete(scope) === true && scopes.size === 0)
      this.#log.info(`${action} is allowed now`);
  }

  /** A service is gone. */
  forget(scope: string): void {
    for (const scopes of this.#denied.values()) scopes.delete(scope);
  }
}

export function isDenied(error: unknown): boolean {
  return error instanceof AwsCallError && error.failure === 'refused';
}
