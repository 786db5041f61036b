/**
 * Calls that IAM denies and that other calls replace. A denied call is logged once, with what is
 * done instead, and again when it is allowed.
 */
import { type AwsAction, AwsCallError } from '../../aws/calls.ts';
import type { Logger } from '../../kernel/logger.ts';

export class Denials {
  readonly #log: Logger;
  /** The scopes for which each action is denied: ids of services, or an empty string for all. */
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

  /** Forgets a service that is gone. */
  forget(scope: string): void {
    for (const scopes of this.#denied.values()) scopes.delete(scope);
  }
}

export function isDenied(error: unknown): boolean {
  return error instanceof AwsCallError && error.failure === 'refused';
}
